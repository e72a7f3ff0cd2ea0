# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Bursts fail while four threads keep all channels busy: three transfers fail, and every byte of all
# others is right. None is given up, whose failure no thread would see.
#
# prints: failed
# prints: failed
# prints: failed
# prints: ok
# prints: 0
# prints: 3

load || exit 1
for seed in 1 2 3 4; do
	(echo $seed 2500 keep >"${debugfs:?}"/soak) 2>/dev/null || echo failed &
done
for _ in 1 2 3; do
	provoke dmac2 x-fail-read 200 || exit 1
	while [ "$(remaining dmac2 x-fail-read)" != 0 ]; do :; done
done
wait
echo 5 500 >"${debugfs:?}"/soak && echo ok
grep -c 'not in use' "${debugfs:?}"/channels
unload | grep -c 'bus error on read'
