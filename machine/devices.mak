# SPDX-License-Identifier: GPL-2.0-or-later
#
# The devices of a qemu-system-aarch64 that has the rock-5b-plus machine alone.
# Goes to configs/devices/aarch64-softmmu/rock-5b-plus.mak in QEMU's source,
# for configure --without-default-devices --with-devices-aarch64=rock-5b-plus

CONFIG_ROCK_5B_PLUS=y

# `-device loader`, which puts data into memory before the board starts.
CONFIG_GENERIC_LOADER=y

# Devices for the machine's virtio transports.
CONFIG_VIRTIO_BLK=y
CONFIG_VIRTIO_NET=y
CONFIG_VIRTIO_RNG=y
