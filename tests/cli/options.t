#!/bin/sh
# SPDX-License-Identifier: MIT
# Which columns, in what order, how many, grouped by what; what the letters of ss
# add; what a filter asks of the kernel.
. "$(dirname "$0")/../lib.sh"

shows --from tcp.tape --columns proto,lport,pid,fd,proc,user
shows --from tcp.tape -l --columns +unit,container,exe
shows --from tcp.tape --sort -lport -l
shows --from tcp.tape --sort user,-lport -l
shows --from tcp.tape --sort -queue,proc -l --limit 3
shows --from tcp.tape --group-by proc
shows --from tcp.tape --group-by state,proto -a
shows --from tcp.tape --group-by user --sort user --limit 2
shows --from owners.tape --group-by pid,proc
shows --from netns.tape --group-by nsname -N all
shows --from tcp.tape --group-by proc --json --limit 2
shows --from tcp.tape --group-by proc --csv --limit 2
shows --from tcp.tape -t -e lport:443
shows --from tcp.tape -t -i lport:443
shows --from tcp.tape -t -m lport:443
shows --from tcp.tape -t -o
shows --from tcp.tape -4
shows --from tcp.tape -6 -l
shows --from tcp.tape -B
shows --from tcp.tape -H lport:22
shows --from tcp.tape --no-owners -l
shows --from tcp.tape lport:444
shows --from tcp.tape --strict -l
shows --from nobody.tape --strict
shows --from tcp.tape postgres
shows --from tcp.tape 10.0.0.0/24
shows --from tcp.tape :443 not is:listen
shows --from tcp.tape is:inbound
shows --from tcp.tape is:unowned -a
shows --from tcp.tape user:node,deploy is:listen
shows --from tcp.tape unit:nginx.service
shows --from tcp.tape container:4f2c\*
shows --from tcp.tape 'cmd~worker|master' is:estab
shows --from tcp.tape "queue>1"
shows --from tcp.tape 'state established and ( dport = :9092 or sport = :22 )'
shows --from udp.tape dev = lo
shows --from unix.tape /run/app/docker.sock is:listen
shows --from unix.tape -x scope:world
shows --from unix.tape -x file_state:deleted,replaced --columns +file_state
shows --explain
shows --explain -tlp
shows --explain -x
shows --explain lport:443
shows --explain 'state established and dport = :443' --columns pid,rtt
shows --explain 'proc:sshd or port:22' -N all
shows --explain -q lport:443
shows --explain path:/run/x.sock
shown
