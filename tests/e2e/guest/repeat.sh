# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Loads and unloads the module ${times:?} times: no resource and no memory is lost.

cycle() {
	insmod /rk3588_dma.ko && rmmod rk3588_dma
}

# pages: prints the number of free pages after the kernel has freed all it can, with the stock of
# free pages of each CPU, which nr_free_pages does not count. This is the largest number of five,
# because the kernel has other work, too.
pages() {
	sync
	for _ in 1 2 3 4 5; do
		echo 3 >/proc/sys/vm/drop_caches
		[ ! -e /proc/sys/vm/compact_memory ] || echo 1 >/proc/sys/vm/compact_memory
		sleep 1
		awk '
			/^nr_free_pages |^nr_slab_reclaimable / || $1 == "count:" { n += $2 }
			END { print n }
		' \
			/proc/vmstat /proc/zoneinfo
	done | sort -n | tail -n 1
}

# objects: prints the number of objects that are allocated from the general caches. Shrinking
# empties the stocks that each CPU keeps, which would count as allocated.
objects() {
	for cache in /sys/kernel/slab/kmalloc-*; do
		echo 1 >"$cache/shrink"
	done
	awk '/^kmalloc-[0-9k]+ / { n += $2 } END { print n }' /proc/slabinfo
}

# The first rounds fill caches that stay.
for _ in $(seq 50); do
	cycle || exit 1
done
section before resources
section interrupts-before sh -c "awk '{ print \$1, \$NF }' /proc/interrupts"
before=$(pages)
objects_before=$(objects)
for _ in $(seq "${times:?}"); do
	cycle || exit 1
done
after=$(pages)
objects_after=$(objects)
section after resources
section pages echo $((before - after))
section objects echo $((objects_after - objects_before))
section interrupts-after sh -c "awk '{ print \$1, \$NF }' /proc/interrupts"
