# SPDX-License-Identifier: MIT
# For the shell tests: a pinned environment, TAP lines, private namespaces,
# scenes (tests/scene/). A test is:
#	. "$(dirname "$0")/../lib.sh"
#	in_ns			# if it needs sockets of its own
#	scene_start …; run -tln; t_rc 0 "…"; t_json "…" 'EXPR'
#	t_done
# shellcheck shell=sh disable=SC2034
set -u

top=$(cd "$(dirname "$0")/../.." && pwd)
B=${B:-build}
case $B in /*) ;; *) B=$top/$B ;; esac
LSSOCK=${LSSOCK:-$B/lssock}
SCENE=$B/tests/scene
PATH=$PATH:/usr/sbin:/sbin
TZ=UTC LC_ALL=C.UTF-8 COLUMNS=80 LINES=24 TERM=dumb HOME=/nonexistent
export TZ LC_ALL COLUMNS LINES TERM HOME B LSSOCK PATH
unset NO_COLOR LSSOCK_OPTIONS
python=/usr/bin/python3
[ -x $python ] || python=python3

# Of sanitized builds: what libraries keep to their end.
LSAN_OPTIONS=suppressions=$top/tests/lsan.supp:print_suppressions=0
export LSAN_OPTIONS

[ -n "${T-}" ] || T=$(mktemp -d)
export T
chmod 755 "$T"
trap 'rm -rf "$T"' EXIT
trap 'exit 143' TERM INT HUP
t_n=0 t_failed=0 rc=0 scene_pid=

# ---- TAP ---------------------------------------------------------------------

t_pass() { t_n=$((t_n + 1)); printf 'ok %d - %s\n' "$t_n" "$1"; }

# t_fail TEXT [DETAIL…]
t_fail()
{
	t_n=$((t_n + 1)) t_failed=$((t_failed + 1))
	printf 'not ok %d - %s\n' "$t_n" "$1"
	shift
	[ $# -eq 0 ] || printf '%s\n' "$@" | cat -v | head -60 | sed 's/^/#   /'
}

skip() { t_n=$((t_n + 1)); printf 'ok %d - %s # SKIP %s\n' "$t_n" "$1" "$2"; }
skip_all() { skip "$(basename "$0")" "$1"; t_done; }
bail() { t_fail "$1"; t_done; }
t_done() { printf '1..%d\n' "$t_n"; [ "$t_failed" -eq 0 ]; exit; }

# t_ok TEXT CMD…
t_ok()
{
	t_text=$1
	shift
	if t_said=$("$@" 2>&1); then t_pass "$t_text"; else t_fail "$t_text" "$*" "$t_said"; fi
}
t_is()
{
	if [ "$1" = "$2" ]; then t_pass "$3"; else t_fail "$3" "got:  $1" "want: $2"; fi
}
t_like()
{
	if printf '%s\n' "$1" | grep -Eq -e "$2"; then t_pass "$3"
	else t_fail "$3" "no match of: $2" "in: $1"; fi
}
t_unlike()
{
	if printf '%s\n' "$1" | grep -Eq -e "$2"; then t_fail "$3" "match of: $2" "in: $1"
	else t_pass "$3"; fi
}

# ---- the program -------------------------------------------------------------

# Runs lssock: output in $T/out, $T/err, exit status in $rc. $WITH goes before
# it (strace, setpriv …), $LIMIT is only there so that a hang ends.
run()
{
	# shellcheck disable=SC2086
	timeout -k 5 "${LIMIT:-60}" ${WITH-} "$LSSOCK" "$@" >"$T/out" 2>"$T/err" </dev/null
	rc=$?
}
# asked TEXT CMD ARG…: lssock ARG… on a terminal of 100 columns; when it asks, CMD is
# done and TEXT typed (\n: Enter). All it said is in $T/out.
asked()
{
	t_typed=$1 t_before=$2
	shift 2
	timeout -k 5 60 $python "$top/tests/pty.py" -t "$t_typed" -c "$t_before" 100 "$LSSOCK" "$@" \
		>"$T/out" 2>&1 </dev/null
	rc=$?
	cp "$T/out" "$T/err"
}
# t_rc STATUS TEXT: the last run ended so.
t_rc()
{
	if [ "$rc" = "$1" ]; then t_pass "$2"
	else t_fail "$2" "exit status $rc, not $1" "$(cat "$T/err")" "$(head -5 "$T/out")"; fi
}
out() { cat "$T/out"; }
err() { cat "$T/err"; }
# A Python expression over the JSON in $T/out (see tests/query.py).
json() { $python "$top/tests/query.py" "$1" "$T/out"; }
t_json()
{
	if t_said=$(json "$2" 2>&1) && [ "$t_said" = True ]; then t_pass "$1"
	else t_fail "$1" "$2" "$t_said" "$(err)" "$(head -c 2000 "$T/out")"; fi
}
sanitized() { nm "$LSSOCK" 2>/dev/null | grep -q __asan_init; }
# strace and the leak checker exclude each other.
# leaky TERM: on the console ncurses loads libgpm, lets it go, and its 10 bytes have no name.
leaky() { [ "$1" != linux ] || echo ASAN_OPTIONS=detect_leaks=0; }
under_strace() { ASAN_OPTIONS=detect_leaks=0 strace -f -o "$T/strace" "$@"; }

# ---- golden output -----------------------------------------------------------

# shows ARG…: lssock prints what it printed when somebody looked at it: a section
# of fixtures/golden/TEST.txt, in fixtures/tapes. With ON=COLUMNS on a terminal.
# UPDATE=1 writes the file again.
golden=$top/fixtures/golden/$(basename "$0" .t).txt
shows()
{
	t_title="\$ lssock${*:+ $*}${ON:+  # $ON columns}"
	(
		cd "$top/fixtures/tapes" || exit
		if [ -n "${ON-}" ]; then WITH="$python $top/tests/pty.py $ON"; fi
		run "$@"
		printf '%s\n' "$t_title"
		sed "s/$(printf '\033')/^[/g; s/\"version\":\"[^\"]*\"/\"version\":\"*\"/
			s/{version=\"[^\"]*\"}/{version=\"*\"}/
			s/^\(lssock_collection_seconds\) .*/\1 */" "$T/out"
		sed 's/^/! /' "$T/err"
		[ $rc = 0 ] || echo "= $rc"
		echo
	) >"$T/section"
	section '^[$] lssock'
}
# section REGEX: $T/section, which begins with $t_title, is the one in the golden file,
# where lines that match begin another.
section()
{
	cat "$T/section" >>"$T/golden"
	if [ -n "${UPDATE-}" ]; then t_pass "written: $t_title"; return; fi
	T_TITLE=$t_title T_HEAD=$1 awk '$0 ~ ENVIRON["T_HEAD"] { on = $0 == ENVIRON["T_TITLE"] } on' \
		"$golden" >"$T/want"
	if t_said=$(diff "$T/want" "$T/section"); then t_pass "$t_title"
	else t_fail "$t_title" "$t_said"; fi
}
# Instead of t_done.
shown()
{
	if [ -n "${UPDATE-}" ]; then cp "$T/golden" "$golden"
	else t_is "$(grep -c '^\$ lssock' "$golden")" "$(grep -c '^\$ lssock' "$T/golden")" \
		"nothing in the golden file is stale"; fi
	t_done
}

# ---- namespaces --------------------------------------------------------------

# Starts the test again in network, pid and mount namespaces of its own.
in_ns()
{
	if [ -n "${T_IN_NS-}" ]; then
		ip link set lo up
		return
	fi
	T_IN_NS=1
	export T_IN_NS
	t_flags="-n -p -m --mount-proc --fork --kill-child"
	[ "$(id -u)" = 0 ] || t_flags="-Ur $t_flags"
	# shellcheck disable=SC2086
	t_said=$(unshare $t_flags true 2>&1) || skip_all "no namespaces here: $t_said"
	# shellcheck disable=SC2086
	exec unshare $t_flags sh "$0"
}
# More than one uid to play with: not in a user namespace of one.
have_uids() { [ "$(awk '{ n += $3 } END { print (n > 65534) }' /proc/self/uid_map)" = 1 ]; }
# A /run of our own, for `ip netns`.
private_run() { mount -t tmpfs -o mode=755 tmpfs /run && mkdir -p /run/netns; }

# ---- scenes ------------------------------------------------------------------

scene_ready()
{
	while read -r t_line <&9; do
		[ "$t_line" != ready ] || return 0
		printf '%s\n' "$t_line" >>"$T/facts"
	done
	bail "the scene ended"
}
# scene_start THING…: returns when all of it is there.
scene_start()
{
	rm -f "$T/in" "$T/said" "$T/facts"
	: >"$T/facts"
	mkfifo "$T/in" "$T/said"
	"$SCENE" "$@" <"$T/in" >"$T/said" &
	scene_pid=$!
	exec 8>"$T/in" 9<"$T/said"
	scene_ready
}
# scene_do THING: one more.
scene_do() { printf '%s\n' "$1" >&8; scene_ready; }
scene_stop() { exec 8>&- 9<&-; wait "$scene_pid"; }
# other_start "CMD…" THING…: beside it, a scene of another program: CMD is a copy of
# $SCENE, maybe behind setpriv and the like. Its facts are in $T/other.
other_start()
{
	rm -f "$T/in2" "$T/said2"
	: >"$T/other"
	mkfifo "$T/in2" "$T/said2"
	t_cmd=$1
	shift
	# shellcheck disable=SC2086
	$t_cmd "$@" <"$T/in2" >"$T/said2" &
	other_pid=$!
	exec 5>"$T/in2" 4<"$T/said2"
	while read -r t_line <&4; do
		[ "$t_line" != ready ] || return 0
		printf '%s\n' "$t_line" >>"$T/other"
	done
	bail "the other scene ended"
}
other_stop() { exec 5>&- 4<&-; wait "$other_pid"; }
# fact WHAT ROLE KEY [N]: of the n-th such line.
fact()
{
	awk -v what="what=$1" -v role="role=$2" -v key="$3=" -v n="${4:-1}" '
	$1 == what && $2 == role && ++seen == n {
		for (i = 1; i <= NF; i++)
			if (index($i, key) == 1)
				print substr($i, length(key) + 1)
	}' "$T/facts"
}
supported() { ! grep -q "^unsupported $1 " "$T/facts"; }
# why_not THING: the errno.
why_not() { sed -n "s/^unsupported $1 //p" "$T/facts" | head -1; }

# ---- loads of the benchmark ----------------------------------------------------

# load_start NAME [DIVISOR]: returns when it is there. False: $said says why not.
load_start()
{
	rm -f "$T/hold" "$T/says"
	mkfifo "$T/hold" "$T/says"
	"$B/tests/load" "$@" <"$T/hold" >"$T/says" 2>&1 &
	load_pid=$!
	exec 7>"$T/hold" 6<"$T/says"
	said=
	while read -r t_line <&6; do
		said=$t_line
		case $t_line in ready*) return ;; esac
	done
	load_stop
	return 1
}
load_stop() { exec 7>&- 6<&-; wait "$load_pid"; }
# t_collectors TEXT CMD…: t_ok of what tries each collector, and says so if BPF was
# not to be had.
t_collectors()
{
	t_ok "$@"
	t_why=$(printf '%s\n' "$t_said" | sed -n 's/^without BPF: //p')
	[ -z "$t_why" ] || skip "$1, with BPF" "not to be had: $t_why"
}
