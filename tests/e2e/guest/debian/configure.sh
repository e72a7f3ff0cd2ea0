# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Configures the packages of the disk, which scripts/debian has unpacked, with the modules
# ${modules:?} of the kernel.

for module in ${modules:?}; do
	insmod "/$module.ko" || exit 1
done
mkdir /disk
mount -t ext4 /dev/vda /disk || exit 1
for directory in proc sys dev; do
	mount -o bind /$directory /disk/$directory || exit 1
done

# debian COMMAND: runs a command line of the Debian on the disk. Its shell is named by a path,
# because the shell of busybox knows commands of the same names.
debian() {
	env -i PATH=/usr/sbin:/usr/bin HOME=/root TERM=dumb DEBIAN_FRONTEND=noninteractive \
		DEBCONF_NONINTERACTIVE_SEEN=true chroot /disk /usr/bin/sh -c "$1"
}

# Packages need one another while they are configured, so the first time no dependency counts.
echo '@@ progress packages are unpacked'
section unpacked debian 'dpkg --force-depends --unpack /var/cache/apt/archives/*.deb'
echo '@@ progress packages are configured'
section configured debian 'dpkg --force-depends --configure --pending'
# shellcheck disable=SC2016 # dpkg-query replaces these
section states debian 'dpkg-query --show --showformat="\${db:Status-Abbrev} \${Package}\n"'
debian 'systemctl enable systemd-networkd'
debian 'passwd --delete root'
mkdir -m 700 /disk/root/.ssh
cp /key.pub /disk/root/.ssh/authorized_keys
debian 'rm /var/cache/apt/archives/*.deb'
sync
umount /disk/dev /disk/sys /disk/proc /disk
