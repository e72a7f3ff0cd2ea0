# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Unbinds the driver ${rounds:?} times while four threads submit transfers. To be put after
# stress.sh.

device=fed10000.dma-controller
driver=/sys/bus/platform/drivers/rk3588_dma
debugfs=/sys/kernel/debug/rk3588_dma-$device

# soak SEED: submits transfers until the driver is unbound.
soak() {
	echo "$1 1000000" >$debugfs/soak
}

section before resources
dmesg -c >/dev/null
insmod /rk3588_dma.ko || exit 1
disturb
round=0
while [ $round -lt "${rounds:?}" ]; do
	for seed in 1 2 3 4; do
		disturbed soak $seed 2>>/tmp/errors
	done
	usleep $((100000 + round * 37000 % 300000))
	echo $device >$driver/unbind || exit 1
	[ ! -e $debugfs ] || exit 1
	wait
	echo $device >$driver/bind || exit 1
	round=$((round + 1))
done
section rounds echo $round
section interrupted grep -c 'write error: ' /tmp/errors
section errors sort -u /tmp/errors
echo '1 1000' >$debugfs/soak || exit 1
rmmod rk3588_dma || exit 1
section after resources
section dmesg dmesg
