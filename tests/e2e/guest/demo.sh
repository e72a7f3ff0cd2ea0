# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# The demonstration: load the module, run all lessons, show what happened and what the kernel says
# about DMA now, unload.

section release uname -r
section model cat /proc/device-tree/model
section cpus cat /sys/devices/system/cpu/online
section midr cat /sys/devices/system/cpu/cpu[0-7]/regs/identification/midr_el1
section memory grep MemTotal /proc/meminfo
section dmesg-boot dmesg

bounced=$(cat /sys/kernel/debug/swiotlb/io_tlb_used)
insmod /rk3588_dma.ko ${parameters:+"$parameters"} || exit 1
section controller sh -c 'dmesg | grep "rk3588_dma .*PL330"'
section iomem grep rk3588_dma /proc/iomem

cd /sys/kernel/debug/rk3588_dma-* || exit 1
before=$(awk '/ rk3588_dma$/ { for (i = 2; i <= 9; i++) n += $i } END { print n }' /proc/interrupts)
status=0
echo all >run || status=1
after=$(awk '/ rk3588_dma$/ { for (i = 2; i <= 9; i++) n += $i } END { print n }' /proc/interrupts)
section interrupts echo $((after - before))
section report cat report
section json cat report.json
cd /
section inspect sh /inspect
rmmod rk3588_dma || exit 1
section bounced echo $(($(cat /sys/kernel/debug/swiotlb/io_tlb_used) - bounced))
section dmesg dmesg
section warnings sh -c 'dmesg -r | grep "^<[0-4]>"'
exit $status
