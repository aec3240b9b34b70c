#!/bin/sh
# SPDX-License-Identifier: MIT
# Completions are made from the tables: they are well-formed, hold every option
# of the manual, and what they offer is taken.
. "$(dirname "$0")/../lib.sh"
dir=$B/completion
[ -e "$dir/lssock.bash" ] || bail "there is no $dir/lssock.bash"

# What looks like an option.
words()
{
	grep -oE -- '(^|[^a-zA-Z0-9-])--?[a-zA-Z0-9][a-z0-9-]*' | sed 's/^[^-]//' | sort -u
}
# syntax SHELL FILE
syntax()
{
	if command -v "$1" >/dev/null; then t_ok "$2 is well-formed" "$1" -n "$dir/$2"
	else skip "$2 is well-formed" "no $1"; fi
}
syntax bash lssock.bash
syntax zsh _lssock
syntax fish lssock.fish
if command -v shellcheck >/dev/null; then
	t_ok "shellcheck finds nothing in lssock.bash" shellcheck -s bash "$dir/lssock.bash"
else
	skip "shellcheck finds nothing in lssock.bash" "no shellcheck"
fi

run --generate man-options
t_rc 0 "--generate man-options"
sed -n '/^\.BR /{s/\\-/-/g;s/[",]/ /g;p}' "$T/out" | words >"$T/options"
t_ok "it has options" test "$(wc -l <"$T/options")" -gt 60
run --help
words <"$T/out" >"$T/help"
t_ok "--help has options" test "$(wc -l <"$T/help")" -gt 30
t_is "$(comm -13 "$T/options" "$T/help")" "" "and none that the manual lacks"
t_is "$(wc -l <"$T/out" | awk '{ print $1 <= 24 }')" 1 "--help fits a screen"
t_is "$(awk 'length($0) > 79' "$T/out")" "" "of 80 columns"

# Each option is in each of them, and in those of zsh and fish nothing else.
words <"$dir/lssock.bash" >"$T/bash"
sed -n "s/^\t'\(([^)]*)\)\{0,1\}\(--\{0,1\}[a-zA-Z0-9-]*\).*/\2/p" "$dir/_lssock" | sort -u >"$T/zsh"
awk '$1 == "complete" {
	for (i = 4; i < NF && $i != "-d"; i++)
		if ($i == "-s" || $i == "-l")
			print ($i == "-s" ? "-" : "--") $(i + 1)
}' "$dir/lssock.fish" | sort -u >"$T/fish"
t_is "$(comm -23 "$T/options" "$T/bash")" "" "lssock.bash has every option"
t_is "$(comm -3 "$T/options" "$T/zsh")" "" "_lssock has every option"
t_is "$(comm -3 "$T/options" "$T/fish")" "" "lssock.fish has every option"

if ! command -v bash >/dev/null; then
	skip "completing in bash" "no bash"
	t_done
fi
# offers WORD…: what bash offers for the last of them.
cat >"$T/ask" <<'EOF'
. "$1"
shift
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_lssock
printf '%s\n' "${COMPREPLY[@]}"
EOF
offers() { bash "$T/ask" "$dir/lssock.bash" lssock "$@" 2>&1; }
# offered WANT WORD…
offered()
{
	want=$1
	shift
	t_is "$(offers "$@" | tr '\n' '|')" "$want" "lssock $* offers $want"
}

offered '--json|--jsonl|' --js
offered '--listening|' -t --lis
offered 'record |' recor
offered 'lport:|' lpor
offered 'json|jsonl|' --format js
offered 'json|jsonl|' --format = js
offered 'always|' --color = al
offered 'lport|' -C lpo
offered '+proto,lport|' --columns +proto,lpo
offered '-rtt,lport|' --sort -rtt,lpo
offered 'FIN_WAIT1|FIN_WAIT2|' state : fin
offered 'listen|loopback|' -t is : l
offered 'peer_pid|' has : peer_pi
offered 'tcp,u_str|' -A tcp,u_st
offered '|' --limit ''
mkdir "$T/recordings" "$T/recordings/d"
: >"$T/recordings/a b"
offered "$T/recordings/a b|" --from "$T/recordings/a"
offered "$T/recordings/a b|" record "$T/recordings/a"
offered "$T/recordings/d|" --proc-root "$T/recordings/"
offers '' >"$T/words"
t_ok "at first: commands" grep -qx 'netns ' "$T/words"
t_ok "and fields" grep -qx 'proc:' "$T/words"
offers -t '' >"$T/words"
t_is "$(grep -x 'netns ' "$T/words")" "" "commands only at first"

# taken TEXT HEAD [ARG]: each word offered is known to the program.
taken()
{
	bad=
	t_ok "$1: words are offered" test -s "$T/words"
	while read -r word; do
		# shellcheck disable=SC2086
		run ${3-} "$2$word" --explain
		[ "$rc" = 0 ] || bad="$bad $word"
	done <"$T/words"
	t_is "$bad" "" "$1: all are taken"
}
offers is : '' >"$T/words"
taken is: is:
offers state : '' >"$T/words"
taken state: state:
offers has : '' >"$T/words"
taken has: has:
offers -f '' >"$T/words"
taken -f '' -f
offers -A '' >"$T/words"
taken -A tcp, -A
offers -C '' >"$T/words"
taken -C '' -C
offers --sort '' >"$T/words"
taken --sort - --sort
t_done
