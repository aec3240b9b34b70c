#!/bin/sh
# SPDX-License-Identifier: MIT
# What the kernel filters for us changes nothing: the rows of a filter on the
# machine are those of the same filter over a recording, where nothing is pushed
# down to anybody.
. "$(dirname "$0")/../lib.sh"
in_ns
ip addr add 10.0.0.5/24 dev lo
ip addr add 2001:db8::5/64 dev lo nodad
# the kernel does that later
until ip -6 route get 2001:db8::5 2>/dev/null | grep -q '^local'; do :; done
scene_start '[' comm=dual 'tcp-listen=[::]:7601' tcp-conn=127.0.0.1 'tcp-conn=[::1]' \
		'tcp-conn=[2001:db8::5]' tcp-conn=10.0.0.5 time-wait=127.0.0.1 close-wait=10.0.0.5 ']' \
	'[' comm=four tcp-listen=0.0.0.0:7602 tcp-conn=127.0.0.1,keepalive tcp-connect=10.0.0.5 ']' \
	'[' comm=six 'tcp-listen=[2001:db8::5]:7603,v6only' tcp-conn tcp-bound=10.0.0.5:7604 ']' \
	'[' comm=lo tcp-listen=127.0.0.1:7605,dev=lo tcp-conn udp=127.0.0.1:7606,dev=lo ']' \
	'[' comm=dgram udp=0.0.0.0:7607 'udp=[::]:7608' udp-pair=127.0.0.1:0 udp-auto=10.0.0.5:9 \
		udp-unbound tcp-unbound raw raw6 mptcp-pair=127.0.0.1:7609 udplite=127.0.0.1:7610 ']' \
	'[' comm=asking syn-recv=127.0.0.1:7611,defer=60 ']'
four=$(fact tcp-conn client lport 5)
run record "$T/tape"
t_rc 0 "record"
still="--columns netns,proto,family,state,laddr,lport,raddr,rport,iface,inode,cookie,uid,recvq,dir,\
pid,fd,proc"
n=0 empty=0
while read -r filter; do
	case $filter in '' | '#'*) continue ;; esac
	# shellcheck disable=SC2086
	run $still --jsonl $filter
	sort "$T/out" >"$T/live"
	[ -s "$T/live" ] || empty=$((empty + 1))
	live=$rc
	# shellcheck disable=SC2086
	run $still --jsonl --from "$T/tape" $filter
	sort "$T/out" >"$T/replay"
	n=$((n + 1))
	if [ "$rc" = 2 ]; then
		t_fail "$filter" "$(err)"
	elif [ "$live" != "$rc" ]; then
		t_fail "$filter" "exit $live live, $rc from the tape" "$(err)"
	elif ! t_said=$(diff "$T/live" "$T/replay"); then
		t_fail "$filter" "$t_said"
	fi
done <<END
lport:7601
rport:7601
port:7601
not port:7601
lport:7601,7605,7609
lport:7601-7604
lport>=7603
lport<7603
lport!=7601
not lport:7601-7605
sport = :7602
dport = :7602
dport != :7602
sport >= :7603 and sport <= :7606
( sport = :7601 or dport = :7601 )
sport = :7601 or not dport = :7602
lport:$four
rport:$four
127.0.0.1
10.0.0.0/24
[2001:db8::]/32
laddr:127.0.0.1
laddr:10.0.0.5
laddr:10.0.0.0/8
laddr:::1
laddr:2001:db8::5
laddr:2001:db8::/32
laddr:0.0.0.0
laddr:::
laddr:*
laddr:0.0.0.0/0
laddr:::/0
not laddr:127.0.0.0/8
raddr:127.0.0.1
raddr:10.0.0.5
not raddr:127.0.0.1
not raddr:::1
addr:127.0.0.1
src 127.0.0.1
src 127.0.0.1:7601
src 127.0.0.0/8
dst 10.0.0.5
dst [::1]:7601
dst [2001:db8::]/16
not dst 10.0.0.0/8
src 127.0.0.1 dst 127.0.0.1
:7601
:7601 or :7605
127.0.0.1:7601
[2001:db8::5]:7603
10.0.0.5:7601
state established
state listening
exclude established
state time-wait
state:close-wait,time-wait
state:syn-recv
state:bound
not state:listen
state connected lport:7601
-a state:time-wait
-a not state:established
is:listen
not is:listen
is:estab
is:loopback
not is:loopback
is:inbound
is:outbound
is:unowned
-a is:unowned
dev = lo
not dev = lo
dev != lo
iface:lo
iface:nosuch
has:iface
not has:iface
autobound
not autobound
autobound:yes lport>0
mark:0
mark!=0
fwmark = 0x0/0xff
family:inet
family:inet6
not family:inet
proto:tcp lport:7601
proto:udp
proto:tcp,mptcp
not proto:tcp
type:dgram
proc:dual
proc:dual lport:7601
proc:dual or lport:7607
not proc:dual lport:7601-7605
not ( proc:four and laddr:127.0.0.1 )
pid:1 or rport:7602
user:root lport:7602
uid:0 rport:7602
uid:65534 or lport:7603
inode:$(fact tcp-listen listener inode)
cookie:$(fact tcp-listen listener cookie) or lport:7609
recvq>0
recvq:0 lport:7606
rtt<1s lport:7601
rtt>0us
cong:* rport:7601
timer:keepalive
scope:local
scope:all lport:7601-7608
dir:in raddr:127.0.0.1
dir:out not rport:7601
peer:* lport:7601
clients>0
-4
-6
-4 lport:7601
-6 127.0.0.1
-4 not laddr:127.0.0.1
-6 laddr:127.0.0.0/8
-t
-u
-u not lport:7607
-w
-ul
-tl
-tl not lport:7601
-tul laddr:127.0.0.1
-l lport:7601 or -- 10.0.0.5
-a -t
-a
-a lport:0
-M
-B
-tu not ( lport:7601 or rport:7601 or lport:7607 )
lport:7601 raddr:127.0.0.0/8 not proc:nosuch
( lport:7601 and raddr:127.0.0.1 ) or ( lport:7603 and raddr:2001:db8::5 ) or rport:7605
not ( not lport:7601 )
lport:7601 lport:7602
lport:7601 or lport:7602 or lport:7603 or lport:7605 or lport:7606 or lport:7607 or lport:7608
END
t_is "$t_failed" 0 "$n filters: the kernel's answer is the recording's"
t_ok "and most of them find something ($empty do not)" test "$empty" -lt 30
scene_stop
t_done
