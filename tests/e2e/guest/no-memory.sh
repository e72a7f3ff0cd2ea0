# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Copies of scattered memory, again and again: of the allocations that the copies make the first one fails, then
# the second, and so on until none does. On a kernel with fault injection; behind state.sh.

dma=/sys/kernel/debug/dma-api
kmemleak=/sys/kernel/debug/kmemleak

# state WHEN: what the module must leave as it was.
state() {
	section "$1" resources
	section "errors-$1" cat $dma/error_count
	section "mappings-$1" cat $dma/dump
	section "disabled-$1" cat $dma/disabled
}

# around NAME: where this function of the kernel begins, and the one behind it.
around() {
	awk -v name="$1" 'found { print "0x" $1; exit } $3 == name { print "0x" $1; found = 1 }' /proc/kallsyms
}

# DMA-API debug switches itself off for good when it gets no memory, so its own allocations are spared.
# shellcheck disable=SC2046 # two words
set -- $(around add_dma_entry)
for fault in failslab fail_page_alloc; do
	cd /sys/kernel/debug/$fault || exit 1
	echo N >ignore-gfp-wait
	echo 0 >verbose
	echo 32 >stacktrace-depth
	echo "${1:?}" >reject-start
	echo "${2:?}" >reject-end
done
echo 0 >/sys/kernel/debug/fail_page_alloc/min-order

echo clear >$kmemleak
state before
dmesg -c >/dev/null
insmod /rk3588_dma.ko || exit 1
cd /sys/kernel/debug/rk3588_dma-fed10000.dma-controller || exit 1

nth=0
failures=0
status=1
# No other process takes part: it is this thread's allocations that are counted, those for opening the file
# among them.
while [ $nth -lt 1000 ]; do
	nth=$((nth + 1))
	left=0
	echo $nth >/proc/self/fail-nth
	if echo '5 1' >scatter; then
		# To open this takes allocations, too: if one of those fails, the next round sees it.
		read -r left </proc/self/fail-nth
	else
		failures=$((failures + 1))
	fi
	echo 0 >/proc/self/fail-nth
	if [ "$left" -gt 0 ]; then
		status=0
		break
	fi
done 2>/tmp/errors
section failures echo $failures
section errors cat /tmp/errors
section statistics cat statistics
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
