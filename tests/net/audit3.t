#!/bin/sh
# SPDX-License-Identifier: MIT
# What runs out: accept queues, descriptors, ephemeral ports; each just before its
# limit and just behind it.
. "$(dirname "$0")/../lib.sh"
in_ns
text() { json "' / '.join(f['text'] for f in finds($1))"; }

# ---- accept queues ---------------------------------------------------------------------
scene_start comm=slow tcp-listen=127.0.0.1:7201,backlog=2 tcp-connect tcp-connect
run audit --json
t_json "a queue with room for one more" 'd["findings"] == []'
scene_do tcp-connect
run audit --json
t_is "$(json '"\n".join(codes(port=7201))')" "medium queue-full" "and without"
t_is "$(text 'code="queue-full"')" \
	"3 connections wait to be accepted, 2 are the limit: new ones are turned away" "in numbers"
t_json "nothing was turned away yet" 'finds(code="queue-drops") == []'
scene_stop
scene_start syn-sent
run audit --json
t_is "$(json '"\n".join(codes(code="queue-drops"))')" "low queue-drops" "some were turned away"
t_like "$(text 'code="queue-drops"')" '^[1-9][0-9]* connections? met a full accept queue' "so many"
t_like "$(json 'finds(code="queue-drops")[0]["about"]')" '^network namespace ' \
	"the namespace is what it is about"
t_json "and it is told which" 'finds(code="queue-drops")[0]["netns"] > 0'
scene_stop
run audit --json
t_is "$(json '"\n".join(codes(code="queue-drops"))')" "info queue-drops" \
	"with nothing in any queue that is past"
scene_start unix-listen=@full,backlog=1 unix-connect unix-connect
run audit --json
t_is "$(json '"\n".join(codes(code="queue-full"))')" "medium queue-full" "unix sockets have queues too"
scene_stop

# ---- descriptors ------------------------------------------------------------------------
scene_start comm=greedy tcp-listen=127.0.0.1:7202 tcp-listen=127.0.0.1:7203
pid=$(fact tcp-listen listener pid)
# limit PERCENT: the limit of which that share is open
limit()
{
	n=$(find "/proc/$pid/fd" -mindepth 1 | wc -l)
	prlimit --pid "$pid" --nofile=$((n * 100 / $1)):4096
	run audit --json
	t_is "$(json '"\n".join(codes(code="fd-limit"))')" "$2" "$1 % of the limit: ${2:-nothing}"
}
n=0
while [ $n -lt 45 ]; do
	scene_do unix-pair
	n=$((n + 1))
done
limit 79 ""
limit 80 "medium fd-limit"
limit 100 "high fd-limit"
t_is "$(text 'code="fd-limit"')" "greedy[$pid] has $n of at most $n descriptors open" \
	"once for all it listens on"
scene_stop
scene_start comm=client udp=127.0.0.1:7204
prlimit --pid "$(fact udp bound pid)" --nofile=4:4096
run audit --json
t_json "who accepts nothing needs none" 'finds(code="fd-limit") == []'
scene_stop

# ---- ephemeral ports ----------------------------------------------------------------------
if echo "40000 40009" >/proc/sys/net/ipv4/ip_local_port_range; then
	set --
	for n in 1 2 3 4 5 6 7 8; do set -- "$@" tcp-conn; done
	scene_start tcp-listen=127.0.0.1:7205 "$@"
	run audit --json
	t_json "eight of ten ports" 'finds(code="ports-used") == []'
	scene_do tcp-conn
	run audit --json
	t_is "$(json '"\n".join(codes(code="ports-used"))')" "medium ports-used" "nine"
	t_is "$(text 'code="ports-used"')" \
		"9 of 10 ephemeral ports are in use from 127.0.0.1 to 127.0.0.1:7205" "to whom"
	run audit --json --disable ports-used
	t_json "without it" 'finds(code="ports-used") == []'
	scene_stop
else
	skip "ephemeral ports" "the range cannot be set here"
fi
t_done
