# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Runs the lessons and shows the counters of mappings; then after a new binding, and switched off.

folder='/sys/kernel/debug/rk3588_dma-fed10000.dma-controller'

insmod /rk3588_dma.ko || exit 1
section before cat $folder/statistics
status=0
echo all >$folder/run || status=1
section after cat $folder/statistics
rmmod rk3588_dma && insmod /rk3588_dma.ko || status=1
section bound-again cat $folder/statistics
rmmod rk3588_dma && insmod /rk3588_dma.ko statistics=0 || status=1
echo copy 4096 20 >$folder/repeat || status=1
section limits cat $folder/limits
section off cat $folder/statistics
rmmod rk3588_dma || status=1
section dmesg dmesg
exit $status
