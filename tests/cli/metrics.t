#!/bin/sh
# SPDX-License-Identifier: MIT
# --format openmetrics: what is counted, and that whoever reads such text can read it.
. "$(dirname "$0")/../lib.sh"

shows --from tcp.tape --format openmetrics
shows --from hostile.tape --format openmetrics
shows --from netns.tape --format openmetrics -N all
shows --from nobody.tape --format openmetrics
shows --from tcp.tape --format openmetrics proc:nginx
shows audit --from tcp.tape --format openmetrics
shows --from tcp.tape --format openmetrics --limit 3
shows --from tcp.tape --format openmetrics --group-by proc
shows netns --from tcp.tape --format openmetrics

# om EXPR: of the last run (see openmetrics.py)
om() { $python "$top/tests/openmetrics.py" "$T/out" "$1"; }
for tape in "$top"/fixtures/tapes/*.tape; do
	name=$(basename "$tape")
	for command in '' audit; do
		# shellcheck disable=SC2086
		run $command --from "$tape" --format openmetrics -N all
		t_ok "$command $name is read strictly" $python "$top/tests/openmetrics.py" "$T/out"
	done
done

# A name is one label, whatever is in it.
run --from "$top/fixtures/tapes/hostile.tape" --format openmetrics
om '"\n".join({s["labels"]["program"] for s in every("lssock_listeners")})' | sort >"$T/names"
run --from "$top/fixtures/tapes/hostile.tape" --format tsv -H -l -A tcp,unix --columns proc
t_is "$(cat "$T/names")" "$(sed 's/\\x3b/;/' "$T/out" | sort -u)" "names are what every other format has"

# The list and the metrics count the same.
run --from "$top/fixtures/tapes/tcp.tape" --format openmetrics
listeners=$(om 'sum(s["value"] for s in every("lssock_listeners"))')
all=$(om 'sum(s["value"] for s in every("lssock_sockets", proto="tcp"))')
run --from "$top/fixtures/tapes/tcp.tape" -H -tl
t_is "$listeners" "$(awk 'END { print NR ".0" }' "$T/out")" "as many listeners as a list has"
run --from "$top/fixtures/tapes/tcp.tape" -H -ta
t_is "$all" "$(awk 'END { print NR ".0" }' "$T/out")" "and as many sockets"

# Every check is there, found or not.
run audit --from "$top/fixtures/tapes/tcp.tape" --format openmetrics
om '"\n".join(sorted({s["labels"]["code"] for s in every("lssock_audit_findings")}))' >"$T/codes"
total=$(om 'sum(s["value"] for s in every("lssock_audit_findings"))')
run audit --checks --csv
t_is "$(sed '1d; s/,.*//' "$T/out" | sort)" "$(cat "$T/codes")" "each check has a sample"
run audit --from "$top/fixtures/tapes/tcp.tape" --jsonl
t_is "$total" "$(awk 'END { print NR ".0" }' "$T/out")" "which add up to the findings"
shown
