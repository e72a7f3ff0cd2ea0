# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# The registers get lost: while the clock is off, and while a program runs, which has stopped then.
#
# prints: transfer: ok
# prints: transfer: Input/output error
# prints: transfer: ok
# prints: 0
# logs: registers lost, as after a power-down: restored
# logs: failed: stopped without raising its event

load || exit 1
usleep 400000
provoke dmac2 x-lose-state 1 || exit 1
attempt copy 4096 1
provoke dmac2 x-hang 1 || exit 1
attempt copy 4096 1 &
while [ "$(remaining dmac2 x-hang)" != 0 ]; do :; done
provoke dmac2 x-lose-state 1 || exit 1
wait
attempt copy 4096 1
# Registers that stay lost: the watchdog would find the end of each transfer.
dmesg | grep -c 'event interrupt not received'
unload
