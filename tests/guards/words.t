#!/bin/sh
# SPDX-License-Identifier: MIT
# The tree speaks of the program, not of the machine it was written on; no
# leftovers, no merge marks, no blanks at line ends.
. "$(dirname "$0")/../lib.sh"
cd "$top" || exit 1
if ! git ls-files -co --exclude-standard >"$T/files" 2>/dev/null; then
	skip_all "not a git tree"
fi
grep -vE '^fixtures/(tapes|corpus)/|\.(tape|bin|png)$' "$T/files" >"$T/text"

# none TEXT REGEX: split, or it would find itself
none()
{
	found=$(tr '\n' '\0' <"$T/text" | xargs -0 grep -nIE -e "$2" 2>/dev/null |
		grep -v '^tests/guards/words.t:' | head -20)
	t_is "$found" "" "$1"
}
none "no paths of one machine" '/root/|/home/[a-z]'
none "no marks of unfinished work" '(^|[^A-Za-z])(TODO|FIXME|XXX|HACK)([^A-Za-z]|$)|^(<<<<<<<|>>>>>>>) '
none "no blanks at line ends" '[[:blank:]]+$'
# shellcheck disable=SC2046
t_is "$(tr '\n' '\0' <"$T/text" | xargs -0 grep -LI 'SPDX-License-Identifier: MIT' 2>/dev/null |
	grep -E '\.(c|h|sh|t|py)$')" "" "every source file names its licence"
t_done
