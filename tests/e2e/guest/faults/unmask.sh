# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# The abort interrupt is disabled while a fault persists, and enabled again after it: the next
# fault raises it.
#
# prints: transfer: Input/output error
# prints: transfer: Input/output error
# prints: aborts: 1 more
# prints: transfer: ok
# logs: fault condition persists: abort interrupt disabled
# logs: failed: channel 1 fault: bus error on read at 0x

load || exit 1
provoke dmac2 x-ignore-kill 1 || exit 1
provoke dmac2 x-fail-read 1 || exit 1
attempt copy 4096 1 &
until dmesg | grep -q 'abort interrupt disabled'; do :; done
provoke dmac2 x-ignore-kill 0 || exit 1
wait
before=$(aborts)
provoke dmac2 x-fail-read 1 || exit 1
attempt copy 4096 1
echo "aborts: $(($(aborts) - before)) more"
attempt copy 4096 1
unload
