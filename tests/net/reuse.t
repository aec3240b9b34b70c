#!/bin/sh
# SPDX-License-Identifier: MIT
# A process ends and its number goes to another at the worst moment, at each of
# the moments there are: nobody is blamed for a socket of somebody else.
. "$(dirname "$0")/../lib.sh"
in_ns
command -v strace >/dev/null || skip_all "no strace"
for ask in '-t -x' 'lport:7701'; do
	# shellcheck disable=SC2086
	timeout 100 $python "$top/tests/reuse.py" "$SCENE" "$LSSOCK" --json -a $ask >"$T/said" 2>&1
	rc=$?
	[ "$rc" != 77 ] || skip_all "$(cat "$T/said")"
	t_is "$rc" 0 "$ask: runs"
	said=$(tail -1 "$T/said")
	t_like "$said" '^[0-9]+ runs, [1-9][0-9]+ swapped, 0 wrong$' "$ask: $said"
	[ "${said% 0 wrong}" != "$said" ] || head -20 "$T/said" | sed 's/^/# /'
done
t_done
