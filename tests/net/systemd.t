#!/bin/sh
# SPDX-License-Identifier: MIT
# The units: what systemd says of them; and that an audit with what the service is
# allowed, and no more, sees what root sees. Each of its capabilities is needed.
. "$(dirname "$0")/../lib.sh"
in_ns

unit=$top/src/systemd/lssock-audit.service
# of KEY: all values of a directive, in one line.
of() { sed -n "s/^$1=//p" "$unit" | tr '\n' ' ' | sed 's/ $//'; }

# ---- systemd ------------------------------------------------------------------------

if command -v systemd-analyze >/dev/null; then
	mkdir -p "$T/units" "$T/bin"
	cp "$LSSOCK" "$T/bin/lssock"
	sed "s,@PREFIX@,$T," "$unit" >"$T/units/lssock-audit.service"
	cp "$top/src/systemd/lssock-audit.timer" "$T/units"
	for u in service timer; do
		t_is "$(systemd-analyze verify --man=no "$T/units/lssock-audit.$u" 2>&1)" "" \
			"the $u is well-formed"
	done
	if systemd-analyze security --help 2>&1 | grep -q -e --offline; then
		t_ok "its exposure is low" systemd-analyze security --no-pager --offline=yes \
			--threshold=40 "$T/units/lssock-audit.service"
	else
		skip "its exposure" "this systemd-analyze reads no unit files"
	fi
else
	skip "the units are well-formed" "no systemd-analyze"
fi
t_is "$(of SuccessExitStatus)" 1 "findings are no failure of the service"
t_is "$(grep -cE '^(PrivateTmp|PrivateDevices|PrivateNetwork|PrivateUsers|ProtectProc|ProcSubset|TemporaryFileSystem|InaccessiblePaths|RootDirectory)=|^ProtectHome=yes' "$unit")" \
	0 "nothing of what is to be audited is hidden from it"

# ---- capabilities ---------------------------------------------------------------------

[ "$(id -u)" = 0 ] && have_uids || { skip "least capabilities" "not root of several users"; t_done; }
t_said=$(private_run 2>&1 && ip netns add box 2>&1) ||
	{ skip "least capabilities" "no named namespaces here: $t_said"; t_done; }
ip -n box link set lo up
mkdir -m 700 /run/closed
chmod 711 "$T"
if ! setpriv --reuid 65534 --clear-groups test -x "$LSSOCK"; then
	mkdir -m 755 /run/bin
	cp "$LSSOCK" /run/bin/lssock
	LSSOCK=/run/bin/lssock
fi
# Of root and of another user, in a namespace with a name, in one that only a socket
# keeps, behind a folder that is closed to others; one that nobody holds.
scene_start newnet comm=kept tcp-listen=0.0.0.0:7011 "setns=/proc/$$/ns/net" \
	'[' comm=root tcp-listen=0.0.0.0:6379 unix-listen=/run/closed/control packet ']' \
	'[' comm=box setns=/run/netns/box tcp-listen=0.0.0.0:7012 ']' \
	'[' comm=ring tcp-listen=127.0.0.1:7013 to-ring close ']' \
	'[' comm=other uid=1234 tcp-listen=127.0.0.1:7014 ']'

# What an audit says, but for what is of that run: rows are as they are found.
said()
{
	$python - "$T/out" <<-'END'
	import json, sys
	d = json.load(open(sys.argv[1]))
	print("complete", d["complete"])
	for what in ("unjudged", "services", "findings"):
	    for x in sorted(json.dumps(x, sort_keys=True) for x in d[what]):
	        print(what, x)
	END
}
# with CAPS CMD…: a user with these and no others, as ambient ones.
all=$(of CapabilityBoundingSet)
list() { for c in "$@"; do printf ',+%s' "$(echo "${c#CAP_}" | tr 'A-Z' 'a-z')"; done; }
as_user()
{
	c=-all$(list "$@")
	echo "setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=$c --ambient-caps=$c \
		--bounding-set=$c --no-new-privs --"
}
run audit --json
said >"$T/root"
status=$rc
t_like "$(cat "$T/root")" '^complete True' "root sees everything"
for port in 6379 7011 7012 7013 7014; do
	t_like "$(cat "$T/root")" "\"port\": $port,?" "port $port is there"
done
# shellcheck disable=SC2046,SC2086
WITH=$(as_user $all) run audit --json
t_is "$rc" "$status" "a user with the capabilities of the service: the same exit status"
said >"$T/user"
t_is "$(diff "$T/root" "$T/user")" "" "and the same audit"
WITH="setpriv --bounding-set=-all$(list $all) --no-new-privs --" run audit --json
said >"$T/bound"
t_is "$(diff "$T/root" "$T/bound")" "" "so is that of root who has no others"
# As ProtectSystem=strict and its kin have it: other namespaces of mounts, IPC and host
# name, all of them read-only.
cat >"$T/read-only" <<'END'
awk '{ print $5 }' /proc/self/mountinfo | tac |
	while read -r m; do mount -o remount,bind,ro "$m" 2>/dev/null; done
if (: >/run/written) 2>/dev/null; then echo "not read-only" >&2; exit 9; fi
exec "$@"
END
WITH="unshare -m -i -u sh $T/read-only setpriv --bounding-set=-all$(list $all) --no-new-privs --" \
	run audit --json
said >"$T/strict"
t_is "$(diff "$T/root" "$T/strict")$(err)" "" "and with a file system that is read-only"
for without in $all; do
	rest=
	for c in $all; do [ "$c" = "$without" ] || rest="$rest $c"; done
	# shellcheck disable=SC2046,SC2086
	WITH=$(as_user $rest) run audit --json
	said >"$T/less"
	t_is "$(cmp -s "$T/root" "$T/less" && echo same)" "" "without $without it is not the same"
	t_like "$(head -1 "$T/less")" 'False' "and says so: incomplete"
done

# ---- the sandbox -------------------------------------------------------------------------

if ! command -v systemd-analyze >/dev/null || ! strace -o /dev/null true 2>/dev/null; then
	skip "system calls" "no systemd-analyze, or strace may not trace here"
elif sanitized; then
	skip "system calls" "the sanitizers have their own"
else
	# group NAME: its system calls, and those of groups in it.
	group()
	{
		systemd-analyze syscall-filter "$1" 2>/dev/null | sed '1,2d; s/^ *//; /^#/d; /^$/d' |
			while read -r name; do
				case $name in @*) group "$name" ;; *) echo "$name" ;; esac
			done
	}
	sed -n 's/^SystemCallFilter=//p' "$unit" | while read -r line; do
		case $line in '~'*) sign=- ;; *) sign=+ ;; esac
		for name in ${line#'~'}; do
			case $name in @*) group "$name" ;; *) echo "$name" ;; esac | sed "s/^/$sign /"
		done
	done | awk '$1 == "+" { on[$2] = 1 } $1 == "-" { delete on[$2] }
		END { for (i in on) print i }' | sort >"$T/allowed"
	t_ok "the filter is read" grep -qx openat "$T/allowed"
	under_strace "$LSSOCK" audit --format openmetrics --output "$T/out.prom" 2>/dev/null
	# Begun or resumed; the first execve is not its own.
	sed -nE 's/^[0-9]+ +([a-z_0-9]+)\(.*/\1/p' "$T/strace" | sort -u | grep -vx execve >"$T/calls"
	t_ok "system calls are seen" grep -qx setns "$T/calls"
	t_is "$(comm -23 "$T/calls" "$T/allowed" | tr '\n' ' ')" "" "it calls nothing that is forbidden"
	t_is "$(grep -oE 'socket\(AF_[A-Z0-9]+' "$T/strace" | sed 's/.*(//' | sort -u |
		grep -vxE "$(of RestrictAddressFamilies | tr ' ' '|')")" "" \
		"and makes no sockets of other families"
	t_is "$(grep -oE 'setns\([0-9]+, [^)]*' "$T/strace" | grep -v CLONE_NEWNET)" "" \
		"and enters network namespaces only, by their name"
fi
scene_stop
t_done
