# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Injects faults into the virtual board's DMA controllers, by the registers that machine/README.md
# lists under "Fault injection". To be put in front of a script.

# The properties, in the order of their registers.
properties='x-fail-read x-fail-write x-fail-fetch x-bad-start x-bad-size x-fail-go x-hang
	x-lose-interrupts x-lose-events x-lose-aborts x-ignore-kill x-debug-busy x-completing
	x-late-events x-mfifo-lines x-burst-cycles x-upstream-stz x-lose-state x-debug-busy-us'

# end_boot MESSAGE: ends the script as a failed one, wherever it is called: a loop that waits for a
# value would otherwise go on, because `exit` in $(remaining ...) ends the substitution alone.
end_boot() {
	printf '%s\n@@ exit 1\n' "provoke.sh: error: $1" >/dev/console
	poweroff -f
	# The CPU that switches the board off is not necessarily this one.
	while :; do sleep 1; done
}

# find_register CONTROLLER PROPERTY: sets $address to the address of its register.
find_register() {
	case $1 in
	dmac[012]) address=$((0xfea01000 + ${1#dmac} * 0x100)) ;;
	*) end_boot "there is no controller $1" ;;
	esac
	for candidate in $properties; do
		[ "$candidate" != "$2" ] || return 0
		address=$((address + 4))
	done
	end_boot "$1 has no property $2"
}

# provoke CONTROLLER PROPERTY VALUE: sets the property, as in provoke dmac2 x-fail-read 3.
provoke() {
	find_register "$1" "$2"
	devmem "$address" 32 "$3" || end_boot "cannot set $2 of $1 to $3"
}

# remaining CONTROLLER PROPERTY: prints the property's value, for most the number still to come.
remaining() {
	find_register "$1" "$2"
	register=$(devmem "$address" 32) || end_boot "cannot read $2 of $1"
	echo $((register))
}

# settle CONTROLLER [PROPERTIES]: sets these properties, or all, to 0.
settle() {
	for setting in ${2-$properties}; do
		provoke "$1" "$setting" 0
	done
}
