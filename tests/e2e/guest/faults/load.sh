# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Three bursts fail while four threads keep all channels busy. A channel that has a fault keeps the
# MFIFO's lines until it is killed, so programs on others may lock up. No other transfer fails, and
# no byte is wrong.
#
# prints: some failed, for a fault each
# prints: ok
# prints: 0
# prints: 3
# prints: 0

# work SEED: does transfers until the file /tmp/idle exists, and notes which writes failed.
work() {
	while [ ! -e /tmp/idle ]; do
		echo "$1" 100 keep >"${debugfs:?}"/soak || echo failed >>/tmp/failed
	done 2>/dev/null
}

load || exit 1
for seed in 1 2 3 4; do
	work $seed &
done
for _ in 1 2 3; do
	provoke dmac2 x-fail-read 200 || exit 1
	while [ "$(remaining dmac2 x-fail-read)" != 0 ]; do :; done
done
touch /tmp/idle
wait
failed=$(grep -c . /tmp/failed)
faults=$(dmesg | grep -c 'channel [0-7] fault: ')
if [ "$failed" -gt 0 ] && [ "$failed" -le "$faults" ]; then
	echo some failed, for a fault each
else
	echo "$failed failed, $faults faults"
fi
echo 5 500 >"$debugfs"/soak && echo ok
grep -c 'not in use' "$debugfs"/channels
dmesg | grep -c 'bus error on read'
dmesg | grep -c 'should be'
unload >/dev/null
