# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Commands whose output the chapters of docs/tutorial show, on a board that bounces all mappings.

tracing=/sys/kernel/tracing
mount -t tracefs tracefs $tracing

insmod /rk3588_dma.ko || exit 1
cd /sys/kernel/debug/rk3588_dma-* || exit 1
section limits cat limits
echo 1 >$tracing/events/swiotlb/enable
echo 1 >$tracing/events/dma/enable
echo copy 4096 1 >repeat
section trace sed -n 's/^.* \([0-9]*\.[0-9]*: \(dma\|swiotlb\)_\)/\1/p' $tracing/trace
