# SPDX-License-Identifier: MIT
"""whose.py LSSOCK SECONDS [COLLECTOR...]: owners while everything comes and goes.

Over `load churn`, whose sockets say in their names whose they may be, runs
lssock again and again. Prints what is wrong: a row that comes twice, an owner
that it cannot have, no owner and no reason; exit 1.
"""
import json
import re
import subprocess
import sys
import time

WAYS = {"BPF": ["--collector", "bpf"], "/proc": ["--collector", "proc", "--workers", "0"],
        "/proc, two threads": ["--collector", "proc", "--workers", "1"], "auto": []}


def truth(s):
    """pid or name of whoever may have it; None: anybody."""
    if s["path"]:
        m = re.fullmatch(r"@churn-(\d+)-\d+", s["path"])
        return int(m.group(1)) if m else None
    ip = [int(x) for x in (s["laddr"] or "").split(".") if x.isdigit()]
    if len(ip) != 4 or ip[0] != 127:
        return None
    if ip[1] >= 128:
        return "g%d" % (ip[1] - 128)
    return ip[1] << 16 | ip[2] << 8 | ip[3]


def wrong(d):
    seen = set()
    for s in d["sockets"]:
        key = s["netns"], s["proto"], s["cookie"]
        if s["cookie"] and key in seen:
            yield "comes twice", s
        seen.add(key)
        may = truth(s)
        for o in s["owners"] + s["why_procs"]:
            if may is not None and may != o["proc" if isinstance(may, str) else "pid"]:
                yield "an owner it never had", s
        held = [(o["pid"], o["fd"], o["tid"]) for o in s["owners"]]
        if len(set(held)) < len(held):
            yield "an owner twice", s
        if not s["owners"] and not s["why"]:
            yield "no owner and no reason", s


def main():
    lssock, until = sys.argv[1], time.monotonic() + float(sys.argv[2])
    ways = dict(WAYS)
    runs, owned, rows, bad = dict.fromkeys(ways, 0), set(), 0, 0
    while time.monotonic() < until and not bad:
        for way in list(ways):
            p = subprocess.run([lssock, "-tuxa", "--json", "--stats", "--columns", "+cookie,tid"] +
                               ways[way], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            said = p.stderr.decode()
            if way == "BPF" and " by BPF" not in said:
                print("without BPF: " + re.search("not BPF: (.*)|$", said).group(1))
                del ways[way]
                continue
            d = json.loads(p.stdout)
            for what, s in wrong(d):
                bad += 1
                if bad <= 5:
                    print("%s: %s: %s" % (way, what, json.dumps(s)))
            runs[way] += 1
            rows += len(d["sockets"])
            owned |= {o["pid"] for s in d["sockets"] for o in s["owners"] if truth(s)}
    print("%d rows, owners %d processes, runs %s" % (rows, len(owned), runs))
    sys.exit(bad > 0 or not all(runs[w] for w in ways) or len(owned) < 30)


main()
