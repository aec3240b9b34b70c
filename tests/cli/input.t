#!/bin/sh
# SPDX-License-Identifier: MIT
# What cannot be meant: exit 2, one line that names it, near names suggested,
# and for filters the text with a caret under the place. No sockets needed.
. "$(dirname "$0")/../lib.sh"

# wrong REGEX ARG…
wrong()
{
	regex=$1
	shift
	run "$@"
	if [ "$rc" != 2 ]; then t_rc 2 "$*"; return; fi
	if [ -s "$T/out" ]; then t_fail "$*: prints nothing on stdout" "$(out)"; return; fi
	t_like "$(head -1 "$T/err")" "^lssock: .*$regex" "$*"
}
wrong 'nosuchoption' --nosuchoption
wrong '[jJ]son' --jsno
wrong "did you mean .*listen" 'is:lisen'
wrong "did you mean .*proc" 'procs:sshd'
wrong "did you mean .*state" --columns statee
wrong "did you mean .*rtt" --sort -rtl
wrong "did you mean" --group-by prc
wrong "format" --format yaml
wrong '[Ss]tate' 'state:LISTENN'
wrong '65536|port' ':65536'
wrong '.' 'lport:http-nosuch'
wrong '.' 'rtt>100'
wrong '.' 'rtt>100parsecs'
wrong '.' 'laddr:300.1.2.3'
wrong '.' '10.0.0.0/33'
wrong '.' '('
wrong '.' 'is:listen and'
wrong '.' 'or is:listen'
wrong '.' 'is:listen )'
wrong '.' 'not'
wrong '.' 'lport:'
wrong '.' 'cmd~['
wrong '.' 'pid:2000-1000'
wrong '.' 'state:listen,,estab'
wrong '.' --limit x
wrong '.' --limit -1
wrong '.' --wait=abc
wrong 'nosuchnetns' -N nosuchnetns
wrong '.' -N ''
wrong '.' --netns
wrong '.' -f nosuchfamily
wrong '.' -A tcp,nosuch
wrong '.' --color=purple
wrong '.' --from
wrong '.' record
wrong '.' kill 8080
wrong '.' close 8080
wrong 'pid:' -p 1234
wrong ':22' -iTCP:22

run 'is:listen and porc:sshd'
t_is "$(sed -n 2p "$T/err" | sed 's/^ *//')" 'is:listen and porc:sshd' "a filter error repeats the text"
t_like "$(sed -n 3p "$T/err")" '^ *\^' "and points"
t_is "$(sed -n '2{s/porc.*//;p}' "$T/err" | tr -d '\n' | wc -m)" \
	"$(sed -n '3{s/\^.*//;p}' "$T/err" | tr -d '\n' | wc -m)" "at the word"
t_is "$(wc -l <"$T/err" | tr -d ' ')" 3 "in three lines"

run --from /nonexistent/tape
t_like "$rc" '^[24]$' "a recording that is not there: an error"
t_like "$(err)" '^lssock: .*/nonexistent/tape' "is named"
for a in --help --version '--columns help'; do
	# shellcheck disable=SC2086
	run $a
	t_rc 0 "$a"
	t_is "$(err)" "" "$a: nothing on stderr"
done
run --from "$top/fixtures/tapes/tcp.tape" -H -- 65000
t_like "$(out)$rc" '^1$' "-- and a number: a list, not a story"
run -- watch
t_like "$rc" '^[013]$' "-- and a command's name: a word"
run --version
t_like "$(out)" '^lssock [0-9]+\.[0-9]+' "--version"
t_is "$(awk 'length($0) > 79' "$T/out")" "" "--version is narrow"
run --help
t_is "$(expand "$T/out" | sed 's/[^ -~]/x/g' | awk 'length($0) > 80')" "" "--help fits 80 columns"
t_done
