# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Requests of a queue run one after the other. The second one is terminated while it waits for the
# first one, which hangs. The third one hangs too, and the fourth one, which is submitted meanwhile,
# does not overtake it.
#
# prints: transfer: ok
# prints: 10 s

load || exit 1
provoke dmac2 x-hang 1 || exit 1
seconds attempt queue &
while [ "$(remaining dmac2 x-hang)" != 0 ]; do :; done
provoke dmac2 x-hang 1 || exit 1
wait
unload
