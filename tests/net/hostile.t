#!/bin/sh
# SPDX-License-Identifier: MIT
# Names that try to be something else: escapes, line ends, invalid UTF-8, bidi
# controls, NULs, the separators of our own formats. N sockets are N rows, no
# such byte reaches an output, and what was escaped can be had back.
. "$(dirname "$0")/../lib.sh"
in_ns

# 15 bytes at most: what the kernel keeps of a process's name.
set -- 'esc\x1b[31mred' 'line\x0afeed' 'cr\x0dback' 'bad\xff\xfe\xc3' 'bidi\xe2\x80\xaeabc' \
	'c1\xc2\x9b2J' 'raw\x9b1m' 'sep\xe2\x80\xa8x' 'zero\xe2\x80\x8bx' 'tag\xf3\xa0\x81\x81' \
	'two words' 'semi\x3bcolon' 'com\x2cma"q' '=1+1' '@at' '-dash' 'back\\\\x41' 'tab\x09x' \
	'del\x7fx' 'over\xc0\xaf' 'wide\xe4\xb8\xad' 'paren) S 1' 'bs\x08\x08x' 'osc\x1b]0;x\x07' '' \
	'sur\xed\xa0\x80'
n=0 port=7300
words=
for name; do
	name=$(printf '%s\n' "$name" | sed 's/ /\\x20/g')
	n=$((n + 1)) port=$((port + 1))
	words="$words [ comm=$name argv0=$name\\x00$name tcp-listen=127.0.0.1:$port unix-listen=@$n$name ]"
done
set -f
# shellcheck disable=SC2086
scene_start $words
set +f

# whole FORMAT…: the run was good and its output is clean.
whole()
{
	run "$@"
	if [ "$rc" != 0 ]; then t_rc 0 "$*"; return; fi
	t_ok "$*: clean" $python "$top/tests/clean.py" ${tabs:+"$tabs"} "$T/out" "$T/err"
}
tabs=''
for format in table json jsonl csv tsv dot; do
	case $format in tsv | dot) tabs=--tabs ;; *) tabs='' ;; esac
	whole -tx -a --format $format
done
tabs=''
run -tx -a -H
t_is "$(wc -l <"$T/out" | tr -d ' ')" $((2 * n)) "the table: $n sockets of each kind are so many lines"
run -tx -a
t_is "$(awk 'NR == 1 { n = NF } NF != n' "$T/out")" "" "every line splits into the header's columns"
run -tx -a -W
t_is "$(awk 'NR == 1 { n = NF } NF != n' "$T/out")" "" "with -W too"
for format in tsv csv; do
	run -tx -a --format $format
	t_is "$($python -c 'import csv, sys
rows = list(csv.reader(open(sys.argv[1], newline=""), delimiter=sys.argv[2]))
print(len(rows), len({len(r) for r in rows}))' "$T/out" "$([ $format = csv ] && echo , || printf '\t')")" \
		"$((2 * n + 1)) 1" "$format: a strict reader finds the same rows and columns"
done
run -tx -a --jsonl
t_is "$(wc -l <"$T/out" | tr -d ' ')" $((2 * n)) "jsonl: so many lines"
run -t -a --json
t_ok "jq takes the JSON" jq -e . "$T/out"

# What the kernel has, byte by byte, comes back from the text and from its twin.
wrong=$(sed -n 's/^what=tcp-listen .* pid=\([0-9]*\) .*/\1/p' "$T/facts" | while read -r pid; do
	json "(lambda o, raw: None if unescape(o['proc']) == raw and
		(base64.b64decode(o['proc_b64']) == raw if 'proc_b64' in o else
		 o['proc'].encode() == raw) else (o['proc'], raw))(
		[o for s in d['sockets'] for o in s['owners'] if o['pid'] == $pid][0],
		open('/proc/$pid/comm', 'rb').read()[:-1])"
done | grep -v '^None$')
t_is "$wrong" "" "names of processes: text and base64 give the bytes back"
run -x -a --json
wrong=$(sed -n 's/^what=unix-listen .* inode=\([0-9]*\) .* path=\(.*\)/\1 \2/p' "$T/facts" |
	while read -r inode path; do
		json "(lambda s, raw: None if b'\0' + unescape(s['path'])[1:] == raw and
			s['path'][0] == '@' else (s['path'], raw))(one(inode=$inode), unescape(r'''$path'''))"
	done | grep -v '^None$')
t_is "$wrong" "" "abstract names: the text gives the bytes back"

LC_ALL=C
run -tx -a
t_ok "in the C locale: ASCII only" $python "$top/tests/clean.py" --ascii "$T/out" "$T/err"
LC_ALL=C.UTF-8
for port in 7301 7302 7306 7324; do
	whole $port
done
whole -s
whole 'lport:7301-7310'
whole --group-by proc -t

# What a person types comes back in messages.
esc=$(printf '\033[31m\302\233\342\200\256\377')
for word in "nosuchkey$esc:1" "lport:$esc" "state:$esc" "(" "--$esc" "-N" "$esc"; do
	run -t "$word" "$esc"
	t_ok "an error about $(printf '%s' "$word" | cat -v) is clean" \
		$python "$top/tests/clean.py" "$T/out" "$T/err"
done
scene_stop

# Names of interfaces, namespaces and users.
if t_said=$(private_run 2>&1) && bad=$(printf 'n\033[1m\312x') && ip netns add "$bad" 2>/dev/null &&
	ip link add "$(printf 'i\033[1m\377')" type veth peer name other 2>/dev/null; then
	# a named unit of the world outside: an account whose name is an escape
	printf 'ro\033[2Jot:x:0:0::/:/bin/sh\n' >"$T/passwd"
	mount --bind "$T/passwd" /etc/passwd
	scene_start '[' "setns=/run/netns/$bad" tcp-listen=127.0.0.1:7400 ']' \
		"$(printf 'udp=127.0.0.1:7401,dev=i\033[1m\377')"
	whole -N all -a -tu --columns netns,nsname,iface,user,laddr,lport
	whole -N all -a -tu --json
	whole netns
	whole netns --json
	whole 7400
	scene_stop
	umount /etc/passwd
else
	skip "names of interfaces and namespaces" "cannot be made here: $t_said"
fi
t_done
