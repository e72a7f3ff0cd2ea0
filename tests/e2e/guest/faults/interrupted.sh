# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# A copy hangs, and a signal interrupts the wait for it, which terminates it. Its channel cannot be
# killed, so two seconds later the channel is retired and the memory leaked, not freed.
#
# prints: Terminated
# prints: 143
# prints: 0 s
# prints: 1
# prints: 1
# prints: transfer: ok
# logs: channel 0 does not stop
# logs: had failed before: terminated
# logs: 4096 bytes at DMA address 0x

# interrupt PID: kills a process and prints its exit status, after a line of the shell.
interrupt() {
	kill "$1"
	wait "$1"
	echo $?
}

load || exit 1
provoke dmac2 x-ignore-kill 1 || exit 1
provoke dmac2 x-hang 1 || exit 1
echo copy 4096 1 >"${debugfs:?}"/repeat &
pid=$!
while [ "$(remaining dmac2 x-hang)" != 0 ]; do :; done
seconds interrupt $pid
grep -c ': stopping' "$debugfs"/channels
usleep 3000000
grep -c 'not in use' "$debugfs"/channels
attempt copy 4096 1
unload
provoke dmac2 x-ignore-kill 0 || exit 1
