#!/bin/sh
# SPDX-License-Identifier: MIT
# Who holds a socket when no single fd of a single process does: shared by
# fork, one port by many, a ring, a message in flight, a private table, a queue.
. "$(dirname "$0")/../lib.sh"
in_ns

# begin THING…: a scene, then all sockets as JSON.
look() { run --json -a "$@"; }
port() { fact tcp-listen listener lport; }

scene_start tcp-listen=127.0.0.1:0 forked=5
look "lport:$(port)"
pids=$(sed -n 's/^what=.* pid=\([0-9]*\) .*/\1/p' "$T/facts" | sort -n | tr '\n' , )
t_json "forked into five: five owners" \
	"[p for p, f in owners(one())] == [$pids] and len(one()['owners']) == 5"
run "lport:$(port)"
t_like "$(out)" '\+4' "the table counts the others"
run --csv "lport:$(port)"
t_is "$(awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == "pid") n = i } NR == 2 { print $n }' "$T/out" |
	tr ';' '\n' | sort -n | tr '\n' ,)" "$pids" "csv has all of them"
run -H --pids "lport:$(port)"
t_is "$(sort -n <"$T/out" | tr '\n' ,)" "$pids" "--pids too"
look "lport:$(port)" --columns +nfds,nofile
t_json "open files of each are counted, and their limit" 'all((o["nfds"], o["nofile"]) ==
	(len(__import__("os").listdir("/proc/%d/fd" % o["pid"])), '"$(ulimit -n)"') for o in one()["owners"])'
scene_stop

scene_start '[' tcp-listen=127.0.0.1:7100,reuseport ']' '[' tcp-listen=127.0.0.1:7100,reuseport ']' \
	'[' tcp-listen=127.0.0.1:7100,reuseport ']' '[' tcp-listen=127.0.0.1:7100,reuseport ']'
look lport:7100
t_json "four sockets of one port: four rows, an owner each" \
	"sorted(s['owners'][0]['pid'] for s in d['sockets']) == sorted([$(
	sed -n 's/.* pid=\([0-9]*\) .*/\1/p' "$T/facts" | tr '\n' ,)]) and \
	all(len(s['owners']) == 1 for s in d['sockets'])"
scene_stop

scene_start comm=courier tcp-listen=127.0.0.1:0 to-flight
look "lport:$(port)"
t_json "in flight: no owner, why says in-flight" \
	'(one()["owners"], one()["why"]) == ([], "in-flight")'
t_json "and who will receive it" \
	"all(p['pid'] == $(fact to-flight b pid) for p in one()['why_procs'])"
scene_stop

scene_start comm=threads tcp-listen=127.0.0.1:0 to-thread
if supported to-thread; then
	look "lport:$(port)"
	t_json "a thread's private table: an owner with its tid" \
		"[(o['pid'], o['tid'], o['fd']) for o in one()['owners']] == [($(
		fact to-thread thread pid), $(fact to-thread thread tid), $(
		fact to-thread thread fd))]"
else
	skip "a thread's private table" "$(why_not to-thread)"
fi
scene_stop

scene_start tcp-listen=127.0.0.1:0 zombie-leader
look "lport:$(port)"
t_json "the leader is a zombie, its thread holds on" \
	"[o['pid'] for o in one()['owners']] == [$(fact zombie-leader leader pid)]"
scene_stop

scene_start comm=queue 'tcp-listen=[::]:0' tcp-connect=127.0.0.1 'tcp-connect=[::1]' tcp-connect=127.0.0.1
look "lport:$(port)"
t_json "accept queue: three without inode and owner" 'len([s for s in d["sockets"]
	if s["why"] == "accept-queue" and s["owners"] == [] and not s["inode"]]) == 3'
t_json "and the listener's owner named for each" "all([p['pid'] for p in s['why_procs']] == [$(
	fact tcp-listen listener pid)] for s in socks(why='accept-queue'))"
t_json "the listener counts them" '(one(state="LISTEN")["queue"] if "queue" in one(state="LISTEN")
	else one(state="LISTEN")["recvq"]) == 3'
t_json "its limit" 'one(state="LISTEN")["sendq"] == 128'
t_json "each is its client's peer" "all(one(lport=s['rport'])['peer']['cookie'] == s['cookie']
	for s in socks(why='accept-queue')) if len(d['sockets']) > 4 else True"
run "lport:$(port)"
t_like "$(out)" 'accept-queue(\\x20| )of(\\x20| )queue\[' "the table says it"
scene_stop

scene_start tcp-listen=127.0.0.1:0 time-wait orphan close-wait
look "port:$(port)"
t_json "time-wait: hidden no more, and why" 'len(socks(state="TIME_WAIT", why="time-wait")) == 1'
t_json "an orphan waits to send" 'len(socks(state="FIN_WAIT1", why="orphan")) == 1'
t_json "close-wait has its owner" "owners(one(state='CLOSE_WAIT')) == [($(
	fact close-wait server pid), $(fact close-wait server fd))]"
t_json "only sockets without owner have a reason" \
	'all((s["why"] is None) == (s["owners"] != []) for s in d["sockets"])'
run --json "port:$(port)"
t_json "time-wait is hidden by default" 'socks(state="TIME_WAIT") == [] and len(d["sockets"]) > 2'
run --json "port:$(port) state time-wait"
t_json "but shown when named" 'len(d["sockets"]) == 1'
scene_stop

scene_start syn-recv
look "port:$(fact syn-recv listener lport)"
t_json "a request: SYN_RECV, of the listener" 'len(socks(state="SYN_RECV", why="syn-recv")) == 1'
scene_stop

scene_start tcp-bound=127.0.0.1:7200 tcp-unbound udp-unbound udp-auto udp=127.0.0.1:7201
look -t -u --columns +source
t_json "bound but not listening: BOUND, with its owner" "owners(one(lport=7200, state='BOUND')) == \
	[($(fact tcp-bound bound pid), $(fact tcp-bound bound fd))]"
t_json "in no table: found by its fd" "(one(inode=$(fact tcp-unbound plain inode))['proto'], \
	one(inode=$(fact tcp-unbound plain inode))['source']) == ('tcp', 'fd')"
t_json "that one has no addresses" "one(inode=$(fact tcp-unbound plain inode))['laddr'] is None"
t_json "an unbound UDP socket is found too" "one(inode=$(fact udp-unbound plain inode))['proto'] == 'udp'"
run --json -ul
t_json "-ul: bound on purpose only" "[s['lport'] for s in d['sockets']] == [7201]"
run --json
t_json "unbound ones are hidden by default" \
	"socks(inode=$(fact tcp-unbound plain inode)) == [] and len(socks(lport=7201)) == 1"
scene_stop

scene_start packet-ring
if supported packet-ring; then
	run -0 -a --json
	t_json "a packet ring whose fd is closed: mapped" "(one(inode=$(
		fact packet-ring ring inode))['why'], [p['pid'] for p in one(inode=$(
		fact packet-ring ring inode))['why_procs']]) == ('mmap', [$(fact packet-ring ring pid)])"
else
	skip "a packet ring" "$(why_not packet-ring)"
fi
scene_stop

scene_start mptcp-listen=127.0.0.1:0 tcp-conn tcp-conn
if supported mptcp-listen; then
	ends='sorted((s["state"], s["inode"], owners(s)[0][1]) for s in socks(proto="mptcp"))'
	want="$(sed -n 's/.* role=\([a-z]*\) .* fd=\([0-9]*\) inode=\([0-9]*\) .*/\1 \3 \2/p' "$T/facts" |
		sed 's/listener/"LISTEN"/; s/client\|server/"ESTABLISHED"/; s/ /, /g; s/.*/(&),/')"
	# accepted ones inherit the cookie of their listener, if it has been asked
	look -M
	t_json "mptcp: the listener and both ends of two connections" "$ends == sorted([$want])"
	run --json
	t_json "mptcp: subflows are not shown twice" "len(d['sockets']) == 5 and $ends == sorted([$want])"
	run --json -t
	t_json "mptcp: subflows with -t" 'len(socks(proto="tcp")) == 5'
	per_round='import collections, json, sys
print(*collections.Counter(json.loads(l)["time"] for l in sys.stdin).values())'
	run watch --batch --rounds 2 --interval 0.1 --json
	t_is "$(python3 -c "$per_round" < "$T/out")" "5 5" "mptcp: subflows are not shown twice in a watch"
	run watch --batch --rounds 2 --interval 0.1 --json -t
	t_is "$(python3 -c "$per_round" < "$T/out")" "5 5" "mptcp: subflows in a watch with -t"
else
	skip "mptcp" "$(why_not mptcp-listen)"
fi
scene_stop

# every other family is told as far as the kernel tells it
scene_start udplite raw raw6 ping netlink=0,groups=1 packet vsock xdp alg unix-pair=d
run -A all -a --json
for t in udplite:bound raw:plain raw6:plain ping:bound netlink:bound packet:plain vsock:listener \
	xdp:plain alg:bound unix-pair:a; do
	thing=${t%:*}
	if supported "$thing"; then
		t_json "$thing: one row, one owner" "owners(one(inode=$(
			fact "$thing" "${t#*:}" inode))) == [($(fact "$thing" "${t#*:}" pid), $(
			fact "$thing" "${t#*:}" fd))]"
	else
		skip "$thing" "$(why_not "$thing")"
	fi
done
scene_stop
# one table so large that it is shared between threads
cat >"$T/large.py" <<'END'
import resource
import socket
import sys

want = 9000
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
if hard < want + 100:
    print("at most %d open files" % hard, flush=True)
    sys.exit()
resource.setrlimit(resource.RLIMIT_NOFILE, (want + 100, hard))
held = [socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) for _ in range(want)]
del held[4000:4200:3], held[7000:7100]
print("holds", len(held), flush=True)
sys.stdin.read()
END
mkfifo "$T/large.in" "$T/large.out"
$python "$T/large.py" <"$T/large.in" >"$T/large.out" &
large=$!
exec 7>"$T/large.in"
read -r did n_held <"$T/large.out"
if [ "$did" = holds ]; then
	for t in 0 1; do
		run -xa --json --collector proc --workers $t "pid:$large"
		t_json "9,000 fds of one process, $t workers" \
			"[len(d['sockets']), len({(o['pid'], o['fd']) for s in d['sockets']
				for o in s['owners']}), max(len(s['owners']) for s in d['sockets'])
			] == [$n_held, $n_held, 1]"
	done
else
	skip "one large table" "$did $n_held"
fi
exec 7>&-
wait $large
# what is not shown is not read
scene_start tcp-listen=127.0.0.1:0
if command -v strace >/dev/null; then
	for t in cmd:cmdline exe:exe unit:cgroup nofile:limits; do
		WITH="strace -f -e trace=openat,readlinkat -o $T/calls" \
			ASAN_OPTIONS=detect_leaks=0 run -l "lport:$(port)" -C "pid,${t%:*}"
		t_is "$(sed -n 's/.*"\(cmdline\|exe\|cgroup\|limits\)".*/\1/p' "$T/calls" |
			sort -u)" "${t#*:}" "of ${t%:*} only ${t#*:} is read"
	done
else
	skip "what is read of a process" "no strace"
fi
scene_stop
# last: the kernel lets go of a ring's files some time after its end
scene_start comm=ringer tcp-listen=127.0.0.1:0 to-ring
if supported to-ring; then
	look "lport:$(port)"
	t_json "io_uring only: no owner, why says io_uring" \
		'(one()["owners"], one()["why"]) == ([], "io_uring")'
	t_json "and whose ring" "[p['pid'] for p in one()['why_procs']] == [$(fact to-ring ring pid)]"
	t_json "that is a complete answer" 'd["complete"]'
	run "lport:$(port)"
	t_like "$(out)" 'io_uring(\\x20| )of(\\x20| )ringer\[' "the table says it"
else
	skip "io_uring only" "$(why_not to-ring)"
fi
scene_stop
t_done
