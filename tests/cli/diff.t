#!/bin/sh
# SPDX-License-Identifier: MIT
# Differences between recordings, of machines that have little in common.
. "$(dirname "$0")/../lib.sh"

for tape in tcp udp unix owners netns families hostile; do
	run diff "$top/fixtures/tapes/$tape.tape" "$top/fixtures/tapes/$tape.tape" -a -A all
	t_rc 0 "$tape.tape is as it is"
done
shows diff tcp.tape owners.tape -l
shows diff tcp.tape hostile.tape
shows diff tcp.tape procfs.tape -l
shows diff netns.tape tcp.tape -l
shows diff live.tape live.tape -a
shows diff live.tape live.tape --json lport:22
shows diff live.tape live.tape --csv lport:22
ON=80 shows diff live.tape live.tape -a
ON=80 shows diff tcp.tape tcp.tape
shown
t_done
