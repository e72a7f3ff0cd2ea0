# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# The driver leaves while the programs of a long list are written, one after the other: none is
# started any more. Eight times, as a program that is started is not always the last.
#
# prints: transfer: No such device
# prints: transfer: No such device
# prints: transfer: No such device
# prints: transfer: No such device
# prints: transfer: No such device
# prints: transfer: No such device
# prints: transfer: No such device
# prints: transfer: No such device
# logs: failed: the driver is being unbound

load || exit 1
for _ in 1 2 3 4 5 6 7 8; do
	read -r idle <"${debugfs:?}"/channels
	attempt list 32768 63 1 &
	while read -r line <"$debugfs"/channels && [ "$line" = "$idle" ]; do :; done
	echo "${device:?}" >"${driver:?}"/unbind || exit 1
	wait
	echo "$device" >"$driver"/bind || exit 1
done
unload
