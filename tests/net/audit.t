#!/bin/sh
# SPDX-License-Identifier: MIT
# Who can reach a service and who answers there: for each check what it finds, and
# what looks like it and is well.
. "$(dirname "$0")/../lib.sh"
in_ns
ip addr add 10.9.8.7/24 dev lo
ip addr add 2001:db8::5/64 dev lo nodad 2>/dev/null || skip "public IPv6" "no such address here"
cp "$SCENE" "$T/other-program"

# has PORT CODE… : the findings about services on a port are these, as "severity code".
has()
{
	t_port=$1
	shift
	t_is "$(json "'\n'.join(codes(port=$t_port))")" "$(printf '%s\n' "$@" | sort)" \
		"port $t_port: ${*:-nothing}"
}
text() { json "' / '.join(f['text'] for f in finds($1))"; }

# ---- exposed-service, v6-exposed -----------------------------------------------
scene_start '[' comm=cache tcp-listen=0.0.0.0:6379 ']' '[' comm=base tcp-listen=127.0.0.1:5432 ']' \
	'[' comm=search tcp-listen=10.9.8.7:9200 ']' '[' comm=mongod tcp-listen=0.0.0.0:7070 ']' \
	'[' comm=web tcp-listen=0.0.0.0:8080 'tcp-listen=[::1]:2375' ']' \
	'[' comm=memcached udp=0.0.0.0:11211 ']' '[' comm=dns udp=0.0.0.0:53 ']' \
	'[' comm=dual 'tcp-listen=*:3306' ']' '[' comm=postgres 'udp=0.0.0.0:7071' ']' \
	'[' comm=half tcp-listen=127.0.0.1:8090 'tcp-listen=[::]:8090,v6only' ']' \
	'[' comm=local tcp-listen=127.0.0.1:8091 'tcp-listen=[::1]:8091' ']' \
	'[' comm=open tcp-listen=0.0.0.0:8092 'tcp-listen=[::]:8092,v6only' ']' \
	'[' comm=one tcp-listen=127.0.0.1:8093 ']'
other_start "$T/other-program" 'tcp-listen=[::]:8093,v6only'
run audit --json
t_rc 1 "findings are exit 1"
t_json "it is complete" 'd["complete"] and d["unjudged"] == []'
has 6379 "high exposed-service"
t_is "$(text port=6379)" "port 6379, that of Redis, can be reached on every address" \
	"the port alone is said to be no more"
has 5432
has 9200 "medium exposed-service"
has 7070 "high exposed-service"
t_is "$(text port=7070)" "MongoDB can be reached on every address" \
	"a program on another port is what it is"
has 8080
has 2375
has 11211 "high exposed-service"
has 53
has 3306 "high exposed-service"
has 7071
has 8090 "high v6-exposed"
has 8091
has 8092
has 8093
t_json "each has a reason, and says what to do" \
	'all(f["why"] and f["fix"] and f["text"] and f["about"] for f in d["findings"])'
run audit --json --disable exposed-service,v6-exposed
t_rc 0 "what is left out finds nothing"
t_json "and nothing else is found" 'd["findings"] == []'
run audit --fail-on high lport:9200
t_rc 0 "a medium one is no high one"
t_like "$(out)" '^MEDIUM exposed-service$' "but it is told"
run audit --disable nonsense
t_rc 2 "a check that there is not"
other_stop
scene_stop

# ---- another namespace: every address there is what it has ---------------------------
if t_said=$(private_run 2>&1 && ip netns add box 2>&1 &&
	ip link add outer type veth peer name inner netns box 2>&1); then
	ip -n box addr add 172.17.0.2/24 dev inner
	ip -n box link set inner up
	scene_start '[' setns=/run/netns/box comm=cache tcp-listen=0.0.0.0:6379 ']'
	run audit --json
	has 6379 "medium exposed-service"
	ip -n box addr add 203.0.113.9/24 dev inner
	run audit --json
	has 6379 "high exposed-service"
	scene_stop
	ip netns del box
else
	skip "another namespace" "$t_said"
fi

# ---- low-port -------------------------------------------------------------------------
if have_uids; then
	bind="--inh-caps +net_bind_service --ambient-caps +net_bind_service"
	user="setpriv --reuid 1234 --regid 1234 --clear-groups"
	scene_start '[' tcp-listen=127.0.0.1:81 uid=1234 ']' '[' tcp-listen=127.0.0.1:82 ']'
	other_start "$user $bind $T/other-program" tcp-listen=127.0.0.1:83 udp=127.0.0.1:84 \
		tcp-listen=127.0.0.1:1083
	run audit --json
	has 81
	has 82
	has 83 "medium low-port"
	has 84 "medium low-port"
	has 1083
	t_like "$(text port=83)" 'an ordinary user, 1234$' "who it is"
	other_stop
	other_start "setpriv --reuid 61999 --regid 61999 --clear-groups $bind $T/other-program" \
		tcp-listen=127.0.0.1:83
	run audit --json
	has 83
	other_stop
	scene_stop
else
	skip "low-port" "a user namespace of one uid"
fi

# ---- shared-port ---------------------------------------------------------------------------
scene_start '[' comm=first tcp-listen=127.0.0.1:8100,reuseport ']' \
	'[' comm=again tcp-listen=127.0.0.1:8100,reuseport ']' \
	'[' comm=wide tcp-listen=0.0.0.0:8101,reuseport ']' \
	'[' comm=own tcp-listen=127.0.0.2:8102 ']' udp=0.0.0.0:8103,reuseaddr \
	udp=0.0.0.0:5353,reuseaddr tcp-listen=127.0.0.1:8104,reuseport
run audit --json
t_json "one program on a port several times shares with nobody" 'd["findings"] == []'
other_start "$T/other-program" comm=late tcp-listen=127.0.0.1:8100,reuseport \
	tcp-listen=127.0.0.1:8101,reuseport tcp-listen=127.0.0.3:8102
run audit --json
has 8100 "medium shared-port"
t_json "the later one is found" "finds(port=8100)[0]['proc'] == 'late'"
t_like "$(text port=8100)" '^it shares the port.*(first|again)\[[0-9]*\] of the same user' "with whom"
has 8101 "medium shared-port"
t_json "the narrower one is found" "(finds(port=8101)[0]['proc'],
	finds(port=8101)[0]['address']) == ('late', '127.0.0.1')"
t_like "$(text port=8101)" 'narrower.*not tcp 0.0.0.0:8101 wide\[' "and from whom it takes"
has 8102
other_stop
if have_uids; then
	other_start "setpriv --reuid 1234 --regid 1234 --clear-groups $T/other-program" \
		udp=127.0.0.1:8103,reuseaddr udp=0.0.0.0:5353,reuseaddr
	run audit --json
	has 8103 "high shared-port"
	t_json "the thief is found, not the robbed" "finds(port=8103)[0]['puser'] == '1234'"
	has 5353 "info shared-port"
	other_stop
	other_start "$T/other-program" tcp-listen=127.0.0.1:8104,reuseport uid=1234
	run audit --json
	has 8104 "high shared-port"
	other_stop
else
	skip "other users" "a user namespace of one uid"
fi
scene_stop
t_done
