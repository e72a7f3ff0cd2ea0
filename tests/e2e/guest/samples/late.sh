# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Sets a time limit that is too short for the edu device, and unbinds the driver while the device
# works; then sets a limit that is long enough. To be put after trace.sh and state.sh.

run=/sys/kernel/debug/rk3588_dma_edu-0000:00:01.0
section before resources
dmesg -c >/dev/null
insmod /rk3588_dma_edu.ko timeout_ms=20 || exit 1
# The second time the device still executes the first command.
echo all >$run/run 2>/tmp/late
echo all >$run/run 2>/tmp/busy
section report cat $run/report
section traced traced 0000:00:01.0
section late cat /tmp/late
section busy cat /tmp/busy
# The device executes its command.
sleep 1
section late-log dmesg -c

echo all >$run/run 2>/dev/null
rmmod rk3588_dma_edu || exit 1
section left-log dmesg -c

sleep 1
insmod /rk3588_dma_edu.ko || exit 1
status=0
echo all >$run/run || status=1
section next-report cat $run/report
section next-traced traced 0000:00:01.0
rmmod rk3588_dma_edu || exit 1
section after resources
section log dmesg
exit $status
