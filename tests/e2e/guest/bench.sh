# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Loads the benchmark, which measures when it finds its devices.

insmod /rk3588_dma_bench.ko || exit 1
section bench dmesg
