# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# A program raises its event, then its last instruction, the 103rd, cannot be fetched, and the
# interrupt of that fault gets lost. As all other channels hang, the next copy, which follows at
# once, waits until this channel has stopped.
#
# prints: 7
# prints: transfer: ok
# logs: failed: no end after 5000 ms

load || exit 1
for _ in 1 2 3 4 5 6 7; do
	provoke dmac2 x-hang 1 || exit 1
	attempt copy 4096 1 >/dev/null &
	while [ "$(remaining dmac2 x-hang)" != 0 ]; do :; done
done
grep -c ': running' "${debugfs:?}"/channels
provoke dmac2 x-lose-aborts 1 || exit 1
provoke dmac2 x-fail-fetch 103 || exit 1
attempt copy 4096 2
wait
unload
