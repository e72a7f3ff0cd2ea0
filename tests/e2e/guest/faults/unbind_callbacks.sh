# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# The driver is unbound while a callback runs, at whose end the next one is called: it waits for all
# of them, and they are still called one at a time.
#
# The callbacks run in the interrupt handler, which interrupts CPU 0 nearly all the time. Unbinding
# from another CPU finds one that runs. Callbacks in a timer would not do: unbinding first waits for
# an RCU grace period, which ends when no callback runs, and the next one runs a tick later.
#
# prints: transfer: No such device

load || exit 1
read -r pid _ </proc/self/stat
taskset -p 2 "$pid" >/dev/null || exit 1
attempt callbacks 200 1000 &
usleep 20000
echo "${device:?}" >"${driver:?}"/unbind || exit 1
wait
unload
