# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Runs the demonstration of the edu sample; then again where addresses are forgotten later. To
# be put after trace.sh and state.sh.

dma=/sys/kernel/debug/dma-api
kmemleak=/sys/kernel/debug/kmemleak
driver=/sys/bus/pci/drivers/rk3588_dma_edu

# state WHEN: prints the state that the module must leave as it was.
state() {
	section "$1" resources
	[ -e $dma ] || return
	section "errors-$1" cat $dma/error_count
	section "mappings-$1" cat $dma/dump
	section "disabled-$1" cat $dma/disabled
}

[ ! -e $kmemleak ] || echo clear >$kmemleak
state before
dmesg -c >/dev/null
status=0
insmod /rk3588_dma_edu.ko || exit 1
device=$(basename "$(readlink $driver/0000:*)")
section device echo "$device"
cd "/sys/kernel/debug/rk3588_dma_edu-$device" || exit 1
echo all >run || status=1
section report cat report
section traced traced "$device"
section log dmesg -c

echo DMA-FQ >"/sys/bus/pci/devices/$device/iommu_group/type" || status=1
echo all >run || status=1
section deferred-report cat report
section deferred-log dmesg -c
echo once >run 2>/tmp/errors && status=1
section errors cat /tmp/errors

cd /
rmmod rk3588_dma_edu || status=1
# The IOMMU drops deferred unmappings within 10 ms.
usleep 100000
state after
section end-log dmesg
[ -e $kmemleak ] || exit $status

# As in kunit.sh.
sleep 6
for _ in 1 2; do
	echo scan >$kmemleak || exit 1
done
section leaks cat $kmemleak
section lockdep grep debug_locks /proc/lockdep_stats
exit $status
