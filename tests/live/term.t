#!/bin/sh
# SPDX-License-Identifier: MIT
# The terminal is what it was before, whatever ends the program, on terminals of
# several kinds; keys, mouse and glyphs arrive as what they are.
. "$(dirname "$0")/../lib.sh"
[ -x "$B/tests/termtest" ] || bail "there is no $B/tests/termtest"
command -v infocmp >/dev/null || skip_all "no infocmp"

# ends TEXT SCENARIO [ARG…]: of termtest, on terminal $on.
ends()
{
	t_what=$1 t_scenario=$2
	shift 2
	t_ok "$on: $t_what" env TERM="$on" $(leaky "$on") $python "$top/tests/live.py" "$t_scenario" \
		"$B/tests/termtest" "$@"
}
# every SCENARIO…
every() { for s; do ends "$s" "$s"; done; }

all="q key-c int term hup quit abrt segv fault abort overflow stop stop-dead stop-kill tiny tiny-end"
if sanitized; then
	all=$(echo "$all" | sed 's/ fault / /; s/ overflow//')
	skip "fault, overflow" "the sanitizers have handlers and stacks of their own"
fi

for on in xterm-256color vt100 linux tmux-256color screen xterm; do
	if ! infocmp "$on" >/dev/null 2>&1; then
		skip "$on" "terminfo does not have it"
		continue
	fi
	# shellcheck disable=SC2086
	every $all
	every typed garbage glyphs little copy
	ends "ASCII alone" ascii ascii
done
on=xterm-256color
if infocmp $on >/dev/null 2>&1; then
	every hang stalled hangup suspend-key storm mouse prompt looks colors
	ends "no mouse if not wanted" no-mouse nomouse
	for theme in light contrast cvd; do ends "$theme" colors $theme; done
	ends "mono" no-colors mono
	ends "without colours" no-colors default mono
	t_ok "$on: no locale, ASCII alone" env LC_ALL=C TERM=$on $python "$top/tests/live.py" \
		ascii "$B/tests/termtest"
fi
for on in dumb unknown no-such-terminal ''; do ends "refused" refused; done
t_ok "no TERM: refused" env -u TERM $python "$top/tests/live.py" refused "$B/tests/termtest"

"$B/tests/termtest" >"$T/out" 2>"$T/err" </dev/null
t_is "$?" 4 "no terminal: refused"
t_is "$(out)$(err)" "termtest: standard input and output are not a terminal (Inappropriate ioctl for device)" \
	"and nothing but that is said"
"$B/tests/termtest" pink >"$T/out" 2>"$T/err" </dev/null
t_like "$(err)" "there is no theme pink" "an unknown theme is refused by name"
t_done
