# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# The third burst of a copy cannot be read. The next copy works.
#
# prints: transfer: Input/output error
# prints: transfer: ok
# logs: channel 0 fault: bus error on read at 0x
# logs: (at or before byte 20: DMALD)
# logs: 18  DMALP lc0, 32

load || exit 1
provoke dmac2 x-fail-read 3 || exit 1
attempt copy 4096 1
attempt copy 4096 1
unload
