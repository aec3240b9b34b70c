#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Times lssock beside ss, lsof, lsfd and netstat on loads made for it.

run.py [--quick|--full] [--loads W1,W2] [--divisor N] [--rounds N] [--out NAME]

Every load lives in namespaces of its own. Within one run the commands take
turns, after a warm-up; medians of wall time and the largest resident size are
kept, as tables and as JSON in tests/bench/results/. Figures of different runs
are not to be compared: machines drift, ratios hold. --full takes the loads as
large as they are named, the only ones that the targets are for, and compares
the answers of every collector and of ss on each.
"""
import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.path.abspath(os.environ.get("B", os.path.join(HERE, "../../build")))
LSSOCK = os.path.abspath(os.environ.get("LSSOCK", os.path.join(BUILD, "lssock")))
LOAD = os.path.join(BUILD, "tests/load")
TOO_LONG = 100          # seconds; longer than that nobody waits for a command
TCP_MEM = "/proc/sys/net/ipv4/tcp_mem"
MB250 = 250 * 1000 * 1000 // 1024

# How lssock finds owners: by BPF, without, and what it chooses by itself.
WAYS = {"bpf": "--collector bpf", "proc": "--collector proc", "auto": ""}
LOOP = 'for n in /run/netns/*; do ss -N "${n##*/}" %s; done'


class Question:
    """What lssock is asked, and others; targets: (peer, at most) as a ratio of wall
    time, for each way, and for memory in KiB."""

    def __init__(self, text, ours, peers, **targets):
        self.text, self.ours, self.peers, self.targets = text, ours, peers, targets
        self.owners = "--no-owners" not in ours and ours != "--version"


def tcp_owners(**targets):
    return Question("TCP with owners", "-tanp",
                    {"ss": "-tanp", "lsof": "-nP -i", "lsfd": "-i", "netstat": "-tanp"}, **targets)


def listeners(**targets):
    return Question("listeners with owners", "-tlnp",
                    {"ss": "-tlnp", "lsof": "-nP -iTCP -sTCP:LISTEN", "netstat": "-tlnp"}, **targets)


def unix_owners(**targets):
    return Question("unix with owners and peers", "-xap",
                    {"ss": "-xap", "lsof": "-nP -U", "netstat": "-xap"}, **targets)


def all_tcp(**targets):
    return Question("all TCP, no owners", "-tan --no-owners", {"ss": "-tan", "netstat": "-tan"},
                    **targets)


ASKED = {
    "W0": [Question("start", "--version", {"ss": "-V"}, auto=("ss", 1.0)),
           tcp_owners(auto=("ss", 0.75)), listeners(auto=("ss", 0.75))],
    "W1": [tcp_owners(auto=("ss", 0.40)), listeners(), all_tcp()],
    "W2": [all_tcp(auto=("ss", 0.45)),
           tcp_owners(bpf=("lsof", 0.12), proc=("lsof", 0.20)),
           listeners(bpf=("ss", 0.25), proc=("ss", 0.45)),
           unix_owners(bpf=("ss", 0.25), proc=("ss", 0.45)),
           Question("TCP with owners, JSON", "-tanp --json",
                    {"ss": "-tanp", "lsof": "-nP -i -F"}, auto=("ss", 0.08)),
           Question("TCP with owners, CSV", "-tanp --csv", {"ss": "-tanp"}, auto=("ss", 0.08)),
           Question("TCP internals", "-tani --no-owners", {"ss": "-tani"}, auto=("ss", 0.45)),
           Question("one port with owners", ":22", {"ss": "-tanp sport = :22 or dport = :22",
                                                    "lsof": "-nP -i:22"})],
    "W3": [tcp_owners(bpf=("lsof", 0.10), proc=("lsof", 0.15), kib=MB250)],
    "W4": [tcp_owners(bpf=("ss", 0.15), proc=("ss", 0.65))],
    "W5": [unix_owners(bpf=("netstat", 0.05), proc=("netstat", 0.08))],
    "W6": [Question("all listeners with owners", "-N all -tlnp",
                    {"ss loop": "-tlnp", "lsfd": "-i"}, auto=("ss loop", 0.05))],
}
GROWTH = ("TCP with owners", "W2", "W3", 14)
QUICK = {"W0": 1, "W1": 1, "W2": 10, "W3": 20, "W4": 10, "W5": 10, "W6": 10}
SMALL = ("W0", "W1", "W6")


def aloud(text):
    print("bench: " + text, file=sys.stderr, flush=True)


# ---- one command ----------------------------------------------------------------

def command(tool, words):
    if tool in WAYS:
        return [LSSOCK] + words.split() + (WAYS[tool].split() if words != "--version" else [])
    if tool == "ss loop":
        return ["sh", "-c", LOOP % words]
    return [shutil.which(tool)] + words.split()


def usable(tool, words):
    """None, or why there can be no figures of it."""
    name = tool.split()[0]
    if not shutil.which(name):
        return "is not installed"
    if name == "lsfd" and subprocess.run(["lsfd"] + words.split() + ["-p", "1"],
                                         stdout=subprocess.DEVNULL,
                                         stderr=subprocess.DEVNULL).returncode:
        return "does not know %s" % words
    return None


def once(argv, seconds=TOO_LONG):
    """Wall and CPU ms, KiB, exit status; None: it took too long."""
    out = subprocess.run([LOAD, "measure", str(seconds)] + argv, stdout=subprocess.PIPE,
                         text=True, check=True).stdout.split()
    wall, cpu, kib, status = (int(x) for x in out)
    return None if status < 0 else (wall / 1000, cpu / 1000, kib, status)


def collector(words):
    """Who finds the owners then, by --stats: ("BPF", None), ("/proc", why not BPF)."""
    said = subprocess.run([LSSOCK, "--stats"] + words, stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, text=True).stderr
    m = re.search(r" by (BPF|/proc)(?:, not BPF: (.*))?", said)
    return m.groups() if m else (None, "--stats says nothing: " + said.strip())


# ---- one load -------------------------------------------------------------------

def count():
    """Sockets and processes there are: a load that broke makes everything fast."""
    rows = 0
    for name in "tcp", "tcp6", "unix", "udp":
        with open("/proc/net/" + name) as f:
            rows += sum(1 for _ in f) - 1
    return {"sockets": rows, "processes": sum(p.isdigit() for p in os.listdir("/proc"))}


def intact(said, now):
    tcp, unix, udp, procs, spaces = (int(x) for x in re.findall(r"\d+", said))
    want = (0 if spaces else tcp) + unix + udp
    if now["sockets"] < want or now["processes"] < procs:
        raise SystemExit("run.py: the load is not whole: %s of %s" % (now, said))


def turns(tools, rounds, budget):
    """tool -> its runs. budget: seconds that each of them may have in all; one that
    takes too long has no second turn."""
    got = {t: [] for t in tools}
    spent = dict.fromkeys(tools, 0.0)
    for i in range(rounds + 1):
        for tool, argv in tools.items():
            if got[tool] is None or (spent[tool] and spent[tool] * (1 + 1 / i) > budget and
                                     got[tool]):
                continue
            took = once(argv)
            spent[tool] += took[0] / 1000 if took else TOO_LONG
            if took is None:
                got[tool] = got[tool] or None
                spent[tool] = budget + TOO_LONG
            elif i or spent[tool] * 3 > budget:     # the first is the warm-up
                got[tool].append(took)
    return got


def summary(runs):
    return None if not runs else {
        "ms": round(statistics.median(r[0] for r in runs), 3),
        "least_ms": round(min(r[0] for r in runs), 3),
        "cpu_ms": round(statistics.median(r[1] for r in runs), 3),
        "kib": max(r[2] for r in runs), "rounds": len(runs), "status": runs[-1][3]}


def ask(q, rounds, budget):
    tools, by, missing = {}, {}, {}
    for way in WAYS if q.owners else ["auto"]:
        argv = command(way, q.ours)
        if q.owners:
            by[way], why = collector(argv[1:])
            if way == "bpf" and by[way] != "BPF":
                missing["bpf"] = why or "by " + str(by[way])
                aloud("%s: no figures of BPF, it did not run: %s" % (q.text, missing["bpf"]))
                continue
        tools[way] = argv
    for peer, words in q.peers.items():
        why = usable(peer, words)
        if why:
            missing[peer] = why
            aloud("%s: no figures of %s, it %s" % (q.text, peer, why))
        else:
            tools[peer] = command(peer, words)
    return {"question": q.text, "lssock": q.ours, "peers": q.peers, "owners_by": by,
            "missing": missing,
            "tools": {t: summary(r) for t, r in turns(tools, rounds, budget).items()}}


def equal_answers(load):
    """{} or what differs; on a whole load this is the test at full size."""
    bad = {}
    names = sorted(os.listdir("/run/netns"))[:20] if load == "W6" else []
    ss = ["-O"] if load == "W3" else []     # it would take minutes to find owners
    for what, args in (("equal.py", ["-N", "all"] if load == "W6" else []), ("ss.py", ss + names)):
        if what == "ss.py" and not shutil.which("ss"):
            continue
        p = subprocess.run([sys.executable, os.path.join(HERE, "..", what), LSSOCK] + args,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for line in p.stdout.splitlines():
            if line.startswith("without BPF"):
                aloud("answers of %s compared %s" % (load, line))
        if p.returncode:
            bad[what] = p.stdout[:4000]
    return bad


def inside(a):
    """In the namespaces of a load: makes it, measures, prints JSON."""
    load = a.inside
    p = subprocess.Popen([LOAD, load, str(a.divisor)], stdin=subprocess.PIPE,
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    ready = p.stdout.readline().strip()
    if not ready.startswith("ready"):
        print(json.dumps({"load": load, "divisor": a.divisor, "skipped":
                          p.stderr.read().strip() or "it did not come up"}))
        return
    result = {"load": load, "divisor": a.divisor, "what": ready[6:], "there": count()}
    intact(ready, result["there"])
    result["questions"] = [ask(q, a.rounds, a.budget) for q in ASKED[load]]
    intact(ready, count())
    if a.full:
        result["unequal"] = equal_answers(load)
    p.stdin.close()
    p.wait()
    print(json.dumps(result))


# ---- what came out --------------------------------------------------------------

def title(r):
    return r["load"] + ("" if r["divisor"] == 1 else "/%d" % r["divisor"])


def figure(ms):
    return "%.2f" % ms if ms < 10 else "%.1f" % ms if ms < 100 else "%.0f" % ms


def cell(t):
    return "over %d s" % TOO_LONG if t is None else \
        "%s/%.1f%s" % (figure(t["ms"]), t["kib"] / 1024, "" if t["rounds"] > 1 else "*")


def answers(r):
    """The figures of one load as lines."""
    if "skipped" in r:
        return ["%s: left out: %s" % (title(r), r["skipped"])]
    order = list(WAYS) + ["ss", "ss loop", "lsof", "lsfd", "netstat"]
    tools = [t for t in order if any(t in q["tools"] for q in r["questions"])]
    lines = ["%s: %s" % (title(r), r["what"]),
             "  %-27s" % "" + "".join("%13s" % t for t in tools) + "  auto is"]
    for q in r["questions"]:
        lines.append("  %-27s" % q["question"] + "".join(
            "%13s" % (cell(q["tools"][t]) if t in q["tools"] else "-") for t in tools) +
            "  " + (q["owners_by"].get("auto") or "-"))
    return lines


def target(load, q, what, measured, peer, theirs, limit, unit):
    """A row of the table of targets. theirs None: it took longer than anybody waits;
    then the ratio is an upper bound."""
    met = None if measured is None else measured / theirs <= limit
    return {"load": load, "question": q, "lssock": what, "measured": measured, "peer": peer,
            "theirs": theirs, "at_most": limit, "unit": unit,
            "ratio": None if measured is None else round(measured / theirs, 4), "met": met}


def targets(results):
    rows = []
    got = {}
    for r in results:
        for q, asked in zip(r.get("questions", []), ASKED[r["load"]]):
            for way in WAYS:
                t = q["tools"].get(way)
                got[r["load"], q["question"], way] = t and t["ms"], r["divisor"]
                if way in asked.targets:
                    peer, limit = asked.targets[way]
                    theirs = q["tools"].get(peer)
                    ms = TOO_LONG * 1000 if theirs is None else theirs["ms"]
                    rows.append(target(title(r), q["question"], way,
                                       t["ms"] if t and peer in q["tools"] else None, peer, ms,
                                       limit, "ms"))
                if "kib" in asked.targets and t:
                    rows.append(target(title(r), q["question"] + ", memory", way, t["kib"],
                                       "250 MB", asked.targets["kib"], 1.0, "KiB"))
    text, small, large, limit = GROWTH
    for way in WAYS:
        a, b = got.get((small, text, way)), got.get((large, text, way))
        if a and b and a[0] and b[0]:
            rows.append(target("%s, %s" % (large, small), text + ", growth", way, b[0],
                               "itself", a[0], limit * a[1] / b[1], "ms"))
    return rows


def judged(rows):
    lines = ["%-8s %-31s %-6s %9s  %-8s %9s %8s %8s  %s" % (
        "LOAD", "QUESTION", "LSSOCK", "MEASURED", "PEER", "THEIRS", "RATIO", "AT MOST", "MET")]
    for t in rows:
        has = t["measured"] is not None
        lines.append("%-8s %-31s %-6s %9s  %-8s %9s %8s %8.3g  %s" % (
            t["load"], t["question"], t["lssock"], figure(t["measured"]) if has else "-",
            t["peer"], figure(t["theirs"]), "%.3f" % t["ratio"] if has else "-", t["at_most"],
            "yes" if t["met"] else "NO" if has else "not measured"))
    return lines


def version(argv):
    try:
        out = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                             text=True).stdout
    except OSError:
        return None
    m = [re.search(r"\d+(\.\d+)+\S*", line) for line in out.splitlines() if "latest" not in line]
    return next((x.group(0) for x in m if x), None)


def about():
    with open("/proc/meminfo") as f:
        memory = int(f.readline().split()[1]) // 1024
    return {"date": time.strftime("%Y-%m-%d", time.gmtime()), "kernel": os.uname().release,
            "machine": os.uname().machine, "cpus": os.cpu_count(), "memory_mb": memory,
            "load_average": round(os.getloadavg()[0], 2),
            "versions": {"lssock": version([LSSOCK, "--version"]), "ss": version(["ss", "-V"]),
                         "lsof": version(["lsof", "-v"]), "lsfd": version(["lsfd", "-V"]),
                         "netstat": version(["netstat", "-V"])}}


def raised(path, value):
    """Sets a limit of the kernel; what it was, None if it cannot be."""
    try:
        with open(path) as f:
            old = f.read()
        if [int(x) for x in old.split()] < [int(x) for x in value.split()]:
            with open(path, "w") as f:
                f.write(value)
        return old
    except OSError as e:
        aloud("%s cannot be raised: %s; a large load may not come up" % (path, e.strerror))
        return None


def run(load, a):
    divisor = a.divisor or (1 if a.full else QUICK[load])
    rounds = a.rounds or (21 if load in SMALL else 7 if a.full else 5)
    argv = ["unshare", "-n", "-p", "-m", "--mount-proc", "--fork", "--kill-child", "sh", "-c",
            'ip link set lo up; exec "$@"', "sh", sys.executable, os.path.abspath(__file__),
            "--inside", load, "--divisor", str(divisor), "--rounds", str(rounds),
            "--budget", "100" if a.full else "3"] + (["--full"] if a.full else [])
    p = subprocess.run(argv, stdout=subprocess.PIPE, text=True)
    if p.returncode:
        raise SystemExit(p.returncode)
    return json.loads(p.stdout)


def keep(name, document, text):
    where = os.path.join(HERE, "results")
    os.makedirs(where, exist_ok=True)
    with open(os.path.join(where, name + ".json"), "w") as f:
        json.dump(document, f, indent=1)
        f.write("\n")
    with open(os.path.join(where, name + ".txt"), "w") as f:
        f.write(text)


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--quick", action="store_true", help="small loads (the default)")
    p.add_argument("--full", action="store_true", help="the loads as they are named")
    p.add_argument("--loads", help="W0,W1,...")
    p.add_argument("--divisor", type=int)
    p.add_argument("--rounds", type=int)
    p.add_argument("--out", help="name of the results, else quick or full")
    p.add_argument("--inside", help=argparse.SUPPRESS)
    p.add_argument("--budget", type=float, help=argparse.SUPPRESS)
    a = p.parse_args()
    if a.inside:
        return inside(a)
    document = {"about": about(), "results": []}
    head = "".join("%s: %s\n" % i for i in document["about"].items())
    head += "Medians in ms / largest resident size in MiB; *: one round only.\n"
    print(head, flush=True)
    old = raised(TCP_MEM, "3000000 4000000 5000000") if a.full else None
    body = []
    try:
        for load in a.loads.split(",") if a.loads else ASKED:
            r = run(load, a)
            document["results"].append(r)
            body += answers(r) + [""]
            print("\n".join(answers(r)) + "\n", flush=True)
            if "skipped" in r:
                aloud("%s: left out, it did not come up: %s" % (load, r["skipped"]))
    finally:
        if old:
            raised(TCP_MEM, old)
    document["targets"] = targets(document["results"])
    verdict = judged(document["targets"])
    if any(r["divisor"] > 1 for r in document["results"]):
        verdict.append("Targets are for whole loads; W2/10 is a tenth of one.")
    unequal = {r["load"]: r["unequal"] for r in document["results"] if r.get("unequal")}
    if a.full:
        verdict.append("Answers of every collector and of ss: %s." %
                       ("NOT the same on " + ", ".join(unequal) if unequal else "the same"))
        for load, said in unequal.items():
            verdict += ["%s, %s:\n%s" % (load, what, text) for what, text in said.items()]
    print("\n".join(verdict))
    if not a.loads or a.out:
        keep(a.out or ("full" if a.full else "quick"), document,
             head + "\n" + "\n".join(body + verdict) + "\n")
    return 1 if unequal else 0


sys.exit(main())
