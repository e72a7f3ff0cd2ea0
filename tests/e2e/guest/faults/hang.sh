# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# A program never ends. It is killed, and the next copy works.
#
# prints: transfer: Connection timed out
# prints: transfer: ok
# logs: failed: no end after 5000 ms

load || exit 1
provoke dmac2 x-hang 1 || exit 1
attempt copy 4096 1
attempt copy 4096 1
unload
