# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Loads the module, which runs its KUnit suites, and unloads it; shows what the checks of the debug
# kernel saw of it.

dma=/sys/kernel/debug/dma-api
pool=/sys/kernel/debug/swiotlb
kmemleak=/sys/kernel/debug/kmemleak

# leaks: what kmemleak holds to be lost. It looks twice, since it believes only what stays the same,
# and not before memory is five seconds old.
leaks() {
	sleep 6
	for _ in 1 2; do
		echo scan >$kmemleak || echo "kmemleak does not scan"
	done
	cat $kmemleak
}

# state WHEN: what the module must leave as it was.
state() {
	section "errors-$1" cat $dma/error_count
	section "mappings-$1" cat $dma/dump
	section "slots-$1" cat $pool/io_tlb_used
}

# Suites that have allocations fail ask for it themselves, in their own thread.
for fault in failslab fail_page_alloc; do
	echo N >/sys/kernel/debug/$fault/ignore-gfp-wait
	echo 0 >/sys/kernel/debug/$fault/verbose
done
echo 0 >/sys/kernel/debug/fail_page_alloc/min-order

# What the kernel itself has lost until now is not the module's.
leaks >/dev/null
echo clear >$kmemleak
state before
echo 0 >$pool/io_tlb_used_hiwater
dmesg -c >/dev/null
status=0
insmod /rk3588_dma.ko && rmmod rk3588_dma || status=1
state after
section slots-most cat $pool/io_tlb_used_hiwater
section leaks leaks
section log dmesg
section disabled cat $dma/disabled
section lockdep grep debug_locks /proc/lockdep_stats
exit $status
