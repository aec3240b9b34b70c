#!/bin/sh
# SPDX-License-Identifier: MIT
# What programs read: JSON, JSON lines, CSV, TSV, Graphviz; summary, namespaces,
# pids.
. "$(dirname "$0")/../lib.sh"

shows --from tcp.tape --json lport:443
shows --from tcp.tape --json lport:3000
shows --from tcp.tape --json -a state:time-wait,syn-recv
shows --from tcp.tape --json -i -m -o -e lport:22 is:estab
shows --from tcp.tape --json --columns proto,lport,pid,rtt lport:443
shows --from unix.tape --json -x path:/run/app/docker.sock
shows --from nobody.tape --json
shows --from hostile.tape --json -A unix lport:1001 or path:/run/app/line\*
shows --from hostile.tape --json lport:1001-1002
shows --from families.tape --jsonl -A all -a
shows --from netns.tape --jsonl -N all
shows --from owners.tape --jsonl -a 'has:why'
shows --from tcp.tape --csv
shows --from owners.tape --csv -l
shows --from hostile.tape --csv -A tcp,unix
shows --from tcp.tape --format tsv -l --columns proto,laddr,lport,user,pid,proc
shows --from hostile.tape --format tsv -A tcp,unix --columns local,process,cmd
shows --from netns.tape --format dot
shows --from unix.tape --format dot -x
shows --from hostile.tape --format dot -t
shows --from tcp.tape -s
shows --from tcp.tape -s --json
shows --from netns.tape -s -N all
shows --from nobody.tape -s
shows netns --from netns.tape
shows netns --from netns.tape --json
shows netns --from tcp.tape
shows --from tcp.tape --pids lport:443
shows --from owners.tape --pids
shows --from owners.tape --pids lport:7002
shows --from tcp.tape -q lport:443
shows --from tcp.tape -q lport:444
shows --from nobody.tape -q proc:sshd
for ON in 80 160; do
	shows --from tcp.tape -s
	shows netns --from netns.tape
done
shown
