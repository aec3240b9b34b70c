#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Times lssock against ss, lsof and netstat on loads made for it.

run.py [--quick|--full] [--loads W1,W2] [--divisor N] [--rounds N]

Every load lives in namespaces of its own. Within one run the commands take
turns, after a warm-up; medians of wall time and the largest resident size are
kept, as a table and as JSON in tests/bench/results/. Figures of different runs
are not to be compared: the machine drifts, the ratios hold.
"""
import argparse
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.path.abspath(os.environ.get("B", os.path.join(HERE, "../../build")))
LSSOCK = os.environ.get("LSSOCK", os.path.join(BUILD, "lssock"))
LOAD = os.path.join(BUILD, "tests/load")
TOO_LONG = 100          # seconds; a command that takes longer is not run again

QUESTIONS = {
    "start": {"lssock": "--version", "ss": "-V"},
    "all TCP": {"lssock": "-tan --no-owners", "ss": "-tan", "netstat": "-tan"},
    "TCP with owner": {"lssock": "-tanp", "ss": "-tanp", "lsof": "-nP -iTCP", "netstat": "-tanp"},
    "listeners with owner": {"lssock": "-tlnp", "ss": "-tlnp", "lsof": "-nP -iTCP -sTCP:LISTEN",
                             "netstat": "-tlnp"},
    "one port with owner": {"lssock": ":22", "ss": "-tanp sport = :22 or dport = :22",
                            "lsof": "-nP -iTCP:22"},
    "TCP internals": {"lssock": "-tani --no-owners", "ss": "-tani"},
    "unix with owner": {"lssock": "-xap", "ss": "-xap", "lsof": "-nP -U", "netstat": "-xap"},
    "TCP with owner, JSON": {"lssock": "-tanp --json", "lsof": "-nP -iTCP -F"},
    "everything": {"lssock": "-A all -a", "ss": "-A all -anp", "lsof": "-nP -i -U",
                   "netstat": "-anp"},
}
SPACES = {
    "listeners, all namespaces": {"lssock": "-N all -tln --no-owners",
                                  "ss loop": "-tln", "lsof": None},
    "listeners with owner, all namespaces": {"lssock": "-N all -tlnp", "ss loop": "-tlnp"},
}
ASKED = {"W0": ["start", "all TCP", "TCP with owner", "listeners with owner", "unix with owner",
                "everything"],
         "W1": list(QUESTIONS), "W2": list(QUESTIONS)[1:], "W3": list(QUESTIONS)[1:4],
         "W4": list(QUESTIONS)[1:], "W5": ["unix with owner", "everything"],
         "W6": list(SPACES)}
QUICK = {"W0": 1, "W1": 1, "W2": 10, "W3": 50, "W4": 10, "W5": 10, "W6": 10}


def command(tool, words):
    if tool == "ss loop":
        return ["sh", "-c", 'for n in /run/netns/*; do ss -N "${n##*/}" %s; done' % words]
    return [LSSOCK if tool == "lssock" else shutil.which(tool)] + words.split()


def once(argv):
    """Wall ms, CPU ms and exit status; None if it took too long or failed."""
    begin = time.perf_counter()
    pid = os.posix_spawn(argv[0] if "/" in argv[0] else shutil.which(argv[0]), argv, os.environ,
                         file_actions=[(os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0),
                                       (os.POSIX_SPAWN_OPEN, 2, "/dev/null", os.O_WRONLY, 0)])
    signal.signal(signal.SIGALRM, lambda *_: os.kill(pid, signal.SIGKILL))
    signal.alarm(TOO_LONG)
    _, status, use = os.wait4(pid, 0)
    wall = (time.perf_counter() - begin) * 1000
    signal.alarm(0)
    if os.WIFSIGNALED(status):
        return None
    return wall, (use.ru_utime + use.ru_stime) * 1000, os.WEXITSTATUS(status)


def rss(argv):
    out = subprocess.run([LOAD, "rss"] + argv, stdout=subprocess.PIPE, text=True).stdout
    return int(out) if out else None


def sockets():
    """So many there are: a load that broke makes everything fast."""
    rows = 0
    for name in "tcp", "tcp6", "unix":
        with open("/proc/net/" + name) as f:
            rows += sum(1 for _ in f)
    return rows


def measure(load, divisor, rounds):
    p = subprocess.Popen([LOAD, load, str(divisor)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                         text=True)
    ready = p.stdout.readline().strip()
    if not ready.startswith("ready"):
        raise SystemExit("run.py: the load %s did not come up" % load)
    result = {"load": load, "divisor": divisor, "what": ready[6:], "questions": {}}
    before = sockets()
    for question in ASKED[load]:
        tools = {t: command(t, w) for t, w in {**QUESTIONS, **SPACES}[question].items()
                 if w is not None and (t in ("lssock", "ss loop") or shutil.which(t))}
        got = {t: [] for t in tools}
        n = rounds
        for i in range(n + 1):
            for tool, argv in tools.items():
                if got[tool] is None or (i > 3 and sum(x[0] for x in got[tool]) > 20000):
                    continue
                took = once(argv)
                if took is None:
                    got[tool] = None
                elif i or took[0] > 5000:       # the first is the warm-up
                    got[tool].append(took)
        result["questions"][question] = {
            t: None if not v else {"ms": round(statistics.median(x[0] for x in v), 3),
                                   "cpu_ms": round(statistics.median(x[1] for x in v), 3),
                                   "rss_kib": rss(tools[t]), "rounds": len(v),
                                   "status": v[-1][2]}
            for t, v in got.items()}
    if sockets() < before * 0.99:
        raise SystemExit("run.py: the load %s broke while measuring" % load)
    p.stdin.close()
    p.wait()
    return result


def table(results):
    lines = []
    for r in results:
        lines.append("%s/%d: %s" % (r["load"], r["divisor"], r["what"]))
        for question, tools in r["questions"].items():
            ours = tools.get("lssock")
            cells = ["lssock %9.2f ms %7d KiB" % (ours["ms"], ours["rss_kib"]) if ours else
                     "lssock over %d s" % TOO_LONG]
            for tool, t in tools.items():
                if tool == "lssock":
                    continue
                if not t:
                    cells.append("%s over %d s" % (tool, TOO_LONG))
                else:
                    cells.append("%s %.2f (%.1fx)" % (tool, t["ms"], t["ms"] / ours["ms"] if ours else 0))
            lines.append("  %-36s %s" % (question, "  ".join(cells)))
    return "\n".join(lines) + "\n"


def version(argv):
    try:
        out = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout
    except OSError:
        return None
    words = [line.strip() for line in out.splitlines()
             if any(c.isdigit() for c in line) and "latest" not in line]
    return words[0] if words else None


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--quick", action="store_true", help="small loads (the default)")
    p.add_argument("--full", action="store_true", help="the loads as they are named")
    p.add_argument("--loads", help="W0,W1,...")
    p.add_argument("--divisor", type=int)
    p.add_argument("--rounds", type=int)
    p.add_argument("--inside", help=argparse.SUPPRESS)
    a = p.parse_args()
    if a.inside:
        print(json.dumps(measure(a.inside, a.divisor, a.rounds)))
        return
    loads = a.loads.split(",") if a.loads else \
        ["W0", "W1", "W2", "W4", "W5", "W6"] + (["W3"] if a.full else [])
    results = []
    for load in loads:
        divisor = a.divisor or (1 if a.full else QUICK[load])
        rounds = a.rounds or (11 if load in ("W0", "W1") or not a.full else 5)
        inside = subprocess.run(
            ["unshare", "-n", "-p", "-m", "--mount-proc", "--fork", "--kill-child", "sh", "-c",
             'ip link set lo up; exec "$@"', "sh", sys.executable, os.path.abspath(__file__), "--inside", load,
             "--divisor", str(divisor), "--rounds", str(rounds)],
            stdout=subprocess.PIPE, text=True)
        if inside.returncode:
            raise SystemExit(inside.returncode)
        results.append(json.loads(inside.stdout))
        sys.stdout.write(table(results[-1:]))
        sys.stdout.flush()
    name = "full" if a.full else "quick"
    where = os.path.join(HERE, "results")
    os.makedirs(where, exist_ok=True)
    about = {"time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "kernel": os.uname().release,
             "cpus": os.cpu_count(), "lssock": version([LSSOCK, "--version"]),
             "ss": version(["ss", "-V"]), "lsof": version(["lsof", "-v"]),
             "netstat": version(["netstat", "-V"])}
    with open(os.path.join(where, name + ".json"), "w") as f:
        json.dump({"about": about, "results": results}, f, indent=1)
        f.write("\n")
    with open(os.path.join(where, name + ".txt"), "w") as f:
        f.write("".join("%s: %s\n" % i for i in about.items()) + "\n" + table(results))


main()
