# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Shows the resources of a driver: an unbound driver holds none. To be put in front of a script.

# resources: prints the numbers of those resources that can be counted exactly.
resources() {
	# The enable counts of PCI devices, and their bus master bits.
	for path in /sys/bus/pci/devices/*; do
		[ -e "$path" ] || continue
		command=$(hexdump -s 4 -n 1 -e '1/1 "%u"' "$path/config")
		echo "pci ${path##*/} $(cat "$path/enable") $((command & 4))"
	done
	echo "iomem $(grep -c rk3588_dma /proc/iomem)"
	echo "interrupts $(grep -c rk3588_dma /proc/interrupts)"
	echo "ioremap $(grep -c ioremap /proc/vmallocinfo)"
	echo "coherent $(grep -c dma_common /proc/vmallocinfo)"
	echo "debugfs $(find /sys/kernel/debug -maxdepth 1 -name 'rk3588_dma*' | wc -l)"
	echo "bounced $(cat /sys/kernel/debug/swiotlb/io_tlb_used)"
	awk '/ aclk_dmac2 / { print "clock", $2, $3 }' /sys/kernel/debug/clk/clk_summary
}
