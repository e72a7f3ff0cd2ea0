# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Runs clients of the DMA engine framework on dmac2, which the kernel's own driver has:
# spi-loopback-test on SPI4, dmatest, and UART7. Both peripherals receive what they transmit.

device=fed10000.dma-controller
uart=/sys/devices/platform/feba0000.serial
summary=/sys/kernel/debug/dmaengine/summary

# loopback ARGUMENTS...: runs spi-loopback-test and prints its outcome. Without delay_ms=0, it spins
# for 100 ms after each of its tests.
loopback() {
	dmesg -c >/dev/null
	insmod /spi-loopback-test.ko loopback=1 delay_ms=0 "$@"
	dmesg | grep -o -e 'Finished spi-loopback-tests.*' -e 'starts at offset: .*'
	echo "$(dmesg | grep -c 'with iteration values') iterations"
	rmmod spi_loopback_test
}

# run_dmatest: prints a line for each thread.
run_dmatest() {
	dmesg -c >/dev/null
	insmod /dmatest.ko device=$device iterations=25 threads_per_chan=2 run=1
	while [ "$(cat /sys/module/dmatest/parameters/run)" = Y ]; do
		usleep 10000
	done
	dmesg | grep -o 'dma2chan.*summary .*failures'
	rmmod dmatest
}

# compare: prints whether UART7 received what it transmitted.
compare() {
	cmp /sent /received && echo "$(stat -c %s /received) bytes are equal"
}

insmod /pl330.ko || exit 1
insmod /spi-rockchip.ko || exit 1
section spi_channels grep spi $summary

# 64 words go by DMA, fewer do not. 97 words are bursts of one word.
for words in 64 97 1024; do
	section spi_$words loopback run_only_iter_len=$words
done
# Memory of several segments, with bursts that do not end where the segments do.
section spi_vmalloc loopback run_only_test=1 run_only_iter_len=1024 use_vmalloc=1

section dmatest run_dmatest

tty=/dev/$(basename "$(find $uart -name 'ttyS*')")
stty -F "$tty" raw -echo 1500000
dd if=/dev/urandom of=/sent bs=1024 count=64 2>/dev/null
cat "$tty" >/received &
reader=$!
# Until the reader has opened the device.
usleep 10000
section uart_channels grep serial $summary
cat /sent >"$tty"
usleep 500000
kill $reader
section uart compare

section dmesg dmesg
