#!/bin/sh
# SPDX-License-Identifier: MIT
# An echo server on port 1208 of a dual-stack socket, one client over IPv6, one
# over IPv4: every view of the port agrees with the truth of the scene.
. "$(dirname "$0")/../lib.sh"
in_ns
scene_start comm=echod 'tcp-listen=[::]:1208' \
	'[' comm=six 'tcp-connect=[::1]' ']' accept '[' comm=four tcp-connect=127.0.0.1 ']' accept
server=$(fact tcp-listen listener pid) listener=$(fact tcp-listen listener fd)
six=$(fact tcp-connect client pid 1) four=$(fact tcp-connect client pid 2)
port6=$(fact tcp-connect client lport 1) port4=$(fact tcp-connect client lport 2)

run -t --json :1208
t_rc 0 ":1208 is found"
t_json "the listener and the four ends of two connections" 'len(d["sockets"]) == 5'
t_json "complete, and without a note" 'd["complete"] is True and d["notes"] == []'
t_json "the listener's owner" "owners(one(state='LISTEN', lport=1208)) == [($server, $listener)]"
t_json "its address is that of both families" "one(state='LISTEN')['laddr'] == '*'"
for n in 1 2; do
	t_json "client $n: owner" "owners(one(lport=$(fact tcp-connect client lport $n))) == \
		[($(fact tcp-connect client pid $n), $(fact tcp-connect client fd $n))]"
	t_json "server end $n: owner" "owners(one(rport=$(fact tcp-connect client lport $n))) == \
		[($server, $(fact accept server fd $n))]"
	t_json "server end $n: cookie" "one(rport=$(fact tcp-connect client lport $n))['cookie'] == \
		$(fact accept server cookie $n)"
done
t_json "client 6: its peer is the server" \
	"owners(one(lport=$port6)['peer']) == [($server, $(fact accept server fd 1))]"
t_json "client 4: its peer is the server" \
	"owners(one(lport=$port4)['peer']) == [($server, $(fact accept server fd 2))]"
t_json "server: its peers are the clients" "owners(one(rport=$port6)['peer']) == \
	[($six, $(fact tcp-connect client fd 1))] and owners(one(rport=$port4)['peer']) == \
	[($four, $(fact tcp-connect client fd 2))]"
t_json "a mapped address is shown as IPv4, its family stays" \
	"[one(rport=$port4)[k] for k in ('family', 'laddr', 'raddr')] == ['inet6', '127.0.0.1', '127.0.0.1']"
t_json "the client over IPv4 is IPv4" "one(lport=$port4)['family'] == 'inet'"
t_json "directions" "(one(rport=$port4)['dir'], one(lport=$port4)['dir']) == ('in', 'out')"
t_json "names of processes" "sorted(o['proc'] for s in d['sockets'] for o in s['owners']) == \
	['echod', 'echod', 'echod', 'four', 'six']"
wrong=
awk '$1 != "ready" { print $3, $4, $5 }' "$T/facts" | sed 's/[a-z]*=//g' >"$T/links"
while read -r pid fd inode; do
	[ "$(readlink "/proc/$pid/fd/$fd")" = "socket:[$inode]" ] || wrong="$wrong $pid/$fd"
	t_json "inode $inode is that of the link" \
		"[(o['pid'], o['fd']) for s in socks(inode=$inode) for o in s['owners']] == [($pid, $fd)]"
done <"$T/links"
t_is "$wrong" "" "the scene tells the truth"

run -tulpn
t_rc 0 "-tulpn"
t_is "$(awk 'END { print NR }' "$T/out")" 2 "-tulpn: a header and the one listener"
t_like "$(out)" "^1208 +tcp .* $server +echod" "-tulpn: port, pid and process"
run -tanp :1208
t_is "$(sed 1d "$T/out" | wc -l)" 5 "-tanp: five lines"
t_is "$(awk 'NR == 1 { n = NF } NF != n' "$T/out")" "" "every line splits into the header's columns"
run -H --pids is:listen
t_is "$(out)" "$server" "--pids is:listen"

run 1208
t_rc 0 "the story of the port"
t_like "$(out)" '\*:1208.* listening' "story: it is listening"
t_like "$(out)" "echod\[$server\]" "story: who"
t_like "$(out)" 'clients +2 connected' "story: clients"
run 1209
t_rc 1 "the story of a free port"
t_like "$(out)" 'nothing is using port 1209' "story: nothing there"

run -q :1208
t_rc 0 "-q: something matches"
t_is "$(cat "$T/out" "$T/err")" "" "-q: prints nothing"
run -q :1209
t_rc 1 "-q: nothing matches"
run --json :1209
t_rc 1 "no match is exit 1"
t_json "and an empty array" 'd["sockets"] == [] and d["complete"]'

run --json --columns netns,lport,pid,rtt 'state established and sport = :1208'
t_json "--columns gives exactly these keys" \
	'[sorted(s) for s in d["sockets"]] == [["lport", "netns", "owners", "tcp"]] * 2 or
	 [sorted(s) for s in d["sockets"]] == [["lport", "netns", "pid", "rtt"]] * 2'
run --json 'proc:four or pid:'"$six"
t_json "owner terms choose owners' sockets" "sorted(s['lport'] for s in d['sockets']) == \
	sorted([$port4, $port6])"
run --csv :1208
t_is "$(sed 1d "$T/out" | wc -l)" 5 "csv: five rows"
run --jsonl :1208
t_json "jsonl: five lines" 'len(d["sockets"]) == 5'
scene_stop
run --json -l
t_json "nothing is left" 'd["sockets"] == []'
t_done
