#!/bin/sh
# SPDX-License-Identifier: MIT
# One system call fails, somewhere: the answer is the same, or it says that it is
# not. A sample of calls, places and errors; FAULTS=all takes every place.
. "$(dirname "$0")/../lib.sh"
in_ns
command -v strace >/dev/null || skip_all "no strace"
! sanitized || skip_all "the faults would hit the sanitizers' own calls"
scene_start comm=server tcp-listen=127.0.0.1:7800 '[' comm=client tcp-connect ']' accept \
	"unix-listen=$T/s" unix-conn udp=127.0.0.1:7801

# What must not change: rows, owners, peers.
answer() { json 'sorted((s["proto"], s["state"], s["lport"] or 0, s["rport"] or 0, s["path"] or "",
	s["inode"] or 0, str(owners(s)), str(s["peer"]), s["why"] or "") for s in d["sockets"])' 2>&1; }
ask() { LIMIT=20 run --json -tux -a; }

ask
t_rc 0 "without faults"
want=$(answer)
t_like "$want" 'LISTEN' "there is an answer"
strace -f -o "$T/calls" "$LSSOCK" --json -tux -a >/dev/null
calls=$(sed -n 's/^[0-9]* *\([a-z0-9_]*\)(.*/\1/p' "$T/calls" | sort | uniq -c | awk '{ print $2 ":" $1 }')
wrong='' hung='' n=0 same=0 said=0
for item in $calls; do
	call=${item%:*} count=${item#*:}
	case $call in
	execve | exit | exit_group | rt_sig* | arch_prctl | set_* | rseq | munmap | close | getuid | \
		prlimit64 | futex | brk | mprotect | write | writev | clone* | getpid | getegid | geteuid | \
		getgid | madvise | sched_*) continue ;;
	esac
	if [ "${FAULTS-}" = all ]; then places=$(seq 1 "$count")
	else places=$(printf '%s\n' 1 $((count / 3)) $((count / 2)) $((count * 4 / 5)) "$count" |
		sort -un | awk '$1 > 0'); fi
	for place in $places; do
		errors="EACCES ENOMEM"
		case $call in
		openat | read | readlinkat | getdents64 | recv* | send* | fstat | newfstatat | statx)
			errors="EINTR EACCES EIO" ;;
		socket | bind) errors="EMFILE EACCES ENOBUFS" ;;
		mmap) errors=ENOMEM ;;
		esac
		for e in $errors; do
			WITH="strace -f -o $T/strace -e inject=$call:error=$e:when=$place"
			ask
			WITH=
			n=$((n + 1))
			case $rc in
			0)
				got=$(answer)
				if [ "$got" = "$want" ]; then same=$((same + 1))
				elif [ "$e" != EINTR ] && [ "$(json 'd["notes"] != []')" = True ]; then
					said=$((said + 1))
				else
					wrong="$wrong $call:$e:$place"
				fi ;;
			3 | 4 | 127) said=$((said + 1)) ;;
			124 | 137) hung="$hung $call:$e:$place" ;;
			*)	# the loader's own, before anything of ours runs, are not ours
				strace -o /dev/null -e "inject=$call:error=$e:when=$place" true 2>/dev/null
				[ $? = "$rc" ] || wrong="$wrong $call:$e:$place(exit $rc)" ;;
			esac
		done
	done
done
scene_stop
t_is "$wrong" "" "no silent wrong answer in $n faults ($same the same, $said said)"
t_is "$hung" "" "none hangs"
t_done
