# SPDX-License-Identifier: MIT
"""ss.py LSSOCK [-O] [NETNS...]: TCP, UDP and unix sockets as ss has them, row by row.

Prints the differences of (cookie, state, queues, addresses, owners); exit 1.
-O: without owners. NETNS: in these namespaces of `ip netns`, else in ours.
"""
import json
import re
import subprocess
import sys

STATES = {"ESTAB": "ESTABLISHED", "UNCONN": "UNCONNECTED", "LISTEN": "LISTEN",
          "TIME-WAIT": "TIME_WAIT", "CLOSE-WAIT": "CLOSE_WAIT", "FIN-WAIT-1": "FIN_WAIT1",
          "FIN-WAIT-2": "FIN_WAIT2", "SYN-SENT": "SYN_SENT", "SYN-RECV": "SYN_RECV",
          "LAST-ACK": "LAST_ACK", "CLOSING": "CLOSING"}


def lines(*argv):
    p = subprocess.Popen(argv, stdout=subprocess.PIPE)
    yield from p.stdout
    if p.wait():
        raise SystemExit("%s: exit status %d" % (" ".join(argv), p.returncode))


def end(text):
    host, port = text.rsplit(":", 1)
    host = host.split("%")[0].strip("[]").replace("::ffff:", "")
    return (host if host not in ("*", "0.0.0.0", "::") else "*", int(port) if port != "*" else 0)


def owners(line):
    return tuple(sorted((int(p), int(f)) for p, f in re.findall(r"pid=(\d+),fd=(\d+)", line)))


def by_ss(options, table):
    rows = {}
    for raw in lines("ss", "-H", "-O", "-ane", table, *options):
        line = raw.decode()
        w = line.split()
        cookie = int(re.search(r" sk:([0-9a-f]+)", line).group(1), 16) if " sk:" in line else 0
        if table == "-x":
            peer, state = int(w[7]), STATES[w[1]]
            if w[0] == "u_dgr" and not peer:    # unix_dgram_connect() marks the far end too
                state = "UNCONNECTED"
            rows[int(w[5])] = (state, int(w[2]), int(w[3]), w[4], peer, owners(line))
        else:
            rows[cookie] = (STATES[w[0]], int(w[1]), int(w[2]), end(w[3]), end(w[4]), owners(line))
    return rows


def by_us(lssock, options, table):
    rows = {}
    for line in lines(lssock, "--jsonl", "-a", table, "--columns", "+cookie,inode,recvq,sendq,source",
                      *options):
        s = json.loads(line)
        if s["state"] == "BOUND" or s["source"] == "fd":
            continue
        o = tuple(sorted((o["pid"], o["fd"]) for o in s["owners"]))
        if table == "-x":
            rows[s["inode"]] = (s["state"], s["recvq"], s["sendq"], s["path"] or "*",
                                (s["peer"] or {}).get("inode") or 0, o)
        else:
            a = [(s[h] if s[h] not in (None, "0.0.0.0", "::") else "*", s[p] or 0)
                 for h, p in (("laddr", "lport"), ("raddr", "rport"))]
            rows[s["cookie"]] = (s["state"], s["recvq"], s["sendq"], a[0], a[1], o)
    return rows


def at_rest(lssock, table, theirs, ours):
    """Both answers, of a time in which nothing changed: ss is asked before and after."""
    before = by_ss(theirs, table)
    for _ in range(50):
        rows, after = by_us(lssock, ours, table), by_ss(theirs, table)
        if before == after:
            return after, rows
        before = after
    raise SystemExit("%s: the sockets do not come to rest" % table)


def differences(lssock, table, theirs, ours):
    theirs, ours = at_rest(lssock, table, theirs, ours)
    bad = [key for key in sorted(set(theirs) | set(ours)) if theirs.get(key) != ours.get(key)]
    for key in bad[:10]:
        print(table, key, "\n  ss:", theirs.get(key), "\n  us:", ours.get(key))
    print("%s: %d rows" % (table, len(ours)))
    return len(bad)


def main():
    lssock, *names = sys.argv[1:]
    unowned = "-O" in names
    bad = 0
    for name in [n for n in names if n != "-O"] or [None]:
        at = ["-N", name] if name else []
        for table in "-t", "-u", "-x":
            bad += differences(lssock, table, at + ([] if unowned else ["-p"]),
                               at + (["--no-owners"] if unowned else []))
    sys.exit(bad > 0)


main()
