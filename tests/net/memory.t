#!/bin/sh
# SPDX-License-Identifier: MIT
# Memory ends at every place where it can: the whole answer, or one that says what
# is missing, or exit 4 with a word. Never a signal, never a wrong answer.
. "$(dirname "$0")/../lib.sh"
! sanitized || skip_all "the sanitizers need the address space"
in_ns
scene_start comm=server 'tcp-listen=[::]:7900' tcp-conn=127.0.0.1 'tcp-conn=[::1]' forked=4 \
	"unix-listen=$T/s" unix-conn udp=127.0.0.1:7901 many=200:4
all=0 some=0
columns=proto,state,laddr,lport,raddr,rport,inode,user,dir,pid,fd,proc,cmd,exe,unit

timeless() { sed 's/started .* ago/started/' "$T/out"; }
# What the program takes to start at all.
base=1000
while WITH="prlimit --as=$((base * 1024))" && run --version && [ "$rc" != 0 ]; do
	base=$((base + 100))
done

# steps MORE STEP ARG…: the answer under so many KiB of address space and more
steps()
{
	kib=$((base - 100)) to=$((base + $1)) step=$2
	shift 2
	WITH=
	run "$@"
	t_rc 0 "$*: without a limit"
	timeless >"$T/whole"
	n=0 whole=0 said=0 worst=
	while [ "$kib" -le "$to" ]; do
		WITH="prlimit --as=$((kib * 1024))"
		run "$@"
		n=$((n + 1))
		case $rc in
		0)
			if timeless | cmp -s - "$T/whole"; then whole=$((whole + 1))
			elif grep -q '^lssock: incomplete' "$T/err"; then said=$((said + 1))
			else worst="$worst $kib:another-answer"; fi ;;
		3 | 4 | 127)
			if [ -s "$T/err" ]; then said=$((said + 1))
			else worst="$worst $kib:silent-$rc"; fi ;;
		*) worst="$worst $kib:status-$rc" ;;
		esac
		kib=$((kib + step))
	done
	t_is "$worst" "" "$*: $n limits: $whole whole answers, $said said why not"
	all=$((all + whole)) some=$((some + said))
}
steps 1300 10 --jsonl -t -u -x --columns $columns
steps 40000 1000 --jsonl -t -u -x --columns $columns
steps 1300 40 --csv -tl --columns $columns
steps 1300 40 7900
steps 1300 40 -tan
WITH=
rm -f "$T/tape"
run record "$T/tape"
steps 1300 40 --jsonl -t -u -x --columns $columns --from "$T/tape"
t_ok "whole answers ($all) and others ($some) were met" test $all -gt 100 -a $some -gt 20
scene_stop
t_done
