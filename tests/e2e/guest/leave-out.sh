# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Loads the module once for each of $numbers, so that its KUnit suites run over mappings that leave
# out what the number stands for.

status=0
for number in ${numbers:?}; do
	dmesg -c >/dev/null
	insmod /rk3588_dma.ko "leave_out=$number" && rmmod rk3588_dma || status=1
	section "log-$number" dmesg
done
exit $status
