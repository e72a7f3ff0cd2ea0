# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Functions and variables of all scripts in this directory, which source this file with `set -eu`:
#
#   here=$(cd "$(dirname "$0")" && pwd -P)
#   . "$here/common.sh"
#
# Environment: RK3588_DMA_CACHE  directory of all downloads and builds
#                                (default: $XDG_CACHE_HOME/rk3588_dma or ~/.cache/rk3588_dma)
#
# A product is a directory of the cache named NAME-KEY, where KEY is a hash of its inputs. A script
# makes the product in NAME.partial under a lock, and renames it when it is complete. So a product
# with its final name is complete. The next run removes the NAME.partial of an interrupted one.

say() {
	printf '%s\n' "$*" >&2
}

die() {
	printf '%s: error: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

# usage FILE: prints the comment at the head of a script.
usage() {
	sed -n '3,/^[^#]/s/^# \{0,1\}//p' "$1" >&2
}

# content_key WORD_OR_FILE...: prints a short hash of the words and of the contents of the files.
content_key() {
	for part; do
		if [ -f "$part" ]; then cat "$part"; else printf '%s\n' "$part"; fi
	done | sha256sum | cut -c 1-12
}

# need_space MEGABYTES WORK: fails if the cache's disk has less free space.
need_space() {
	free=$(df -Pm "$cache" | awk 'NR == 2 { print $4 }')
	[ "$free" -ge "$1" ] || die "$2 needs $1 MB of disk space, but $cache has $free MB free:" \
		"free some, or set RK3588_DMA_CACHE to a directory on a larger disk"
}

# lock NAME: waits until no other process makes NAME. The lock is held until unlock, or until this
# process and the commands it started have ended.
lock() {
	exec 9>>"$cache/$1.lock" || exit 1
	if ! flock --nonblock 9; then
		say "waiting for process $(cat "$cache/$1.lock"), which makes the same"
		flock 9
	fi
	echo $$ >"$cache/$1.lock"
}

unlock() {
	exec 9>&-
}

# begin NAME: takes the lock and makes the empty directory $partial, which finish renames. If the
# script ends before, $partial is removed.
begin() {
	product=$1
	lock "$product"
	partial=$cache/$product.partial
	remove_partial
	trap end_of_script EXIT
	trap 'interrupted 129' HUP
	trap 'interrupted 130' INT
	trap 'interrupted 143' TERM
	mkdir "$partial"
}

# finish DIRECTORY: renames $partial to the product's final name, and releases the lock.
finish() {
	mv -T "$partial" "$1"
	partial=
	abandon
}

# abandon: removes $partial and releases the lock.
abandon() {
	end_of_script
	unlock
	trap - EXIT HUP INT TERM
}

# remove_partial: removes $partial. Files of an environment made by an ordinary user belong to the
# user's sub-ids, so they are removed in a user namespace.
remove_partial() {
	[ -e "$partial" ] || return 0
	rm -rf --one-file-system "$partial" 2>/dev/null ||
		"$here/namespace" rm -rf --one-file-system "$partial"
}

# packages: prints the names in scripts/env-packages.
packages() {
	sed 's/#.*//; s/[[:space:]]*$//; /^$/d' "$here/env-packages"
}

# stop_step: ends the command of the current step.
stop_step() {
	[ -n "$step_pid" ] || return 0
	kill -s TERM -- "-$step_pid" 2>/dev/null || return 0
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		kill -s 0 -- "-$step_pid" 2>/dev/null || return 0
		sleep 0.3
	done
	kill -s KILL -- "-$step_pid" 2>/dev/null || :
}

end_of_script() {
	stop_step
	if [ -n "$partial" ]; then remove_partial; fi
	partial=
}

interrupted() {
	trap '' HUP INT TERM
	[ ! -t 2 ] || printf '\n' >&2
	say "interrupted: removing incomplete files; run the same command to start again"
	stop_step
	step_pid=
	trap - HUP INT TERM
	exit "$1"
}

# step TITLE [EXPECTED] -- COMMAND [ARG...]: runs a long command and writes its output to a log.
# Shows the progress: on a terminal in one line that is updated, otherwise in one line before and
# one after the command. EXPECTED is the number of output lines, or `ninja`.
step() {
	step_title=$1
	step_expected=
	shift
	if [ "$1" != -- ]; then
		step_expected=$1
		shift
	fi
	shift
	steps=$((steps + 1))
	step_log=$cache/log/$product-$steps.log
	step_start=$(date +%s)
	[ -t 2 ] || say "$step_title ..."
	setsid setpriv --pdeathsig TERM "$@" >"$step_log" 2>&1 </dev/null &
	step_pid=$!
	if [ -t 2 ]; then
		while kill -s 0 "$step_pid" 2>/dev/null; do
			printf '\r\033[K%s ...%s %d s' "$step_title" "$(progress)" "$(elapsed)" >&2
			sleep 0.5
		done
	fi
	step_status=0
	wait "$step_pid" || step_status=$?
	step_pid=
	[ "$step_status" -eq 0 ] || step_failed
	if [ -t 2 ]; then printf '\r\033[K' >&2; fi
	say "$step_title: done in $(elapsed) s"
}

elapsed() {
	echo $(($(date +%s) - step_start))
}

progress() {
	case $step_expected in
	'') ;;
	ninja) tail -c 4096 "$step_log" | grep -a -o '^\[[0-9]*/[0-9]*\]' | sed -n '$s/^/ /p' ;;
	*)
		lines=$(wc -l <"$step_log")
		if [ "$lines" -lt "$step_expected" ]; then
			echo " $((lines * 100 / step_expected))%"
		else
			echo " 99%"
		fi
		;;
	esac
}

step_failed() {
	if [ -t 2 ]; then printf '\r\033[K' >&2; fi
	left=$(df -Pm "$cache" | awk 'NR == 2 { print $4 }')
	if [ "$left" -lt 8 ] || grep -qa 'No space left on device' "$step_log"; then
		die "$step_title: no space is left on the disk of $cache: free some, or set" \
			"RK3588_DMA_CACHE to a directory on a larger disk"
	fi
	if grep -qaE '(Unable to locate|Unable to find a source) package|was not found$' \
		"$step_log"; then
		die "$step_title: the Debian archive does not have this version${missing_hint-}"
	fi
	if grep -qa '404  Not Found' "$step_log"; then
		die "$step_title: the Debian archive lacks a file of its package lists:" \
			"remove $cache/apt and run the same command again"
	fi
	if grep -qaE 'failed to (get .* as a dependency|download)' "$step_log"; then
		die "$step_title: the Rust package registry cannot be reached:" \
			"check the network (and https_proxy), then run the same command again"
	fi
	if grep -qai -e 'failure resolving' -e 'could not resolve' -e 'could not connect' \
		-e 'unable to connect' -e unreachable -e 'failed to fetch' "$step_log"; then
		die "$step_title: the Debian archive cannot be reached:" \
			"check the network (and http_proxy), then run the same command again"
	fi
	tail -n 15 "$step_log" | sed 's/^/  | /' >&2
	die "$step_title failed with status $step_status; the complete log is $step_log"
}

here=${here:?}
tree=$(cd "$here/.." && pwd -P)
cache=${RK3588_DMA_CACHE-}
: "${cache:=${XDG_CACHE_HOME:-${HOME:?is not set: set it, or RK3588_DMA_CACHE}/.cache}/rk3588_dma}"
cache=$(readlink -m "$cache")
product=
partial=
steps=0
step_pid=

case $cache/ in
"$tree"/*) die "the cache $cache is in the project: set RK3588_DMA_CACHE to another directory" ;;
esac
case $cache$tree in
*[[:space:]:]*) die "paths with a space or a colon are not supported: $tree or $cache" ;;
esac
mkdir -p "$cache/log" || die "cannot make the cache: set RK3588_DMA_CACHE to another directory"
export RK3588_DMA_CACHE="$cache"
