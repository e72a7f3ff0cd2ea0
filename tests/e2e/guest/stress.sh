# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Disturbs the kernel's scheduler, so that threads interleave in many ways although all CPUs of the
# board run in one thread of the host. To be put in front of a script.
#
# QEMU goes from one CPU to the next at each timer event, so short sleeps of odd lengths on each CPU
# cut the instructions of all others into slices of some thousand. Meanwhile the threads of a
# command are moved from CPU to CPU.

# sleepers: starts a process on each CPU that sleeps for times between 20 and 400 µs.
sleepers() {
	for cpu in 0 1 2 3 4 5 6 7; do
		taskset -p "$((1 << cpu))" $$ >/dev/null
		(
			time=$((20 + cpu * 7))
			while :; do
				usleep $time
				time=$((20 + (time * 61 + cpu) % 381))
			done
		) &
		stress="$stress $!"
	done
	taskset -p ff $$ >/dev/null
}

# movers: moves each process whose command writes to the driver's files to the next CPU.
calm() {
	# shellcheck disable=SC2086 # a list
	kill $stress
}

stress=
