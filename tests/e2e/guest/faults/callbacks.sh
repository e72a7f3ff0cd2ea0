# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# The debug port has been busy for long, so each request but the first fails at once. Its callback
# submits it again, 1600 times. The tasklet calls them in at least 100 executions, with time for
# other work between them.
#
# prints: transfer: Connection timed out
# prints: in turns
# prints: transfer: ok

trace=/sys/kernel/tracing

mount -t tracefs tracefs $trace 2>/dev/null
load || exit 1
provoke dmac2 x-debug-busy 1000000 || exit 1
echo 1 >$trace/events/irq/tasklet_entry/enable
attempt callbacks 1600 0
echo 0 >$trace/events/irq/tasklet_entry/enable
[ "$(grep -c 'tasklet_entry.*rk3588_dma' $trace/trace)" -ge 100 ] && echo 'in turns'
echo >$trace/trace
provoke dmac2 x-debug-busy 0 || exit 1
attempt callbacks 1600 0
unload
