# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Makes the same requests to the kernel's own driver, which has dmac0, and to ours, which has
# dmac2, and shows which were served. Each request is a phase: in QEMU's trace it lies between
# two writes to an address without a device, the first with the phase's number and the second
# with 0.

mark=0xfea00000
phase=0

# interrupts NUMBER: of a controller, by the number of its first line.
interrupts() {
	awk -v first="$1" '$10 == "GICv3" && ($11 == first || $11 == first + 1) {
		for (i = 2; i <= 9; i++) n += $i
	} END { print n + 0 }' /proc/interrupts
}

# request DRIVER FILE LINE COMMAND...: prints "NUMBER DRIVER STATUS INTERRUPTS COMMAND...".
request() {
	driver=$1 file=$2 line=$3
	shift 3
	phase=$((phase + 1))
	status=0
	before=$(interrupts "$line")
	devmem $mark 32 $phase
	echo "$@" >"$file" || status=1
	devmem $mark 32 0
	echo "$phase $driver $status $(($(interrupts "$line") - before)) $*"
}

# look DRIVER ADDRESS: reads a register of the controller that the driver will have, to identify the
# controller in the trace.
look() {
	phase=$((phase + 1))
	status=0
	devmem $mark 32 $phase
	devmem "$2" 32 >/dev/null || status=1
	devmem $mark 32 0
	echo "$phase $1 $status 0 look"
}

theirs() {
	request theirs /sys/kernel/debug/rk3588_dma_peer/repeat 118 "$@"
}

# ours COMMAND...: requests it when the clock is on, because turning it on reads a register. So does
# turning it off, which happens before this returns.
ours() {
	echo copy 4096 1 >/sys/kernel/debug/rk3588_dma-fed10000.dma-controller/repeat || exit 1
	request ours /sys/kernel/debug/rk3588_dma-fed10000.dma-controller/repeat 122 "$@"
	usleep 350000
}

requests() {
	theirs copy 4096 64
	ours copy 4096 64
	for segments in 1 16 256; do
		theirs list $segments 4096 8
		theirs chain $segments 4096 8
		ours list $segments 4096 8
	done
	theirs scattered 256 4096 8
	ours scattered 256 4096 8

	for from in 0 1 2 3 4 5 6 7; do
		for to in 0 1 2 3 4 5 6 7; do
			theirs copy 4096 1 $from $to
		done
	done
}

look_at_both() {
	# Turns the clocks of dmac0 and dmac2 on, by their bits in CLKGATE_CON10.
	devmem 0xfd7c0828 32 0x00a00000
	look theirs 0xfea10e00
	look ours 0xfed10e00
}

# Before drivers claim the registers; then /dev/mem does not give access to them.
section controllers look_at_both
insmod /pl330.ko || exit 1
insmod /rk3588_dma_peer.ko || exit 1
insmod /rk3588_dma.ko || exit 1
section phases requests
section dmesg dmesg
