# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Has the program that booted the board make a controller go wrong; machine/README.md has the table
# of properties. To be put in front of a script. One at a time: answers have no names.

# What is typed would otherwise be printed, and answers are typed.
stty -echo </dev/console

# ask WORD...: asks for something and prints the answer. The question goes to the console whatever
# becomes of the output.
ask() {
	echo "@@ $*" >/dev/console
	read -r answer </dev/console && echo "$answer"
}

# provoke CONTROLLER PROPERTY VALUE: sets it, as in provoke dmac2 x-fail-read 3.
provoke() {
	[ "$(ask set "$@")" = 'done' ]
}

# remaining CONTROLLER PROPERTY: prints its value, of most the number that is still to come.
remaining() {
	ask get "$@"
}

# settle CONTROLLER: provokes nothing any more.
settle() {
	for property in ${properties:?}; do
		provoke "$1" "$property" 0
	done
}
