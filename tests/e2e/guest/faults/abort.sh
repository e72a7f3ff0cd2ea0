# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# The interrupt of a fault gets lost: the watchdog sees the fault.
#
# prints: transfer: Input/output error
# prints: transfer: ok
# logs: failed: channel 0 fault: bus error on read at 0x

load || exit 1
provoke dmac2 x-lose-aborts 1 || exit 1
provoke dmac2 x-fail-read 1 || exit 1
attempt copy 4096 1
attempt copy 4096 1
unload
