# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# DMAGO takes 100 µs, while copies on other channels report progress: a program counter of an
# earlier program on the channel does not count.
#
# prints: ok
# prints: ok
# prints: ok
# prints: ok

load || exit 1
provoke dmac2 x-debug-busy-us 100 || exit 1
for seed in 1 2 3 4; do
	echo $seed 200 progress >"${debugfs:?}"/soak && echo ok &
done
wait
unload
