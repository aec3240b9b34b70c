#!/bin/sh
# SPDX-License-Identifier: MIT
# --stats: four lines, every number of them there, and none that cannot be.
. "$(dirname "$0")/../lib.sh"
in_ns
scene_start many=900:18
cat >"$T/judge.py" <<'END'
import re
import sys

text = open(sys.argv[1]).read()
rows, held, procs, real = (int(a) for a in sys.argv[2:6])
lines = [line for line in text.splitlines() if line.startswith("lssock: stats: ")]
assert len(lines) == 4, text
ms = r"(\d+\.\d)"
time, tables, owners, cost = (line[len("lssock: stats: "):] for line in lines)
t = re.fullmatch(r"(\d+) sockets? in %s ms: dump %s, owners %s after it, join %s, details %s, "
                 r"sort %s, print %s, other %s" % ((ms,) * 8), time)
n = re.fullmatch(r"tables: (\d+) messages, (\d+) bytes in (\d+) dumps; (\d+) questions in all",
                 tables)
o = re.fullmatch(r"owners: (\d+) fds of (\d+) processes, by (BPF|/proc)(?:, not BPF: .+)?", owners)
c = re.fullmatch(r"cost: (\d+) system calls to collect, CPU %s ms own and %s ms the kernel's, "
                 r"memory at most (\d+) KiB" % (ms, ms), cost)
assert t and n and (o or owners == "owners: not asked for") and c, text
parts = [float(x) for x in t.groups()[1:]]
assert abs(parts[0] - sum(parts[1:])) <= 0.5, "the parts are the whole: %s" % time
assert parts[0] > 0.1, time
assert int(t.group(1)) >= rows, "%s, not %d rows" % (time, rows)
messages, size, dumps, asked = (int(x) for x in n.groups())
assert messages >= rows and size >= 16 * messages and 0 < dumps <= asked, tables
if held:
    assert o and int(o.group(1)) >= held and int(o.group(2)) >= procs, owners
else:
    assert not o, owners
if real:
    calls = int(c.group(1))
    assert real / 3 <= calls <= real, "%s, and strace counts %d" % (cost, real)
assert 1000 < int(c.group(4)) < 1000000, cost
print(o.group(3) if o else "nobody")
END
judge() { $python "$T/judge.py" "$T/err" "$@" 2>&1; }

run --json -tap
rows=$(json 'len(d["sockets"])') held=$(json 'sum(len(s["owners"]) for s in d["sockets"])')
procs=$(json 'len({o["pid"] for s in d["sockets"] for o in s["owners"]})')
t_ok "there is something to count ($rows rows, $held fds)" test "$held" -gt 1000
run -tap --stats --collector proc
t_is "$(judge "$rows" "$held" "$procs" 0)" /proc "with /proc"
run -tap --stats --collector bpf
said=$(judge "$rows" "$held" "$procs" 0)
case $said in
/proc) skip "with BPF" "$(sed -n 's/.*not BPF: /not to be had: /p' "$T/err")" ;;
*) t_is "$said" BPF "with BPF" ;;
esac
run -tap --stats --no-owners
t_is "$(judge "$rows" 0 0 0)" nobody "without owners"
for words in "22" "-s" "netns" "record $T/tape"; do
	# shellcheck disable=SC2086
	run $words --stats
	t_is "$(grep -c '^lssock: stats: ' "$T/err")" 4 "lssock $words"
done
run -tap --no-owners
t_is "$(err)" "" "not unless asked"

if ! command -v strace >/dev/null; then
	skip "system calls" "no strace"
else
	WITH="strace -f -c -o $T/calls" ASAN_OPTIONS=detect_leaks=0 run -tap --stats --collector proc
	real=$(awk '$1 ~ /^[0-9.]+$/ && $NF != "total" { n += $4 } END { print n + 0 }' "$T/calls")
	t_is "$(judge "$rows" "$held" "$procs" "$real")" /proc "system calls (strace: $real)"
fi
scene_stop
t_done
