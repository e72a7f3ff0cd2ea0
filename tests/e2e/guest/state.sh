# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# What a driver that has left must have left behind: nothing. To be put in front of a script.

# resources: what the driver takes that can be counted exactly.
resources() {
	# How often PCI devices are enabled, and whether they may reach memory.
	for path in /sys/bus/pci/devices/*; do
		[ ! -e "$path" ] ||
			echo "pci ${path##*/} $(cat "$path/enable") $(($(hexdump -s 4 -n 1 -e '1/1 "%u"' "$path/config") & 4))"
	done
	echo "iomem $(grep -c rk3588_dma /proc/iomem)"
	echo "interrupts $(grep -c rk3588_dma /proc/interrupts)"
	echo "ioremap $(grep -c ioremap /proc/vmallocinfo)"
	echo "debugfs $(find /sys/kernel/debug -maxdepth 1 -name 'rk3588_dma*' | wc -l)"
	echo "bounced $(cat /sys/kernel/debug/swiotlb/io_tlb_used)"
	awk '/ aclk_dmac2 / { print "clock", $2, $3 }' /sys/kernel/debug/clk/clk_summary
}
