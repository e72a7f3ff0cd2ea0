# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Sets all properties of all controllers, each to another value, and reads them; then settles.
#
# x-lose-state of each controller reads 0, because it takes effect at once.
#
# prints: 54 are set
# prints: 57 are 0

# count EXPECTED STEP WORDS: prints how many properties are EXPECTED, which grows by STEP.
count() {
	expected=$1
	equal=0
	for controller in dmac0 dmac1 dmac2; do
		for property in ${properties:?}; do
			if [ "$(remaining $controller "$property")" -eq "$expected" ]; then
				equal=$((equal + 1))
			fi
			expected=$((expected + $2))
		done
	done
	echo "$equal $3"
}

value=0
for controller in dmac0 dmac1 dmac2; do
	for property in $properties; do
		value=$((value + 1))
		provoke $controller "$property" $value
	done
done
count 1 1 'are set'
for controller in dmac0 dmac1 dmac2; do
	settle $controller
done
count 0 0 'are 0'
