# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# The driver is unbound while programs of all channels never end, and more requests wait: the
# programs are killed. Then the same with channels that cannot be killed. Each time, prints the
# number of seconds that it took.
#
# prints: 8
# prints: transfer: No such device
# prints: transfer: No such device
# prints: transfer: No such device
# prints: transfer: No such device
# prints: transfer: No such device
# prints: transfer: No such device
# prints: transfer: No such device
# prints: transfer: No such device
# prints: transfer: No such device
# prints: transfer: No such device
# prints: 0 s
# prints: transfer: ok
# prints: 8
# prints: transfer: No such device
# prints: transfer: No such device
# prints: transfer: No such device
# prints: transfer: No such device
# prints: transfer: No such device
# prints: transfer: No such device
# prints: transfer: No such device
# prints: transfer: No such device
# prints: transfer: No such device
# prints: transfer: No such device
# prints: 2 s
# prints: transfer: ok
# logs: failed: the driver is being unbound
# logs: failed: the channel does not stop: its memory is leaked

# unbind: takes the device from the driver, and waits for those that were using it.
unbind() {
	echo "${device:?}" >"${driver:?}"/unbind || exit 1
	wait
}

load || exit 1
for mask in 0 255; do
	provoke dmac2 x-ignore-kill $mask || exit 1
	for _ in 1 2 3 4 5 6 7 8; do
		provoke dmac2 x-hang 1 || exit 1
		attempt copy 4096 1 &
		while [ "$(remaining dmac2 x-hang)" != 0 ]; do :; done
	done
	attempt copy 4096 1 &
	attempt copy 4096 1 &
	grep -c ': running' "${debugfs:?}"/channels
	seconds unbind || exit 1
	provoke dmac2 x-ignore-kill 0 || exit 1
	echo "${device:?}" >"${driver:?}"/bind || exit 1
	attempt copy 4096 20
done
unload
