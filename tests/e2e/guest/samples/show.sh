# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Runs the demonstration of the edu sample, and shows what the IOMMU has reported.
# $parameters are those of the module.

status=0
insmod /rk3588_dma_edu.ko ${parameters:+"$parameters"} || exit 1
cd /sys/kernel/debug/rk3588_dma_edu-*/ || exit 1
dmesg -c >/dev/null
echo all >run || status=1
section release uname -r
section report cat report
section log dmesg
exit $status
