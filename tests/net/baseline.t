#!/bin/sh
# SPDX-License-Identifier: MIT
# A baseline outlives restarts of what listens, and finds what was added, removed or
# changed; damaged, it judges nothing.
. "$(dirname "$0")/../lib.sh"
in_ns
base=$T/baseline
cp "$SCENE" "$T/program"
# What listens in the scene, in an order, as a user.
scene_of() { rm -f "$T/sock"; scene_start comm=web 'tcp-listen=[::]:443' tcp-listen=127.0.0.1:6379 \
	udp=127.0.0.1:53 tcp-listen=127.0.0.1:0 "unix-listen=$T/sock" unix-listen=@abstract; }
audit() { run audit --json --baseline "$base" "$@"; }
codes() { $python -c 'import json, sys
for f in json.load(open(sys.argv[1]))["findings"]: print(f["code"], f["severity"], f["about"], f["text"], sep=" | ")' "$T/out"; }

scene_of
run audit --save "$base"
t_rc 0 "it is saved"
t_is "$(out)" "" "and nothing is judged by that"
t_is "$(head -n 1 "$base")" "lssock-baseline 1" "with its version"
t_is "$(tail -n 1 "$base")" "end" "and an end"
t_is "$(grep -c '^listener' "$base")" 6 "a line for each listener"
t_is "$(grep '^listener' "$base")" "$(grep '^listener' "$base" | LC_ALL=C sort)" "in order"
t_unlike "$(grep -o 'port=[^ ]*' "$base" | tr '\n' ' ')" "$(fact tcp-listen listener lport 3)" \
	"a port that the kernel chose is no part of it"
cp "$base" "$T/first"
audit
t_rc 0 "nothing is found"
audit --allow-partial lport:443
t_rc 0 "nor if only one is looked at"
scene_stop

scene_of
audit
t_rc 0 "started again, with other pids and another port, it is the same"
run audit --save "$base"
t_ok "saved again too" cmp "$base" "$T/first"

scene_do tcp-listen=127.0.0.1:8000
scene_do tcp-listen=0.0.0.0:8001
audit
t_rc 1 "what is new is found"
t_like "$(codes)" '^baseline-added \| high \| tcp 0.0.0.0:8001 .* reachable' "from outside"
t_like "$(codes)" '^baseline-added \| medium \| tcp 127.0.0.1:8000 ' "or not"
t_is "$(codes | wc -l)" 2 "and nothing else"
audit --fail-on high lport:8000
t_rc 0 "less than asked for is no failure"
scene_stop

audit
t_rc 1 "what is gone is found"
t_is "$(codes | grep -c '^baseline-removed | low')" 6 "each of them"
t_like "$(codes)" 'tcp \*:443 web \| listened .*line [0-9]+' "with where it is in the file"
audit lport:443
t_rc 0 "but not if not everything was asked for"
audit -t
t_rc 0 "nor of one protocol"

rm -f "$T/sock"
scene_start comm=web 'tcp-listen=[::1]:443' tcp-listen=127.0.0.1:6379 udp=127.0.0.1:53 \
	tcp-listen=127.0.0.1:0 "unix-listen=$T/sock" unix-listen=@abstract
audit
t_rc 1 "another address is found"
t_like "$(codes)" '^baseline-changed \| medium \| tcp \[::1\]:443 .* address was \*, is ::1' "said"
t_like "$(codes)" 'scope was all, is local' "with the scope"
t_is "$(codes | wc -l)" 1 "and is one finding"
scene_stop

scene_of
chmod 777 "$T/sock"
audit
t_like "$(codes)" '^baseline-changed .*unix .* scope was owner, is world' "so is a socket's mode"
scene_stop

# Of the same name, and in the same place.
other_start "$T/program" comm=web 'tcp-listen=[::]:443'
audit lport:443
t_rc 1 "another program is found"
t_like "$(codes)" "program was .*/scene, is $T/program" "by its file"
other_stop
if have_uids; then
	chmod 755 "$T" "$T/program"
	other_start "setpriv --reuid 65534 --clear-groups $T/program" comm=web tcp-listen=127.0.0.1:6379
	audit lport:6379
	t_rc 1 "another user is found"
	t_like "$(codes)" 'user was (root|0), is (nobody|65534)' "by name"
	other_stop
else
	skip "another user" "one user in this namespace"
fi

# Who cannot be read is not compared, and that is no pass.
scene_start 'tcp-listen=[::]:443' to-ring
if supported to-ring; then
	audit lport:443
	t_rc 1 "who hides it in an io_uring is another one"
	t_like "$(codes)" 'program was .*, is none' "and nobody"
else
	skip "io_uring" "$(why_not to-ring)"
fi
scene_stop

for bad in 's/^lssock-baseline 1/lssock-baseline 7/' 's/proto=udp/proto=upd/' '/^end/d' \
	's/ user=[^ ]*//' 's/scope=/scoop=/'; do
	sed "$bad" "$T/first" >"$base"
	audit
	t_rc 4 "damaged by $bad: exit 4"
	t_like "$(err)" "baseline:[0-9]+:[0-9]+: " "line and column are said"
	t_is "$(out)" "" "nothing is judged"
done
head -c 300 "$T/first" >"$base"
audit
t_rc 4 "cut short: exit 4"
head -c 1000 /dev/urandom >"$base"
audit
t_rc 4 "noise: exit 4"
run audit --baseline "$T/none"
t_rc 2 "none there: exit 2"
run audit --save "$T/none/x"
t_rc 4 "nowhere to save it: exit 4"
t_done
