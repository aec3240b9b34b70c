#!/bin/sh
# SPDX-License-Identifier: MIT
# The live view in a terminal, on sockets that open, change and close meanwhile; and what
# its boxes do to processes and sockets.
. "$(dirname "$0")/../lib.sh"
command -v tmux >/dev/null || skip_all "no tmux"
in_ns

TMUX_TMPDIR=$T
export TMUX_TMPDIR
unset TMUX
t_live=0
screen() { tmux -L live$t_live -f /dev/null "$@"; }
shows_now() { screen capture-pane -p -t 0; }
# live COLS LINES [ARG…]: the view in a terminal.
live()
{
	t_cols=$1 t_lines=$2
	shift 2
	screen kill-server 2>/dev/null
	t_live=$((t_live + 1))
	screen new-session -d -x "$t_cols" -y "$t_lines" \
		"TERM=screen-256color exec $LSSOCK watch --no-config $* 2>$T/live.err"
}
key() { for t_key; do screen send-keys -t 0 "$t_key"; done; }
# seen REGEX TEXT: the screen says so before long (the limit is only for hangs).
seen()
{
	t_i=0
	while [ $t_i -lt 150 ]; do
		if shows_now >"$T/screen" && grep -Eq -e "$1" "$T/screen"; then
			t_pass "$2"
			return
		fi
		t_i=$((t_i + 1))
		sleep 0.1
	done
	t_fail "$2" "no match of: $1" "$(cat "$T/screen")" "$(cat "$T/live.err")"
}
# unseen REGEX TEXT: nor on the screen that is there now.
unseen() { t_unlike "$(cat "$T/screen")" "$1" "$2"; }

mkfifo "$T/in" "$T/said"
$python "$top/tests/live/day.py" web curl other <"$T/in" >"$T/said" &
day=$!
exec 7>"$T/in" 8<"$T/said"
read -r pids <&8
pid() { echo "$pids" | tr ' ' '\n' | sed -n "s/^$1=//p"; }
obey() { echo "$*" >&7; read -r t_said <&8; [ "$t_said" = done ] || bail "$*: $t_said"; }

obey web listen l 127.0.0.1 8080 10

# ---- what happens is on the screen ------------------------------------------------------
live 80 24
seen '^ web .*127\.0\.0\.1:8080 .*q 0/10 .*LISTEN' "a listener with its queue is in the first screens"
obey curl connect c 127.0.0.1 40001 127.0.0.1 8080
obey web accept s l
seen '^\+curl .*127\.0\.0\.1:40001 +> 127\.0\.0\.1:8080 +ESTAB' "a new connection is marked +"
seen '^\+web .*127\.0\.0\.1:8080 +< 127\.0\.0\.1:40001 +ESTAB' "and its other end, the other way round"
obey curl send c 200000
obey web recv s 200000
seen '^.web .*< 127\.0\.0\.1:40001 +ESTAB +[1-9][0-9.]*K' "what it receives a second"
obey curl close c
seen '^~web .*< 127\.0\.0\.1:40001 +C-WAIT' "a change of state is marked ~"
seen '^~- .*127\.0\.0\.1:40001 +> 127\.0\.0\.1:8080 +FIN-W2' "and that nobody has the other end any more"
obey web close s
seen '^xweb .*< 127\.0\.0\.1:40001 +closed' "a closed one stays for a while, marked x"
key M-4
seen '^.[0-9:]{8} +[0-9.]+m?s web .*:8080 +< 127[^ ]*:40001 +200K +0' "the closed one has its bytes and how long it lasted"

# What has ended moves nothing: its time-wait socket has the last rate of nobody.
key M-1
obey curl connect c0 127.0.0.1 40005 127.0.0.1 8080
obey web accept s0 l
obey curl connect c1 127.0.0.1 40004 127.0.0.1 8080
obey web accept s1 l
seen '^.web .*< 127\.0\.0\.1:40004 +ESTAB +0' "another connection"
obey curl send c1 200000
obey web recv s1 200000
seen '^.web .*< 127\.0\.0\.1:40004 +ESTAB +[1-9][0-9.]*K' "that receives"
obey web close s1
obey curl close c1
seen '^~- .*8080 +< 127\.0\.0\.1:40004 +T-WAIT' "it ends in time-wait"
seen '^rx 0/s  tx 0/s' "the totals are of what is there"
obey curl close c0
obey web close s0

# What listens is judged, and compared with what was saved.
here="-t -N /proc/self/ns/net"		# the terminal's own socket is another
"$LSSOCK" audit $here --save "$T/saved" 2>/dev/null
live 80 24 $here --baseline "$T/saved"
key M-2
seen 'baseline: \+0 -0 ~0' "the tab Listening: as it was saved"
obey web listen l2 0.0.0.0 6379 5
seen 'baseline: \+1 -0 ~0' "a new listener is not in the baseline"
seen '^! +6379 .*web' "and has a mark"
key 6 3 7 9 Enter
seen 'Audit .*baseline-added' "and the pane says why"
obey web close l2
seen 'baseline: \+0 -0 ~0' "until it is gone"
live 80 24

# Shorter than the interval: no round can see it.
key M-1
obey curl connect c2 127.0.0.1 40002 127.0.0.1 8080
obey web accept s2 l
seen '40002' "a connection that lasts, beside"
echo "curl short 127.0.0.1 8080 48000" >&7
read -r _ <&8
obey web take l 48000
key M-4
seen '^.[0-9:]{8} +[<0-9.]+m?s .*> 127\.0\.0\.1:8080 +0 +48K' "one shorter than the interval is there with what it sent"
seen '^.[0-9:]{8} +[<0-9.]+m?s .*:8080 +< 127\.0\.0\.1:[0-9]+ +48K +0' "and its other end with what it received"

# ---- closing ---------------------------------------------------------------------------
key M-1 /
screen send-keys -t 0 -l 127.0.0.1:40002
key Enter
seen '^>?\+?.*127\.0\.0\.1:40002' "the connection is found"
key X
seen 'tcp 127\.0\.0\.1:.* ESTAB' "the box says which connection"
key y
seen 'closed' "it is closed"
seen 'Enter goes back' "and that is said"
key Enter
run -tn --json
t_json "the listener on the port lives on" 'one(state="LISTEN")["lport"] == 8080'
t_json "the connection does not" 'not socks(lport=40002, state="ESTABLISHED")'

# ---- killing -----------------------------------------------------------------------------
obey other connect k1 127.0.0.1 40003 127.0.0.1 8080
obey web accept k2 l
seen '^.other .*40003' "another connection"
key /
screen send-keys -t 0 -l other
key Enter
seen '^>\+?other .*40003|^\+other .*40003' "the socket of the other process is found"
key K
seen 'Kill' "the box opens"
seen "other\\[$(pid other)\\]" "with the process"
seen 'ends 1 socket' "and what ends with it"
key Escape
seen '40003' "Esc does nothing"
t_ok "it is alive" kill -0 "$(pid other)"
key K
seen "other\\[$(pid other)\\]" "the box again"
key Enter
seen ' gone' "the outcome is reported"
t_ok "the process is gone" sh -c "! kill -0 $(pid other) 2>/dev/null || grep -q '^State:.Z' /proc/$(pid other)/status"
t_ok "the others are not" kill -0 "$(pid web)" "$(pid curl)"
key Enter q
tries=0
while screen has-session 2>/dev/null && [ $tries -lt 100 ]; do sleep 0.1; tries=$((tries + 1)); done
t_ok "q ends it" test $tries -lt 100
t_is "$(cat "$T/live.err")" "" "nothing on standard error"

# ---- readonly ------------------------------------------------------------------------------
live 80 24 --readonly
seen '8080 ' "--readonly"
unseen 'Kill' "does not offer to kill"
key Down K
seen 'readonly: nothing is signalled' "and refuses"

# ---- 160x50 ----------------------------------------------------------------------------------
live 160 50
seen 'USER +UNIT' "more columns where there is room"
seen 'F10 Quit' "and more keys"
key Down Enter
seen 'OWNER .*(LISTENER|TCP HEALTH|QUEUES)' "the pane has columns of its own"

# ---- what happens to a socket that is looked at ----------------------------------------------
# looked FILTER: the pane, which is open, is about the only row of it.
looked()
{
	key '&' C-u
	screen send-keys -t 0 -l "$1"
	key Enter
	seen "filter: 1/[0-9]+ .*" "only $1"
	key Down
}
obey web listen small 127.0.0.1 8090 1
obey curl connect q1 127.0.0.1 40011 127.0.0.1 8090
looked 'lport=8090 is:listen'
seen '^> ?web .*queue 1/1' "its listener is looked at"
obey curl connect q2 127.0.0.1 40012 127.0.0.1 8090
seen '[0-9:]{8}  queue full' "its queue is full, and when"
obey web accept w1 small
seen '[0-9:]{8}  queue no longer full' "and then it is not"
obey web accept w2 small
looked lport=40011
seen '^>.*127\.0\.0\.1:40011' "the connection is looked at"
seen '[0-9:]{8}  opened' "when a connection was opened"
# So much that the other end has to read meanwhile.
i=0
while [ $i -lt 3 ]; do
	obey curl send q1 200000
	obey web recv w1 200000
	i=$((i + 1))
done
seen '[0-9:]{8}  rate up [0-9]+x' "its rate goes up"
if nft add table ip t 2>/dev/null &&
   nft add chain ip t c '{ type filter hook input priority 0; }' &&
   nft add rule ip t c tcp sport 40011 drop; then
	obey curl send q1 20000
	seen '[0-9:]{8}  retrans [0-9]+ in [0-9]+s' "what does not arrive is sent again"
	nft delete table ip t
	obey web recv w1 20000
	seen '[0-9:]{8}  no retransmits for 10s' "until it does"
else
	skip "what does not arrive is sent again" "no nft here"
fi
for i in 1 2; do
	obey curl close q$i
	obey web close w$i
done
obey web close small

# ---- looks, copies, files --------------------------------------------------------------------
colors() { screen capture-pane -p -e -t 0 | grep -c "$(printf '\033')\[[0-9;]*3[0-7]"; }
for theme in default light cvd; do
	live 80 24 --theme $theme
	seen '8080 ' "--theme $theme"
	t_ok "has colours" test "$(colors)" -gt 0
done
live 80 24 --theme mono
seen '8080 ' "--theme mono"
t_is "$(colors)" 0 "has none"
screen kill-server
t_live=$((t_live + 1))
screen new-session -d -x 80 -y 24 \
	"NO_COLOR=1 TERM=screen-256color exec $LSSOCK watch --no-config 2>$T/live.err"
seen '8080 ' "NO_COLOR"
t_is "$(colors)" 0 "is honoured"

live 80 24
screen set-option -g set-clipboard on
seen '8080 ' "once more"
key /
screen send-keys -t 0 -l 8080
key Enter c
seen 'copied.*: 127\.0\.0\.1:8080' "c copies a listener's own address"
t_is "$(screen show-buffer)" "127.0.0.1:8080" "and the terminal has it"
key x C-u
screen send-keys -t 0 -l "$T/export.csv"
key Enter
seen "[0-9]+ rows in .*export.csv" "x writes the rows"
t_like "$(head -1 "$T/export.csv")" 'lport' "with a header"
key x C-u
screen send-keys -t 0 -l "$T/export.csv"
key Enter
seen 'nothing is overwritten' "and never over a file that is there"

# The own ssh session.
screen kill-server
t_live=$((t_live + 1))
obey curl connect ssh 127.0.0.1 40009 127.0.0.1 8080
obey web accept ssh l
screen new-session -d -x 80 -y 24 "SSH_CONNECTION='127.0.0.1 40009 127.0.0.1 8080' \
	TERM=screen-256color exec $LSSOCK watch --no-config 2>$T/live.err"
seen '^Yweb .*< 127\.0\.0\.1:40009' "the connection of one's own ssh session is marked Y"
key '&'
screen send-keys -t 0 -l 'dport = :40009'
key Enter
seen 'filter: 1/' "the filter finds it"
key Down K
seen 'protected' "who carries it is protected"
key Enter
seen 'type yes' "and not killed by Enter alone"
key Escape
t_ok "it is alive" kill -0 "$(pid web)" "$(pid curl)"

# ---- names of hosts -----------------------------------------------------------------------
mkdir "$T/etc"
cp -dR /etc/passwd /etc/group /etc/alternatives "$T/etc" 2>/dev/null
[ ! -e /etc/ld.so.cache ] || cp /etc/ld.so.cache "$T/etc"
printf 'hosts: files dns\n' >"$T/etc/nsswitch.conf"
printf 'nameserver 127.0.0.53\noptions timeout:20 attempts:2\n' >"$T/etc/resolv.conf"
printf '127.0.0.1 localhost\n127.0.0.9 alpha.test\n127.1.2.3 a-host-whose-name-is-longer.test\n' \
	>"$T/etc/hosts"
printf '127.9.0.2 liar.test\nliar.test 127.9.0.99\n127.9.0.3 ...\n' >"$T/zone"
mount --bind "$T/etc" /etc
mkfifo "$T/dns" "$T/dns-says"
$python "$top/tests/nameserver.py" "$T/zone" 127.0.0.53 "$T/asked" <"$T/dns" >"$T/dns-says" &
dns=$!
exec 5>"$T/dns" 6<"$T/dns-says"
read -r _ <&6
obey web listen named 127.0.0.9 8081 10
obey curl connect c3 127.1.2.3 40101 127.0.0.9 8081
obey web accept s3 named
obey curl connect c4 127.9.0.2 40102 127.0.0.9 8081
obey web accept s4 named
live 80 24
seen '127\.1\.2\.3:40101' "numbers at first"
t_is "$(cat "$T/asked")" "" "nobody is asked"
key d
seen ' alpha\.test:8081 ' "d shows names of hosts"
seen '^.curl .* a-host[^ ]*…:40101 +> alpha\.test:8081' "a long one is cut at its end, and not the port"
seen '127\.9\.0\.2:40102' "a name that leads elsewhere is none"
t_like "$(cat "$T/asked")" '^liar' "though it was asked for"
key / && screen send-keys -t 0 -l 40101 && key Enter Enter
seen 'host (alpha|a-host-whose-name-is-longer)\.test' "the pane has it whole"
key q d
seen '127\.1\.2\.3:40101' "and d goes back to numbers"
obey curl connect c5 127.9.0.3 40103 127.0.0.9 8081
obey web accept s5 named
seen '127\.9\.0\.3:40103' "one whose name server is silent"
key d
t_i=0
while ! grep -q '^3\.0\.9\.127' "$T/asked" && [ $t_i -lt 150 ]; do
	t_i=$((t_i + 1))
	sleep 0.1
done
t_like "$(cat "$T/asked")" '^3\.0\.9\.127' "it is asked"
seen ' alpha\.test:8081 ' "the others have their names"
began=$(date +%s)
key q
while screen has-session 2>/dev/null && [ $(($(date +%s) - began)) -lt 15 ]; do sleep 0.1; done
t_ok "quitting does not wait for it" test $(($(date +%s) - began)) -lt 10
live 80 24 -r "'src alpha.test'"
seen '^.web .* alpha\.test:8081 ' "-r begins with names, and takes them in the filter"
unseen ' a-host[^ ]* +>' "which selects"
key /
screen send-keys -t 0 -l alpha
key Enter
seen 'alpha' "and the view goes on"
"$LSSOCK" record "$T/named.tape" 2>/dev/null
live 80 24 --from "$T/named.tape"
seen '127\.0\.0\.9:8081' "a recording"
key d
seen 'recording: names of hosts are not looked up' "has no names, and says so"
screen kill-server
exec 5>&- 6<&-
wait $dns
exec 7>&-
wait $day
t_done
