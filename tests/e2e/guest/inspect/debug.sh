# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# scripts/inspect on a kernel that debugs DMA, with mappings of our driver.

insmod /rk3588_dma.ko || exit 1
# Number of errors that DMA-API debug shows from here on; the default is 1.
echo 7 >"${debug:?}/dma-api/num_errors"
inspect with
files
checks() {
	for file in disabled error_count num_errors min_free_entries nr_total_entries; do
		printf '%-24s %s\n' "$file" "$(cat "$debug/dma-api/$file")"
	done
	printf '%-24s %s mappings\n' dump "$(wc -l <"$debug/dma-api/dump")"
}
section checks checks
section mappings cat "${debug:?}/dma-api/dump"
