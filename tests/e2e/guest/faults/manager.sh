# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# The manager does not start the channel. The next copy works.
#
# prints: transfer: Input/output error
# prints: transfer: ok
# logs: failed: manager fault: DMAGO for a secure channel (debug port)

load || exit 1
provoke dmac2 x-fail-go 1 || exit 1
attempt copy 4096 1
attempt copy 4096 1
unload
