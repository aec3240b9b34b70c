#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""readme.py [RESULT]: writes README.md's speed table from tests/bench/results/full.json.

`make bench-full` makes that file. Only what stands between the marks is changed.
"""
import json
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
README = os.path.join(HERE, "../../README.md")
BEGIN = "<!-- bench: tests/bench/readme.py writes this from tests/bench/results/%s.json -->\n"
END = "<!-- end of bench -->\n"
LOADS = {"W0": "130 idle processes",
         "W1": "1,000 connections, 10 processes",
         "W2": "50,000 connections, 50 processes",
         "W3": "500,000 connections, 100 processes",
         "W4": "5,000 processes of 20 descriptors",
         "W5": "50,000 unix pairs, 50 processes",
         "W6": "200 network namespaces"}
PEERS = {"ss": "ss", "ss loop": "ss", "lsof": "lsof", "lsfd": "lsfd", "netstat": "netstat"}


def ms(t):
    if t is None:
        return "> 100,000"
    v = t["ms"]
    return "%.1f" % v if v < 10 else "{:,.0f}".format(v)


def table(document):
    about, results = document["about"], document["results"]
    peers = [p for p in ("ss", "lsof", "lsfd", "netstat")
             if any(PEERS.get(t) == p for r in results for q in r.get("questions", [])
                    for t in q["tools"])]
    lines = ["%d cores, %d GB, Linux %s; %s; load average %s before; %s." % (
        about["cpus"], round(about["memory_mb"] / 1024), about["kernel"].split("-")[0],
        ", ".join("%s %s" % (p, about["versions"][p]) for p in peers), about["load_average"],
        about["date"]), "",
        "| | lssock | without BPF | %s |" % " | ".join(peers),
        "|---|" + "---:|" * (2 + len(peers))]
    for r in results:
        if "skipped" in r:
            continue
        many = "" if r["divisor"] == 1 else ", a %dth of it" % r["divisor"]
        lines.append("| **%s: %s%s** |%s" % (r["load"], LOADS[r["load"]], many,
                                             " |" * (2 + len(peers))))
        for q in r["questions"]:
            t = q["tools"]
            if q["owners_by"]:
                ours = [ms(t[w]) if w in t else "" for w in ("auto", "proc")]
            else:
                ours = [ms(t["auto"])] * 2
            theirs = {PEERS[x]: ms(v) + (" (loop)" if x == "ss loop" else "")
                      for x, v in t.items() if x in PEERS}
            lines.append("| %s | %s |" % (q["question"], " | ".join(
                ours + [theirs.get(p, "") for p in peers])))
    lines.append("")
    lines.append("Largest memory of lssock: " + ", ".join(memory(results)) + ".")
    return "\n".join(lines) + "\n"


def memory(results):
    for r in results:
        kib = [t["kib"] for q in r.get("questions", []) for w, t in q["tools"].items()
               if w in ("bpf", "proc", "auto") and t]
        if kib and r["load"] in ("W1", "W2", "W3"):
            yield "%s %.0f MB" % (r["load"], max(kib) * 1024 / 1e6)


def main():
    name = sys.argv[1] if len(sys.argv) > 1 else "full"
    try:
        with open(os.path.join(HERE, "results", name + ".json")) as f:
            text = table(json.load(f))
    except FileNotFoundError:
        raise SystemExit("readme.py: no such results; make bench-full makes them")
    with open(README) as f:
        readme = f.read()
    new, n = re.subn(r"<!-- bench: .*?-->\n.*?" + re.escape(END),
                     lambda _: BEGIN % name + text + END, readme, flags=re.S)
    if n != 1:
        raise SystemExit("readme.py: README.md has not one place for the table")
    with open(README, "w") as f:
        f.write(new)


main()
