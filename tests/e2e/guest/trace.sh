# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Counts the mappings and syncs of all devices by the kernel's tracepoints, in histograms by
# device. To be put in front of a script. The debug kernel has no histograms. The kernel may drop an
# event in an interrupt that interrupts another event, so the numbers are exact only where the
# mappings of one thread are counted.

events=/sys/kernel/tracing/events

# count SYSTEM/EVENT TRIGGER
count() {
	echo "hist:$2" >"$events/$1/trigger" || exit 1
}

mount -t tracefs tracefs /sys/kernel/tracing 2>/dev/null
if [ -e $events/dma/dma_map_phys/hist ]; then
	# An event of a mapping that failed has all ones for its address.
	count dma/dma_map_phys 'keys=device if dma_addr != 0xffffffffffffffff'
	for event in map_sg unmap_phys unmap_sg sync_single_for_cpu sync_single_for_device; do
		count dma/dma_$event keys=device
	done
	count swiotlb/swiotlb_bounced keys=dev_name:vals=size
fi

# sum DEVICE VALUE EVENT...: prints the sum of a value of the device in these histograms.
sum() {
	of=$1
	value=$2
	shift 2
	for event; do
		cat "$events/$event/hist"
	done | awk -v device="$of" -v value="$value:" '
		$3 == device { for (i = 4; i < NF; i++) if ($i == value) sum += $(i + 1) }
		END { print sum + 0 }'
}

# traced DEVICE: prints its counters, a line each.
traced() {
	[ -e $events/dma/dma_map_phys/hist ] || return
	mapped=$(sum "$1" hitcount dma/dma_map_phys dma/dma_map_sg)
	unmapped=$(sum "$1" hitcount dma/dma_unmap_phys dma/dma_unmap_sg)
	echo "mapped $mapped"
	echo "live $((mapped - unmapped))"
	echo "bounced $(sum "$1" hitcount swiotlb/swiotlb_bounced)"
	echo "bounced_bytes $(sum "$1" size swiotlb/swiotlb_bounced)"
	echo "syncs_for_cpu $(sum "$1" hitcount dma/dma_sync_single_for_cpu)"
	echo "syncs_for_device $(sum "$1" hitcount dma/dma_sync_single_for_device)"
}
