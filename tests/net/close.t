#!/bin/sh
# SPDX-License-Identifier: MIT
# lssock close: the socket that was named is closed, by its cookie, and no other:
# above all not the listener of its port.
. "$(dirname "$0")/../lib.sh"
in_ns

# rows TEXT WANT ARG…: so many sockets match.
rows()
{
	t_text=$1 t_want=$2
	shift 2
	run --json -a "$@"
	t_json "$t_text" "len(d['sockets']) == $t_want"
}
closed_ok='closed$'

# Whether this kernel does it at all.
scene_start comm=server tcp-listen=127.0.0.1:7000 '[' comm=client tcp-connect ']' accept \
	'[' comm=client tcp-connect ']' accept
one=$(fact tcp-connect client lport 1) two=$(fact tcp-connect client lport 2)
run close --yes --dry-run "dport = :$one"
t_rc 0 "--dry-run"
t_like "$(out)" "^tcp 127.0.0.1:7000 < 127.0.0.1:$one ESTABLISHED\$" "it says what"
t_like "$(out)" '^  of server\[' "and whose it is"
t_like "$(out)" '^  sends a reset' "and what happens"
rows "and does nothing" 1 "dport = :$one"
run close --yes "dport = :$one"
if [ "$rc" = 4 ] && grep -q CONFIG_INET_DIAG_DESTROY "$T/out"; then
	skip_all "this kernel closes no sockets"
fi
t_rc 0 "a connection"
t_like "$(out)" "^tcp 127.0.0.1:7000 < 127.0.0.1:$one ESTABLISHED: $closed_ok" "is closed"
rows "it is gone" 0 "dport = :$one" "state:estab"
rows "and its other end was reset" 0 "lport:$one" "state:estab"
rows "the listener lives" 1 :7000 state:listen
rows "so does the other connection" 1 "dport = :$two" "state:estab"
run close --yes :7000
t_rc 2 "two with --yes alone"
rows "nothing was closed" 2 lport:7000

# ---- a stale cookie: without it the kernel would take the listener --------------------

asked 'y\n' "$LSSOCK close --yes dport = :$two >/dev/null" close "dport = :$two"
t_rc 4 "a connection that was closed while one was asked"
t_like "$(out)" 'gone already' "is gone, it says"
rows "the listener of its port lives" 1 :7000 state:listen
asked 'n\n' true close :7000
t_rc 1 "declined"
rows "the listener lives" 1 :7000 state:listen
run close --yes --json :7000 state:listen
t_rc 0 "a listener"
t_json "as JSON" "[(t['proto'], t['lport'], t['state'], t['proc'], t['done'], t['outcome'])
	for t in d['targets']] == [('tcp', 7000, 'LISTEN', 'server', True, 'closed')]"
rows "it is gone" 0 :7000 state:listen
exec 8>&- 9<&-

# ---- no connection yet, none any more --------------------------------------------------

scene_start comm=server 'tcp-listen=[::]:7000' tcp-connect=127.0.0.1 accept time-wait syn-recv
rport=$(fact tcp-connect client lport)
run close --yes "dport = :$rport" state:estab
t_rc 0 "a v4-mapped connection"
rows "is gone" 0 "dport = :$rport" state:estab
if supported syn-recv; then
	run close --yes state:syn-recv
	t_rc 0 "a request"
	rows "is gone" 0 state:syn-recv
else
	skip "a request" "$(why_not syn-recv)"
fi
if supported time-wait; then
	run close --yes state:time-wait
	t_rc 0 "a time-wait socket"
	rows "is gone" 0 state:time-wait
else
	skip "a time-wait socket" "$(why_not time-wait)"
fi
rows "the listener lives" 1 :7000 state:listen
scene_stop

# ---- sockets that share a port -------------------------------------------------------------

scene_start '[' tcp-listen=127.0.0.1:7100,reuseport ']' '[' tcp-listen=127.0.0.1:7100,reuseport ']' \
	'[' tcp-listen=127.0.0.1:7100,reuseport ']' '[' tcp-listen=127.0.0.1:7100,reuseport ']'
for n in 1 2 3; do
	run close --yes :7100 state:listen "pid:$(fact tcp-listen listener pid $n)"
	t_rc 0 "one of those that share a port: $n"
	rows "it does not listen" 0 :7100 state:listen "pid:$(fact tcp-listen listener pid $n)"
	rows "all others do" $((4 - n)) :7100 state:listen
done
scene_stop

# ---- UDP ---------------------------------------------------------------------------------------

scene_start comm=udp udp=127.0.0.1:7200 udp-pair
run close --yes -u :7200
t_rc 0 "a UDP socket"
t_like "$(out)" 'bound on purpose, it stays bound' "is told, and stays"
rows "it is bound" 1 -u :7200
run --json -u state:estab
udp=$(json 'd["sockets"][0]["lport"]')
run close --yes -u ":$udp" state:estab
t_rc 0 "a connected one"
rows "is not connected any more" 0 -u "lport:$udp" state:estab
scene_stop

# ---- what cannot be closed -------------------------------------------------------------------------

scene_start comm=server "unix-listen=$T/sock" tcp-bound
run close --yes -x "path:$T/sock"
t_rc 4 "a unix socket"
t_like "$(out)" 'the kernel closes TCP, UDP and raw sockets only' "is refused"
if supported tcp-bound; then
	run close --yes state:bound
	case $rc in
	1) skip "one that is merely bound" "this kernel does not list it" ;;
	*) t_rc 4 "one that is merely bound" ;;
	esac
fi
scene_stop
for arg in '--signal KILL' "--from $top/fixtures/tapes/tcp.tape" --readonly; do
	# shellcheck disable=SC2086
	run close --yes :1 $arg
	t_rc 2 "refused: ${arg%% *}"
done
run close --yes
t_rc 2 "no filter"
run close --yes :7999
t_rc 1 "nothing matches"

# ---- the own ssh session -----------------------------------------------------------------------------

scene_start comm=sshd tcp-listen=127.0.0.1:7000 '[' comm=ssh tcp-connect ']' accept
rport=$(fact tcp-connect client lport)
SSH_CONNECTION="127.0.0.1 $rport 127.0.0.1 7000" run close --yes "dport = :$rport"
t_rc 4 "the connection of the own ssh session"
t_like "$(out)" 'left alone: your own ssh session' "is left alone"
rows "it is there" 1 "dport = :$rport" state:estab
SSH_CONNECTION="127.0.0.1 $rport 127.0.0.1 7001" run close --yes "dport = :$rport"
t_rc 0 "another one is not"
scene_stop

# ---- another namespace -----------------------------------------------------------------------------------

if private_run 2>/dev/null && ip netns add there 2>/dev/null; then
	ip netns exec there ip link set lo up
	scene_start comm=here tcp-listen=127.0.0.1:7000 '[' comm=there setns=/run/netns/there \
		tcp-listen=127.0.0.1:7000 ']'
	run close --yes -N there :7000
	t_rc 0 "in another namespace"
	rows "it is gone there" 0 -N there :7000 state:listen
	rows "and not here" 1 :7000
	scene_stop
else
	skip "another namespace" "none can be named here"
fi

# ---- an ordinary user ----------------------------------------------------------------------------------------

if have_uids; then
	scene_start comm=server tcp-listen=127.0.0.1:7000
	WITH="setpriv --reuid 65534 --clear-groups" run close --yes :7000
	t_rc 4 "an ordinary user"
	t_like "$(out)" 'CAP_NET_ADMIN' "is told what it takes"
	rows "nothing was closed" 1 :7000
	scene_stop
else
	skip "an ordinary user" "one uid only"
fi
t_done
