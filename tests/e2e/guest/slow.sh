# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Makes the controllers as unlike QEMU's as hardware may be: bursts take time, and DMASTZ moves the
# destination by all of its burst. To be put after provoke.sh, in front of a script that loads the
# driver.

for controller in dmac0 dmac1 dmac2; do
	# More than half of a run, so a load and its store do not end in the write that starts them.
	provoke "$controller" x-burst-cycles 5000
	provoke "$controller" x-upstream-stz 1
done
section slow sh -c "echo $(remaining dmac2 x-burst-cycles) $(remaining dmac2 x-upstream-stz)"
