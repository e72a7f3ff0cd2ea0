# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# An instruction in the middle of a list cannot be fetched: the third of the sixth piece. Each takes
# four, and the first one more.
#
# prints: transfer: Input/output error
# prints: transfer: ok
# logs: channel 0 fault: bus error on instruction fetch at 0x
# logs: (byte 88: DMALD, segment 5)
# logs: 82  DMAMOV DAR, 0x

load || exit 1
provoke dmac2 x-fail-fetch 24 || exit 1
attempt list 16 64 1
attempt list 16 64 1
unload
