# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Each time limit, in whole seconds: of four lost interrupts, of a short and of a long transfer,
# and of a channel that cannot be killed.
#
# prints: transfer: ok
# prints: 1 s
# prints: transfer: Connection timed out
# prints: 5 s
# prints: transfer: Connection timed out
# prints: 6 s
# prints: transfer: No such device
# prints: 7 s
# logs: failed: no end after 5000 ms
# logs: failed: no end after 6160 ms
# logs: had failed before: no end after 5000 ms

load || exit 1
provoke dmac2 x-lose-interrupts 4 || exit 1
seconds attempt copy 4096 4
provoke dmac2 x-hang 1 || exit 1
seconds attempt copy 4096 1
provoke dmac2 x-hang 1 || exit 1
seconds attempt list 25000 64 1
provoke dmac2 x-ignore-kill 255 || exit 1
provoke dmac2 x-hang 1 || exit 1
seconds attempt copy 4096 1
unload
provoke dmac2 x-ignore-kill 0 || exit 1
