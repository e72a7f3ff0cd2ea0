# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Switches the board off while programs run that do not end. To be put after provoke.sh.

device=fed10000.dma-controller

insmod /rk3588_dma.ko || exit 1
provoke dmac2 x-hang 4
echo '4 64 1' >/sys/kernel/debug/rk3588_dma-$device/stream || exit 1
section channels grep '^channel' /sys/kernel/debug/rk3588_dma-$device/channels
