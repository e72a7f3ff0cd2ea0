# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Unbinds the device ${times:?} times while a copy with each kind of mapping is in flight. To be put
# after state.sh and provoke.sh.

device=fed10000.dma-controller
driver=/sys/bus/platform/drivers/rk3588_dma
debugfs=/sys/kernel/debug/rk3588_dma-$device
kinds=$debugfs/kinds

section before resources
insmod /rk3588_dma.ko || exit 1
echo wait >$kinds || exit 1

# Each burst takes 1.3 ms, so that no copy ends before the unbinding.
provoke dmac2 x-burst-cycles 500000
rounds=0
running=0
for _ in $(seq "${times:?}"); do
	echo leave >$kinds || exit 1
	running=$((running + $(grep -c ': running,' $debugfs/channels)))
	echo $device >$driver/unbind || exit 1
	echo $device >$driver/bind || exit 1
	rounds=$((rounds + 1))
done
section rounds echo $rounds
section running echo $running
provoke dmac2 x-burst-cycles 0
echo wait >$kinds || exit 1

rmmod rk3588_dma || exit 1
section after resources
section dmesg dmesg
