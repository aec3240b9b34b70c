#!/bin/sh
# SPDX-License-Identifier: MIT
# The audit over recordings: tables, formats, exit statuses, and what it refuses.
. "$(dirname "$0")/../lib.sh"

shows audit --from tcp.tape
ON=80 shows audit --from tcp.tape
ON=160 shows audit --from tcp.tape scope:all
shows audit --from owners.tape
shows audit --from unix.tape --fail-on high
shows audit --from live.tape --disable exposed-service,fd-limit
shows audit --from live.tape --fail-on medium -t lport:22
shows audit --from nobody.tape --json
shows audit --from nobody.tape -q
shows audit --from nobody.tape -q --allow-partial --disable queue-full
shows audit --from live.tape --jsonl
shows audit --from live.tape --csv
shows audit --checks

refused()
{
	t_want=$1
	shift
	run "$@"
	t_rc 2 "refused: $*"
	t_like "$(err)" "$t_want" "and says why"
	t_is "$(out)" "" "and says nothing else"
}
refused "not info, low, medium or high" audit --fail-on worst
refused "no such check" audit --disable exposed-service,nothing
refused "no such check" audit --disable ,
refused "own columns" audit --columns pid
refused "own columns" audit --pids
refused "everything that listens" audit --no-owners
refused "belong to .lssock audit" --policy x
refused "belong to .lssock audit" watch --checks
refused "No such file" audit --policy "$T/none"
refused "No such file" audit --baseline "$T/none"
refused "did you mean" audit lprt:22
run audit --explain
t_rc 0 "--explain"
t_like "$(out)" "^packet " "and every family is in it"
shown
