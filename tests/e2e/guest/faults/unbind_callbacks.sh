# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# The driver is unbound while a callback runs, at whose end the next one is called, for a quarter
# of a second in all: it waits for all of them, and they are still called one at a time.
#
# prints: transfer: No such device

load || exit 1
provoke dmac2 x-debug-busy 1 || exit 1
attempt callbacks 250 1000 &
usleep 20000
echo "${device:?}" >"${driver:?}"/unbind || exit 1
wait
provoke dmac2 x-debug-busy 0 || exit 1
unload
