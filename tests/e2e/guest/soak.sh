# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
# shellcheck disable=SC2154
#
# Random transfers from four threads at once, every byte of which is looked at. To be put behind a line
# that says how many each thread does at a time, and how often: `transfers=1000 rounds=10`.

mappings() {
	if [ -e /sys/kernel/debug/dma-api/dump ]; then
		cat /sys/kernel/debug/dma-api/dump
	fi
}

section before resources
section mappings-before mappings
dmesg -c >/dev/null
insmod /rk3588_dma.ko || exit 1
cd /sys/kernel/debug/rk3588_dma-fed10000.dma-controller || exit 1
: >/tmp/failed
round=0
while [ $round -lt "$rounds" ]; do
	for thread in 1 2 3 4; do
		seed=$((round * 4 + thread))
		(echo "$seed $transfers" >soak || echo "seed $seed failed" >>/tmp/failed) 2>>/tmp/failed &
	done
	wait
	round=$((round + 1))
	echo "@@ progress $((round * 4 * transfers))"
done
section failed cat /tmp/failed
section channels cat channels
section statistics cat statistics
cd / || exit 1
rmmod rk3588_dma || exit 1
section after resources
section mappings-after mappings
section dmesg dmesg
