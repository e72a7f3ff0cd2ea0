# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# The third burst of a copy cannot be written. The next copy works.
#
# prints: transfer: Input/output error
# prints: transfer: ok
# logs: channel 0 fault: bus error on write at 0x
# logs: (at or before byte 21: DMAST)
# logs: 20  DMALD

load || exit 1
provoke dmac2 x-fail-write 3 || exit 1
attempt copy 4096 1
attempt copy 4096 1
unload
