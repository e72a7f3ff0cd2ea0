# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Loads the module once for each of $numbers, so that its KUnit suites run over mappings that leave
# out what the number stands for.

# Suites that have allocations fail ask for it themselves, in their own thread.
for fault in failslab fail_page_alloc; do
	echo N >/sys/kernel/debug/$fault/ignore-gfp-wait
	echo 0 >/sys/kernel/debug/$fault/verbose
done
echo 0 >/sys/kernel/debug/fail_page_alloc/min-order

status=0
for number in ${numbers:?}; do
	dmesg -c >/dev/null
	insmod /rk3588_dma.ko "leave_out=$number" && rmmod rk3588_dma || status=1
	section "log-$number" dmesg
done
exit $status
