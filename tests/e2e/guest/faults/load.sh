# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Bursts fail while four threads keep all channels busy: three transfers fail, and every byte of all others is
# right. A thread whose transfer failed says so and ends, unless that is one of those that it gives up.

load || exit 1
: >/tmp/failed
for seed in 1 2 3 4; do
	(echo $seed 5000 >"${debugfs:?}"/soak) 2>/dev/null || echo failed >>/tmp/failed &
done
for _ in 1 2 3; do
	provoke dmac2 x-fail-read 200 || exit 1
	while [ "$(remaining dmac2 x-fail-read)" != 0 ]; do :; done
done
wait
echo 5 1000 >"${debugfs:?}"/soak && echo ok
grep -c 'not in use' "${debugfs:?}"/channels
grep '^live' "${debugfs:?}"/statistics
failed=$(wc -l </tmp/failed)
told=$(unload | grep -c 'bus error on read')
if [ "$failed" -ge 1 ] && [ "$failed" -le "$told" ] && [ "$told" -le 3 ]; then
	echo told
else
	echo "$failed threads failed, $told faults"
fi
