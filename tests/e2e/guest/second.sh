# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# The script of a kernel that kexec has booted: runs the lessons.

status=0
dmesg -c >/dev/null
insmod /rk3588_dma.ko || exit 1
echo all >/sys/kernel/debug/rk3588_dma-fed10000.dma-controller/run || status=1
rmmod rk3588_dma || status=1
section second-log dmesg
exit $status
