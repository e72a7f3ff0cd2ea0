# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# An instruction in the middle of a list cannot be fetched: the third of the sixth piece. Each takes
# four, and the first one more.

load || exit 1
provoke dmac2 x-fail-fetch 24 || exit 1
attempt list 16 64 1
attempt list 16 64 1
unload
