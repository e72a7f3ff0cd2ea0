# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# A copy without a time limit hangs. Its ticket terminates it after six seconds, longer than the
# limit of other copies. Its channel stops a second later, then the mappings come back. The next
# copy works, and has ended when it is terminated.
#
# prints: 1
# prints: transfer: Operation canceled
# prints: 7 s
# prints: 0
# prints: transfer: ok
# prints: transfer: ok

load || exit 1
provoke dmac2 x-ignore-kill 255 || exit 1
provoke dmac2 x-hang 1 || exit 1
seconds attempt terminate 6000 >/tmp/result &
while [ "$(remaining dmac2 x-hang)" != 0 ]; do :; done
usleep 7000000
grep -c ': stopping' "${debugfs:?}"/channels
provoke dmac2 x-ignore-kill 0 || exit 1
wait
cat /tmp/result
rm /tmp/result
grep -c 'not in use' "$debugfs"/channels
attempt copy 4096 8
attempt terminate 10
unload
