#!/bin/sh
# SPDX-License-Identifier: MIT
# 2,000 listeners of one port while 300 others come and go: a dump of that chain
# loses sockets that never moved and repeats others, without a word of the kernel.
# Ours has no row twice, and every one that stays, or says that some may be missing.
. "$(dirname "$0")/../lib.sh"
in_ns
mkfifo "$T/in" "$T/ready"
$python "$top/tests/churn.py" 2000 300 "$T/stable" <"$T/in" >"$T/ready" &
exec 8>"$T/in"
read -r ready <"$T/ready" || bail "no listeners"
t_is "$ready" ready "listeners"
cat >"$T/judge.py" <<'END'
import json, sys
d = json.load(open(sys.argv[1]))
stable = {int(line) for line in open(sys.argv[2])}
seen = [s["cookie"] for s in d["sockets"]]
inodes = {s["inode"] for s in d["sockets"]}
owned = sum(1 for s in d["sockets"] if s["inode"] in stable and s["owners"])
print("twice" if len(set(seen)) < len(seen) else "once",
      "missing" if stable - inodes else "all", "unowned" if owned < len(stable & inodes) else "owned",
      "said" if not d["complete"] else "complete")
END
n=0
while [ $n -lt 20 ]; do
	run --json -tl lport:7800
	$python "$T/judge.py" "$T/out" "$T/stable" 2>&1
	n=$((n + 1))
done >"$T/said"
exec 8>&-
wait
t_is "$(grep -c . "$T/said")" 20 "twenty scans"
t_is "$(grep -vc '^once' "$T/said")" 0 "no row comes twice"
t_is "$(grep -c 'missing.*complete' "$T/said")" 0 "none that stays is missing without a word"
t_is "$(grep -c 'unowned.*complete' "$T/said")" 0 "each has its owner"
full=$(grep -c '^once all owned' "$T/said")
t_ok "nearly all scans are complete ($full of 20)" test "$full" -ge 19
t_done
