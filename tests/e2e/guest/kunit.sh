# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Loads the module, which runs its KUnit suites, runs the lessons where there is a controller, and
# unloads the module; shows the results of the debug kernel's checks. Then suites run once for each
# NUMBER:GLOB of $leave_out: the mappings leave out what the number stands for, and the glob selects
# the suites. A case that fails may leak, so this comes last.

dma=/sys/kernel/debug/dma-api
pool=/sys/kernel/debug/swiotlb
kmemleak=/sys/kernel/debug/kmemleak

# state WHEN: prints the state that the module must leave as it was.
state() {
	section "errors-$1" cat $dma/error_count
	section "mappings-$1" cat $dma/dump
	section "slots-$1" cat $pool/io_tlb_used
}

# Suites inject allocation failures into their own thread only.
for fault in failslab fail_page_alloc; do
	echo N >/sys/kernel/debug/$fault/ignore-gfp-wait
	echo 0 >/sys/kernel/debug/$fault/verbose
done
echo 0 >/sys/kernel/debug/fail_page_alloc/min-order

# If it never was on, a read of its list of mappings does not return.
section disabled-before cat $dma/disabled
[ "$(cat $dma/disabled)" = N ] || exit 1

# Leaks that were found until now are not the module's. A scan for more here would take as long as
# below; the kernel has not leaked anything yet.
echo clear >$kmemleak
state before
echo 0 >$pool/io_tlb_used_hiwater
dmesg -c >/dev/null
status=0
insmod /rk3588_dma.ko || status=1
# Of a single suite, the results are all that is asked for.
if [ -n "${only-}" ]; then
	section log dmesg
	exit $status
fi
for folder in /sys/kernel/debug/rk3588_dma-*; do
	[ -e "$folder" ] || continue
	echo all >"$folder/run"
	section lessons cat "$folder/report"
	section json cat "$folder/report.json"
done
rmmod rk3588_dma || status=1
state after
section slots-most cat $pool/io_tlb_used_hiwater
section log dmesg
section disabled-after cat $dma/disabled
section lockdep grep debug_locks /proc/lockdep_stats

# kmemleak reports no object that is younger than five seconds, or has changed since the last scan.
sleep 6
for _ in 1 2; do
	echo scan >$kmemleak || exit 1
done
section leaks cat $kmemleak

for left_out in ${leave_out-}; do
	number=${left_out%%:*}
	printf %s "${left_out#*:}" >/sys/module/kunit/parameters/filter_glob
	dmesg -c >/dev/null
	insmod /rk3588_dma.ko "leave_out=$number" && rmmod rk3588_dma || status=1
	section "log-$number" dmesg
done
exit $status
