# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Switches the board off while programs run that do not end. To be put after provoke.sh.

device=fed10000.dma-controller

insmod /rk3588_dma.ko || exit 1
for _ in 1 2 3 4; do
	provoke dmac2 x-hang 1
	echo '1 64 1' >/sys/kernel/debug/rk3588_dma-$device/stream || exit 1
done
section channels grep '^channel' /sys/kernel/debug/rk3588_dma-$device/channels
