# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# A program ends and does not say so.
#
# prints: transfer: Input/output error
# prints: transfer: ok
# logs: failed: stopped without raising its event

load || exit 1
provoke dmac2 x-lose-events 1 || exit 1
attempt copy 4096 1
attempt copy 4096 1
unload
