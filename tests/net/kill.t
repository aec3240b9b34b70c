#!/bin/sh
# SPDX-License-Identifier: MIT
# lssock kill: it ends those it named and nobody else, after having asked, and says
# what became of them.
. "$(dirname "$0")/../lib.sh"
in_ns

# A killed child of the scene stays as a zombie.
alive() { grep -q '^State:[[:space:]][^ZX]' "/proc/$1/status" 2>/dev/null; }
t_alive() { t_ok "$2" alive "$1"; }
t_dead() { if alive "$1"; then t_fail "$2" "$1 is there"; else t_pass "$2"; fi; }
web() { fact tcp-listen listener pid "$1"; }

# ---- who is meant ---------------------------------------------------------------

scene_start '[' comm=web tcp-listen=127.0.0.1:7000 ']' '[' comm=web tcp-listen=127.0.0.1:7001 ']' \
	'[' comm=client tcp-connect=127.0.0.1:7000 ']' '[' comm=shared tcp-listen=127.0.0.1:7002 \
	'[+' comm=helper ']' ']'
run kill :7000 --dry-run
t_rc 0 "--dry-run"
t_like "$(out)" "^web\[$(web 1)\] .*, started .* ago$" "it says who"
t_like "$(out)" '^  ends 2 sockets: 1 listening, 1 established$' "and what ends, the queue too"
t_unlike "$(out)" '^client' "a local port: the client is not meant"
t_alive "$(web 1)" "and does nothing"
run kill --json :7000 --dry-run
t_json "as JSON" "[(t['pid'], t['proc'], t['sockets'], t['listening'], t['protected'], t['done'])
	for t in d['targets']] == [($(web 1), 'web', 2, 1, None, None)] and d['action'] == 'kill'"

run kill :7000
t_rc 2 "no terminal and no --yes"
t_like "$(err)" '--yes' "it says so"
run kill --yes
t_rc 2 "no filter"
run kill --yes '  '
t_rc 2 "nor a blank one"
run kill --yes '*'
t_rc 2 "nor one that lets everything through"
for number in 7000 "proc:web 7000" 7000-7001; do
	run kill --yes "$number"
	t_rc 2 "a bare number: $number"
	t_like "$(err)" 'write :7000' "it names the spelling"
done
run kill --yes -p 7000
t_rc 2 "-p 7000"
for arg in "--from $top/fixtures/tapes/tcp.tape" --readonly '--limit 1' --no-owners '-s' \
	'--signal NONE' '--max 0' '--sort pid' --pids --csv "--proc-root $T"; do
	# shellcheck disable=SC2086
	run kill --yes :7000 $arg
	t_rc 2 "refused: ${arg%% *}"
done
run --yes :7000
t_rc 2 "--yes without a command"
run kill --yes :7999
t_rc 1 "nothing matches"
t_like "$(err)" 'nothing matches' "it says so"
run kill --yes proc:web
t_rc 2 "two targets with --yes alone"
t_like "$(err)" '2 targets, 1 at most: nothing was done' "it says so"
for n in 1 2 3; do t_alive "$(web $n)" "none was hit: $n"; done

run kill --yes 127.0.0.1:7000
t_rc 0 "an end that listens"
t_is "$(tail -1 "$T/out")" "web[$(web 1)]: gone; tcp port 7000 is free" "it says what became of it"
t_dead "$(web 1)" "it is gone"
t_alive "$(web 2)" "the other of that name is not"
t_alive "$(fact tcp-connect client pid)" "nor the client"

# ---- two owners of one socket -------------------------------------------------------

helper=$(ps -eo pid,comm | awk '$2 == "helper" { print $1 }')
run kill :7002 --dry-run
t_like "$(out)" '^  ends no socket of its own; 1 more with the other processes$' "shared"
run kill --yes :7002 proc:helper
t_rc 0 "the owner that matched"
t_dead "$helper" "is gone"
t_alive "$(web 3)" "the one that did not is there"
t_is "$(tail -1 "$T/out")" "helper[$helper]: gone; tcp port 7002 is still held by shared[$(web 3)]" \
	"and has the port"

# ---- the question ------------------------------------------------------------------------

for answer in 'n\n' '\n' 'yes please\n' 'ye\n' '0123456789012345y\n'; do
	asked "$answer" true kill :7001
	t_rc 1 "declined: $answer"
	t_like "$(out)" 'Send TERM to 1 process\? \[y/N\]' "it asked"
	t_like "$(out)" 'nothing was done' "and did nothing"
done
t_alive "$(web 2)" "it is there"
asked 'y\n' true kill :7001 --max 1
t_rc 0 "accepted"
t_dead "$(web 2)" "it is gone"
scene_stop

# ---- the number is another's by now ---------------------------------------------------------

scene_start '[' comm=old tcp-listen=127.0.0.1:7000 ']'
old=$(web 1)
cat >"$T/swap" <<EOF
kill -9 $old
kill -9 $(awk '/^PPid/ { print $2 }' "/proc/$old/status")	# nobody else would reap it
while [ -e /proc/$old ]; do :; done
for try in 1 2 3 4 5 6 7 8 9; do
	echo \$(($old - 1)) >/proc/sys/kernel/ns_last_pid || exit 0
	sleep 1000 &
	[ \$! = $old ] && break
	kill \$!
done
EOF
asked 'y\n' "sh $T/swap" kill :7000
if ! alive "$old"; then
	skip "a number that was given to another process" "it could not be given"
else
	t_rc 4 "a number that was given to another process"
	t_like "$(out)" 'gone already' "it says so"
	t_alive "$old" "which is not hit"
	kill "$old"
fi
exec 8>&- 9<&-

# ---- protected --------------------------------------------------------------------------------

scene_start '[' comm=sshd tcp-listen=127.0.0.1:7000 '[' comm=client tcp-connect=127.0.0.1:7000 ']' \
	'[' comm=other tcp-connect=127.0.0.1:7000 ']' ']'
mine=$(fact tcp-connect client lport 1)
SSH_CONNECTION="127.0.0.1 7000 127.0.0.1 $mine"
export SSH_CONNECTION
run kill --yes "lport:$mine"
t_rc 4 "the owner of the own ssh session"
t_like "$(out)" 'protected: your own ssh session' "the preview says so"
t_like "$(out)" 'left alone: your own ssh session' "the result too"
t_alive "$(fact tcp-connect client pid 1)" "is left alone"
run kill --yes :7000
t_rc 4 "and its parent"
t_alive "$(web 1)" "too"
asked 'y\n' true kill "lport:$mine"
t_rc 1 "y is not enough"
t_alive "$(fact tcp-connect client pid 1)" "it is there"
asked 'y\n' true kill dport = :7000
t_rc 0 "y among others"
t_like "$(out)" 'left alone' "leaves it alone"
t_alive "$(fact tcp-connect client pid 1)" "it is there"
t_dead "$(fact tcp-connect client pid 2)" "the other is gone"
asked 'yes\n' true kill "lport:$mine"
t_rc 0 "yes in full"
t_dead "$(fact tcp-connect client pid 1)" "does it"
unset SSH_CONNECTION
scene_stop

# holds PORT ARG…: lssock ARG… run by a process that listens there.
cat >"$T/holds" <<'EOF'
import socket, subprocess, sys
s = socket.create_server(("127.0.0.1", int(sys.argv[1])))
sys.exit(subprocess.run(sys.argv[2:]).returncode)
EOF
WITH="$python $T/holds 7000" run kill --yes :7000
t_rc 4 "who has started it"
t_like "$(out)" 'this program was started from it' "is protected"
WITH="unshare -p --fork --mount-proc $python $T/holds 7000" run kill --yes :7000 --signal KILL
t_rc 4 "process 1"
t_like "$(out)" 'left alone: process 1' "is protected"

# ---- signals -----------------------------------------------------------------------------------

cat >"$T/deaf" <<'EOF'
import os, signal, socket, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
s = socket.create_server(("127.0.0.1", 7000))
open(sys.argv[1], "w").write(str(os.getpid()))
signal.pause()
EOF
mkfifo "$T/pid"
$python "$T/deaf" "$T/pid" &
deaf=$(cat "$T/pid")
run kill --yes :7000 --json
t_rc 4 "who does not listen to TERM"
t_json "is still there" "[(t['pid'], t['done'], t['gone']) for t in d['targets']] == [($deaf, False, False)]
	and d['targets'][0]['outcome'].startswith('still there 2')"
run kill --yes :7000 --signal sigcont
t_rc 0 "a signal that ends nothing"
t_is "$(tail -1 "$T/out" | sed 's/.*: //')" "CONT sent" "is sent"
run kill --yes :7000 --signal 9 --jsonl
t_rc 0 "KILL"
t_like "$(out)" '^\{"pid":'"$deaf"',.*"done":true,.*"gone":true,"outcome":"gone; tcp port 7000 is free"\}$' \
	"is not to be ignored"
wait "$deaf" 2>/dev/null

# ---- names of others ------------------------------------------------------------------------------

scene_start '[' 'comm=x\x1b[2J\x0ay' 'argv0=cmd\x1b]0;t\x07\x0a' 'tcp-listen=127.0.0.1:7000' ']'
asked 'n\n' true kill :7000
t_rc 1 "a hostile name"
t_like "$(out)" '^x\\x1b\[2J\\x0ay\[' "is escaped"
t_is "$(tr -d '\n\040-\176' <"$T/out" | tr -d '\303\242\200\246' | wc -c)" 0 "nothing of it comes through"
run kill --yes :7000 --json
t_json "in JSON as in the list" "d['targets'][0]['proc'] == r'x\\x1b[2J\\x0ay'"
scene_stop

# ---- an ordinary user ---------------------------------------------------------------------------------

if have_uids; then
	scene_start '[' comm=web tcp-listen=127.0.0.1:7000 ']'
	WITH="setpriv --reuid 65534 --clear-groups" run kill --yes :7000
	t_rc 4 "who may not see the owner"
	t_like "$(err)" '1 socket that matches: the owner is not known \(try sudo\)' "is told so"
	WITH="setpriv --reuid 65534 --clear-groups --inh-caps=+sys_ptrace,+dac_read_search \
		--ambient-caps=+sys_ptrace,+dac_read_search" run kill --yes :7000
	t_rc 4 "who sees it but may not signal it"
	t_like "$(out)" 'not permitted' "too"
	t_alive "$(web 1)" "nothing was hit"
	scene_stop
else
	skip "an ordinary user" "one uid only"
fi
t_done
