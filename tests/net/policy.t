#!/bin/sh
# SPDX-License-Identifier: MIT
# A policy made of what listens finds nothing, whatever that is called; one listener
# more is one finding; names alone allow nothing; what cannot be seen is not judged.
. "$(dirname "$0")/../lib.sh"
in_ns

policy=$T/policy
# The findings of the last run, which was with --csv.
findings() { sed 1d "$T/out" | grep -c .; }
# made TEXT: the policy of what is there has no findings there.
made()
{
	run audit --policy-init
	t_rc 0 "$1: a policy is made"
	cp "$T/out" "$policy"
	t_is "$(tr -d '\n -~' <"$policy" | od -An -c)" "" "$1: of plain ASCII"
	run audit --policy "$policy" --csv
	t_rc 0 "$1: it finds nothing there"
	t_is "$(findings)" 0 "$1: no findings"
	t_is "$(err)" "" "$1: and nothing to say"
}

# ---- what listens, as a policy ---------------------------------------------------------

run audit --policy-init
t_rc 0 "nothing listens"
t_is "$(grep -v '^#' "$T/out" | tail -1)" "default    deny" "the policy of nothing denies all"

named=
if t_said=$(private_run 2>&1 && ip netns add blue 2>&1 && ip netns add "re'd," 2>&1); then
	named="[ comm=web setns=/run/netns/blue tcp-listen=127.0.0.1:8080 ]
		[ comm=web setns=/run/netns/re'd, tcp-listen=127.0.0.1:8080 ]"
else
	skip "named namespaces" "$t_said"
fi
mkdir "$T/s"
# shellcheck disable=SC2086
scene_start comm=web tcp-listen=127.0.0.1:8080 'tcp-listen=[::1]:8080' tcp-listen=0.0.0.0:0 \
	udp=0.0.0.0:5353 'udp=[::]:5353,v6only' udplite raw packet mptcp-listen \
	"unix-listen=$T/s/plain" "unix-listen=$T/s/two\\x20words" "unix-bound=$T/s/da\\x0ata" \
	"unix-listen=$T/s/it's\\x22\\x5c\\x2a\\x2c#;\$(x)" "unix-listen=$T/s/\\x1b[2J\\xff\\xe2\\x80\\xae" \
	'unix-listen=@a\x00b' 'unix-listen=@' 'unix-listen=@\x01\x27\x40@' \
	"unix-listen=@$(i=1; while [ $i -lt 100 ]; do printf '\\x%02x' $i; i=$((i + 1)); done)" \
	"unix-listen=@$(i=100; while [ $i -lt 200 ]; do printf '\\x%02x' $i; i=$((i + 1)); done)" \
	"unix-listen=@$(i=200; while [ $i -lt 256 ]; do printf '\\x%02x' $i; i=$((i + 1)); done)" \
	'[' 'comm=a\x20"b' tcp-listen=127.0.0.1:0 ']' '[' "comm=it's#1" tcp-listen=127.0.0.1:0 ']' \
	'[' 'comm=\x1b[2J\x0a\xff' tcp-listen=127.0.0.1:0 ']' '[' comm= tcp-listen=127.0.0.1:0 ']' \
	'[' tcp-listen=127.0.0.1:0 '[+' 'comm=second' ']' ']' \
	'[' tcp-listen=127.0.0.1:0 to-flight ']' \
	'[' newnet tcp-listen=127.0.0.1:8080 ']' $named
made "a scene"
t_ok "it has a rule for each of them" test "$(grep -c '^allow' "$policy")" -gt 20
t_is "$(awk '/^allow/ { print $2 }' "$policy" | sort | uniq -d)" "" "each name is there once"
t_is "$(awk '/^allow/ && $3 != "when"' "$policy")" "" "and is a word"

# ---- one more ----------------------------------------------------------------------------

scene_do tcp-listen=127.0.0.1:0
run audit --policy "$policy" --csv
t_rc 1 "one listener more"
t_is "$(findings)" 1 "is one finding"
t_like "$(out)" 'policy-deny.*no rule fits, and the default \(line [0-9]+\) denies it' "that says why"
run audit --policy "$policy"
t_like "$(out)" "web\\[$(fact tcp-listen listener pid 1)\\]" "and who"
scene_stop

# ---- names ---------------------------------------------------------------------------------

scene_start comm=web tcp-listen=127.0.0.1:8080
made "a web server"
cp "$policy" "$T/web"
scene_stop
cp "$SCENE" "$T/fake"
other_start "$T/fake" comm=web tcp-listen=127.0.0.1:8080
run audit --policy "$T/web" --csv
t_rc 1 "another program of that name on that port"
t_is "$(findings)" 1 "is denied"
echo 'allow web when port:8080 proc:web' >"$T/weak"
run audit --policy "$T/weak" -q
t_rc 0 "but not by a policy that asks for the name alone"
other_stop
scene_start comm=web tcp-listen=127.0.0.1:8080 '[+' comm=web2 ']'
run audit --policy "$T/weak" --csv
t_rc 1 "a second owner that no rule fits"
t_like "$(out)" 'web2\[' "is the one that is told of"
printf 'allow web when port:8080 proc:web\nwarn web2 when proc:web2\n' >"$T/weak"
run audit --policy "$T/weak" --json
t_rc 1 "the worst owner decides"
t_json "which is a warning here" \
	'[(f["code"], f["severity"]) for f in d["findings"]] == [("policy-warn", "medium")]'
run audit --policy "$T/weak" -q --fail-on high
t_rc 0 "that --fail-on high lets pass"

# ---- faults ----------------------------------------------------------------------------------

cat >"$T/bad" <<'END'
alow ssh when port:22
allow ssh2 when prot:22
deny x when rtt>1ms
warn y port:80
allow a when *
allow b when port:80
default dney
END
run audit --policy "$T/bad"
t_rc 2 "a policy with faults"
t_is "$(out)" "" "nothing is judged by it"
t_is "$(grep -oE 'bad:[0-9]+:[0-9]+' "$T/err" | tr '\n' ' ')" \
	"bad:1:1 bad:2:17 bad:3:13 bad:4:8 bad:6:14 bad:7:9 " "all are told of, by line and column"
t_is "$(grep -c '^ *^$' "$T/err")" 6 "each with a caret"
t_like "$(err)" 'did you mean .allow.' "and what may have been meant"

# ---- what cannot be seen -----------------------------------------------------------------------

printf 'allow web when port:8080 exe:*\ndefault allow\n' >"$T/exe"
chmod 644 "$T/exe"
run audit --policy "$T/exe" -q
t_rc 0 "root can see it"
if ! have_uids; then
	skip "what nobody cannot see" "one uid only"
elif ! setpriv --reuid 65534 --regid 65534 --clear-groups test -x "$LSSOCK"; then
	skip "what nobody cannot see" "nobody may not run $LSSOCK"
else
	WITH="setpriv --reuid 65534 --regid 65534 --clear-groups" run audit --policy "$T/exe"
	t_rc 3 "nobody cannot"
	t_like "$(out)" 'tcp 127\.0\.0\.1:8080: whether the rule web \(line 1\) fits is not known: the process that holds it could not be seen \(no-permission\)' \
		"it is not judged, and not by the default"
	printf 'deny web when port:8080\n' >"$T/exe"
	WITH="setpriv --reuid 65534 --regid 65534 --clear-groups" run audit --policy "$T/exe" --csv
	t_rc 1 "but what needs no owner is"
fi
scene_stop
t_done
