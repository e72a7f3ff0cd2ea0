# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# A hundred times insmod and rmmod: what was there before is there afterwards, no less and no more.

cycle() {
	insmod /rk3588_dma.ko && rmmod rk3588_dma
}

# pages: free memory in pages, after everything that can be given back has been.
pages() {
	sync
	echo 3 >/proc/sys/vm/drop_caches
	sleep 1
	awk '/^nr_free_pages |^nr_slab_reclaimable / { n += $2 } END { print n }' /proc/vmstat
}

# The first times fill caches that stay.
for _ in $(seq 20); do
	cycle || exit 1
done
section before resources
before=$(pages)
for _ in $(seq 100); do
	cycle || exit 1
done
after=$(pages)
section after resources
section pages echo $((before - after))
section interrupts cat /proc/interrupts
