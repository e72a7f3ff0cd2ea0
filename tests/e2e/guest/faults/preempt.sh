# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# A program is written and started at one go: on one CPU, no channel is ever seen that was given
# to a request and has not started, although the programs of long lists take long to write.
#
# prints: transfer: ok

# copy_lists: copies long lists until /tmp/done exists.
copy_lists() {
	while [ ! -e /tmp/done ]; do attempt list 16384 63 3; done
}

load || exit 1
# All processes of this script on the CPU that gets the interrupts.
read -r pid _ </proc/self/stat
taskset -p 1 "$pid" >/dev/null || exit 1
(
	for _ in 1 2 3 4 5; do copy_lists & done
	wait
) | sort -u &
for _ in $(seq 30); do
	grep ': about to start' "${debugfs:?}"/channels
done
: >/tmp/done
wait
rm /tmp/done
unload
