# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# The debug port is busy for a moment, which is not an error; then for longer than an instruction
# can take.
#
# prints: transfer: ok
# prints: transfer: Connection timed out
# prints: transfer: ok
# logs: failed: debug port busy

load || exit 1
provoke dmac2 x-debug-busy 20 || exit 1
attempt copy 4096 1
provoke dmac2 x-debug-busy 100000 || exit 1
attempt copy 4096 1
provoke dmac2 x-debug-busy 0 || exit 1
attempt copy 4096 1
unload
