#!/bin/sh
# SPDX-License-Identifier: MIT
# What --help and the field table know is in the manual pages, and the pages
# are well-formed.
. "$(dirname "$0")/../lib.sh"
cd "$top" || exit 1

# The pages are made from the tables. A page as text: roff's \- and markup gone.
page() { [ ! -e "$B/man/$1" ] || sed 's/\\-/-/g; s/\\f[A-Z]//g; s/\\&//g' "$B/man/$1"; }

for p in lssock.1 lssock-filter.7 lssock-fields.7 liblssock.3; do
	[ -e "$B/man/$p" ] || { t_fail "man/$p is there"; continue; }
	if command -v mandoc >/dev/null; then
		t_is "$(mandoc -Tlint -Wwarning "$B/man/$p" 2>&1 | grep -v 'missing date')" "" "man/$p is well-formed"
	else
		skip "man/$p is well-formed" "no mandoc"
	fi
done
[ -x "$LSSOCK" ] || bail "there is no $LSSOCK"

page lssock.1 >"$T/page"
run --help
t_rc 0 "--help"
grep -oE -- '(^|[ ,/|[])--?[a-zA-Z0-9][a-z0-9-]*' "$T/out" | tr -d ' ,/|[' | sort -u >"$T/options"
t_ok "--help lists options" test "$(wc -l <"$T/options")" -gt 30
missing=
while read -r option; do
	grep -qE -e "(^|[^a-zA-Z0-9-])$option([^a-zA-Z0-9-]|\$)" "$T/page" ||
		{ [ "${#option}" = 2 ] && grep -qE -e "(Fl |Fl.* )${option#-}( |\$)" "$B/man/lssock.1"; } ||
		grep -qE -e "(Fl |Fl.* )${option#-}( |=|\$)" "$B/man/lssock.1" || missing="$missing $option"
done <"$T/options"
t_is "$missing" "" "every option of --help is in lssock(1)"

page lssock-fields.7 >"$T/page"
run --columns help --format csv
t_rc 0 "--columns help"
cut -d, -f1 "$T/out" | tr -d '\r"' | sed 1d | sort >"$T/fields"
t_ok "there are fields" test "$(wc -l <"$T/fields")" -gt 80
missing=
while read -r field; do
	grep -qE "(^|[^a-z_])$field([^a-z_]|\$)" "$T/page" || missing="$missing $field"
done <"$T/fields"
t_is "$missing" "" "every field is in lssock-fields(7)"
t_is "$(uniq -d "$T/fields")" "" "no field has two meanings"
t_done
