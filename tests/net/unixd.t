#!/bin/sh
# SPDX-License-Identifier: MIT
# A daemon on a unix socket file of group 1, mode 0660, with a client: path,
# who may connect, both ends; then the file is unlinked, then replaced.
. "$(dirname "$0")/../lib.sh"
in_ns
sock=$T/daemon.sock
gid=$(have_uids && echo ,gid=1)
scene_start comm=daemon "unix-listen=$sock,mode=0660$gid" \
	'[' comm=client unix-connect ']' unix-accept
server=$(fact unix-listen listener pid) client=$(fact unix-connect client pid)
listener=$(fact unix-listen listener inode) accepted=$(fact unix-accept server inode)
far=$(fact unix-connect client inode)

run -x --json -a
t_rc 0 "-x"
t_json "three sockets" 'len(socks(proto="unix")) == 3 and len(d["sockets"]) == 3'
t_json "the path" "one(inode=$listener)['path'] == '$sock'"
t_json "its owner" "owners(one(inode=$listener)) == [($server, $(fact unix-listen listener fd))]"
t_json "states" "(one(inode=$listener)['state'], one(inode=$far)['state']) == ('LISTEN', 'ESTABLISHED')"
t_json "the server's end is the client's peer" "(one(inode=$far)['peer']['inode'], \
	owners(one(inode=$far)['peer'])) == ($accepted, [($server, $(fact unix-accept server fd))])"
t_json "and the other way round" "(one(inode=$accepted)['peer']['inode'], \
	owners(one(inode=$accepted)['peer'])) == ($far, [($client, $(fact unix-connect client fd))])"
t_json "who may connect" "one(inode=$listener)['scope'] == 'group'"

file() { run -x --json -l --columns +file_state,file_user,file_group,file_mode "path:$sock"; }
file
t_rc 0 "the file's owner, group and mode are columns"
t_json "the file is there" 'one()["file_state"] == "live"'
t_json "owner" 'one()["file_user"] == "root"'
if have_uids; then
	t_json "group" 'one()["file_group"] == "daemon"'
else
	skip "group" "a user namespace of one group"
fi
t_json "mode" 'one()["file_mode"] in ("0660", 0o660)'

run -x --json -l --columns path,file_mode,file_state "path:$sock"
t_json "these columns alone are enough to look" '(one()["file_mode"] in ("0660", 0o660)) and
	one()["file_state"] == "live"'

if have_uids; then
	cp "$LSSOCK" "$T/lssock"
	was=$LSSOCK LSSOCK=$T/lssock WITH="setpriv --reuid 65534 --regid 65534 --clear-groups"
	run -x --json -l --columns +file_state,file_user,file_mode "path:$sock"
	t_json "an owner that may not be known: the file is there all the same" \
		'(one()["owners"], one()["file_state"], one()["file_user"], one()["scope"]) ==
		([], "live", "root", "group")'
	LSSOCK=$was WITH=
else
	skip "seen by another user" "a user namespace of one uid"
fi

run "$sock"
t_rc 0 "the path alone finds it"
t_like "$(out)" "daemon\[$server\]" "and says whose it is"
run -xl
t_like "$(out)" "$sock.* $server .*daemon" "-xl: path, pid, process"

scene_do unlink
file
t_json "unlinked: still there, and said so" "one()['path'] == '$sock' and \
	one()['file_state'] == 'deleted'"
t_json "unlinked: no mode is made up" 'one()["file_mode"] is None and one()["file_group"] is None'
run -x --json "path:$sock"
t_json "unlinked: both ends still know each other" \
	"one(inode=$accepted)['peer']['inode'] == $far"
: >"$sock"
file
t_json "replaced by a file: said so" 'one()["file_state"] == "replaced"'
rm "$sock"
scene_do "unix-listen=$sock,mode=0600"
file
t_json "another socket of that name: which is which" "(one(inode=$listener)['file_state'], \
	one(inode=$(fact unix-listen listener inode 2))['file_state']) == ('replaced', 'live')"
scene_stop
rm -f "$sock"

# odd ones
scene_start 'unix-listen=@a\x00b\x1b[31m' unix-connect "unix-dgram=$T/dgram" unix-dgram-client \
	unix-dgram-client unix-pair unix-seqpacket=@seq unix-conn
run -x --json -a
t_json "abstract with a NUL and an escape: whole, and no escape in it" \
	'one(path="@a\\x00b\\x1b[31m", state="LISTEN")'"['inode'] == $(fact unix-listen listener inode)"
t_json "a client not accepted yet has no peer" \
	"one(inode=$(fact unix-connect client inode))['peer'] is None"
t_json "the two of a pair" "one(inode=$(fact unix-pair a inode))['peer']['inode'] == \
	$(fact unix-pair b inode)"
t_json "datagram clients point at their server" "one(inode=$(fact unix-dgram-client client inode 2))\
['peer']['inode'] == $(fact unix-dgram server inode)"
t_json "types" "(one(inode=$(fact unix-dgram server inode))['type'], \
	one(inode=$(fact unix-seqpacket listener inode))['type']) == ('dgram', 'seqpacket')"
run -x --json -l
t_json "-l: listening, and the datagram server" "sorted(s['inode'] for s in d['sockets']) == sorted([\
	$(fact unix-listen listener inode), $(fact unix-dgram server inode), \
	$(fact unix-seqpacket listener inode)])"
scene_stop
t_done
