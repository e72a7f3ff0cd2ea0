# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# A channel with a fault can be killed only after some periods of the watchdog. The request fails
# with its fault then, and the channel is used again.
#
# prints: transfer: Input/output error
# prints: transfer: ok
# prints: 0
# logs: fault condition persists: abort interrupt disabled
# logs: failed: channel 0 fault: bus error on read at 0x

load || exit 1
provoke dmac2 x-ignore-kill 1 || exit 1
provoke dmac2 x-fail-read 1 || exit 1
attempt copy 4096 1 &
until dmesg | grep -q 'abort interrupt disabled'; do :; done
usleep 700000
provoke dmac2 x-ignore-kill 0 || exit 1
wait
attempt copy 4096 16
grep -c 'not in use' "${debugfs:?}"/channels
unload
