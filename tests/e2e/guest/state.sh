# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# What a driver that has left must have left behind: nothing. To be put in front of a script.

# resources: what the driver takes that can be counted exactly.
resources() {
	echo "iomem $(grep -c rk3588_dma /proc/iomem)"
	echo "interrupts $(grep -c rk3588_dma /proc/interrupts)"
	echo "ioremap $(grep -c ioremap /proc/vmallocinfo)"
	echo "debugfs $(find /sys/kernel/debug -maxdepth 1 -name 'rk3588_dma*' | wc -l)"
	echo "bounced $(cat /sys/kernel/debug/swiotlb/io_tlb_used)"
	awk '/ aclk_dmac2 / { print "clock", $2, $3 }' /sys/kernel/debug/clk/clk_summary
}
