# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Requests that wait for a channel get one in the order in which they were submitted: of eight
# that wait while all channels hang, the first has the first burst, which fails.
#
# prints: 8
# prints: 1 transfer: Input/output error
# prints: 2 transfer: ok
# prints: 3 transfer: ok
# prints: 4 transfer: ok
# prints: 5 transfer: ok
# prints: 6 transfer: ok
# prints: 7 transfer: ok
# prints: 8 transfer: ok
# logs: failed: no end after 5000 ms

load || exit 1
for _ in 1 2 3 4 5 6 7 8; do
	provoke dmac2 x-hang 1 || exit 1
	attempt copy 4096 1 >/dev/null &
	while [ "$(remaining dmac2 x-hang)" != 0 ]; do :; done
done
for request in 1 2 3 4 5 6 7 8; do
	echo "$request $(attempt copy 4096 1)" >/tmp/$request &
	usleep 50000
done
grep -c ': running' "${debugfs:?}"/channels
provoke dmac2 x-fail-read 1 || exit 1
wait
cat /tmp/[1-8]
rm /tmp/[1-8]
unload
