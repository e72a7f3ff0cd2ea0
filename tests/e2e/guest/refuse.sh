# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Loads the module where the device tree has a good controller and others that must be refused.

section before resources
dmesg -c >/dev/null
insmod /rk3588_dma.ko || exit 1
section dmesg dmesg
section bound ls /sys/bus/platform/drivers/rk3588_dma

# The good one works: its copies are verified.
cd /sys/kernel/debug/rk3588_dma-fed10000.dma-controller || exit 1
echo 1 100 >soak || exit 1
cd /
rmmod rk3588_dma || exit 1
section after resources
