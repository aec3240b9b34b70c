#!/bin/sh
# SPDX-License-Identifier: MIT
# A file system that never answers, held open by a process and lying over the
# path of a socket: the answer comes in time, with a note about what was not read.
. "$(dirname "$0")/../lib.sh"
in_ns
# the leak checker and strace (or a thread that never ends) exclude each other
ASAN_OPTIONS=detect_leaks=0
export ASAN_OPTIONS
[ -e /dev/fuse ] || skip_all "no /dev/fuse"
mkdir "$T/mnt"
trap 'umount -l "$T/mnt" 2>/dev/null; rm -rf "$T"' EXIT
others=
for n in $(seq 19); do
	others="$others unix-listen=$T/other$n"
done
# shellcheck disable=SC2086
scene_start comm=server tcp-listen=127.0.0.1:7700 "unix-listen=$T/mnt/sock" $others \
	"unix-listen=$T/mnt/sock2"
mkfifo "$T/in2" "$T/said2"
$python "$top/tests/deadfs.py" "$T/mnt" <"$T/in2" >"$T/said2" &
dead=$!
exec 6>"$T/in2"
read -r line <"$T/said2"
if [ "$line" != mounted ]; then
	exec 6>&-
	scene_stop
	skip_all "no FUSE mount here: $line"
fi
before=$(date +%s)
LIMIT=30
run --json -tl
t_rc 0 "TCP, with a dead mount held by a process"
t_json "complete" 'd["complete"] and len(d["sockets"]) == 1'
run --json -xl --columns +file_state
t_rc 0 "unix, a socket's path below the dead mount"
t_json "every row" 'len(d["sockets"]) == 21'
t_json "the file that cannot be looked at is not called deleted" \
	"one(path='$T/mnt/sock')['file_state'] is None"
t_json "the others were" "all(s['file_state'] == 'live' for s in d['sockets']
	if '/mnt/' not in s['path'])"
t_json "and that is said" '[(n["kind"], n["count"]) for n in d["notes"]] == [("late", 2)]'
run -xl -e
t_ok "all of it took less than 20 s" test $(($(date +%s) - before)) -lt 20
umount -l "$T/mnt"
exec 6>&-
wait "$dead"
scene_stop
t_done
