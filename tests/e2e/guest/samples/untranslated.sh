# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Runs the demonstration of the edu sample with a device that reaches the memory without an IOMMU.
# To be put after trace.sh and state.sh.

section before resources
dmesg -c >/dev/null
status=0
for bits in 33 65; do
	insmod /rk3588_dma_edu.ko address_bits=$bits || status=1
	rmmod rk3588_dma_edu || status=1
done
section log dmesg -c
insmod /rk3588_dma_edu.ko address_bits=32 || exit 1
cd /sys/kernel/debug/rk3588_dma_edu-*/ || exit 1
echo all >run || status=1
section report cat report
section traced traced 0000:00:01.0
cd /
rmmod rk3588_dma_edu || status=1
section after resources
exit $status
