#!/bin/sh
# SPDX-License-Identifier: MIT
# lssock events and lssock watch --batch: lines as things happen, lists by the round.
. "$(dirname "$0")/../lib.sh"
in_ns
cp "$LSSOCK" "$top/tests/events.py" "$T/"	# where any user may run them
# lines WHO [COMMAND…]
lines()
{
	who=$1
	shift
	"$@" $python "$T/events.py" "$T/lssock" >"$T/said" 2>"$T/err"
	rc=$?
	while read -r line; do
		case $line in
		ok*) t_pass "$who: ${line#*- }" ;;
		not*) t_fail "$who: ${line#*- }" "$(grep -A12 -F -- "$line" "$T/said" | grep '^#')" ;;
		esac
	done <"$T/said"
	t_is "$rc $(cat "$T/err")" "0 " "$who: ends well"
}
lines root env
if have_uids; then
	lines "any user" setpriv --reuid 65534 --regid 65534 --clear-groups
fi

scene_start comm=web 'tcp-listen=127.0.0.1:0'
port=$(fact tcp-listen listener lport)
run events --rounds 2 --interval 0.05
t_rc 0 "events --rounds ends"
t_is "$(out)" "" "and nothing happened"
run watch --batch --rounds 3 --interval 0.05 "lport:$port"
t_rc 0 "watch --batch --rounds ends"
t_is "$(grep -cE '^[0-9]{2}:[0-9]{2}:[0-9]{2}  1 socket$' "$T/out")" 3 "three blocks with a time"
t_is "$(grep -c "127.0.0.1:$port .*web" "$T/out")" 3 "and the list"
run watch --batch --rounds 2 --interval 0.05 --jsonl "lport:$port"
t_rc 0 "as JSON lines"
t_is "$($python -c '
import json, sys
d = [json.loads(line) for line in sys.stdin]
print(len(d), len({x["time"] for x in d}), {x["owners"][0]["proc"] for x in d})' <"$T/out")" \
	"2 2 {'web'}" "an object per socket and round, with its time"
run watch --batch --rounds 1 --group-by proc "lport:$port"
t_rc 0 "groups"
t_like "$(out)" '^web +1' "are lists too"
scene_stop

for wrong in 'events --csv' 'events --sort pid' 'events -C pid' 'events --pids' 'events -s' \
	'events nonsense:' 'events --rounds 0' 'watch --batch --csv' 'watch --batch --interval x' \
	'--batch' '--rounds 2' 'events --wait'; do
	# shellcheck disable=SC2086
	run $wrong
	t_rc 2 "lssock $wrong"
done
run record "$T/tape" --rounds 3 --interval 0.02
t_rc 0 "a recording of three rounds"
run events --from "$T/tape"
t_rc 0 "its events, until it ends"
run watch --batch --from "$T/tape" -A all
t_rc 0 "its rounds"
t_is "$(grep -cE '^[0-9]{2}:[0-9]{2}:[0-9]{2}  [0-9]+ socket' "$T/out")" 3 "are three"
t_done
