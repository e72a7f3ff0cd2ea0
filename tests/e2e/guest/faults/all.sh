# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Programs of all channels, at the same time, never end, and none of them can be killed.
#
# prints: 8
# prints: transfer: No such device
# prints: transfer: No such device
# prints: transfer: No such device
# prints: transfer: No such device
# prints: transfer: No such device
# prints: transfer: No such device
# prints: transfer: No such device
# prints: transfer: No such device
# prints: transfer: No such device
# prints: 8
# prints: transfer: ok
# logs: channel 7 does not stop
# logs: failed: no usable channel left

load || exit 1
provoke dmac2 x-ignore-kill 255 || exit 1
for _ in 1 2 3 4 5 6 7 8; do
	provoke dmac2 x-hang 1 || exit 1
	attempt copy 4096 1 &
	while [ "$(remaining dmac2 x-hang)" != 0 ]; do :; done
done
grep -c ': running' "${debugfs:?}"/channels
wait
attempt copy 4096 1
grep -c 'not in use' "${debugfs:?}"/channels
unload
provoke dmac2 x-ignore-kill 0 || exit 1
load || exit 1
attempt copy 4096 20
unload
