# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Runs the kernel's dmatest on the memory channels of the driver: in several ways, with faults, and
# while the driver is unbound.

device=fed10000.dma-controller
parameters=/sys/module/dmatest/parameters
driver=/sys/bus/platform/drivers/rk3588_dma

# keep_log: moves the kernel's messages to a file.
keep_log() {
	dmesg -c >>/log
}

# run_dmatest PARAMETERS...: runs dmatest with these parameters, those of the call before otherwise.
# Prints a line for each thread, and for each test that failed.
run_dmatest() {
	for assignment; do
		echo "${assignment#*=}" >"$parameters/${assignment%%=*}"
	done
	echo $device >$parameters/device
	keep_log
	echo 1 >$parameters/run
	cat $parameters/wait >/dev/null
	dmesg | grep -o -e 'dma[0-9]*chan.*failures' -e "dma[0-9]*chan.*result .*'"
}

# fail PROPERTY: makes one access fail, in a transfer of one thread.
fail() {
	provoke dmac2 "$1" 1
	run_dmatest threads_per_chan=1
	echo "$(remaining dmac2 "$1") remain"
	settle dmac2 "$1"
}

# hold: makes dmatest hold a channel.
hold() {
	echo dma0chan3 >$parameters/channel
}

insmod /rk3588_dma.ko || exit 1
section summary cat /sys/kernel/debug/dmaengine/summary
insmod /dmatest.ko timeout=10000 || exit 1

section random run_dmatest iterations=40
section aligned run_dmatest alignment=3
section unaligned run_dmatest alignment=0
section norandom run_dmatest norandom=Y iterations=10
for size in 1 3 63 64 4096; do
	section size_$size run_dmatest norandom=N iterations=10 transfer_size=$size
done
section polled run_dmatest transfer_size=0 polled=Y
section memset run_dmatest polled=N dmatest=1
section threads run_dmatest dmatest=0 threads_per_chan=4

# A thread with a failed test terminates its channel at its end, so no other one may use it.
section failed_read fail x-fail-read
section failed_write fail x-fail-write
section after_faults run_dmatest

section held hold
section rmmod rmmod rk3588_dma
keep_log
(
	echo $device >$driver/unbind
	echo "unbind ended" >/dev/kmsg
) &
# A warning comes after 10 s.
sleep 15
section unbind dmesg
# dmatest has the one channel, and gets no other.
section refused run_dmatest
rmmod dmatest
wait
section unbound dmesg
section driver ls /sys/class/dma
section rmmod_later rmmod rk3588_dma
keep_log
section dmesg cat /log
