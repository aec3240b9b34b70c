#!/bin/sh
# SPDX-License-Identifier: MIT
# Any user can write whole lines of /proc/net/unix by a socket name with a line
# end in it. Eighty such names about root's listener change nothing: the file is
# not even opened while the kernel can be asked; when not, a note tells.
. "$(dirname "$0")/../lib.sh"
in_ns
have_uids || skip_all "a user namespace of one uid"
cp "$LSSOCK" "$T/lssock" && LSSOCK=$T/lssock

scene_start comm=victim "unix-listen=$T/victim"
victim=$(fact unix-listen listener inode) pid=$(fact unix-listen listener pid)
fd=$(fact unix-listen listener fd)
mkfifo "$T/in2" "$T/said2"
i=0
while [ $i -lt 40 ]; do
	for flags in 00000000 00010000; do
		printf 'unix-bound=@%d\\x0a0000000000000000:\\x2000000002\\x2000000000\\x20%s\\x200001\\x2003\\x20%d\\x20/forged%d\n' \
			$i $flags "$victim" $i
	done
	i=$((i + 1))
done >"$T/forge"
# the forger is another user, its control pipe is not ours
"$SCENE" comm=forger uid=65534 <"$T/in2" >"$T/said2" &
forger=$!
exec 6>"$T/in2" 7<"$T/said2"
read -r line <&7
while read -r thing; do
	printf '%s\n' "$thing" >&6
	while read -r line <&7 && [ "$line" != ready ]; do :; done
done <"$T/forge"
t_ok "lines are forged" sh -c "grep -c ' $victim /forged' /proc/net/unix | grep -qx 80"

n=0 bad=
while [ $n -lt 20 ]; do
	run -x --json "inode:$victim"
	[ "$(json "(one()['path'], one()['state'], owners(one())) == ('$T/victim', 'LISTEN', [($pid, $fd)])")" = True ] ||
		bad="$bad $n"
	n=$((n + 1))
done
t_is "$bad" "" "name, state and owner are exact in 20 of 20"
run -x -a --json
t_json "nothing is called /forged" "not [s for s in d['sockets'] if (s['path'] or '').startswith('/forged')]"
t_json "81 rows" 'len(d["sockets"]) == 81'

if command -v strace >/dev/null; then
	under_strace -e trace=openat,open,openat2 "$LSSOCK" -A all -a >/dev/null 2>&1
	t_unlike "$(grep -v ENOENT "$T/strace")" 'net/(unix|tcp6?|udp6?)"' "/proc/net/unix, tcp and udp are not opened"
	t_unlike "$(cat "$T/strace")" '"[^"]*".*O_(WRONLY|RDWR|CREAT|TRUNC)' "nothing is opened for writing"
	under_strace -e trace=socket,connect,execve,kill,ptrace,fork,vfork "$LSSOCK" -A all -a >/dev/null 2>&1
	t_unlike "$(grep -v 'AF_NETLINK' "$T/strace")" 'socket\(' "no socket but netlink's"
	t_unlike "$(sed 1d "$T/strace")" '(connect|execve|kill|ptrace|v?fork)\(' "nothing is connected, run or signalled"

	under_strace -e inject=socket:error=EACCES "$LSSOCK" -x -a --json --columns \
		+source >"$T/out" 2>"$T/err"
	t_json "without netlink: rows say procfs" \
		'd["sockets"] != [] and all(s["source"] == "procfs" for s in d["sockets"])'
	t_json "and a note says who can forge them" '"forgeable" in " ".join(notes())'
	t_like "$(json '" ".join(n["text"] for n in d["notes"])')" 'any (local )?user' "in words"
	t_json "inodes that nobody holds are not believed" \
		'all(s["owners"] for s in d["sockets"] if s["inode"])'
else
	skip "what is opened" "no strace"
fi
exec 6>&- 7<&-
wait "$forger"
scene_stop
t_done
