#!/bin/sh
# SPDX-License-Identifier: MIT
# Two namespaces joined by a veth pair, a server in one, its client in the
# other: each end is the other's peer, and the wire between them is named.
. "$(dirname "$0")/../lib.sh"
in_ns
t_said=$(private_run 2>&1 && ip netns add left 2>&1 && ip netns add right 2>&1) ||
	skip_all "no named namespaces here: $t_said"
if ! t_said=$(ip -n left link add west type veth peer name east netns right 2>&1); then
	skip_all "no veth here: $t_said"
fi
ip -n left addr add 10.1.2.1/24 dev west
ip -n right addr add 10.1.2.2/24 dev east
ip -n left link set west up
ip -n right link set east up
ip -n left link set lo up
ip -n right link set lo up
left=$(stat -Lc %i /run/netns/left) right=$(stat -Lc %i /run/netns/right)
own=$(stat -Lc %i /proc/self/ns/net)

scene_start tcp-listen=127.0.0.1:99 '[' comm=server setns=/run/netns/left tcp-listen=10.1.2.1:7000 \
	'[' comm=client setns=/run/netns/right tcp-connect ']' accept ']'
server=$(fact tcp-listen listener pid 2) client=$(fact tcp-connect client pid)
sfd=$(fact accept server fd) cfd=$(fact tcp-connect client fd)

run -N all --json
t_rc 0 "-N all"
t_json "two listeners, two ends" 'len(d["sockets"]) == 4'
t_json "complete" 'd["complete"]'
t_json "each in its namespace" "(one(lport=99)['netns'], one(state='LISTEN', lport=7000)['netns'], \
	one(rport=7000)['netns']) == ($own, $left, $right)"
t_json "the client's peer is the server" "(one(rport=7000)['peer']['netns'], \
	owners(one(rport=7000)['peer'])) == ($left, [($server, $sfd)])"
t_json "the server's peer is the client" "(one(lport=7000, state='ESTABLISHED')['peer']['netns'], \
	owners(one(lport=7000, state='ESTABLISHED')['peer'])) == ($right, [($client, $cfd)])"
run -N all --json --columns netns,nsname,lport 'is:listen lport:7000'
t_json "the namespace's name" 'one()["nsname"] == "left"'

run --json
t_json "without -N only our own" "[s['lport'] for s in d['sockets']] == [99]"
run --json -a
t_json "with -a too: what a process elsewhere holds is not ours" \
	"[s['lport'] for s in d['sockets']] == [99]"
for by in left /run/netns/left "$left" "$server"; do
	run -N "$by" --json -l
	t_json "-N $by" "[s['lport'] for s in d['sockets']] == [7000]"
done
run -N nowhere
t_rc 2 "-N of no namespace"
t_like "$(err)" '^lssock: .*nowhere' "and it is named"

run netns
t_rc 0 "netns"
t_like "$(out)" 'left' "netns: the one"
t_like "$(out)" 'right' "netns: the other"
t_like "$(out)" 'west.*east|east.*west' "netns: which interface pairs with which"
run netns --json
t_rc 0 "netns --json"
t_ok "netns: strict JSON" json 'd and True'

# What only sockets or nothing but a mount keeps.
run -N all --json is:listen
t_json "netns and process views agree" "len(d['sockets']) == 2"
run --json "pid:$client"
t_json "pid: of a process elsewhere finds it there" "one()['netns'] == $right"
run 7000
t_rc 0 "a story looks at every namespace"
t_like "$(out)" "server\[$server\]" "and finds the server"
run 7001
t_rc 1 "nothing there"
t_like "$(out)" 'all 3 namespaces' "and says how far it looked"
if have_uids; then
	cp "$LSSOCK" "$T/lssock"
	was=$LSSOCK LSSOCK=$T/lssock WITH="setpriv --reuid 65534 --regid 65534 --clear-groups"
	run 7001
	t_rc 3 "another user: nothing in what may be looked at is no certain no"
	t_like "$(out)" ' 1 of [0-9] namespaces' "and that is said"
	LSSOCK=$was WITH=
else
	skip "seen by another user" "a user namespace of one uid"
fi
scene_stop

# A namespace that only a socket keeps: its maker left it at once.
scene_start newnet tcp-listen=127.0.0.1:4242 "setns=/proc/$$/ns/net"
run -N all --json lport:4242
t_rc 0 "a namespace that only a socket keeps"
t_json "its listener and owner" "(one()['state'], one()['owners'][0]['fd']) == \
	('LISTEN', $(fact tcp-listen listener fd))"
t_json "in a namespace of its own" "one()['netns'] not in ($own, $left, $right, None)"
run netns --json
t_ok "netns knows it" json "len(d['namespaces']) == 4"
scene_stop

# A namespace that only an open descriptor keeps, of a process and of a thread's table.
cat >"$T/keeper.py" <<'EOF'
import ctypes, os, sys, threading
libc = ctypes.CDLL(None, use_errno=True)
NEWNET, FILES = 0x40000000, 0x400
home = os.open("/proc/self/ns/net", os.O_RDONLY)
def keep():
    if libc.unshare(NEWNET):
        sys.exit(os.strerror(ctypes.get_errno()))
    fd = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    libc.setns(home, NEWNET)
    return os.fstat(fd).st_ino
def of_thread():
    libc.unshare(FILES)
    found.append(keep())
    done.set()
    threading.Event().wait()
found, done = [keep()], threading.Event()
threading.Thread(target=of_thread, daemon=True).start()
done.wait()
print(*found, flush=True)
sys.stdin.read()
EOF
mkfifo "$T/in" "$T/said"
$python "$T/keeper.py" <"$T/in" >"$T/said" &
exec 8>"$T/in"
read -r kept kept_by_thread <"$T/said"
run netns --json --collector proc
t_json "a namespace that only a descriptor keeps" "$kept in [n['netns'] for n in d['namespaces']]"
cp "$T/out" "$T/walked"
run netns --json --collector bpf --stats
if grep -q 'by BPF' "$T/err"; then
	t_json "the same by BPF" "$kept in [n['netns'] for n in d['namespaces']]"
	t_json "and one of a thread's own table" \
		"$kept_by_thread in [n['netns'] for n in d['namespaces']]"
else
	skip "the same by BPF" "not to be had: $(err)"
fi
exec 8>&-
wait
t_done
