# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# An event comes after the handler of another one has read INTMIS, and before it writes INTCLR: the
# handler does not clear it, so it interrupts again.
#
# prints: transfer: ok
# prints: transfer: ok
# prints: 0 s

# both: requests a transfer whose event is late, and then one whose event is not.
both() {
	attempt copy 4096 1 &
	while [ "$(remaining dmac2 x-late-events)" != 0 ]; do :; done
	attempt copy 4096 1
	wait
}

load || exit 1
provoke dmac2 x-late-events 1 || exit 1
seconds both
unload
