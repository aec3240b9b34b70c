#!/bin/sh
# SPDX-License-Identifier: MIT
# What an audit looks at beside sockets and their owners: what namespaces have counted,
# and how many ports connections take.
. "$(dirname "$0")/../lib.sh"
in_ns

# hold SCRIPT: Python that makes sockets, says so, and keeps them until `drop`.
hold()
{
	rm -f "$T/hold"
	mkfifo "$T/hold"
	{ cat; echo "print('ready', flush=True); sys.stdin.read()"; } >"$T/hold.py"
	$python "$T/hold.py" <"$T/hold" >"$T/said" 2>"$T/err" &
	holder=$!
	exec 9>"$T/hold"
	while ! grep -q ready "$T/said"; do
		kill -0 $holder 2>/dev/null || bail "no holder: $(cat "$T/err")"
		read -r _ </dev/null
	done
}
drop() { exec 9>&-; wait $holder; }
value() { awk -v s="$1" -v n="$2" '$1 == s && $2 == n { print $3 }' "$T/out"; }

echo 40000 40999 >/proc/sys/net/ipv4/ip_local_port_range || bail "no range of ports"
echo 700 >/proc/sys/net/ipv4/ip_unprivileged_port_start
hold <<'PY'
import socket, sys
full = socket.create_server(("127.0.0.1", 5000), backlog=0)
kept = []
for i in range(4):
    s = socket.socket()
    s.setblocking(False)
    s.connect_ex(("127.0.0.1", 5000))
    kept.append(s)
server = socket.create_server(("127.0.0.1", 5001), backlog=500)
for i in range(250):
    kept.append(socket.create_connection(("127.0.0.1", 5001)))
PY
truth=$(awk '$1 == "TcpExt:" && !n { n = split($0, name); next }
	$1 == "TcpExt:" { for (i = 2; i <= n; i++) if (name[i] == "ListenOverflows") print $i }' \
	/proc/net/netstat)
run -s
t_rc 0 "a summary"
t_like "$truth" "^[1-9]" "the kernel counted overflows"
t_like "$(value listen overflows)" "^[1-9]" "so does the summary"
t_like "$(value listen drops)" "^[1-9]" "drops too"
t_is "$(value ports range)" 1000 "the range"
t_is "$(value ports fullest-remote)" 127.0.0.1:5001:250/1000 "the remote with the most ports"
run --json -t -C lport,rport,ports_used 'rport = :5001'
t_rc 0 "ports as a field"
t_json "250 connections, each with a quarter" \
	'len(d["sockets"]) == 250 and {s["ports_used"] for s in d["sockets"]} == {25.0}'
run --json -t -C lport,ports_used 'lport = :5001 state listening'
t_json "not of a listener" 'one(lport=5001)["ports_used"] is None'
run -t -H -C rport 'ports_used > 20'
t_is "$(sort -u "$T/out")" 5001 "a filter by it"
run netns --json
t_json "the list of namespaces has the counters" \
	'all(isinstance(n["overflows"], int) and n["overflows"] > 0 for n in d["namespaces"][:1])'
run --json -t -C pid,nfds,nofile,fd_use 'lport = :5001 state listening'
t_json "fds in use, per cent" \
	'[abs(o["fd_use"] - 100 * o["nfds"] / o["nofile"]) < .1 for o in one()["owners"]] == [True]'
drop

# ---- programs -----------------------------------------------------------------------

# told NAME: deleted, replaced, writable of the listener that this program holds
told()
{
	run --json -t -C pid,exe,exe_deleted,exe_replaced,exe_writable "exe:\"$1\""
	$python -c 'import json, sys
o = json.load(open(sys.argv[1]))["sockets"][0]["owners"][0]
print(o["exe_deleted"], o["exe_replaced"], o["exe_writable"])' "$T/out" 2>&1 | tail -1
}
chmod 755 "$T"
mkdir "$T/closed" "$T/open"
chmod 755 "$T/closed"
chmod 1777 "$T/open"
for name in closed/kept closed/gone closed/swapped "closed/named (deleted)" open/kept; do
	cp "$SCENE" "$T/$name"
	rm -f "$T/go"
	mkfifo "$T/go"
	: >"$T/said"
	"$T/$name" tcp-listen=127.0.0.1:0 <"$T/go" >"$T/said" &
	eval "exec $((${n:=2} + 1))>\"$T/go\""
	n=$((n + 1))
	while ! grep -q ready "$T/said"; do kill -0 $! || bail "no scene"; done
done
rm "$T/closed/gone" "$T/closed/swapped"
cp "$SCENE" "$T/closed/swapped"
t_is "$(told "$T/closed/kept")" "False False False" "a program like any"
t_is "$(told "$T/closed/gone")" "True False False" "one that was deleted"
t_is "$(told "$T/closed/swapped")" "True True False" "one that was deleted and replaced"
t_is "$(told "$T/closed/named (deleted)")" "False False False" "one that is called deleted"
t_is "$(told "$T/open/kept")" "False False True" "one in a folder where all may write"
chmod 757 "$T/closed/kept"
t_is "$(told "$T/closed/kept")" "False False True" "one that all may write"

mkdir "$T/mnt"
rm -f "$T/go"
mkfifo "$T/go"
: >"$T/said"
unshare -m sh -c 'mount -t tmpfs none "$1/mnt" && cp "$2" "$1/mnt/far" && exec "$1/mnt/far" \
	tcp-listen=127.0.0.1:0' - "$T" "$SCENE" <"$T/go" >"$T/said" &
far=$!
exec 8>"$T/go"
while ! grep -q ready "$T/said"; do kill -0 $far || bail "no scene"; done
cp "$SCENE" "$T/mnt/far"
t_is "$(told "$T/mnt/far")" "False False True" "one of another mount namespace"
nsenter -t $far -m rm "$T/mnt/far"
t_is "$(told "$T/mnt/far")" "True False True" "that was deleted there: ours is another file"
exec 8>&-
exec 3>&- 4>&- 5>&- 6>&- 7>&-
wait
t_done
