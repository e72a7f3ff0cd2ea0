# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Runs the scripts in /, each in a subshell, as a section that ends with the exit status; then sets
# the properties that the script names to 0. To be put after provoke.sh and faults/common.sh.

# run SCRIPT: runs it and prints its exit status.
run() {
	# shellcheck source=/dev/null
	(. "$1")
	echo "exit $?"
}

for path in /*.sh; do
	name=${path##*/}
	section "${name%.sh}" run "$path"
	settle dmac2 "$(grep -o 'x-[a-z-]*' "$path" | sort -u)"
	[ ! -e /sys/module/rk3588_dma ] || rmmod rk3588_dma
done
dmesg >>/tmp/log
section dmesg cat /tmp/log
# A property that does not exist ends the boot, even if a loop waits for its value.
while [ "$(remaining dmac2 x-nonsense)" != 0 ]; do :; done
