# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# The debug port is busy, so each request fails at once. Its callback submits it again, 1600
# times, which is done in at least 100 turns of 4 ms, with time for other code between them.
#
# prints: transfer: Connection timed out
# prints: in turns
# prints: transfer: ok

load || exit 1
provoke dmac2 x-debug-busy 1 || exit 1
began=$(hundredths)
attempt callbacks 1600 0
[ $(($(hundredths) - began)) -gt 30 ] && echo 'in turns'
provoke dmac2 x-debug-busy 0 || exit 1
attempt callbacks 1600 0
unload
