#!/bin/sh
# SPDX-License-Identifier: MIT
# Those who do not want to be found by an audit, or want others to be: forged lines,
# borrowed names, listeners that no descriptor shows, that live for a moment or in a
# namespace without processes; names that write on the reader's terminal.
. "$(dirname "$0")/../lib.sh"
in_ns
text() { json "' / '.join(f['text'] for f in finds($1))"; }

# ---- forged lines of /proc/net/unix ----------------------------------------------------
mkdir "$T/run"
if have_uids; then
	scene_start "unix-listen=$T/run/docker.sock,mode=0666" "unix-listen=$T/run/quiet.sock"
	victim=$(fact unix-listen listener inode)
	quiet=$(fact unix-listen listener inode 2)
	line='0000000000000000:\x2000000002\x2000000000\x20'
	other_start "$SCENE" uid=65534 \
		"unix-bound=@x\\x0a${line}00000000\\x200001\\x2003\\x20$victim\\x20/run/harmless" \
		"unix-bound=@y\\x0a${line}00010000\\x200001\\x2001\\x20$quiet\\x20/run/docker.sock"
	t_ok "lines are forged" grep -q " $victim /run/harmless" /proc/net/unix
	run audit --json
	t_is "$(json '"\n".join(codes())')" "high control-socket" "they change nothing"
	t_json "the path is what it is" "finds(code='control-socket')[0]['address'] ==
		'$T/run/docker.sock'"
	if command -v strace >/dev/null; then
		under_strace -e inject=socket:error=EACCES "$LSSOCK" audit -x --json >"$T/out" 2>"$T/err"
		rc=$?
		t_rc 3 "where that file is all there is, no verdict"
		t_json "and why" '"forgeable" in notes()'
		other_stop
		under_strace -e inject=socket:error=EACCES "$LSSOCK" audit -x --json >"$T/out" 2>"$T/err"
		rc=$?
		t_rc 3 "though nobody forges anything"
		t_json "its sockets are not judged" 'd["findings"] == [] and
			[u["text"][:14] for u in d["unjudged"]] == ["2 unix sockets"]'
	else
		skip "where that file is all there is" "no strace"
		other_stop
	fi
	scene_stop
else
	skip "forged lines" "a user namespace of one uid"
fi

# ---- borrowed names ------------------------------------------------------------------------
cp "$SCENE" "$T/redis-server"
other_start "$T/redis-server" comm=sshd argv0=/usr/sbin/sshd tcp-listen=0.0.0.0:7401
run audit --json
t_is "$(text port=7401)" "Redis can be reached on every address" \
	"what calls itself sshd is what its file is"
t_json "and the file is named" "finds(port=7401)[0]['exe'] == '$T/redis-server'"
other_stop

scene_start '[' 'comm=app\x20(docker)' tcp-listen=127.0.0.1:7405 ']' \
	'[' 'comm=x>10.0.0.1:80' tcp-listen=127.0.0.1:7406 ']'
run audit
t_like "$(out)" "^7405 .* 'app.x20\(docker\)'" "what looks like a container is a name"
t_like "$(out)" "^7406 .* 'x>10.0.0.1:80'" "so is what looks like where a port leads"
scene_stop

# ---- nothing in /proc/PID/fd -----------------------------------------------------------------
scene_start comm=courier tcp-listen=127.0.0.1:7402 to-flight
run audit --json
t_is "$(json '"\n".join(codes(port=7402))')" "high hidden-listener" "in a message nobody has received"
t_like "$(text port=7402)" 'on its way to courier\[' "and for whom it is"
scene_stop
scene_start comm=threads tcp-listen=0.0.0.0:6379 to-thread
if supported to-thread; then
	run audit --json
	t_json "in a thread's own table: found, with its process" "codes(port=6379) == \
		['high exposed-service'] and finds()[0]['pid'] == $(fact to-thread thread pid)"
else
	skip "in a thread's own table" "$(why_not to-thread)"
fi
scene_stop
scene_start newnet comm=away tcp-listen=0.0.0.0:6379 raw "setns=/proc/$$/ns/net"
run audit --json
t_rc 1 "in a namespace that only sockets keep: judged"
t_json "with its process, in its namespace" "[(f['code'], f['proc']) for f in finds() if
	f['netns'] != $(stat -Lc %i /proc/self/ns/net)] == [('sniffer', 'away')]"
t_json "what listens there can be reached from nowhere, but it is listed" \
	"[v['port'] for v in d['services'] if v['proto'] == 'tcp'] == [6379]"
scene_stop

# ---- there for a moment ------------------------------------------------------------------------
if command -v strace >/dev/null; then
	WITH='' LIMIT=60
	timeout -k 5 60 $python "$top/tests/vanish.py" "$SCENE" "$LSSOCK" audit --json --workers 0 \
		--collector proc >"$T/out" 2>"$T/err"
	rc=$?
	t_rc 0 "a listener that was there for the dump alone"
	t_is "$(json '"\n".join(codes(port=7300))')" "info vanished" "it is not dropped"
	t_json "there is no excuse for it" 'd["complete"] and d["unjudged"] == []'
else
	skip "a listener that was there for the dump alone" "no strace"
fi

# ---- names -----------------------------------------------------------------------------------
esc=$(printf 'a\033[31m\302\233\342\200\256\377b\nc')
mkdir "$T/$esc"
cp "$SCENE" "$T/$esc/redis-server"
cat >"$T/start" <<'END'
#!/bin/sh
exec "$T"/a*/redis-server "$@"
END
chmod 755 "$T/start"
dir='a\x1b[31m\xc2\x9b\xe2\x80\xae\xffb\x0ac'
bytes='a\x1b[31m\xc2\x9b\xe2\x80\xae\xff\x0ab'
other_start "$T/start" "comm=$bytes" "argv0=$bytes" tcp-listen=0.0.0.0:7403 \
	"unix-listen=@$bytes" "unix-listen=$T/$dir/docker.sock,mode=0666" packet raw=254
rm "$T/$esc/redis-server"
for format in table json jsonl csv tsv openmetrics; do
	case $format in tsv | openmetrics) tabs=--tabs ;; *) tabs='' ;; esac
	run audit --format $format
	case $rc in
	1) t_ok "$format: clean" $python "$top/tests/clean.py" ${tabs:+"$tabs"} "$T/out" "$T/err" ;;
	*) t_rc 1 "$format" ;;
	esac
done
run audit --json
t_ok "jq takes the JSON" jq -e . "$T/out"
t_json "all of it was judged" 'codes() == ["high control-socket", "high exposed-service",
	"medium exe-deleted", "medium sniffer", "medium sniffer"]'
WITH="setpriv --reuid 65534 --regid 65534 --clear-groups"
if have_uids; then
	run audit
	t_rc 1 "by another user: what can be seen is found"
	t_like "$(out)" 'could not be judged; incomplete' "what cannot is said"
	t_ok "and that is clean" $python "$top/tests/clean.py" "$T/out" "$T/err"
fi
WITH=
run audit --policy-init
t_ok "the policy made of it is clean" $python "$top/tests/clean.py" "$T/out" "$T/err"
run audit --save "$T/baseline"
t_ok "so is the baseline" $python "$top/tests/clean.py" "$T/baseline" "$T/err"
other_stop
# last: the kernel lets go of a ring's files some time after its end
scene_start comm=ringer tcp-listen=127.0.0.1:7404 to-ring
if supported to-ring; then
	run audit --json
	t_is "$(json '"\n".join(codes(port=7404))')" "high hidden-listener" "in an io_uring"
	t_like "$(text port=7404)" 'in an io_uring of ringer\[' "and whose"
else
	skip "in an io_uring" "$(why_not to-ring)"
fi
scene_stop
t_done
