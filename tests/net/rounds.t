#!/bin/sh
# SPDX-License-Identifier: MIT
# lssock_refresh: rounds that rely on the one before give what a look anew gives,
# and say of which rows they cannot.
. "$(dirname "$0")/../lib.sh"
in_ns
# The sanitizer keeps what is freed: so much of it, or memory is never flat.
ASAN_OPTIONS=quarantine_size_mb=8
export ASAN_OPTIONS
mkfifo "$T/load"
"$B/tests/load" W1 <"$T/load" >"$T/ready" &
exec 9>"$T/load"
while ! grep -q ready "$T/ready" 2>/dev/null; do read -r _ </dev/null || kill -0 $! || bail "no load"; done
for c in proc bpf; do
	$python "$top/tests/rounds.py" "$B/tests/rounds" $c 9>&- >"$T/said" 2>"$T/err"
	rc=$?
	while read -r line; do
		case $line in
		ok*SKIP*) skip "$c" "${line##*SKIP }" ;;
		ok*) t_pass "${line#*- }" ;;
		not*) t_fail "${line#*- }" "$(grep -A6 -F -- "$line" "$T/said" | grep '^#')" ;;
		esac
	done <"$T/said"
	t_is "$rc $(cat "$T/err")" "0 " "$c: ends well"
done
exec 9>&-
wait
t_done
