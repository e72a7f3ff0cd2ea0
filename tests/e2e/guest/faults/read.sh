# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# The third burst of a copy cannot be read. The next copy works.

load || exit 1
provoke dmac2 x-fail-read 3 || exit 1
attempt copy 4096 1
attempt copy 4096 1
unload
