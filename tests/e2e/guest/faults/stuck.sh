# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# A program never ends, and its channel cannot be killed. The others go on. After the driver is
# unloaded, the clock stays on for the channel. Loaded again, when the channel can be killed, the
# driver has all of them.
#
# prints: transfer: No such device
# prints: transfer: ok
# prints: 1
# prints: clock: 1 more
# prints: transfer: ok
# prints: 0
# logs: channel 0 does not stop (waiting for its instruction cache, debug port idle)
# logs: had failed before: no end after 5000 ms
# logs: 4096 bytes at DMA address 0x
# logs: failed: the channel does not stop: its memory is leaked

before=$(clock)
load || exit 1
provoke dmac2 x-ignore-kill 1 || exit 1
provoke dmac2 x-hang 1 || exit 1
attempt copy 4096 1
attempt copy 4096 20
grep -c 'not in use' "${debugfs:?}"/channels
unload
echo "clock: $(($(clock) - before)) more"
provoke dmac2 x-ignore-kill 0 || exit 1
load || exit 1
attempt copy 4096 20
grep -c 'not in use' "${debugfs:?}"/channels
unload
