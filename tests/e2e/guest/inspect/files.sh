# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Runs scripts/inspect, and shows what it should have read. To be put in front of a script. The
# section of a missing file is the error.

debug=/sys/kernel/debug
device=fed10000.dma-controller
ours=$debug/rk3588_dma-$device

# inspect SECTION [ARGUMENT...]: shows what it prints, and its exit status in a last line.
inspect() {
	of=$1
	shift
	section "$of" sh -c 'sh /inspect "$@"; echo "exit $?"' inspect "$@"
}

# rows FILE: the lines of name and value, as in the output of the script.
rows() {
	awk '{ printf "%-24s %s\n", $1, $2 }' "$1"
}

# groups: the row of each IOMMU group.
groups() {
	for path in /sys/kernel/iommu_groups/*; do
		printf '%-24s %s: %s\n' "group ${path##*/}" \
			"$(cat "$path/type")" "$(ls "$path/devices")"
	done
}

# members: each device of an IOMMU group, with the end of its row.
members() {
	for path in /sys/kernel/iommu_groups/*; do
		echo "$(ls "$path/devices") * ${path##*/} $(cat "$path/type")"
	done
}

# pci: each device with its DMA masks, the start of its row.
pci() {
	for path in /sys/bus/pci/devices/*; do
		mask=$(cat "$path/dma_mask_bits")
		coherent=$(cat "$path/consistent_dma_mask_bits")
		echo "${path##*/} - $mask bits $coherent bits *"
	done
}

# lines: the levels of cache with the lengths of their lines.
lines() {
	for path in /sys/devices/system/cpu/cpu*/cache/index*; do
		[ ! -e "$path/coherency_line_size" ] ||
			echo "L$(cat "$path/level") $(cat "$path/coherency_line_size")"
	done | sort -u
}

# bound: the devices that have a driver and no IOMMU group.
bound() {
	for path in /sys/bus/platform/devices/* /sys/bus/amba/devices/* /sys/bus/pci/devices/*; do
		if [ -e "$path/driver" ] && [ ! -e "$path/iommu_group" ]; then
			echo "${path##*/}"
		fi
	done
}

# files: shows the files that only the script here changes.
files() {
	section groups groups
	section members members
	section pci pci
	section lines lines
	section bound bound
	section slots cat $debug/swiotlb/io_tlb_nslabs
	section used cat $debug/swiotlb/io_tlb_used
	section most cat $debug/swiotlb/io_tlb_used_hiwater
	section limits rows $ours/limits
}
