# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Loads the module where the device tree has controllers that must be refused beside the good one.

section before resources
dmesg -c >/dev/null
insmod /rk3588_dma.ko || exit 1
section dmesg dmesg
section bound ls /sys/bus/platform/drivers/rk3588_dma

# The good one works nevertheless.
cd /sys/kernel/debug/rk3588_dma-fed10000.dma-controller || exit 1
echo all >run || exit 1
cd /
rmmod rk3588_dma || exit 1
section after resources
