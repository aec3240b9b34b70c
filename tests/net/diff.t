#!/bin/sh
# SPDX-License-Identifier: MIT
# What differs between a recording and now, or another one: what was closed, opened,
# changed its state or its process, and nothing else; and what could not be compared.
. "$(dirname "$0")/../lib.sh"
in_ns
cp "$SCENE" "$T/program"
lines() { $python -c 'import json, sys
for d in json.load(open(sys.argv[1]))["differences"]: print(d["change"], d["proto"], d["local"], d["state"], d["proc"], d["what"] or "-", sep=" | ")' "$T/out"; }
record() { run record "$T/$1"; t_rc 0 "record $1"; }

scene_start comm=web 'tcp-listen=[::]:7600' '[' comm=client tcp-connect=127.0.0.1 ']' accept \
	udp=127.0.0.1:7601 "unix-listen=$T/s" tcp-listen=127.0.0.1:7602
record one
run diff "$T/one"
t_rc 0 "nothing has changed"
t_is "$(out | wc -l)" 1 "so there is the heading alone"
run diff "$T/one" now -A all -a --json "not proc:lssock"
t_rc 0 "nor of any other kind"
record two
run diff "$T/one" "$T/two" -a -A all "not proc:lssock"
t_rc 0 "nor between two recordings"

scene_do tcp-listen=127.0.0.1:7603
scene_do unix-listen=@new
run diff --json "$T/one"
t_rc 1 "a new listener"
t_is "$(lines)" "new | tcp | 127.0.0.1:7603 | LISTEN | web | -" "is new, and nothing else is"
t_json "what both are is said" 'd["host"] == d["old"]["host"] and d["old"]["time"] < d["time"]'
run diff --json "$T/one" now -x
t_like "$(lines)" '^new \| unix \| @new ' "unix sockets if they are asked for"
run diff --json "$T/one" -- lport:7600
t_rc 0 "a filter, behind --"
run diff --json "$T/one" now lport:7603
t_rc 1 "a filter, behind now"
run diff -q "$T/one" "$T/two" lport:7603
t_rc 0 "and of the recordings"
record three
run diff --json "$T/three" "$T/one"
t_is "$(lines)" "gone | tcp | 127.0.0.1:7603 | LISTEN | web | -" "the other way round it is gone"
t_like "$(err)" 'OLD is younger than NEW' "and that is said"
scene_stop

# The service is started again, beside a connection that was closed.
scene_start comm=web 'tcp-listen=[::]:7600' udp=127.0.0.1:7601 "unix-listen=$T/s2" \
	'[' comm=thief tcp-listen=127.0.0.1:7602 ']'
record four
run diff --json "$T/one" "$T/four"
t_rc 1 "a service started again"
t_like "$(lines)" '^changed \| tcp \| \*:7600 \| LISTEN \| web \| pid [0-9]+ -> [0-9]+$' "has another pid"
t_like "$(lines)" '^changed \| udp \| 127.0.0.1:7601 .* pid [0-9]+ -> [0-9]+$' "of UDP too"
t_like "$(lines)" '^changed \| tcp \| 127.0.0.1:7602 .*process web\[[0-9]+\] -> thief\[[0-9]+\]' \
	"another program is another process"
t_like "$(lines)" '^gone \| tcp \| 127.0.0.1:[0-9]* \| ESTABLISHED \| client \| -$' \
	"the connection is gone"
t_json "with pids" 'all(x["pid"] and x["old_pid"] and x["pid"] != x["old_pid"]
	for x in d["differences"] if x["change"] == "changed")'
t_json "that is all" 'sorted({x["lport"] for x in d["differences"]
	if x["change"] != "gone"}) == [7600, 7601, 7602]'
scene_stop
# The same process, another program: it was executed over it.
other_start "$T/program" comm=web 'tcp-listen=[::]:7600'
run diff --json "$T/four" now lport:7600
t_like "$(lines)" "program .*/scene -> $T/program" "another file of the same name is said"
other_stop

# The pid is that of another process by now.
again() { echo $((old_pid - 1)) 2>/dev/null >/proc/sys/kernel/ns_last_pid; "$T/program" comm=web \
	tcp-listen=127.0.0.1:7650 <"$T/in2" >"$T/said2" & }
if [ -w /proc/sys/kernel/ns_last_pid ]; then
	other_start "$T/program" comm=web tcp-listen=127.0.0.1:7650
	old_pid=$other_pid
	record pid
	other_stop
	again
	other_pid=$!
	exec 5>"$T/in2" 4<"$T/said2"
	while read -r line <&4 && [ "$line" != ready ]; do :; done
	run diff --json "$T/pid" now lport:7650
	if [ "$old_pid" = "$other_pid" ]; then
		# Within a tick of the clock that tells when processes started, it is the socket.
		t_like "$(lines)" 'web \| (process restarted|opened again)$' \
			"the same pid is not the same process"
	else
		skip "the same pid again" "it was taken"
	fi
	other_stop
else
	skip "the same pid again" "pids cannot be chosen here"
fi

# A state, and numbers.
scene_start comm=peer tcp-pair=127.0.0.1:7700
port=$(fact tcp-pair client lport)
record five
run diff --json "$T/five" now "port:$port"
t_rc 0 "a connection that stays is the same one"
scene_do send=5000
run diff --json "$T/five" now "port:$port"
t_rc 0 "traffic is no difference"
run diff -i --json "$T/five" now "lport:$port"
t_rc 1 "unless that is asked for"
t_json "with how much it was" '[(x["change"], x["what"], x["sent"], x["retrans"], x["tx"] > 0)
	for x in d["differences"]] == [("changed", "traffic", 5000, 0, True)]'
scene_do "close=$(fact tcp-pair client fd)"
run diff --json "$T/five" now "port:$port"
t_rc 1 "an end that is closed"
t_like "$(lines)" "^changed \| tcp \| 127.0.0.1:7700 \| CLOSE_WAIT \| peer \| state estab -> clo-wt" \
	"changes the state of the other"
scene_stop

# Namespaces.
if t_said=$(private_run 2>&1 && ip netns add blue 2>&1); then
	ip netns exec blue "$LSSOCK" record "$T/six" >/dev/null 2>&1
	run record -N blue "$T/seven"
	scene_start tcp-listen=127.0.0.1:7800 newnet tcp-listen=127.0.0.1:7801
	run diff --json "$T/four" now lport:7801
	t_rc 1 "a namespace that is new has new sockets"
	t_like "$(lines)" '^new \| tcp \| 127.0.0.1:7801' "they are"
	run diff --json "$T/seven" now lport:7800
	t_rc 3 "where the recording did not look nothing is new"
	t_like "$(err)" '1 socket could not be compared' "said"
	t_is "$(lines)" "" "and not told"
	scene_stop
	ip netns del blue
else
	skip "namespaces" "$t_said"
fi

# What is wrong with it.
run diff
t_rc 2 "no file: exit 2"
run diff "$T/none"
t_rc 2 "a file that is not there: exit 2"
run diff "$T/one" "$T/none"
t_rc 2 "the other one: exit 2"
t_like "$(err)" 'none' "named"
head -c 100 "$T/one" >"$T/cut"
run diff "$T/one" "$T/cut"
t_rc 4 "a damaged one: exit 4"
t_is "$(out)" "" "nothing is compared"
run diff "$T/one" now 'prot:tcp'
t_rc 2 "a filter with a slip: exit 2"
run diff --from "$T/one" "$T/two"
t_rc 2 "--from is for lists"
run diff "$T/one" --columns pid
t_rc 2 "its columns are its own"

# A series: the first round of OLD, the last of NEW.
scene_start tcp-listen=127.0.0.1:7900
"$LSSOCK" record "$T/series" --rounds 2 --interval 0.1 2>/dev/null
run diff --json "$T/series" "$T/series" lport:7900
t_rc 0 "a series with itself: nothing has changed in it"
scene_stop
t_done
