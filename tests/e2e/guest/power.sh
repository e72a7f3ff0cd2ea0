# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Lets the clock of the controller be turned off, and the system sleep ${sleeps:?} times, with
# transfers before, meanwhile and after. To be put after state.sh and provoke.sh.

device=fed10000.dma-controller
debugfs=/sys/kernel/debug/rk3588_dma-$device
tracing=/sys/kernel/tracing

# state: prints the enable count of the clock, and the state of runtime PM.
state() {
	awk '/ aclk_dmac2 / { printf "%s ", $2 }' /sys/kernel/debug/clk/clk_summary
	cat /sys/bus/platform/devices/$device/power/runtime_status
}

# attempt WORD...: requests a transfer and prints its result.
attempt() {
	error=$( (echo "$*" >$debugfs/repeat) 2>&1)
	echo "${error##*: }" | sed 's/^$/ok/'
}

# done_copies: prints the number of copies of the stream.
done_copies() {
	cut -d ' ' -f 1 $debugfs/stream-result
}

# finish: waits until all chains of the stream have ended, at most 15 s, and prints the result.
finish() {
	for _ in $(seq 1500); do
		grep -q ', 0 chains' $debugfs/stream-result && break
		usleep 10000
	done
	cat $debugfs/stream-result
}

# turn_offs: prints how often the kernel has turned the clock off since the count began.
turn_offs() {
	sed -n 's/.*aclk_dmac2.*hitcount: *\([0-9]*\).*/\1/p' $tracing/events/clk/clk_disable/hist
}

# sleep_once: lets the system sleep, up to the point where interrupts are disabled, and wakes it.
sleep_once() {
	echo freeze >/sys/power/state
}

mount -t tracefs tracefs $tracing
section before resources
insmod /rk3588_dma.ko || exit 1

# Runtime PM.
section loaded state
usleep 350000
section idle state
section used attempt copy 4096 1
section just_used state
usleep 350000
section idle_again state
echo '4 4096 2000' >$debugfs/stream
section streaming state
section streamed finish
usleep 350000
section idle_after_stream state

# A sleep without transfers, and with a program that does not end.
echo 0 >/sys/module/suspend/parameters/pm_test_delay
echo platform >/sys/power/pm_test
section idle_sleep sleep_once
section after_idle_sleep attempt copy 4096 1
provoke dmac2 x-hang 1
echo '1 64 1' >$debugfs/stream
section refused_sleep sleep_once
section refused_stream finish
section after_refused_sleep attempt copy 4096 1

# Sleeps with transfers under way. Programs run at all times: there are three chains of slow copies
# for each channel.
echo 'hist:keys=name' >$tracing/events/clk/clk_disable/trigger
provoke dmac2 x-burst-cycles 5000
echo '24 65536 1000000' >$debugfs/stream
failed=0
stalled=0
copies=0
for _ in $(seq "${sleeps:?}"); do
	sleep_once || failed=$((failed + 1))
	# Each takes long. The test has failed.
	[ $failed -lt 3 ] || break
	last=$copies
	copies=$(done_copies)
	[ "$copies" -gt "$last" ] || stalled=$((stalled + 1))
done
section failed_sleeps echo $failed
section stalled_sleeps echo $stalled
section turn_offs turn_offs
# A chain that was lost in a sleep does not end.
echo stop >$debugfs/stream
section stream finish
provoke dmac2 x-burst-cycles 0
section other_transfer attempt copy 4096 16

rmmod rk3588_dma || exit 1
section after resources
section dmesg dmesg
