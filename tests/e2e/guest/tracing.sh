# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Runs the lessons, and shows the kernel's events of their mappings. To be put after trace.sh.

device=fed10000.dma-controller
folder=/sys/kernel/debug/rk3588_dma-$device

insmod /rk3588_dma.ko || exit 1
section before traced $device
status=0
echo all >$folder/run || status=1
section after traced $device
section limits cat $folder/limits
rmmod rk3588_dma || status=1
section dmesg dmesg
exit $status
