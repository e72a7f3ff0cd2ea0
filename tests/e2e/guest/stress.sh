# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Disturbs the scheduling of threads, so that they interleave in many ways although all CPUs of the
# board run in one thread of the host. To be put in front of a script.
#
# QEMU switches from one CPU to the next at timer events and when a CPU idles. Here two processes
# sleep for odd times, which adds timer events, and a third one confines the processes in
# /tmp/disturbed to one CPU after the other, which preempts and moves them in mid-transfer.

# nap STEP: sleeps, each time by STEP microseconds longer, up to 9 ms.
nap() {
	time=$1
	while usleep "$time"; do
		time=$(((time + $1) % 9001))
	done
}

# move: moves the processes in /tmp/disturbed.
move() {
	cpus=$(nproc)
	cpu=0
	while usleep 7000; do
		for pid in $(tail -n 4 /tmp/disturbed); do
			cpu=$(((cpu + 3) % cpus))
			taskset -p $((1 << cpu)) "$pid"
		done
	done >/dev/null 2>&1
}

# disturb: starts all that. The processes are not children of this shell, which may `wait`.
disturb() {
	: >/tmp/disturbed
	(
		nap 1009 &
		nap 1499 &
		move &
	)
}

# disturbed COMMAND...: runs it in the background, to be moved.
disturbed() {
	"$@" &
	echo $! >>/tmp/disturbed
}
