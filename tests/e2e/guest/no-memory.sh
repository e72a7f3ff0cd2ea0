# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Copies scattered memory, and memory of each kind of mapping, again and again: the first allocation
# of the copies fails, then the second, and so on until all succeed; first those of kmalloc(), then
# those of pages. For a
# kernel with fault injection; to be put after state.sh. At least $least_pages pages must fail, and
# at most $max_ignored objects may fail without an error.

dma=/sys/kernel/debug/dma-api
kmemleak=/sys/kernel/debug/kmemleak

# state WHEN: prints the state that the module must leave as it was.
state() {
	section "$1" resources
	section "errors-$1" cat $dma/error_count
	section "mappings-$1" cat $dma/dump
	section "disabled-$1" cat $dma/disabled
}

faults=/sys/kernel/debug
for fault in failslab fail_page_alloc; do
	echo N >$faults/$fault/ignore-gfp-wait
	echo 0 >$faults/$fault/verbose
done
# Only those of kmalloc(). kmemleak and DMA-API debug have caches of their own: they go on without
# memory, or switch themselves off.
echo Y >$faults/failslab/cache-filter

# fail SLAB ORDER: makes kmalloc() fail if SLAB is 1, and pages from ORDER on.
fail() {
	for cache in /sys/kernel/slab/kmalloc-*; do
		echo "$1" >"$cache/failslab" || exit 1
	done
	echo "$2" >$faults/fail_page_alloc/min-order
}

# each WORDS FILE: writes the words to the file, and makes one allocation of the copies fail after
# the other; adds the number of those that were errors to $failures, and the number of the others
# to $ignored. The kernel counts the allocations of this thread, those for opening the file among
# them.
each() {
	nth=0
	left=0
	while [ "$left" -eq 0 ] && [ $nth -lt 1000 ]; do
		nth=$((nth + 1))
		echo $nth >/proc/self/fail-nth
		if ! echo "$1" >"$2"; then
			failures=$((failures + 1))
		# Opening this file allocates, too. If that fails, the next round notices it.
		elif read -r left </proc/self/fail-nth && [ "$left" -eq 0 ]; then
			ignored=$((ignored + 1))
		fi
		left=${left:-0}
		echo 0 >/proc/self/fail-nth
	done 2>>/tmp/errors
	[ "$left" -gt 0 ] || status=1
}

echo clear >$kmemleak
state before
dmesg -c >/dev/null
insmod /rk3588_dma.ko || exit 1
cd /sys/kernel/debug/rk3588_dma-fed10000.dma-controller || exit 1

status=0
fail 1 100
# The kernel allocates, too, and can do without some of its objects. Their number depends on what
# else runs. A failure that the driver ignores is there in each round.
for _ in 1 2 3 4 5; do
	failures=0
	ignored=0
	each '5 1' scatter
	each wait kinds
	[ $ignored -gt "${max_ignored:?}" ] || break
done
section kmalloc echo "$failures"
section kmalloc-ignored echo "$ignored"
# The kernel can do without some pages, for example those that make a cache larger. It needs these
# now and then, and a page of the copies is left out whose number another one had: hence the rounds.
fail 0 0
for _ in 1 2 3 4 5 6 7 8; do
	failures=0
	each '5 1' scatter
	each wait kinds
	[ $failures -lt "${least_pages:?}" ] || break
done
section pages echo "$failures"
section errors cat /tmp/errors
cd / || exit 1
rmmod rk3588_dma || status=1
state after
section log dmesg
section lockdep grep debug_locks /proc/lockdep_stats

# As in kunit.sh.
sleep 6
for _ in 1 2; do
	echo scan >$kmemleak || exit 1
done
section leaks cat $kmemleak
exit $status
