# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# What the scripts of this folder have in common. To be put in front of them.

device=fed10000.dma-controller
# shellcheck disable=SC2034 # for the scripts behind this one
driver=/sys/bus/platform/drivers/rk3588_dma
debugfs=/sys/kernel/debug/rk3588_dma-$device

# load: the module, with a kernel log that has nothing else in it. What it had is kept in /tmp/log.
load() {
	dmesg -c >>/tmp/log
	insmod /rk3588_dma.ko
}

# attempt WORD...: has the driver do a transfer, and says how that ended.
attempt() {
	error=$( (echo "$*" >"$debugfs"/repeat) 2>&1)
	echo "transfer: ${error##*: }" | sed 's/: $/: ok/'
}

# unload: the module, and shows what the driver has written into the kernel log.
unload() {
	rmmod rk3588_dma && dmesg | sed -n 's/^.* rk3588_dma [^ ]*: /log: /p'
}
