#!/bin/sh
# SPDX-License-Identifier: MIT
# Ports that the kernel passes on, by rules that nft and iptables have made: in a private
# namespace, to a listener in another one.
. "$(dirname "$0")/../lib.sh"
in_ns
command -v nft >/dev/null || skip_all "no nft"
nft add table ip mine 2>"$T/err" || skip_all "no nftables here: $(cat "$T/err")"

mount -t tmpfs none /run && mkdir -p /run/netns || bail "no tmpfs"
ip netns add inner || bail "no namespace"
ip link add out type veth peer name in netns inner
ip addr add 10.9.0.1/24 dev out
ip link set out up
ip -n inner addr add 10.9.0.2/24 dev in
ip -n inner link set in up
ip -n inner link set lo up

# hold NS NAME: an own process listens on port 80 of all, 81 of lo, 82 of 10.9.0.2
mkfifo "$T/hold"
cat >"$T/hold.py" <<'P'
import socket, sys
kept = []
for at in (("0.0.0.0", 80), ("127.0.0.1", 81), ("10.9.0.2", 82), ("0.0.0.0", 83)):
    kept.append(socket.create_server(at))
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.bind(("0.0.0.0", 53))
print("ready", flush=True)
sys.stdin.read()
P
: >"$T/said"
ip netns exec inner $python "$T/hold.py" <"$T/hold" >"$T/said" 2>"$T/err" &
exec 9>"$T/hold"
while ! grep -q ready "$T/said"; do kill -0 $! || bail "no holder: $(cat "$T/err")"; done

# published PROTO PORT: of the listener inside; what lssock could not tell
published()
{
	run --json -N all -lntu -C nsname,proto,lport,published "lport=:$2"
	$python -c 'import json, sys
d = json.load(open(sys.argv[1]))
print(*[s["published"] for s in d["sockets"]
	if s["nsname"] == "inner" and s["proto"] == sys.argv[2]],
      *[n["kind"] for n in d["notes"] if n["kind"].startswith("nat")])' "$T/out" "$1" 2>&1 |
		tail -1
}
ruleset()
{
	nft flush ruleset
	nft -f - || bail "nft takes no such rules"
}

t_is "$(published tcp 80)" "None" "no rule, nothing is passed on"
ruleset <<'N'
table ip x { chain pre { type nat hook prerouting priority -100;
	iifname "out" tcp dport 8080 dnat to 10.9.0.2:80
	tcp dport 8081-8082 dnat to 10.9.0.2
	udp dport 5353 counter log dnat to 10.9.0.2:53
	tcp dport 9083 ip saddr { 10.0.0.1, 10.0.0.2 } dnat to 10.9.0.2:83
}
}
N
t_like "$(published tcp 80)" ":8080$" "nft: a port to another one"
t_is "$(published tcp 81)" None "81 is not passed on"
t_like "$(published udp 53)" ":5353$" "nft: udp"
t_like "$(published tcp 83)" ":9083$" "a set of addresses narrows, it hides no port"
ruleset <<'N'
table inet x {
	chain last { meta l4proto tcp dnat ip to 10.9.0.2:80
	}
	chain later { tcp dport 1000-2000 jump last
	}
	chain not_reached { tcp dport 7777 dnat ip to 10.9.0.2:83
	}
	chain pre { type nat hook prerouting priority -100;
		meta nfproto ipv4 ip daddr 192.0.2.0/24 tcp dport 1500 goto later
		tcp dport 22 redirect to :2222
	}
	chain out { type nat hook output priority -100;
		tcp dport 8888 dnat ip to 10.9.0.2:82
	}
}
N
t_like "$(published tcp 80)" ":1500$" "nft: what jumps and what is there must hold both"
t_is "$(published tcp 83)" None "a chain that nobody jumps to"
t_is "$(published tcp 82)" None "what goes out is not what comes in"
ruleset <<'N'
table ip x { chain pre { type nat hook prerouting priority -100;
	tcp dport { 80, 443 } dnat to 10.9.0.2:80
	dnat to tcp dport map { 8083 : 10.9.0.2 }
}
}
N
t_is "$(published tcp 80)" "None nat-unknown" "what is in a set is not guessed, but counted"
t_json "twice" '[n["count"] for n in d["notes"] if n["kind"] == "nat-unknown"] == [2]'
nft flush ruleset

if command -v iptables-nft >/dev/null; then
	iptables-nft -t nat -N DOCKER
	iptables-nft -t nat -A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
	iptables-nft -t nat -A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
	iptables-nft -t nat -A DOCKER ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT \
		--to-destination 10.9.0.2:80
	iptables-nft -t nat -A DOCKER -p udp -d 192.0.2.1 --dport 53 -j DNAT \
		--to-destination 10.9.0.2
	iptables-nft -t nat -A PREROUTING -p tcp --dport 9000 -j REDIRECT --to-ports 9001
	t_like "$(published tcp 80)" "^[^ ]*:8080$" "iptables: as Docker does it"
	t_like "$(published udp 53)" "^[^ ]*:53$" "iptables: the port stays"
	run record "$T/tape"
	t_rc 0 "a recording"
	run --from "$T/tape" --json -N all -lnt -C nsname,lport,published lport=:80
	t_json "and its replay" '[s["published"][-5:] for s in socks(nsname="inner")] == [":8080"]'
	run record --anon "$T/anon"
	t_is "$(tr -cd '[:print:]' <"$T/anon" | grep -c DOCKER)" 0 "an anonymous one has no rules"
	run --from "$T/anon" --json -N all -lnt -C nsname,published lport=:80
	t_json "nor does it say that there are none" '"nat-refused" in notes()'
	nft flush ruleset
else
	skip "iptables" "no iptables-nft"
fi

run --json -lt lport=:80
t_json "who does not ask for it pays nothing, and is told nothing" 'd["notes"] == []'
WITH="setpriv --bounding-set -net_admin --inh-caps -net_admin" \
	run --json -N all -lnt -C nsname,published lport=:80
t_json "without the right to look it is not known" \
	'notes().count("nat-refused") >= 1 and not d["complete"]'
exec 9>&-
wait
t_done
