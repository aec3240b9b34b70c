#!/bin/sh
# SPDX-License-Identifier: MIT
# Who holds what listens: programs whose file is not what it was, sockets without a
# process, hidden ones, those who read packets, sockets by which a daemon is ruled.
. "$(dirname "$0")/../lib.sh"
in_ns

text() { json "' / '.join(f['text'] for f in finds($1))"; }
# has WHAT WANTED CODE… : the findings that are WANTED are these, as "severity code".
has()
{
	t_what=$1 t_wanted=$2
	shift 2
	t_is "$(json "'\n'.join(codes($t_wanted))")" "$(printf '%s\n' "$@" | sort)" \
		"$t_what: ${*:-nothing}"
}

# ---- the file of the program --------------------------------------------------------
mkdir "$T/bin" "$T/open"
chmod 1777 "$T/open"
cp "$SCENE" "$T/bin/server"
other_start "$T/bin/server" comm=server tcp-listen=127.0.0.1:7001 forked=3
run audit --json
has "a program as it should be" "port=7001"
rm "$T/bin/server"
run audit --json
has "a deleted program" "port=7001" "medium exe-deleted"
t_like "$(text port=7001)" '^server\[[0-9]+\] and 2 more processes run .*/bin/server, which has been deleted$' \
	"how many run it, and where it was"
cp "$SCENE" "$T/bin/server"
run audit --json
has "another file has its name" "port=7001" "high exe-replaced"
other_stop
cp "$SCENE" "$T/open/server"
other_start "$T/open/server" comm=server tcp-listen=127.0.0.1:7002
run audit --json
has "in a folder of everybody" "port=7002" "high exe-writable"
other_stop

# ---- no process, or none to be seen ----------------------------------------------------
mkdir "$T/empty"
other_start "$SCENE" comm=ghost tcp-listen=127.0.0.1:7003
pid=$(sed -n 's/.* pid=\([0-9]*\) .*/\1/p' "$T/other")
run audit --json
has "a process in sight" "port=7003"
# In a pid namespace of our own it could as well be held outside: no verdict, no pass.
if t_said=$(mount --bind "$T/empty" "/proc/$pid" 2>&1); then
	run audit --json --collector proc
	t_rc 3 "one that /proc does not show: no verdict"
	has "nor a finding" "port=7003"
	t_json "but it is said" '[u["text"] for u in d["unjudged"]] == [
		"tcp 127.0.0.1:7003 other-pidns: who holds it could not be seen"]'
	umount "/proc/$pid"
else
	skip "one that /proc does not show" "$t_said"
fi
other_stop
if have_uids; then
	scene_start tcp-listen=127.0.0.1:7004
	WITH="setpriv --reuid 65534 --regid 65534 --clear-groups"
	run audit --json
	WITH=
	t_rc 3 "who may not look gets no verdict"
	has "nothing is found of what was not seen" "port=7004"
	t_json "but it is said" \
		'[u["text"] for u in d["unjudged"] if "127.0.0.1:7004" in u["text"]] != []'
	scene_stop
fi

# ---- packets -----------------------------------------------------------------------------
scene_start packet
if supported packet; then
	run audit --json
	has "who reads packets" 'proto="packet"' "medium sniffer"
	t_is "$(text 'proto="packet"')" "it reads all packets of every interface" "all of them"
	scene_stop
	scene_start raw=6 raw=255
	run audit --json
	has "raw sockets" 'code="sniffer"' "low sniffer" "medium sniffer"
	scene_stop
	if [ -d /usr/libexec ] && t_said=$(mount -t tmpfs -o mode=755 tmpfs /usr/libexec 2>&1); then
		cp "$SCENE" /usr/libexec/lldpd
		cp "$SCENE" "$T/bin/lldpd"
		other_start /usr/libexec/lldpd comm=lldpd packet=0x88cc
		run audit --json
		has "a program whose work that is" 'code="sniffer"' "info sniffer"
		t_is "$(text 'proto="packet"')" "it reads packets of type lldp of every interface" \
			"and what it reads"
		other_stop
		other_start "$T/bin/lldpd" comm=lldpd packet=0x88cc
		run audit --json
		has "one that has only its name" 'code="sniffer"' "medium sniffer"
		other_stop
		umount /usr/libexec
	else
		skip "a program whose work that is" "${t_said:-no /usr/libexec}"
	fi
else
	skip "packet sockets" "$(why_not packet)"
	scene_stop
fi

# ---- unix sockets ---------------------------------------------------------------------------
mkdir "$T/run" "$T/run/a" "$T/run/b" "$T/run/c"
cd "$T/run" || exit
gid=
! have_uids || gid=,gid=65533
while read -r path mode severity; do
	case $gid$mode in
	06[67]0 | 0770)
		skip "$path $mode" "a user namespace of one group"
		continue ;;
	esac
	scene_start "unix-listen=$PWD/$path,mode=$mode$gid"
	run audit --json
	has "$path $mode" "" ${severity:+"$severity control-socket"}
	scene_stop
done <<END
a/docker.sock 0660 medium
b/docker.sock 0666 high
c/docker.sock 0600
mysqld.sock 0777 medium
redis.sock 0770 low
snapd.socket 0666
agent.sock 0666
END
cd "$top" || exit
scene_start "unix-listen=$T/run/one" "unix-listen=$T/run/two" "unlink=$T/run/two" \
	"unix-listen=$T/run/three" "unlink=$T/run/three" "[" comm=thief "unix-listen=$T/run/three" ']'
run audit --json
has "paths that are gone or somebody else's" 'code="socket-file"' "high socket-file" \
	"low socket-file"
t_like "$(text 'severity="high"')" '/run/three is another file now' "which one is replaced"
t_json "the thief himself is well" "finds(proc='thief') == []"
scene_stop
t_done
