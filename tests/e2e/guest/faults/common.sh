# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Functions of the scripts of this directory. To be put in front of them.

device=fed10000.dma-controller
# shellcheck disable=SC2034 # for the scripts that follow
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

# hundredths: prints how long the board has been switched on, in hundredths of a second.
hundredths() {
	awk '{ print int($1 * 100) }' /proc/uptime
}

# seconds COMMAND...: runs it and prints how many whole seconds of the board's time it took.
seconds() {
	began=$(hundredths)
	"$@"
	echo "$((($(hundredths) - began) / 100)) s"
}

# clock: prints how often the clock of the controller is enabled.
clock() {
	awk '/ aclk_dmac2 / { print $2 }' /sys/kernel/debug/clk/clk_summary
}

# aborts: prints the number of abort interrupts, on all CPUs, since the module was loaded.
aborts() {
	awk '/rk3588_dma abort/ { for (at = 2; $at ~ /^[0-9]+$/; at++) sum += $at; print sum }' \
		/proc/interrupts
}
