# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# A fault takes long to complete, and so does a kill. Then copies use all channels. A driver that
# does not wait frees memory that the channel may use, and starts its next program in vain.
#
# prints: transfer: Input/output error
# prints: transfer: ok
# prints: 0
# prints: transfer: Connection timed out
# prints: transfer: ok
# prints: 0
# logs: failed: channel 0 fault: bus error on read at 0x
# logs: failed: no end after 5000 ms

load || exit 1
provoke dmac2 x-completing 150
provoke dmac2 x-fail-read 1
attempt copy 4096 1
attempt copy 4096 8
dmesg | grep -c 'abort interrupt disabled'
provoke dmac2 x-hang 1
attempt copy 4096 1
attempt copy 4096 8
grep -c 'not in use' "${debugfs:?}"/channels
unload
