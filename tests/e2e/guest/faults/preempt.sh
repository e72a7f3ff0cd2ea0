# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# A program is written and started at one go: with one CPU, no channel is ever seen that was
# given to a request and has not started, although the programs of long lists take long to
# write.
#
# prints: transfer: ok

# online VALUE: switches all CPUs except the first on (1) or off (0).
online() {
	for cpu in /sys/devices/system/cpu/cpu[1-9]*/online; do
		echo "$1" >"$cpu" || exit 1
	done
}

load || exit 1
online 0
while [ ! -e /tmp/done ]; do attempt list 2048 16 20; done | sort -u &
for _ in $(seq 100); do
	grep ': about to start' "${debugfs:?}"/channels
done
: >/tmp/done
wait
rm /tmp/done
online 1
unload
