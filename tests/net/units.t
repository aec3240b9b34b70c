#!/bin/sh
# SPDX-License-Identifier: MIT
# Sockets that pid 1 holds for services: the unit of the socket, by systemd's files. Pid 1
# is one of a namespace made here, and so are the files.
. "$(dirname "$0")/../lib.sh"
in_ns
mount -t tmpfs none /run || bail "no tmpfs"
for d in /etc/systemd/system /usr/lib/systemd/system /lib/systemd/system \
	/usr/local/lib/systemd/system; do
	[ ! -d "$d" ] || mount -t tmpfs none "$d" || bail "no tmpfs on $d"
done
units=/run/systemd/system
mkdir -p $units/port.socket.d $units/masked.socket.d $units/port.service.d
unit() { cat >"$units/$1"; }
unit port.socket <<'U'
[Unit]
ListenStream=5010
[Socket]
ListenStream=5001
ListenStream = 127.0.0.1:5002
U
unit port.socket.d/more.conf <<'U'
[Socket]
# one and the other
ListenStream=
ListenStream=5003
ListenStream=5011
ListenStream=[::1]:5004
ListenDatagram=\
   127.0.0.2:5005
U
unit path.socket <<'U'
[Socket]
ListenStream=%t/path-of-%N
ListenSequentialPacket=@abstract
ListenStream=%h/home
U
unit one.socket <<'U'
[Socket]
ListenStream=5006
U
unit two.socket <<'U'
[Socket]
ListenStream=5006
U
unit template@.socket <<'U'
[Socket]
ListenStream=5007
U
ln -s /dev/null $units/masked.socket
unit masked.socket.d/x.conf <<'U'
[Socket]
ListenStream=5008
U
ln -s one.socket $units/alias.socket
mkfifo "$T/hold"
: >"$T/said"
cat >"$T/hold.py" <<'P'
import socket, sys, os
S = []
def tcp(family, *at):
    s = socket.socket(family, socket.SOCK_STREAM)
    s.bind(at); s.listen(); S.append(s)
def other(family, kind, at):
    s = socket.socket(family, kind)
    s.bind(at)
    if kind != socket.SOCK_DGRAM: s.listen()
    S.append(s)
for port in 5001, 5003, 5006, 5007, 5008, 5009:
    tcp(socket.AF_INET6, "::", port)
tcp(socket.AF_INET6, "::1", 5004)
tcp(socket.AF_INET, "127.0.0.1", 5002)
other(socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.2", 5005))
other(socket.AF_UNIX, socket.SOCK_STREAM, "/run/path-of-path")
other(socket.AF_UNIX, socket.SOCK_SEQPACKET, "\0abstract")
other(socket.AF_UNIX, socket.SOCK_STREAM, "\0abstract2")
if os.fork() == 0:
    for s in S: s.close()
    tcp(socket.AF_INET6, "::", 5011)
    tcp(socket.AF_INET, "127.0.0.1", 5010)
print("ready", flush=True)
sys.stdin.read()
P
unshare -fp --mount-proc $python "$T/hold.py" <"$T/hold" >"$T/said" 2>"$T/err" &
exec 9>"$T/hold"
while [ "$(cat "$T/said")" != "ready
ready" ]; do
	kill -0 $! && [ ! -s "$T/err" ] || bail "no holder: $(cat "$T/err")"
done
pid=$(cat /proc/$!/task/$!/children)
WITH="nsenter -t ${pid% } -p -m" run --json -lntux -C lport,path,pid,socket_unit
t_rc 0 "a list with units"
is() { t_json "$1: $2" "[s['socket_unit'] for s in d['sockets'] if s['lport'] == $1] == [$2]"; }
is 5001 None
is 5002 None
is 5003 "'port.socket'"
is 5004 "'port.socket'"
is 5005 "'port.socket'"
is 5006 None
is 5007 None
is 5008 None
is 5009 None
is 5010 None
t_json "5011, which another process holds" "one(lport=5011)['socket_unit'] is None"
t_json "a path" "one(path='/run/path-of-path')['socket_unit'] == 'path.socket'"
t_json "an abstract name" "one(path='@abstract')['socket_unit'] == 'path.socket'"
t_json "the head of a name is none" "one(path='@abstract2')['socket_unit'] is None"
WITH="nsenter -t ${pid% } -p -m" run -H -lt -C lport,socket_unit
t_like "$(out)" "^5006 +[?]" "what two units could be is not known"
t_like "$(out)" "^5009" "what no unit is is none"
WITH="nsenter -t ${pid% } -p -m" run audit -t lport:5003 --fail-on high
t_like "$(out)" "^ *5003 .* port.socket$" "an audit names the unit rather than pid 1"
WITH="nsenter -t ${pid% } -p -m" run audit --json -t lport:5003
t_json "for programs as well" "[v['socket_unit'] for v in d['services']] == ['port.socket']"
exec 9>&-
wait
t_done
