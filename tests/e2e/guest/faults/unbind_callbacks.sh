# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# The driver is unbound while a callback runs, at whose end the next one is called: it waits for all
# of them, and they are still called one at a time.
#
# The callbacks run in a softirq of CPU 0, nearly all the time. Unbinding from another CPU finds one
# that runs. Unbinding first waits for an RCU grace period. Sometimes that ends after the last
# callback, and the transfer is ok: hence the rounds.
#
# prints: transfer: No such device

read -r pid _ </proc/self/stat
taskset -p 2 "$pid" >/dev/null || exit 1
for times in 200 1000 5000 25000; do
	load || exit 1
	attempt callbacks $times 1000 >/tmp/result &
	usleep 20000
	echo "${device:?}" >"${driver:?}"/unbind || exit 1
	wait
	unload
	[ "$(cat /tmp/result)" = 'transfer: ok' ] || break
done
cat /tmp/result
