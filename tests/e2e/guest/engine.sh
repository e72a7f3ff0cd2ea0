# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Shows the program of a copy, the number of interrupts of lists, and the errors for wrong commands.

interrupts() {
	awk '/ rk3588_dma$/ { for (i = 2; i <= 9; i++) n += $i } END { print n }' /proc/interrupts
}

insmod /rk3588_dma.ko || exit 1
cd /sys/kernel/debug/rk3588_dma-fed10000.dma-controller || exit 1
echo copy 4096 1 >repeat || exit 1
section channels cat channels
before=$(interrupts)
echo list 256 512 16 >repeat || exit 1
section list-interrupts echo $(($(interrupts) - before))
refused() {
	echo list 0 512 1 >repeat
	echo copy 4096 >repeat
	echo copy many 1 >repeat
	echo 1 >soak
	echo 1 2 3 >soak
}
section refused refused
cd / || exit 1
rmmod rk3588_dma || exit 1
