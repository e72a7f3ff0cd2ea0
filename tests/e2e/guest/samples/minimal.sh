# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Loads the minimal sample, whose driver does all its work when it finds the edu device. To be put
# after state.sh.

# used: prints what a module might leave behind, without the PCI device, which stays enabled.
used() {
	resources | grep -v '^pci '
}

section before used
dmesg -c >/dev/null
insmod /minimal.ko || exit 1
section log dmesg -c
rmmod minimal || exit 1
section after used
