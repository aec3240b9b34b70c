#!/bin/sh
# SPDX-License-Identifier: MIT
# What the live source tells of sockets that close and change: every one, once, with
# its last numbers; in other namespaces too; whatever was lost, said.
. "$(dirname "$0")/../lib.sh"
in_ns
cp "$B/tests/told" "$T/told"	# where any user may run it
cp "$top/tests/told.py" "$T/"
told()
{
	$python "$T/told.py" "$T/told" "$@" >"$T/said" 2>"$T/err"
	rc=$?
	while read -r line; do
		case $line in
		ok*SKIP*) line=${line#*- }; skip "${line%% # *}" "${line##*SKIP }" ;;
		ok*) t_pass "${line#*- }" ;;
		not*) t_fail "${line#*- }" "$(grep -A6 -F -- "$line" "$T/said" | grep '^#')" ;;
		esac
	done <"$T/said"
	t_is "$rc $(cat "$T/err")" "0 " "$1: ends well"
}
told all
told plain
told few

# A pid namespace in ours: its numbers, not ours.
export T B
unshare -p --fork --mount-proc --kill-child sh -c "
	$python '$T/told.py' '$T/told' pids" >"$T/pids" 2>&1 || [ -s "$T/pids" ]
if grep -q '^1\.\.' "$T/pids"; then
	t_is "$(grep '^not' "$T/pids")" "" "a nested pid namespace: $(grep -c '^ok' "$T/pids") right"
	grep 'SKIP' "$T/pids" | while read -r line; do echo "# $line"; done
else
	t_fail "a nested pid namespace" "$(cat "$T/pids")"
fi

# Any user, and a buffer that is small for that.
if have_uids; then
	chmod 755 "$T/told"
	python="setpriv --reuid 65534 --regid 65534 --clear-groups $python"
	told plain
	told flood
else
	told flood
fi
t_done
