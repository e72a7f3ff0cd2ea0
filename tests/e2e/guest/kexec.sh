# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Boots the kernel /vmlinuz with the initramfs /second by kexec, while programs run that do not end.
# To be put after provoke.sh.

device=fed10000.dma-controller

# kexec ARGUMENT...: runs Debian's, whose libraries are in /.
kexec() {
	/ld-linux-aarch64.so.1 --library-path / /kexec "$@"
}

insmod /rk3588_dma.ko || exit 1
kexec --kexec-syscall --load /vmlinuz --initrd=/second --reuse-cmdline --no-checks || exit 1
for _ in 1 2 3 4; do
	provoke dmac2 x-hang 1
	echo '1 64 1' >/sys/kernel/debug/rk3588_dma-$device/stream || exit 1
done
section channels grep '^channel' /sys/kernel/debug/rk3588_dma-$device/channels
kexec --exec
