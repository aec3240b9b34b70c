#!/bin/sh
# SPDX-License-Identifier: MIT
# The live view itself on a terminal: whatever ends it, whatever it is fed with, the
# terminal is what it was before, and nothing reaches it but what belongs there.
. "$(dirname "$0")/../lib.sh"
in_ns

esc=$(printf '\033')
scene_start "comm=${esc}[2J" tcp-listen=127.0.0.1:1001 \
	"unix-listen=@${esc}]0;owned" '[' 'comm=\xe2\x80\xaedhss' udp=127.0.0.1:1002 ']'

# on SCENARIO…: of live.py.
on()
{
	for t_scenario; do
		t_ok "$t_scenario" env TERM="$term" $(leaky "$term") HOME="$T" $python "$top/tests/live.py" \
			--ready '[Sockets]' "$t_scenario" "$LSSOCK" watch --no-config
	done
}
term=xterm-256color
on q key-c int term hup quit tiny tiny-end storm garbage stalled hangup
sanitized || on segv abrt stop stop-dead stop-kill
for term in vt100 linux tmux-256color screen; do
	if infocmp "$term" >/dev/null 2>&1; then on q term storm; else skip "$term" "no terminfo"; fi
done

# Where there is no such terminal: a list per round, after one line.
for term in dumb no-such-terminal ''; do
	WITH="env TERM=$term $python $top/tests/pty.py 80" run watch --no-config --rounds 1 -t
	t_rc 0 "TERM=$term: a list instead"
	t_like "$(err)$(out)" 'a list per round instead \(--batch\)' "and that is said"
	t_like "$(out)" '1001' "with what there is"
done
run watch --no-config --rounds 1 -t
t_rc 0 "no terminal: a list instead"
t_is "$(err)" "lssock: watch: not a terminal: a list per round instead (--batch)" "and that is said"
scene_stop
t_done
