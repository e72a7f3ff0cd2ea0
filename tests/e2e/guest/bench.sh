# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Loads a client of the kernel's own driver, which has dmac0, and has it count the instructions of
# requests. Then loads the benchmark, which measures when it finds its devices.

peer() {
	echo "$@" >/sys/kernel/debug/rk3588_dma_peer/repeat || exit 1
}

insmod /pl330.ko || exit 1
insmod /rk3588_dma_peer.ko count=1 || exit 1
peer copy 4096 8
peer scattered 16 4096 8
peer scattered 256 4096 8
insmod /rk3588_dma_bench.ko || exit 1
section bench dmesg
