# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# The debug registers stay busy for a while.
#
# prints: transfer: Connection timed out
# prints: transfer: ok
# logs: failed: debug port busy

load || exit 1
provoke dmac2 x-debug-busy 1 || exit 1
attempt copy 4096 1
provoke dmac2 x-debug-busy 0 || exit 1
attempt copy 4096 1
unload
