#!/bin/sh
# SPDX-License-Identifier: MIT
# --output FILE: the file is the whole new answer or the whole old one, whatever fails.
. "$(dirname "$0")/../lib.sh"

tape=$top/fixtures/tapes/tcp.tape
dir=$T/folder
file=$dir/sockets
mkdir "$dir"
umask 022

# to FILE ARG…: of that recording.
to() { t_to=$1; shift; run "$@" --from "$tape" --output "$t_to"; }
# left TEXT: nothing but the old file is there.
left() { t_is "$(ls -A "$dir"): $(cat "$file")" "sockets: old" "$1"; }

run --csv --from "$tape"
cp "$T/out" "$T/want"
to "$file" --csv
t_rc 0 "a file is written"
t_ok "the answer is in it" cmp "$file" "$T/want"
t_is "$(out)$(err)" "" "and nowhere else"
t_is "$(stat -c %a "$file"), $(ls -A "$dir")" "644, sockets" "others may read it, and it is alone"

echo old >"$file"
chmod 600 "$file"
to "$file" --csv
t_is "$(stat -c %a "$file")" 600 "a file that was closed to others stays so"
rm "$file"
(umask 077; to "$file" -l)
t_is "$(stat -c %a "$file")" 600 "so does one where others may read nothing"

to "$file" --color=auto -l
t_unlike "$(cat "$file")" '\[[0-9;]*m' "no colours"
WITH="$python $top/tests/pty.py 40" run --from "$tape" -l --output "$file"
run -l --from "$tape"
t_ok "a terminal's width is none of its" cmp "$file" "$T/out"

# The exit status is that of the answer.
to "$file" proc:nobody-here
t_rc 1 "nothing matched"
t_is "$(wc -l <"$file")" 1 "and that is what is written"
run audit --json --from "$tape" --output "$file"
want=$rc
run audit --json --from "$tape"
t_is "$want" "$rc" "an audit into a file ends like any"
run audit --json --from "$tape" --output "$file"
t_is "$($python -c 'import json, sys; print(type(json.load(open(sys.argv[1]))).__name__)' "$file")" \
	dict "which has the document"
run netns --from "$tape" --output "$file"
t_like "$(head -1 "$file")" '^ *NETNS' "so does netns"
run diff "$tape" "$tape" --json
want=$rc
cp "$T/out" "$T/diff"
run diff "$tape" "$tape" --json --output "$file"
t_is "$rc, $(cmp "$T/diff" "$file")" "$want, " "and diff"

# What goes wrong leaves the old file.
echo old >"$file"
to "$file" 'lport:notaport'
t_rc 2 "a slip in the filter"
left "leaves the file"
run --from "$T/no-such-tape" --output "$file"
t_rc 2 "so does a recording that is not there"
left "still the old one"
for command in watch events 'record x' 'kill :1' 'close :1' 'audit --save x'; do
	# shellcheck disable=SC2086
	(cd "$dir" && run $command --from "$tape" --output "$file"; exit "$rc")
	t_is "$?" 2 "$command has no document"
done
to "$file" -q
t_rc 2 "nor has -q"
left "and the file is left alone"

to "$dir/none/sockets"
t_rc 4 "a folder that is not there"
t_like "$(err)" "^lssock: .*/none/sockets: No such file or directory$" "is said, with its name"
to "$dir"
t_rc 4 "a folder is no file"
ln -s sockets "$dir/link"
to "$dir/link"
t_rc 4 "a symbolic link is not replaced"
t_like "$(err)" 'symbolic link' "which is said"
rm "$dir/link"
to /dev/null
t_rc 4 "a device is not"
mkfifo "$dir/pipe"
to "$dir/pipe"
t_rc 4 "nor a pipe"
rm "$dir/pipe"
left "and the old file is there"
to "$dir/$(printf 'a\033[2Jb')/x"
t_unlike "$(err)" "$(printf '\033')" "a name is made safe before it is said"

if [ "$(id -u)" != 0 ]; then
	chmod 555 "$dir"
	to "$file"
	t_rc 4 "a folder that may not be written"
	chmod 755 "$dir"
	left "keeps its file"
elif have_uids && chmod 711 "$T" &&
	setpriv --reuid 65534 --clear-groups test -x "$LSSOCK" -a -r "$tape" 2>/dev/null; then
	WITH="setpriv --reuid 65534 --regid 65534 --clear-groups" to "$file"
	t_rc 4 "a folder that may not be written"
	left "keeps its file"
else
	skip "a folder that may not be written" "no other user may run it here"
fi

# failing CALL ERRNO TEXT
failing()
{
	ASAN_OPTIONS=detect_leaks=0 WITH="strace -f -o $T/strace -e inject=$1:error=$2:when=1" \
		to "$file" --csv
	t_rc 4 "$3"
	t_like "$(err)" 'sockets: .*; it was left as it was' "$3: it is said"
	left "$3: the old file is whole"
}
if strace -o /dev/null true 2>/dev/null; then
	# The first write is that of the answer.
	failing write ENOSPC "a full disk"
	failing write EIO "a bad one"
	failing fsync ENOSPC "one that says so late"
	failing fchmod EPERM "one without modes"
	failing renameat EXDEV "a name that cannot be given"
else
	skip "faults of the disk" "strace may not trace here"
fi

# Two at once: one of them wins, whole.
to "$file" --csv &
first=$!
run --json --from "$tape" --output "$file"
wait $first
(cmp -s "$file" "$T/want" || $python -m json.tool "$file" >/dev/null)
t_is "$?, $(ls -A "$dir")" "0, sockets" "two at once leave one whole answer"
t_done
