# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# scripts/inspect with our driver at work and without, as root and not, with debugfs and without.

inspect without
insmod /rk3588_dma.ko || exit 1

# All mappings are bounced.
echo copy 4096 20 >"${ours:?}/repeat" || exit 1
section zones-before cat /proc/vmstat
inspect with
section zones-after cat /proc/vmstat
files
inspect all --all

mkdir /etc
echo 'guest:x:1000:1000::/:/bin/sh' >/etc/passwd
user() {
	su guest -c 'sh /inspect; echo "exit $?"'
}
section user user
# All users may list debugfs, but not read its files.
mount -o remount,mode=755 "${debug:?}"
section user-debugfs user
mount -o remount,mode=700 "${debug:?}"

umount "${debug:?}"
inspect unmounted
section mounts cat /proc/mounts
mount -t debugfs debugfs "$debug"

inspect help -h
inspect unknown --everything
inspect too-many -a -a

i=0
while [ $i -lt 30 ]; do
	echo "rk3588_dma message $i" >/dev/kmsg
	i=$((i + 1))
done
inspect log
# The messages about DMA.
about='swiotlb|software io tlb|dma-api|dma addr|dma map|dma mask|dma: preallocated|dma: failed'
about="$about|iommu|smmu|dmar:|amd-vi|rk3588_dma|pl330"
section messages sh -c "dmesg | grep -iv 'command line: ' | grep -iE '$about'"

echo "${device:?}" >/sys/bus/platform/drivers/rk3588_dma/unbind
inspect unbound
