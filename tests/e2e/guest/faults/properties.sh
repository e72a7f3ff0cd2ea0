# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Sets all properties of all controllers, each to a value of its own, and reads them; then settles.

# show: prints all properties, for what they are.
show() {
	for controller in dmac0 dmac1 dmac2; do
		for property in ${properties:?}; do
			echo "$controller $property $(remaining $controller "$property")"
		done
	done
}

value=0
for controller in dmac0 dmac1 dmac2; do
	for property in $properties; do
		value=$((value + 1))
		provoke $controller "$property" $value || exit 1
	done
done
show
for controller in dmac0 dmac1 dmac2; do
	settle $controller
done
show
