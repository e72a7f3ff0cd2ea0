# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Bursts fail while four threads keep all channels busy, until three of these have had a transfer fail. Every
# byte of all others is right.

load || exit 1
: >/tmp/failed
for seed in 1 2 3 4; do
	(echo $seed 5000 >"${debugfs:?}"/soak) 2>/dev/null || echo failed >>/tmp/failed &
done
failures=0
faults=0
while [ "$failures" -lt 3 ] && [ $faults -lt 20 ]; do
	provoke dmac2 x-fail-read 200 || exit 1
	while [ "$(remaining dmac2 x-fail-read)" != 0 ]; do :; done
	faults=$((faults + 1))
	# The thread says so at once; or never, if it was about to give that transfer up.
	for _ in $(seq 200); do
		[ "$(wc -l </tmp/failed)" -eq "$failures" ] || break
		usleep 10000
	done
	failures=$(wc -l </tmp/failed)
done
wait
cat /tmp/failed
echo 5 1000 >"${debugfs:?}"/soak && echo ok
grep -c 'not in use' "${debugfs:?}"/channels
grep '^live' "${debugfs:?}"/statistics
# As many as failed; and of transfers that were given up, those that had a fault before.
told=$(unload | grep -c 'bus error on read')
if [ "$told" -ge 3 ] && [ "$told" -le $faults ]; then
	echo told
fi
