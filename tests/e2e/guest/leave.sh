# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Unbinds and unloads the driver, again and again, idle and under load. To be put after stress.sh.

device=fed10000.dma-controller
driver=/sys/bus/platform/drivers/rk3588_dma
debugfs=/sys/kernel/debug/rk3588_dma-$device
dmesg -c >/dev/null

# lessons: runs them until the driver is unbound.
lessons() {
	while echo all >$debugfs/run; do :; done 2>>/tmp/errors
}

# The driver is bound anew $rounds times while the lessons run.
insmod /rk3588_dma.ko || exit 1
disturb
round=0
while [ $round -lt "${rounds:?}" ]; do
	disturbed lessons
	usleep $((round * 37000 % 500000))
	echo $device >$driver/unbind || exit 1
	[ ! -e $debugfs ] || exit 1
	wait
	echo $device >$driver/bind || exit 1
	round=$((round + 1))
done
echo all >$debugfs/run || exit 1
section rebound echo $round

# An open file holds the module, whether it is for reading or for commands; after an unbind it has
# no content.
exec 3>$debugfs/repeat
section command-held sh -c 'rmmod rk3588_dma && echo unloaded'
exec 3>&-
exec 3<$debugfs/report
section held sh -c 'rmmod rk3588_dma && echo unloaded'
echo $device >$driver/unbind || exit 1
section gone cat <&3
exec 3<&-
rmmod rk3588_dma || exit 1

# Lessons that run hold the module, too, but not the device.
round=0
refused=0
while [ $round -lt $((rounds / 2)) ]; do
	insmod /rk3588_dma.ko || exit 1
	disturbed lessons
	usleep $((round * 53000 % 400000))
	rmmod rk3588_dma 2>/dev/null || {
		refused=$((refused + 1))
		echo $device >$driver/unbind || exit 1
	}
	wait
	[ ! -e /sys/module/rk3588_dma ] || rmmod rk3588_dma || exit 1
	round=$((round + 1))
done
section reloaded echo $round
section refused echo $refused
section interrupted grep -c 'write error: ' /tmp/errors
section errors sort -u /tmp/errors
section dmesg dmesg
