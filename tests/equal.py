# SPDX-License-Identifier: MIT
"""equal.py LSSOCK [ARG...]: every collector gives the same rows and owners.

Runs lssock with BPF, with /proc alone and on two threads, and as it comes, over
sockets that stay as they are. Every value of every row must be the same but
those of lssock itself, and the cookie of a row that only a descriptor shows.
Prints differences and "without BPF: WHY"; exit 1 if there are any.
"""
import os
import re
import subprocess
import sys

WAYS = {"/proc": ["--collector", "proc", "--workers", "0"],
        "/proc, two threads": ["--collector", "proc", "--workers", "1"],
        "BPF": ["--collector", "bpf"], "auto": []}


def rows(lssock, way, args):
    """Rows, sorted, and who found the owners."""
    p = subprocess.run([lssock, "-A", "all", "-a", "-e", "--jsonl", "--stats"] + way + args,
                       stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    said = p.stderr.decode()
    if p.returncode:
        raise SystemExit("exit status %d: %s" % (p.returncode, said))
    # Those lssock asks the kernel by are others each time, and may be closed by now.
    own = re.compile(rb'"ppid":%d,|"proto":"netlink".*"why":"vanished"' % os.getpid())
    out = [line for line in p.stdout.splitlines() if not own.search(line)]
    out = [re.sub(rb'"cookie":[^,]*,', b"", line) if b'"source":"fd"' in line else line
           for line in out]
    out.sort()
    by = re.search(r"owners: .* by (BPF|/proc)(?:, not BPF: (.*))?", said)
    return out, by.group(1), by.group(2)


def table(lssock, way, args):
    """The list as people see it: order too."""
    out = subprocess.run([lssock, "-tuxa"] + way + args, stdout=subprocess.PIPE,
                         check=True).stdout
    return out.splitlines()


def differ(name, first, other, limit=5):
    if first == other:
        return False
    a, b = set(first), set(other)
    print("%s: %d rows, %d with %s, not the same:" % (name, len(other), len(first), "/proc"))
    for sign, lines in ("-", sorted(a - b)), ("+", sorted(b - a)):
        for line in lines[:limit]:
            print("  %s %s" % (sign, line.decode()))
    if a == b:
        print("  in another order, or so many times")
    return True


def main():
    lssock, args = sys.argv[1], sys.argv[2:]
    bad = False
    first = seen = None
    for name, way in WAYS.items():
        got, by, why = rows(lssock, way, args)
        if name == "BPF" and by != "BPF":
            print("without BPF: %s" % why)
            continue
        if name.startswith("/proc") and by != "/proc":
            print("%s: by %s" % (name, by))
            bad = True
        if first is None:
            first, seen = got, table(lssock, way, args)
            print("%d rows" % len(first))
            continue
        bad |= differ(name, first, got)
        bad |= differ(name + ", table", seen, table(lssock, way, args))
    sys.exit(bad)


main()
