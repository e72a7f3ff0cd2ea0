# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Functions of the scripts that run in a Debian.

# section NAME COMMAND: shows what a command line prints, and its exit status, as a section.
section() {
	echo "@@ begin $1"
	sh -c "$2"
	echo "exit $?"
	echo "@@ end $1"
}

cd /root/rk3588_dma || exit 1
udevadm settle

# driver_section: shows which driver has the controller.
driver_section() {
	section driver 'readlink /sys/bus/*/devices/fed10000.dma-controller/driver'
}

# files_section: shows all files that an installation may change, with their checksums, and large
# ones with their sizes.
files_section() {
	echo '@@ begin files'
	find /boot /etc /var/lib/rk3588_dma /usr/lib/modules/*/modules.* \
		/usr/lib/modules/*/updates -type f \
		\( -size +8M -printf '%s %p\n' -o -exec cksum {} + \) 2>/dev/null | sort -k 2
	echo '@@ end files'
}
