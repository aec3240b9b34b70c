#!/bin/sh
# SPDX-License-Identifier: MIT
# Screens of the live view: a recording of several rounds, a script for the keys, the clock
# of the frames. The same always gives the same cells.
. "$(dirname "$0")/../lib.sh"

# scene SIZE NAME [OPTION…] <<SCRIPT: a section of the golden file.
scene()
{
	t_size=$1 t_title="# $2"
	cat >"$T/script"
	shift 2
	(
		cd "$top/fixtures/tapes" || exit
		run watch --from live.tape --no-config --script "$T/script" --size "$t_size" "$@"
		printf '%s\n' "$t_title"
		cat "$T/out"
		sed "s|$T/||; s/^/! /" "$T/err"
		[ $rc = 0 ] || echo "= $rc"
		echo
	) >"$T/section"
	section '^# '
}

# What an audit finds, in the tab of what listens.
scene 80x24 "judged" <<'END'
frame
frame
key M-2
key 5 4 3 2 Enter
screen
END
scene 160x50 "judged, 160x50" <<'END'
frame
frame
key M-2
key 5 4 3 2 Enter
screen
END
(cd "$top/fixtures/tapes" && "$LSSOCK" audit --from live.tape --save "$T/saved") 2>/dev/null
sed -i -e '/ port=22 /d' -e '/ port=4430 /s/user=[^ ]*/user=root/' \
	-e '/ port=53 /{p;s/port=53/port=54/;}' "$T/saved"
scene 80x24 "beside a baseline" --baseline "$T/saved" <<'END'
frame
frame
key M-2
key 2 2 Enter
screen
END
scene 80x24 "no baseline" --baseline "$T/none" <<'END'
frame
END
echo "listener nonsense" >>"$T/saved"
scene 80x24 "a damaged baseline" --baseline "$T/saved" <<'END'
frame
END
scene 80x24 "a baseline without owners" --baseline "$T/saved" --no-owners <<'END'
frame
END

# The first screens.
scene 80x24 "first and third frame, 80x24" <<'END'
frame
screen
frame
frame
screen roles
END
scene 160x50 "third frame, 160x50" <<'END'
frame
frame
frame
screen
END
scene 40x10 "third frame, 40x10" <<'END'
frame
frame
frame
screen
END
scene 80x24 "ASCII" --ascii <<'END'
frame
frame
key Down Enter
screen
key F2
screen
END

# Owners that nobody asked for are not owners that nobody has.
scene 80x24 "without owners" --no-owners <<'END'
frame
frame
screen
key M-3 Right
screen
key M-1 Down Enter
screen
END

# The row under the cursor stays though the filter lets it through no more, until the
# cursor leaves it; another filter is another question.
scene 80x24 "the row under the cursor stays" <<'END'
frame
frame
frame
key & r x > 1 M Enter Down
screen
frame
frame
screen
key & C-u r x > 2 M Enter
screen
END

# What a shorter filter brings back has its place by what the list is sorted by.
scene 80x24 "a new question" <<'END'
frame
frame
frame
key & n o b o d y
key C-u : 4 4 3 0
screen
END

# Every tab, as drawn and wide.
scene 80x24 "tabs" <<'END'
frame
frame
frame
frame
key M-2
screen
key M-3
screen
key Right
screen
key M-4
screen
key M-5
screen
END
scene 160x50 "tabs, 160x50" <<'END'
frame
frame
frame
frame
key M-2
screen
key M-3
key *
screen
key M-4
screen
key M-5
screen
END

# The pane.
scene 80x24 "pane" <<'END'
frame
frame
frame
key Down Enter
screen
key Enter
screen
key q
state
key End Enter
screen
END
scene 160x50 "pane, 160x50" <<'END'
frame
frame
frame
key Down Enter
screen
key Enter
screen
END

# Rules 1 to 4: identity, floating, hold, sorting.
scene 80x24 "the cursor stays on its socket, and the order while one acts" <<'END'
frame
frame
state
key Down Down Down
state
frame
state
screen
wait 6000
frame
state
screen
key Esc
state
END
scene 80x24 "lock, pause, pin, tag" <<'END'
frame
frame
key o
wait 6000
frame
state
screen
key o Z
frame
state
screen
key Z
state
key Down Down w
screen
key W Space Space
state
screen
key U
state
END

# Filter and find.
scene 80x24 "filter" <<'END'
frame
frame
key &
type proc:nginx stat
screen
type e:listen
screen
key Enter
state
key & Up Esc
state
key Esc
state
key &
type rtt>
screen
key Esc
state
END
scene 80x24 "find, numbers, only this" <<'END'
frame
frame
key /
type java
screen
key Enter
state
key n
state
key N
state
type 5432
state
wait 2000
type 999
screen
wait 2000
key l
screen
key Esc R
state
key Esc !
state
key Esc L
state
key L a
state
END
scene 80x24 "groups by each key" <<'END'
frame
frame
key t
screen
key t
screen
key t
screen
key t
screen
key t
screen
key t
screen
END

# Boxes.
scene 80x24 "help" <<'END'
frame
key ?
screen
key q
state
END
scene 40x10 "help, 40x10" <<'END'
frame
key ?
screen
key Down Down Down
screen
END
scene 80x24 "sort, columns, users, setup" <<'END'
frame
frame
key s
screen
key Down Down Enter
screen
key I
screen
key f
screen
key Space Down Space Enter
screen
key u
screen
key Enter
screen
key Esc F2
screen
key Space
screen
END
scene 80x24 "no acting on a recording" <<'END'
frame
key Down K
screen
key X
screen
END

# Any size.
scene 80x24 "sizes" <<'END'
frame
frame
frame
size 1 1
screen
size 2 3
screen
size 20 5
screen
size 60 12
screen
key Down Enter
screen
size 500 200
state
size 100 30
screen
END

# The mouse, copying, unknown keys, the end.
scene 80x24 "mouse, copy, nothing" <<'END'
frame
frame
click 10 6
state
double 10 7
screen
key q
click 60 3
state
click 25 2
state
wheel down
state
click 2 23
screen
key Esc c
state
key F12
screen
key D
type 0
screen
key Enter
screen
key Esc
END
scene 80x24 "the end of the recording" <<'END'
frame
frame
frame
frame
frame
frame
frame
screen
END
shown_scenes()
{
	if [ -n "${UPDATE-}" ]; then cp "$T/golden" "$golden"
	else t_is "$(grep -c '^# ' "$golden")" "$(grep -c '^# ' "$T/golden")" \
		"nothing in the golden file is stale"; fi
	t_done
}
shown_scenes
