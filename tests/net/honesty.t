#!/bin/sh
# SPDX-License-Identifier: MIT
# "There is nothing" and "I could not look" are never the same answer: each way
# of not being able to look is told, in the table, in JSON, in the exit status.
. "$(dirname "$0")/../lib.sh"
in_ns
cp "$LSSOCK" "$T/lssock" && LSSOCK=$T/lssock
scene_start comm=server 'tcp-listen=127.0.0.1:7500' tcp-conn "unix-listen=$T/s" udp=127.0.0.1:7501
pid=$(fact tcp-listen listener pid)

# blind WHAT: the list says that owners are missing; with WITH set.
blind()
{
	run --json lport:7500 state listening
	t_rc 0 "$1: a list is still given"
	t_json "$1: the socket is in it" 'one()["lport"] == 7500'
	t_json "$1: incomplete, with a note" 'd["complete"] is False and d["notes"] != []'
	t_json "$1: no owner, and why not" 'one()["owners"] == [] and one()["why"] in
		("no-permission", "other-pidns", "unknown")'
	run lport:7500
	t_is "$(wc -l <"$T/err" | tr -d ' ')" 1 "$1: the table says so in one line"
	t_like "$(err)" '^lssock: ' "$1: on stderr"
	run --strict lport:7500
	t_rc 3 "$1: --strict is exit 3"
	run proc:server
	t_rc 3 "$1: nothing matched, but rows were unreadable"
	run -q proc:server
	t_rc 3 "$1: -q too"
	run not proc:server
	t_unlike "$(out)" ':7500' "$1: what is not known does not match the negation"
}

run --json --strict lport:7500 state listening
t_rc 0 "all seen: --strict is exit 0"
t_json "all seen: complete" "d['complete'] and d['notes'] == [] and owners(one())[0][0] == $pid"
t_is "$(err)" "" "all seen: nothing on stderr"

if have_uids; then
	WITH="setpriv --reuid 65534 --regid 65534 --clear-groups"
	blind "nobody"
	WITH="setpriv --inh-caps=-sys_ptrace --bounding-set=-sys_ptrace"
	blind "root without CAP_SYS_PTRACE"
	WITH=
	if t_said=$(mount -t proc -o hidepid=2 proc /proc 2>&1); then
		WITH="setpriv --reuid 65534 --regid 65534 --clear-groups"
		blind "hidepid=2"
		WITH=
		umount /proc
	else
		skip "hidepid=2" "$t_said"
	fi
else
	skip "other users" "a user namespace of one uid"
fi

# Sockets of others, our own process in view: no excuse, no false alarm.
if have_uids; then
	WITH="setpriv --reuid 65534 --regid 65534 --clear-groups"
	run --json --no-owners lport:7500
	t_rc 0 "nobody, owners not asked for: exit 0"
	t_json "nobody, owners not asked for: complete" 'd["complete"]'
	WITH=
fi

mkdir -p "$T/empty"
if sanitized; then
	skip "an empty /proc" "the sanitizers need it"
elif t_said=$(mount --bind "$T/empty" /proc 2>&1); then
	blind "an empty /proc"
	umount /proc
else
	skip "an empty /proc" "$t_said"
fi
run --proc-root "$T/empty" --json lport:7500
t_json "an empty --proc-root: incomplete" 'd["complete"] is False and d["notes"] != []'
run --proc-root /nonexistent
t_like "$rc" '^[24]$' "no --proc-root: an error"

# Few descriptors: the full answer, or a word.
for n in 16 12 10 8 6 5 4; do
	WITH="prlimit --nofile=$n"
	run --json lport:7500 state listening
	case $rc in
	0) t_json "nofile $n: the answer, or incomplete" \
		"owners(one())[0][0] == $pid if d['complete'] else d['notes'] != []" ;;
	3 | 4 | 127) t_like "$(err)" . "nofile $n: exit $rc with a word" ;;
	*) t_rc 4 "nofile $n" ;;
	esac
done
WITH="prlimit --nofile=16"
run --strict -A all -a
t_rc 0 "nofile 16 is enough for everything"
WITH=
for kib in 200000 100000 60000 40000 20000 12000 8000 6000; do
	! sanitized || break
	WITH="prlimit --as=$((kib * 1024))"
	run --json lport:7500 state listening
	case $rc in
	0) t_json "$kib KiB of address space: the answer, or incomplete" \
		"owners(one())[0][0] == $pid if d['complete'] else d['notes'] != []" ;;
	3 | 4 | 127) t_like "$(err)" . "$kib KiB of address space: exit $rc with a word" ;;
	*) t_rc 4 "$kib KiB of address space" ;;
	esac
done
WITH=

# A family that this kernel cannot list.
for f in vsock xdp sctp dccp tipc raw; do
	run --$f --json
	case $rc in
	0) t_json "--$f: listed" 'd["complete"] or d["notes"] != []' ;;
	4) t_like "$(err)" "^lssock: .*" "--$f: cannot be listed, and that is said" ;;
	*) t_rc 4 "--$f" ;;
	esac
done

if command -v strace >/dev/null; then
	for e in socket:error=EACCES socket:error=EPROTONOSUPPORT socket:error=EAFNOSUPPORT \
		socket:error=ENOSYS bind:error=EPERM sendto:error=EACCES; do
		under_strace -e inject=$e "$LSSOCK" -tu --json --columns \
			+source >"$T/out" 2>"$T/err"
		rc=$?
		t_rc 0 "no netlink ($e): a list is given"
		t_json "no netlink ($e): of the same sockets" 'len(d["sockets"]) == 4'
		t_json "no netlink ($e): read from /proc, and said so" \
			'all(s["source"] == "procfs" for s in d["sockets"]) and "fallback" in " ".join(notes())'
		t_json "no netlink ($e): which is not all" 'd["complete"] is False'
		t_json "no netlink ($e): owners are there" \
			"owners(one(lport=7500, state='LISTEN'))[0][0] == $pid"
	done
	for q in lport:7599 '-q lport:7599' 7599; do
		# shellcheck disable=SC2086
		under_strace -e inject=socket:error=EACCES "$LSSOCK" $q >"$T/out" 2>"$T/err"
		t_is $? 3 "no netlink: $q does not match, but that is not certain"
	done
	if ! sanitized && mount --bind "$T/empty" /proc 2>/dev/null; then
		under_strace -e inject=socket:error=EACCES "$LSSOCK" -tu >"$T/out" 2>"$T/err"
		rc=$?
		umount /proc
		t_rc 4 "neither netlink nor /proc: exit 4"
		t_like "$(err)" '^lssock: ' "and why"
	fi
else
	skip "no netlink" "no strace"
fi
scene_stop
t_done
