# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Uses all three controllers of the SoC at the same time. To be put after state.sh.

debugfs=/sys/kernel/debug/rk3588_dma-

# use_controller ADDRESS: runs the lessons and random transfers on the controller.
use_controller() {
	cd $debugfs"$1".dma-controller || exit 1
	echo all >run || echo "$1: lessons failed" >>/tmp/failed
	echo "$((0x$1 % 1009)) 300" >soak || echo "$1: soak failed" >>/tmp/failed
	grep ' transfers ok' report >/tmp/"$1"
}

section before resources
insmod /rk3588_dma.ko || exit 1
section bound ls /sys/bus/platform/drivers/rk3588_dma
: >/tmp/failed
for address in fea10000 fea30000 fed10000; do
	use_controller $address &
done
wait
section failed cat /tmp/failed
for address in fea10000 fea30000 fed10000; do
	section $address cat /tmp/$address
done
section channels sh -c 'cat /proc/device-tree/spi@feb20000/dma-names | wc -c'
rmmod rk3588_dma || exit 1
section after resources
section dmesg dmesg
