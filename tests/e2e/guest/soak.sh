# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
# shellcheck disable=SC2154
#
# Random transfers from four threads at once; the driver verifies each byte. To be put after
# stress.sh and a line with the number of transfers of a thread in each round, and the number of
# rounds: `transfers=1000 rounds=10`.

mappings() {
	if [ -e /sys/kernel/debug/dma-api/dump ]; then
		cat /sys/kernel/debug/dma-api/dump
	fi
}

# soak SEED: does the transfers of a thread.
soak() {
	echo "$1 $transfers" >soak || echo "seed $1 failed" >>/tmp/failed
}

section before resources
section mappings-before mappings
dmesg -c >/dev/null
insmod /rk3588_dma.ko || exit 1
cd /sys/kernel/debug/rk3588_dma-fed10000.dma-controller || exit 1
: >/tmp/failed
disturb
round=0
while [ $round -lt "$rounds" ]; do
	for thread in 1 2 3 4; do
		disturbed soak $((round * 4 + thread)) 2>>/tmp/failed
	done
	wait
	round=$((round + 1))
	echo "@@ progress $((round * 4 * transfers))"
done
section failed cat /tmp/failed
section channels cat channels
cd / || exit 1
rmmod rk3588_dma || exit 1
section after resources
section mappings-after mappings
section dmesg dmesg
