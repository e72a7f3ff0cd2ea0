# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Loads the edu sample where no IOMMU stands in front of the device. To be put after state.sh.

driver=/sys/bus/pci/drivers/rk3588_dma_edu
section before resources
dmesg -c >/dev/null
insmod /rk3588_dma_edu.ko || exit 1
section bound find $driver -name '0000:*'
rmmod rk3588_dma_edu || exit 1
section after resources
section log dmesg
