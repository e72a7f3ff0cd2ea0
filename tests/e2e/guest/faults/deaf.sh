# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# A channel with a fault cannot be killed, so the abort line stays up. Faults of others are found
# nevertheless.
#
# prints: transfer: No such device
# prints: transfer: Input/output error
# prints: transfer: ok
# logs: fault condition persists: abort interrupt disabled
# logs: channel 0 does not stop (faulting, debug port idle)
# logs: failed: channel 1 fault: bus error on read at 0x

load || exit 1
provoke dmac2 x-ignore-kill 1 || exit 1
provoke dmac2 x-fail-read 1 || exit 1
attempt copy 4096 1
provoke dmac2 x-fail-read 1 || exit 1
attempt copy 4096 1
attempt copy 4096 1
unload
provoke dmac2 x-ignore-kill 0 || exit 1
