#!/bin/sh
# SPDX-License-Identifier: MIT
# Output that did not arrive is a failure, in every format: exit 4 and a line on
# stderr. A reader that went away is none.
. "$(dirname "$0")/../lib.sh"
in_ns
# the leak checker and strace (or a thread that never ends) exclude each other
ASAN_OPTIONS=detect_leaks=0
export ASAN_OPTIONS
scene_start tcp-pair unix-pair many=200:2

# lost TEXT: the last run said so.
lost()
{
	t_is "$rc" 4 "$1: exit 4"
	t_is "$(wc -l <"$T/err" | tr -d ' ')" 1 "$1: one line on stderr"
	t_like "$(err)" '^lssock: .*(No space|Bad file|error|closed|I/O)' "$1: and why"
}
for format in table json jsonl csv tsv openmetrics dot; do
	"$LSSOCK" -a --format $format >/dev/full 2>"$T/err"
	rc=$?
	lost "$format to a full disk"
	"$LSSOCK" -a --format $format >&- 2>"$T/err"
	rc=$?
	lost "$format to a closed stdout"
done
for what in netns -s --help --version '--columns help' 'lport:1-65535 --pids'; do
	# shellcheck disable=SC2086
	"$LSSOCK" $what >/dev/full 2>"$T/err"
	rc=$?
	lost "$what to a full disk"
done
"$LSSOCK" -a >/dev/full 2>&-
t_is $? 4 "without a stderr either"
(
	trap '' PIPE
	"$LSSOCK" -a --json 2>"$T/err"
	echo $? >"$T/status"
) | head -c 1 >/dev/null
t_like "$(cat "$T/status")" '^(0|4|141)$' "a pipe that ends, SIGPIPE ignored"
("$LSSOCK" -a --json 2>"$T/err"; echo $? >"$T/status") | head -c 1 >/dev/null
t_like "$(cat "$T/status")" '^(0|141)$' "a pipe that ends is no failure"
t_is "$(err)" "" "and makes no noise"
if command -v strace >/dev/null; then
	for n in 1 2; do
		for e in ENOSPC EIO; do
			strace -o /dev/null -e inject=write:error=$e:when=$n \
				"$LSSOCK" -a --json >"$T/out" 2>"$T/err"
			rc=$?
			[ $n = 2 ] && [ $rc = 0 ] && ! grep -q INJECTED "$T/err" && json 'd and 1' >/dev/null &&
				continue	# it was one write
			t_is "$rc" 4 "$e at write $n: exit 4"
		done
	done
	strace -o /dev/null -e inject=write:error=EINTR:when=1 "$LSSOCK" -a --json >"$T/out" 2>"$T/err"
	rc=$?
	t_rc 0 "EINTR at a write is none"
	t_json "and nothing is missing" 'len(d["sockets"]) > 400'
else
	skip "a write that fails later" "no strace"
fi
mkdir -p "$T/small"
if mount -t tmpfs -o size=8k tmpfs "$T/small" 2>/dev/null; then
	"$LSSOCK" -a --json >"$T/small/out" 2>"$T/err"
	rc=$?
	lost "a file system that fills up"
	"$LSSOCK" record "$T/small/tape" 2>"$T/err" >&2
	t_is "$?" 4 "a recording that does not fit: exit 4"
	umount "$T/small"
fi
scene_stop
t_done
