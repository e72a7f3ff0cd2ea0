# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# A program raises its event, whose interrupt gets lost, then its last instruction, the 103rd,
# cannot be fetched. The channel is killed, and the event must not end its next program, which
# hangs as those of all other channels do.
#
# prints: transfer: Input/output error
# prints: 8
# prints: transfer: Connection timed out
# prints: transfer: Connection timed out
# prints: transfer: Connection timed out
# prints: transfer: Connection timed out
# prints: transfer: Connection timed out
# prints: transfer: Connection timed out
# prints: transfer: Connection timed out
# prints: transfer: Connection timed out
# logs: failed: channel 0 fault: bus error on instruction fetch at 0x

load || exit 1
provoke dmac2 x-lose-interrupts 1 || exit 1
provoke dmac2 x-fail-fetch 103 || exit 1
attempt copy 4096 1
for _ in 1 2 3 4 5 6 7 8; do
	provoke dmac2 x-hang 1 || exit 1
	attempt copy 4096 1 &
	while [ "$(remaining dmac2 x-hang)" != 0 ]; do :; done
done
grep -c ': running' "${debugfs:?}"/channels
wait
unload
