#!/bin/sh
# SPDX-License-Identifier: MIT
# Whatever is asked, in whatever format: a recording answers as the machine did,
# but for what is a time.
. "$(dirname "$0")/../lib.sh"
in_ns
private_run && ip netns add other
scene_start '[' comm=server 'tcp-listen=[::]:7600' '[' comm=client tcp-connect=127.0.0.1 ']' accept \
		time-wait=127.0.0.1 close-wait=127.0.0.1 tcp-connect=127.0.0.1 forked=3 ']' \
	'[' comm=local udp=127.0.0.1:7601,dev=lo "unix-listen=$T/s,mode=0660" unix-conn unix-pair=d \
		"unix-dgram=@log" unix-dgram-client packet tcp-bound=127.0.0.1:7603 tcp-unbound ']' \
	'[' 'comm=\x1b[31m' tcp-listen=127.0.0.1:7604 to-flight mptcp-pair=127.0.0.1:7605 ']' \
	'[' comm=far setns=/run/netns/other tcp-listen=127.0.0.1:7606 ']'
run record "$T/tape"
t_rc 0 "record"

# Times: when it was, since when, how long ago, how many files are open now.
timeless()
{
	sed -E 's/"time":"[^"]*"//; s/"(idle|last_[a-z_]+|expires|rttvar|ato)":[0-9]+//g
		s/started .* ago/started/; /^files +open/d; /"name":"open"/d'
}
# same ARG…
same()
{
	run "$@"
	live=$rc
	timeless <"$T/out" >"$T/live"
	timeless <"$T/err" >>"$T/live"
	run --from "$T/tape" "$@"
	timeless <"$T/out" >"$T/replay"
	timeless <"$T/err" >>"$T/replay"
	t_is "$rc" "$live" "$*: exit status"
	if t_said=$(diff "$T/live" "$T/replay"); then t_pass "$*: output"
	else t_fail "$*: output" "$t_said"; fi
}
for format in table json jsonl csv tsv dot; do
	same --format $format
	same --format $format -tulpn
	same --format $format -tuxw0 -a
	same --format $format -N all
	same --format $format -a proc:server
done
same --json -t -e -m -o lport:7600
same -t -i --columns +retrans lport:7600 is:listen
for port in 7600 7601 7603 7604 7605 7606 7607; do
	same $port
done
same "$T/s"
same --group-by proc,state -a -t
same -q lport:7600
same -q lport:7699
same --pids -tux
same --csv --group-by proto -tux
# lssock's own netlink sockets are others each time
same -t -u --sort -lport,pid --limit 3
scene_stop

# The formats agree on how many rows there are.
cd "$top/fixtures/tapes" || exit
for tape in *.tape; do
	for ask in '-A all -a' -l -x '-N all' 'is:listen or proto:unix'; do
		# shellcheck disable=SC2086
		for format in 'table -H' jsonl csv tsv; do
			run --from "$tape" $ask --format $format
			case $format in csv | tsv) skip=1 ;; *) skip=0 ;; esac
			if [ "$format" = csv ]; then
				$python -c 'import csv, sys
print(sum(1 for r in csv.reader(open(sys.argv[1], newline="")) if r))' "$T/out"
			else
				wc -l <"$T/out"
			fi | awk -v skip=$skip '{ print $1 - skip }'
		done >"$T/counts"
		# shellcheck disable=SC2086
		run --from "$tape" $ask --json
		json 'len(d["sockets"])' >>"$T/counts"
		t_is "$(sort -u "$T/counts" | wc -l | tr -d ' ')" 1 \
			"$tape $ask: $(tr '\n' ' ' <"$T/counts")rows in table, jsonl, csv, tsv, json"
	done
done
t_done
