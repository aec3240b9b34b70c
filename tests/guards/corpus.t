#!/bin/sh
# SPDX-License-Identifier: MIT
# Every file of the corpora goes through its fuzz target again; recordings, which
# are kept elsewhere, too.
. "$(dirname "$0")/../lib.sh"
for source in "$top"/tests/fuzz/*.c; do
	target=$(basename "$source" .c)
	[ "$target" != main ] || continue
	if [ ! -x "$B/tests/fuzz/$target" ]; then
		skip "$target" "not built"
		continue
	fi
	set -- "$top/fixtures/corpus/$target"
	[ "$target" != tape ] || set -- "$@" "$top/fixtures/tapes"
	n=$(find "$@" -type f | wc -l)
	t_ok "$target: there is a corpus" test "$n" -gt 0
	find "$@" -type f | sort | tr '\n' '\0' >"$T/files"
	t_ok "$target: $n files" xargs -0 -n 50 timeout -k 5 60 "$B/tests/fuzz/$target" <"$T/files"
done
t_done
