# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Functions of the scripts of this directory. To be put in front of them.

device=fed10000.dma-controller
# shellcheck disable=SC2034 # for the scripts behind this one
driver=/sys/bus/platform/drivers/rk3588_dma
debugfs=/sys/kernel/debug/rk3588_dma-$device

# load: loads the module after it has moved the kernel log to the end of /tmp/log.
load() {
	dmesg -c >>/tmp/log
	insmod /rk3588_dma.ko
}

# attempt WORD...: requests a transfer and prints its result.
attempt() {
	error=$( (echo "$*" >"$debugfs"/repeat) 2>&1)
	echo "transfer: ${error##*: }" | sed 's/: $/: ok/'
}

# unload: unloads the module and shows the driver's lines in the kernel log.
unload() {
	rmmod rk3588_dma && dmesg | sed -n 's/^.* rk3588_dma [^ ]*: /log: /p'
}
