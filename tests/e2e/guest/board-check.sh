# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# scripts/board-check before the module is loaded, with it, and after the device was unbound.

# check SECTION: shows what the script prints, and its exit status in a last line.
check() {
	section "$1" sh -c 'sh /board-check; echo "exit $?"'
}

check without
insmod /rk3588_dma.ko || exit 1
check loaded
echo fed10000.dma-controller >/sys/bus/platform/drivers/rk3588_dma/unbind
check unbound
