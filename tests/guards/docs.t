#!/bin/sh
# SPDX-License-Identifier: MIT
# What the tables, the header and --help know is in the manual pages, and the
# pages are well-formed. src/README.md names every source file.
. "$(dirname "$0")/../lib.sh"
cd "$top" || exit 1
[ -x "$LSSOCK" ] || bail "there is no $LSSOCK"

# A page as text: roff's \- and markup gone, quotes of macros too.
page() { sed 's/\\-/-/g; s/\\f[A-Z]//g; s/\\&//g; s/"/ /g' "$B/man/$1" >"$T/page"; }
# in_page FILE: its lines that are no word of the page.
in_page()
{
	while read -r word; do
		grep -qE -e "(^|[^a-zA-Z0-9_-])$word([^a-zA-Z0-9_-]|\$)" "$T/page" || echo "$word"
	done <"$1"
}

for p in lssock.1 lssock-filter.7 lssock-fields.7 liblssock.3 lssock-config.5 \
	lssock-audit.1 lssock-policy.5; do
	if ! command -v mandoc >/dev/null; then
		skip "man/$p is well-formed" "no mandoc"
	else
		t_is "$(mandoc -T lint "$B/man/$p" 2>&1)" "" "man/$p is well-formed"
	fi
	t_is "$(awk 'length($0) > 80' "$B/man/$p")" "" "its source is at most 80 columns wide"
done

page lssock.1
for what in --help '--generate man-options'; do
	# shellcheck disable=SC2086
	run $what
	t_rc 0 "lssock $what"
	sed 's/\\-/-/g' "$T/out" | grep -oE -- '(^|[^a-zA-Z0-9-])--?[a-zA-Z0-9][a-z0-9-]*' |
		sed 's/^[^-]//' | sort -u >"$T/options"
	t_ok "it lists options" test "$(wc -l <"$T/options")" -gt 30
	t_is "$(in_page "$T/options")" "" "all are in lssock(1)"
done
# Habits too: whatever the option table has.
sed -n "s/.*[{(][ ]*\\('.'\\|0\\), \"\\([a-z0-9-]*\\)\".*/--\\2/p" src/cli/args.c |
	grep -vx -e --generate | sort -u >"$T/table"
t_ok "the option table is found" test "$(wc -l <"$T/table")" -gt 50
# One that takes a file may write into it.
t_is "$(cd "$T" && while read -r o; do run "$o" --help; [ "$rc" != 2 ] || err; done <"$T/table" |
	grep 'unknown option')" "" "its options are options"

sed -n '/^\tstatic const char \*const names\[LSSOCK_N_NOTE\]/,/};/s/.*= "\(.*\)",/\1/p' src/model/names.c >"$T/words"
t_ok "there are kinds of notes" test "$(wc -l <"$T/words")" -gt 12
t_is "$(in_page "$T/words")" "" "all are in lssock(1)"
# words NAME…: what words_NAME of the field table lists.
words()
{
	for name; do
		awk -v RS=';' -v name="const words_$name[]" 'index($0, name)' src/query/fieldtab.c
	done | grep -o '"[^"]*"' | tr -d '"' | sort -u >"$T/words"
}
words why
t_ok "there are reasons for no owner" test "$(wc -l <"$T/words")" -gt 10
t_is "$(in_page "$T/words")" "" "all are in lssock(1)"

page lssock-fields.7
words scope dir source timer shutdown file
t_ok "some fields have words" test "$(wc -l <"$T/words")" -gt 20
t_is "$(in_page "$T/words")" "" "all are in lssock-fields(7)"
run --columns help --format csv
t_rc 0 "--columns help"
cut -d, -f1 "$T/out" | tr -d '\r"' | sed 1d | sort >"$T/fields"
t_ok "there are fields" test "$(wc -l <"$T/fields")" -gt 80
t_is "$(in_page "$T/fields")" "" "all are in lssock-fields(7)"
t_is "$(uniq -d "$T/fields")" "" "no field has two meanings"

page lssock-filter.7
run is:nonsense
t_rc 2 "is:nonsense"
sed -n 's/.*(\(.*\)).*/\1/p' "$T/err" | tr ' ' '\n' >"$T/words"
t_ok "the message lists the words of is:" test "$(wc -l <"$T/words")" -gt 5
t_is "$(in_page "$T/words")" "" "all are in lssock-filter(7)"

page lssock-audit.1
run audit --checks --format csv
t_rc 0 "audit --checks"
cut -d, -f1 "$T/out" | tr -d '\r"' | sed 1d >"$T/words"
t_ok "there are checks" test "$(wc -l <"$T/words")" -gt 15
t_is "$(in_page "$T/words")" "" "all are in lssock-audit(1)"
t_is "$(sort "$T/words" | uniq -d)" "" "no code has two meanings"

page lssock-config.5
sed -n 's/^\t{ "\([a-z]*\)[.]*", "[a-zA-Z.]*", set_.*/\1/p' src/live/settings.c >"$T/words"
t_ok "there are settings" test "$(wc -l <"$T/words")" -gt 15
t_is "$(in_page "$T/words")" "" "all are in lssock-config(5)"

page liblssock.3
grep -oE '\<lssock_[a-z_]+\(' include/lssock.h | tr -d '(' | sort -u >"$T/words"
t_ok "the library has functions" test "$(wc -l <"$T/words")" -gt 30
t_is "$(in_page "$T/words")" "" "all are in liblssock(3)"

t_ok "src/README.md is short" test "$(wc -l <src/README.md)" -le 150
t_is "$(for f in src/*/*.c; do
	folder=$(basename "$(dirname "$f")") name=$(basename "$f" .c)
	grep -E "^\| $folder \|" src/README.md | grep -qw -e "$name" || echo "$f"
done)" "" "and names every source file"
t_done
