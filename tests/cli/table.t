#!/bin/sh
# SPDX-License-Identifier: MIT
# Tables, as a pipe and as terminals of several widths get them.
. "$(dirname "$0")/../lib.sh"

for ON in '' 80 160 40; do
	shows --from tcp.tape
done
ON=
shows --from tcp.tape -a
shows --from tcp.tape -l
shows --from tcp.tape -tulpn
shows --from tcp.tape -tanp
shows --from tcp.tape -H state:close-wait,syn-recv
shows --from udp.tape
shows --from udp.tape -l
shows --from unix.tape -x
shows --from unix.tape -xl
shows --from local.tape -A netlink,packet
shows --from mptcp.tape
shows --from mptcp.tape -a
shows --from netns.tape -N all
shows --from netns.tape -N web
shows --from owners.tape -A all -a
shows --from nobody.tape
shows --from procfs.tape
shows --from hostile.tape -A tcp,unix
shows --from families.tape -A all -a
shows --from families.tape -A all -l
for ON in 80 160; do
	shows --from tcp.tape -l
	shows --from tcp.tape -a
	shows --from udp.tape
	shows --from unix.tape -x
	shows --from netns.tape -N all
	shows --from netns.tape
	shows --from owners.tape -a
	shows --from nobody.tape
	shows --from hostile.tape -A tcp,unix
	shows --from families.tape -A all -l
done
ON=80
shows --from tcp.tape -W 'lport:443'
shows --from tcp.tape --color=always 'not state:established'
shows --from tcp.tape proc:nosuch
shown
