#!/bin/sh
# SPDX-License-Identifier: MIT
# A recording gives the same answers as the machine it was taken on, later and
# elsewhere; a cut or damaged one is refused by name, not read as far as it goes.
. "$(dirname "$0")/../lib.sh"
in_ns
scene_start comm=server 'tcp-listen=[::]:7600' '[' comm=client tcp-connect=127.0.0.1 ']' accept \
	tcp-connect=127.0.0.1 udp=127.0.0.1:7601 "unix-listen=$T/s" unix-conn unix-pair netlink packet \
	tcp-listen=127.0.0.1:7602 to-ring mptcp-pair
tape=$T/tape
run record "$tape"
t_rc 0 "record"
t_ok "a tape is written" test -s "$tape"
t_is "$(stat -c %a "$tape")" 600 "only its owner may read it"
# What may differ between two looks at the same thing: idle times and the like.
still="--columns netns,proto,family,type,state,laddr,lport,raddr,rport,inode,cookie,uid,user,recvq,\
sendq,path,peer,scope,dir,why,source,pid,fd,proc,cmd,exe,start"
for q in '-a' '-A all -a not proc:lssock' '-tl' '-x' 'lport:7600' 'proc:client' '-t not proc:client' \
	'is:inbound' '-a state listening'; do
	# shellcheck disable=SC2086
	run $still --jsonl $q
	sort "$T/out" >"$T/live"
	# shellcheck disable=SC2086
	run $still --jsonl --from "$tape" $q
	t_rc 0 "--from with $q"
	sort "$T/out" >"$T/replay"
	t_ok "the same rows: $q" diff "$T/live" "$T/replay"
done
scene_stop
run --from "$tape" 7600
t_rc 0 "a story of what is gone"
t_like "$(out)" 'server\[' "names who it was"
run --from "$tape" --json -tl
t_json "the time is that of the recording" 'd["time"] and d["complete"]'
run record --from "$tape" "$T/copy"
t_like "$rc" '^[02]$' "recording a recording"

size=$(stat -c %s "$tape")
for cut in 0 1 7 64 $((size / 3)) $((size / 2)) $((size - 1)); do
	head -c "$cut" "$tape" >"$T/cut"
	run --from "$T/cut" -a
	t_is "$rc" 4 "cut after $cut of $size bytes: exit 4"
	[ "$cut" -lt 32 ] || t_like "$(err)" '^lssock: .*cut' "cut after $cut: said so"
done
for at in 0 5 100 $((size / 4)) $((size / 2)) $((size * 3 / 4)) $((size - 2)); do
	$python - "$tape" "$T/bad" "$at" <<'PY'
import sys
b = bytearray(open(sys.argv[1], "rb").read())
b[int(sys.argv[3])] ^= 0x41
open(sys.argv[2], "wb").write(b)
PY
	run --from "$T/bad" -a
	t_is "$rc" 4 "damaged at byte $at: exit 4"
done
t_like "$(err)" '(record|chunk) [0-9]+' "and the place is named"
head -c 100000 /dev/urandom >"$T/noise"
run --from "$T/noise"
t_is "$rc" 4 "noise is no recording"
run --from "$T"
t_like "$rc" '^[24]$' "nor is a directory"

# Where it may be written.
: >"$T/target"
ln -s "$T/target" "$T/link"
run record "$T/link"
t_ok "a symlink is never followed" test ! -s "$T/target"
run record /nonexistent/tape
t_is "$rc" 4 "a directory that is not there: exit 4"
t_like "$(err)" '^lssock: .*/nonexistent/tape' "named"
rm -f "$T/full"
t_is "$(find "$T" -name '*.new' -o -name '*.tmp*')" "" "no half-written file is left"
t_done
