#!/bin/sh
# SPDX-License-Identifier: MIT
# A list long enough for threads: every format has the same bytes whatever their
# number, and --limit gives the head of the whole list.
. "$(dirname "$0")/../lib.sh"
in_ns
scene_start many=5000:10

run record "$T/tape"
t_rc 0 "it is recorded"
for format in table json jsonl csv tsv; do
	run --from "$T/tape" -tan --workers 0 --format $format
	cp "$T/out" "$T/alone"
	t_ok "$format: more than 10,000 lines" test "$(wc -l <"$T/alone")" -gt 10000
	for n in 1 3; do
		run --from "$T/tape" -tan --workers $n --format $format
		t_ok "$format: the same with $n workers" cmp -s "$T/out" "$T/alone"
	done
done
for sort in '' '--sort=-rport' '--sort=recvq,proc'; do
	run --from "$T/tape" -tan --format tsv -H $sort
	head -n 50 "$T/out" >"$T/head"
	run --from "$T/tape" -tan --format tsv -H $sort --limit 50
	t_ok "${sort:-the default order}: --limit is its head" cmp -s "$T/out" "$T/head"
done
t_done
