#!/bin/sh
# SPDX-License-Identifier: MIT
# Files under 700 lines, functions under 100, over 60 only where a table or a
# switch is as long as its subject.
. "$(dirname "$0")/../lib.sh"
cd "$top" || exit 1

# Tables: as long as what they list.
tables='src/query/fieldtab.c src/model/names.c src/cli/args.c'
for f in src/*/*.c src/*/*.h tests/scene/*.c; do
	case " $tables " in *" $f "*) continue ;; esac
	lines=$(wc -l <"$f")
	[ "$lines" -le 700 ] || t_fail "$f has $lines lines"
done
t_pass "files are under 700 lines"
long=$(for f in src/*/*.c src/*/*.h include/*.h; do
	expand "$f" | awk -v f="$f" '{ gsub(/[-¿]/, "") }
		length($0) > 96 { print f ":" FNR }'
done)
t_is "$long" "" "lines are under 96 columns"

if ! ctags --version 2>/dev/null | grep -q Universal; then
	skip "functions are under 100 lines" "no Universal Ctags"
	t_done
fi
ctags --languages=C --kinds-C=f --fields=+ne -f - src/*/*.c 2>/dev/null |
	sed -n 's/^\([^\t]*\)\t\([^\t]*\)\t.*\tline:\([0-9]*\).*\tend:\([0-9]*\).*/\1 \2 \3 \4/p' |
	awk '{ print $4 - $3 + 1, $2 ":" $1 }' | sort -n >"$T/functions"
t_is "$(awk '$1 > 100' "$T/functions")" "" "functions are under 100 lines"
n=$(wc -l <"$T/functions")
median=$(awk -v n="$n" 'NR == int((n + 1) / 2) { print $1 }' "$T/functions")
t_ok "half of them are under 15 (the median is $median of $n)" test "${median:-0}" -lt 15
t_done
