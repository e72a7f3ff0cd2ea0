# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Runs clients of the DMA engine framework on dmac2, which the kernel's own driver has:
# spi-loopback-test on SPI4, dmatest, UART7, and sound through I2S5. SPI4 and UART7 receive what
# they transmit, I2S5 plays to a sink.

device=fed10000.dma-controller
uart=/sys/devices/platform/feba0000.serial
summary=/sys/kernel/debug/dmaengine/summary
sink=0xfea02000
sound='soundcore snd snd-timer snd-pcm snd-pcm-dmaengine snd-compress snd-soc-core snd-mixer-oss
	snd-pcm-oss snd-soc-spdif-tx snd-soc-simple-card-utils snd-soc-simple-card
	snd-soc-rockchip-i2s-tdm'

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

# play: plays a second, a byte for each sample, and prints the numbers of words and of underruns in
# the sink.
play() {
	awk 'BEGIN { for (i = 0; i < 8000; i++) printf "%c", 1 + i % 127 }' >/ramp
	devmem $sink 32 0
	cat /ramp >/dev/dsp
	echo "words $(($(devmem $sink)))"
	echo "underruns $(($(devmem $((sink + 4)))))"
}

# played: prints the first words in the sink.
played() {
	devmem $((sink + 8)) 32 0
	for _ in $(seq 600); do
		devmem $((sink + 12))
	done
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

for module in $sound; do
	insmod "/$module.ko" || exit 1
done
section sound play
section played played
section sound_channels grep fddf0000 $summary

section dmesg dmesg
