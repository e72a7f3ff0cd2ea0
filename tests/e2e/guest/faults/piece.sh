# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# A burst of a list cannot be written, in the middle and at the end of a program. Each of the
# chunks is one burst, and the channel is further on when it gets the error.
#
# prints: transfer: Input/output error
# prints: transfer: Input/output error
# prints: DMAEND
# prints: transfer: ok
# logs: (at or before byte
# logs: : DMAST, segment 10)
# logs: : DMAST, segment 19)

load || exit 1
provoke dmac2 x-fail-write 11 || exit 1
attempt list 20 8 1
provoke dmac2 x-fail-write 20 || exit 1
attempt list 20 8 1
grep -A 200 'channel 1: ' "${debugfs:?}"/channels | sed -n '/DMAEND/{p;q}' | sed 's/^ *[0-9]* *//'
attempt list 20 8 1
unload
