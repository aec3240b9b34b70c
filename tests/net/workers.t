#!/bin/sh
# SPDX-License-Identifier: MIT
# The same bytes with any number of workers: long dumps that are decoded while they
# come, and many namespaces that are asked at once.
. "$(dirname "$0")/../lib.sh"
in_ns

# alike TEXT ARG…: as with no worker, with 1, with 3, with 3 again
alike()
{
	t_what=$1
	shift
	"$LSSOCK" --workers 0 "$@" >"$T/alone" 2>&1
	t_lines=$(wc -l <"$T/alone")
	for t_workers in 1 3 3; do
		"$LSSOCK" --workers $t_workers "$@" >"$T/helped" 2>&1
		t_ok "$t_what: $t_lines lines with $t_workers workers" cmp "$T/alone" "$T/helped"
	done
}

load_start W2 16 || skip_all "$said"
alike "a long dump" -tan --no-owners
alike "with attributes" -tuxan --no-owners --jsonl --columns local,remote,state,cwnd,mss,skmem
alike "with owners and peers" -tuxan --columns +peer
alike "a filter the kernel runs" -tan --no-owners 'rport>40000'
load_stop

load_start W6 4 || skip_all "$said"
run -N all -tln --no-owners --json
t_json "50 namespaces of 5 listeners" 'len([s for s in socks() if s["state"] == "LISTEN"]) == 250'
alike "listeners everywhere" -N all -tln --no-owners
alike "with owners" -N all -tlnp --jsonl
alike "every table" -N all -tuxwan --no-owners
alike "all that can be asked" -N all -tan --jsonl --columns +peer,scope,dir
alike "a filter everywhere" -N all -tan --no-owners 'lport>40000'
alike "a filter of names" -N all -tan --no-owners 'iface:lo or lport>40000'
alike "two of them" -N n3 -tln
alike "the namespaces themselves" netns
load_stop
t_done
