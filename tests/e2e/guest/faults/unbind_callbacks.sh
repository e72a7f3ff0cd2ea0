# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# The driver leaves while a callback runs, at whose end the next one is called, for a second
# altogether: it waits for all of them, and they are still called one at a time.
#
# prints: transfer: No such device

load || exit 1
provoke dmac2 x-debug-busy 1 || exit 1
attempt callbacks 1000 1000 &
usleep 50000
echo "${device:?}" >"${driver:?}"/unbind || exit 1
wait
provoke dmac2 x-debug-busy 0 || exit 1
unload
