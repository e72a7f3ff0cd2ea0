# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Commands on the board whose output the chapters of docs/tutorial show. To be put after provoke.sh
# and faults/common.sh.

tracing=/sys/kernel/tracing
mount -t tracefs tracefs $tracing

# logged COMMAND...: runs it, and prints what the kernel has logged meanwhile, without the times.
logged() {
	dmesg -c >/dev/null
	"$@"
	dmesg | sed 's/^\[ *[0-9.]*\] //'
}

# program MIN WORD...: requests a transfer, and prints the last programs of at least MIN bytes.
program() {
	min=$1
	shift
	echo "$*" >repeat
	awk -v min="$min" '/^channel/ { shown = $(NF - 1) >= min } shown' channels
}

# events: prints the trace of DMA and bounce buffers, without the columns of the task.
events() {
	sed -n 's/^.* \([0-9]*\.[0-9]*: \(dma\|swiotlb\)_\)/\1/p' $tracing/trace
}

# traced WORD...: requests a transfer, and prints the events of its mappings.
traced() {
	echo >$tracing/trace
	echo "$*" >"${debugfs:?}/repeat"
	events
}

# of_lesson LEN: runs all lessons, and prints the events of the first mapping of LEN bytes that the
# device writes.
of_lesson() {
	echo >$tracing/trace
	echo all >run
	events | awk -v size="size=$1 " '
		!address && /dma_map_phys: .*FROM_DEVICE/ && index($0, size) {
			match($0, /dma_addr=[0-9a-f]*/)
			address = substr($0, RSTART, RLENGTH) " "
		}
		address && index($0, address) { print; if (/dma_unmap/) exit }'
}

# failing_read NUMBER WORD...: requests a transfer whose read of this number fails, and prints what
# the driver logs.
failing_read() {
	provoke dmac2 x-fail-read "$1" || exit 1
	shift
	logged attempt "$@"
}

section load logged insmod /rk3588_dma.ko
cd "$debugfs" || exit 1
section limits cat limits
section files ls
section copy program 5 copy 13 1
section list program 40 list 3 512 1
section run sh -c 'echo all >run; echo $?'
section report cat report
section inspect sh /inspect

echo 1 >$tracing/events/dma/enable
section trace traced copy 4096 1
section trace-list traced scattered 3 512 1
section trace-sync of_lesson 3145792
echo 0 >$tracing/events/dma/enable

section fault failing_read 3 copy 4096 1
section fault-in-list failing_read 6 list 16 512 1
section after-fault attempt copy 4096 1
cd /
section interrupts grep rk3588 /proc/interrupts
rmmod rk3588_dma
