#!/bin/sh
# SPDX-License-Identifier: MIT
# Names of hosts, services and users with -r: which are believed, how long one waits for
# them, and that nobody is asked without -r.
. "$(dirname "$0")/../lib.sh"
in_ns
ip addr add 2001:db8::9/128 dev lo nodad

# An /etc of our own.
mkdir "$T/etc"
for f in passwd group services ld.so.cache protocols; do
	[ ! -e "/etc/$f" ] || cp "/etc/$f" "$T/etc/$f"
done
grep -v '^nobody:\|:65534:' /etc/passwd >"$T/etc/passwd"
printf 'http 80/tcp\nsyslog 514/udp\nshell 514/tcp\nevil:22\\x20 7777/tcp\n42 7778/tcp\nhigh 40000/tcp\n' \
	>"$T/etc/services"
printf 'passwd: files systemd\nhosts: files dns\nservices: files\n' >"$T/etc/nsswitch.conf"
printf 'nameserver 127.0.0.53\noptions timeout:6 attempts:2\n' >"$T/etc/resolv.conf"
cat >"$T/etc/hosts" <<'END'
127.0.0.1 localhost
127.0.0.9 alpha.test alpha
127.1.2.3 beta.test
2001:db8::9 six.test
127.0.0.20 10.0.0.1
127.0.0.21 127.21
127.0.0.22 0x7f.22
127.0.0.23 -rf
127.0.0.24 dot.test.
127.0.0.25 ümlaut.test
END
[ ! -d /etc/alternatives ] || cp -dR /etc/alternatives "$T/etc"
mount --bind "$T/etc" /etc

long=$(printf 'a%.0s' $(seq 60))
cat >"$T/zone" <<END
127.9.0.1 good.test
good.test 127.9.0.1
good.test 127.9.0.77
127.9.0.2 liar.test
liar.test 127.9.0.99
127.9.0.3 ...
127.9.0.4 10 0 0 1
127.9.0.5 up \\x1b[2J test
127.9.0.6 a\\x20b test
127.9.0.7 alpha.test:22
127.9.0.8 10.0.0.1 test
127.9.0.9 $long.$long.$long.test
$long.$long.$long.test 127.9.0.9
127.9.0.10 alpha.test
127.9.0.11 nowhere.test
END
mkfifo "$T/dns" "$T/dns-says"
$python "$top/tests/nameserver.py" "$T/zone" 127.0.0.53 "$T/asked" <"$T/dns" >"$T/dns-says" &
dns_pid=$!
exec 7>"$T/dns" 6<"$T/dns-says"
read -r ready <&6
t_is "$ready" ready "there is a name server"

# ---- /etc/hosts -------------------------------------------------------------

scene_start comm=web tcp-listen=127.0.0.9:80 'tcp-listen=[2001:db8::9]:80' \
	udp=127.0.0.9:514 udp=127.1.2.3:9 tcp-listen=0.0.0.0:514 tcp-listen=127.0.0.9:7777 \
	tcp-listen=127.0.0.9:7778
run -r
t_rc 0 "-r"
t_like "$(out)" '^tcp +alpha\.test:http  .* web$' "a host and a service by their names"
t_like "$(out)" '^tcp +six\.test:http ' "IPv6: without brackets"
t_like "$(out)" '^udp +alpha\.test:syslog ' "a service by its protocol"
t_like "$(out)" '^udp +beta\.test:9 ' "a host whose service has no name"
t_like "$(out)" '^tcp +0\.0\.0\.0:shell ' "every address has none"
t_like "$(out)" '^tcp +alpha\.test:7777 ' "a service whose name is not plain"
t_like "$(out)" '^tcp +alpha\.test:7778 ' "nor one that is a number"
run -rn
t_like "$(out)" '^tcp +127\.0\.0\.9:80 ' "-n after it: numbers"
run -nr
t_like "$(out)" '^tcp +alpha\.test:http ' "-r after that: names"
run -rW lport:80
t_like "$(out)" '^tcp +alpha\.test\(127\.0\.0\.9\):http ' "-W: both"
t_like "$(out)" '^tcp +six\.test\(\[2001:db8::9\]\):http ' "-W, IPv6"
run -r --columns laddr,lport,lhost,rhost lport:80
t_like "$(out)" '^127\.0\.0\.9 +80 +alpha\.test +-$' "the number is a column, and so is the name"
run -rl
t_like "$(out)" '^ *80 +tcp +alpha\.test ' "-l"
run -r src alpha.test
t_is "$(out | grep -c alpha)" 4 "the filter takes hosts"
run -r 'rhost:x or lhost:beta*'
t_is "$(out | sed 1d | wc -l)" 1 "and their names as fields"
t_like "$(out)" 'beta\.test:9 ' "the right one"
run -r not lhost:alpha.test
t_unlike "$(out)" 'alpha' "or what has none"
run -r --limit 1 --sort lhost --columns lhost
t_is "$(out | sed 1d)" alpha.test "names are sorted before rows are cut off"
run -r --group-by lhost
t_like "$(out)" '^beta\.test +1 ' "and grouped"
run -r --json lport:80
t_json "JSON keeps the numbers" 'sorted(s["laddr"] for s in d["sockets"]) ==
	["127.0.0.9", "2001:db8::9"] and all(s["lport"] == 80 for s in d["sockets"])'
t_json "and has names beside them" 'sorted(s["lhost"] for s in d["sockets"]) ==
	["alpha.test", "six.test"] and all(s["rhost"] is None for s in d["sockets"])'
run --json lport:80
t_json "without -r it has no such keys" 'not any("lhost" in s or "rhost" in s
	for s in d["sockets"])'
run -r --csv --columns lport,lhost lport:80
t_like "$(out)" '^80,alpha\.test' "CSV"
run -r --json --columns local lport:80
t_json "an end in JSON is a number" '"127.0.0.9:80" in [s["local"] for s in d["sockets"]]'
for args in "--columns lhost" "--sort rhost" "--group-by rhost" "lhost:x" "-rn -C rhost"; do
	# shellcheck disable=SC2086
	run $args
	t_rc 2 "$args without -r"
	t_like "$(err | head -1)" '-r' "and which option it takes"
done
scene_stop

# Whose name is not shown, though /etc/hosts has it.
scene_start comm=web udp=127.0.0.20:1 udp=127.0.0.21:1 udp=127.0.0.22:1 udp=127.0.0.23:1 \
	udp=127.0.0.24:1 udp=127.0.0.25:1
run -r
for n in 20 21 22 23 24 25; do
	t_like "$(out)" "^udp +127\\.0\\.0\\.$n:1 " "the number stays: $(grep "0\\.$n " "$T/etc/hosts")"
done
t_is "$(err)" "" "and nothing is said"
scene_stop

# Connections: the port that the kernel chose is no service.
scene_start comm=web tcp-listen=127.0.0.9:80 '[' comm=curl tcp-connect=127.0.0.9 ']' accept
echo "curl $(fact tcp-connect client lport)/tcp" >>"$T/etc/services"
run -r state established
t_like "$(out)" '^tcp +[a-z]*(127\.0\.0\.1|localhost|alpha.test):[0-9]+ +out +alpha\.test:http ' \
	"both ends, and no service at a port of a client"
run -r "$(fact tcp-connect client lport)"
t_like "$(out)" 'curl.* > alpha\.test:80' "the story of a port has them too"
run "$(fact tcp-connect client lport)"
t_like "$(out)" 'curl.* > 127\.0\.0\.9:80' "or else numbers"
scene_stop

# ---- users -------------------------------------------------------------------

if ! have_uids; then
	skip "users by NSS" "a user namespace of one uid"
elif ! getent passwd 65534 >/dev/null; then
	skip "users by NSS" "nothing here but /etc/passwd names any"
else
	cp "$LSSOCK" "$T/lssock"
	scene_start comm=web '[' uid=65534 comm=curl udp=127.0.0.9:9099 ']' tcp-listen=127.0.0.9:80 \
		'[' comm=curl tcp-connect=127.0.0.9 ']' accept
	run --columns user,lport lport:9099
	t_like "$(out)" '^65534 ' "a user who is not in /etc/passwd"
	run -r --columns user,puser,lport lport:9099
	t_like "$(out)" '^nobody +nobody +9099$' "has a name with -r"
	run -r user:nobody
	t_like "$(out)" ' alpha\.test:9099 ' "and the filter knows it"
	run user:nobody
	t_rc 1 "as it does not without"
	run audit -r user:nobody --json
	t_json "in an audit too" 'any(s["port"] == 9099 for s in d["services"])'
	LSSOCK=$T/lssock WITH="setpriv --reuid 65534 --regid 65534 --clear-groups" run -r 80
	t_like "$(out)" 'clients +1 connected now \((localhost|alpha.test)\)' "a client in a story"
	scene_stop
fi

# ---- a name server ----------------------------------------------------------

: >"$T/asked"
scene_start comm=web udp=127.9.0.1:1 udp=127.9.0.2:1 udp=127.9.0.4:1 udp=127.9.0.5:1 \
	udp=127.9.0.6:1 udp=127.9.0.7:1 udp=127.9.0.8:1 udp=127.9.0.9:1 udp=127.9.0.10:1 \
	udp=127.9.0.11:1 udp=127.9.0.77:1
run
run --json -i -e -m -o
run -l
run -A all -a
run proc:web
run 1
t_is "$(cat "$T/asked")" "" "without -r nobody is asked"
if strace -V >/dev/null 2>&1; then
	for args in "-tulpn" "--json -A all -a" "-s" "1" "audit" "-rn"; do
		# shellcheck disable=SC2086
		under_strace -e trace=open,openat,connect,sendto,sendmmsg "$LSSOCK" $args >/dev/null 2>&1
		t_unlike "$(cat "$T/strace")" 'nsswitch|etc/hosts|resolv\.conf|htons\(53\)' \
			"$args: no name service is read or asked"
	done
	under_strace -e trace=open,openat,connect,sendto,sendmmsg "$LSSOCK" -r >/dev/null 2>&1
	t_like "$(cat "$T/strace")" 'etc/hosts' "-r does"
else
	skip "nothing is asked" "no strace"
fi
# A lookup that hangs when the program ends has memory of the C library.
ASAN_OPTIONS=detect_leaks=0
export ASAN_OPTIONS
run -r
t_rc 0 "with a name server"
t_like "$(out)" '^udp +good\.test:1 ' "a name that leads back is believed"
t_like "$(out)" '^udp +127\.9\.0\.2:1 ' "one that leads elsewhere is not"
t_like "$(out)" '^udp +127\.9\.0\.11:1 ' "nor one that leads nowhere"
t_like "$(out)" '^udp +127\.9\.0\.10:1 ' "nor the name of another host"
for n in 4 5 6 7 8; do
	t_like "$(out)" "^udp +127\\.9\\.0\\.$n:1 " "not shown: $(sed -n "s/^127.9.0.$n //p" "$T/zone")"
done
t_like "$(out)" "^udp +$long\\.$long\\.$long\\.test:1 " "a long name"
t_is "$(out | grep -c ' web$')" 11 "each row is one line"
t_unlike "$(out | cat -v)" '\^|10\.0\.0\.1|alpha' "nothing of what was forged"
t_like "$(cat "$T/asked")" '^liar\.test 1$' "names are asked for their addresses"
scene_stop

# ---- one that does not answer -----------------------------------------------

# Far from how long the resolver would wait.
within()
{
	began=$(date +%s)
	run "$@"
	took=$(($(date +%s) - began))
}
scene_start comm=web udp=127.9.0.1:1 udp=127.9.0.3:1
within -r
t_rc 0 "a name server that is silent: exit 0"
t_ok "after 3 s or little more ($took)" test "$took" -ge 2 -a "$took" -le 8
t_like "$(out)" '^udp +127\.9\.0\.3:1 ' "the number stays"
t_like "$(out)" '^udp +good\.test:1 ' "others have their names"
t_is "$(err)" "lssock: 1 name was not found in time and stays a number" "one line says so"
within -r --strict --json
t_rc 0 "that is no incomplete answer"
t_json "a note of its own" 'd["complete"] is True and
	[(n["kind"], n["count"]) for n in d["notes"] if n["kind"] == "names-late"] ==
	[("names-late", 1)]'
within watch --batch -r --rounds 3 --interval 0.1
t_rc 0 "rounds"
t_is "$(out | grep -c good.test)" 3 "have names"
t_ok "and wait once ($took)" test "$took" -le 8
scene_stop

# ---- recordings ---------------------------------------------------------------

scene_start comm=web udp=127.9.0.1:1 udp=127.0.0.9:1
run record -r "$T/with"
t_rc 0 "recorded with names"
run record "$T/without"
run record -r --anon "$T/anon"
t_rc 0 "and anonymously"
scene_stop
exec 7>&- 6<&-
wait "$dns_pid"
umount /etc
run -r --from "$T/with"
t_like "$(out)" '^udp +good\.test:1 ' "names of a recording"
run --from "$T/with"
t_like "$(out)" '^udp +127\.9\.0\.1:1 ' "only with -r"
run -r --from "$T/without"
t_rc 0 "a recording without names"
t_like "$(out)" '^udp +127\.9\.0\.1:1 ' "has numbers"
t_is "$(err)" "" "and that is no note"
run -r --from "$T/anon"
t_unlike "$(out)" 'good|alpha' "names are made anonymous"
t_like "$(out)" '^udp +[a-z]{4}\.[a-z]{4}:1 ' "and still belong to their addresses"
t_done
