# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Loads the module, which runs its KUnit suites, runs the lessons where there is a controller, and
# unloads the module; shows what the checks of the debug kernel saw of it.

dma=/sys/kernel/debug/dma-api
pool=/sys/kernel/debug/swiotlb
kmemleak=/sys/kernel/debug/kmemleak

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

# Where it never was on, the list of its mappings cannot even be read: that does not end.
section disabled-before cat $dma/disabled
[ "$(cat $dma/disabled)" = N ] || exit 1

# What has been found to be lost until now is not the module's. To look for more here would take as
# long as below; the kernel has not lost anything yet.
echo clear >$kmemleak
state before
echo 0 >$pool/io_tlb_used_hiwater
dmesg -c >/dev/null
status=0
insmod /rk3588_dma.ko || status=1
for folder in /sys/kernel/debug/rk3588_dma-*; do
	[ -e "$folder" ] || continue
	echo all >"$folder/run"
	section lessons cat "$folder/report"
done
rmmod rk3588_dma || status=1
state after
section slots-most cat $pool/io_tlb_used_hiwater
section log dmesg
section disabled-after cat $dma/disabled
section lockdep grep debug_locks /proc/lockdep_stats

# kmemleak takes nothing for lost that is younger than five seconds, or has changed since it looked
# last.
sleep 6
for _ in 1 2; do
	echo scan >$kmemleak || exit 1
done
section leaks cat $kmemleak
exit $status
