# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Copies scattered memory in ${pieces:?} chunks. To be put after trace.sh and state.sh. $too_many is
# a number of chunks that must fail, because there are not enough bounce buffers, or empty.

# shellcheck disable=SC2317 # `section` calls it
mappings() {
	if [ -e /sys/kernel/debug/dma-api/dump ]; then
		cat /sys/kernel/debug/dma-api/dump
	fi
}

events() {
	awk '/ rk3588_dma$/ { for (i = 2; i <= 9; i++) n += $i } END { print n }' /proc/interrupts
}

section before resources
section mappings-before mappings
insmod /rk3588_dma.ko || exit 1
cd /sys/kernel/debug/rk3588_dma-fed10000.dma-controller || exit 1
status=0
for pages in ${pieces:?}; do
	dmesg -c >/dev/null
	before=$(events)
	echo "$pages $pages" >scatter || status=1
	section "interrupts-$pages" echo $(($(events) - before))
	section "log-$pages" dmesg
	section "traced-$pages" traced fed10000.dma-controller
done
if [ "$too_many" ]; then
	dmesg -c >/dev/null
	section too-many sh -c "echo '$too_many 1' >scatter || echo refused"
	section traced-too-many traced fed10000.dma-controller
fi
cd / || exit 1
rmmod rk3588_dma || exit 1
section after resources
section mappings-after mappings
section dmesg dmesg
exit $status
