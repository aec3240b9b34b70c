# SPDX-License-Identifier: MIT
"""ss.py LSSOCK: compares TCP, UDP and unix sockets with ss, row by row.

Prints the differences of (cookie, state, queues, addresses, owners); exit 1.
"""
import json
import re
import subprocess
import sys

STATES = {"ESTAB": "ESTABLISHED", "UNCONN": "UNCONNECTED", "LISTEN": "LISTEN",
          "TIME-WAIT": "TIME_WAIT", "CLOSE-WAIT": "CLOSE_WAIT", "FIN-WAIT-1": "FIN_WAIT1",
          "FIN-WAIT-2": "FIN_WAIT2", "SYN-SENT": "SYN_SENT", "SYN-RECV": "SYN_RECV",
          "LAST-ACK": "LAST_ACK", "CLOSING": "CLOSING"}


def end(text):
    host, port = text.rsplit(":", 1)
    host = host.split("%")[0].strip("[]").replace("::ffff:", "")
    return (host if host not in ("*", "0.0.0.0", "::") else "*", int(port) if port != "*" else 0)


def owners(line):
    return tuple(sorted((int(p), int(f)) for p, f in re.findall(r"pid=(\d+),fd=(\d+)", line)))


def by_ss(option):
    rows = {}
    out = subprocess.run(["ss", "-H", "-O", "-anpe", option], stdout=subprocess.PIPE,
                         check=True).stdout.decode()
    for line in out.splitlines():
        w = line.split()
        cookie = int(re.search(r" sk:([0-9a-f]+)", line).group(1), 16) if " sk:" in line else 0
        if option == "-x":
            peer, state = int(w[7]), STATES[w[1]]
            if w[0] == "u_dgr" and not peer:    # unix_dgram_connect() marks the far end too
                state = "UNCONNECTED"
            rows[int(w[5])] = (state, int(w[2]), int(w[3]), w[4], peer, owners(line))
        else:
            rows[cookie] = (STATES[w[0]], int(w[1]), int(w[2]), end(w[3]), end(w[4]), owners(line))
    return rows


def by_us(option):
    rows = {}
    d = json.loads(subprocess.run([sys.argv[1], "--json", "-a", option, "--columns",
                                   "+cookie,inode,recvq,sendq,source"],
                                  stdout=subprocess.PIPE, check=True).stdout)
    for s in d["sockets"]:
        if s["state"] == "BOUND" or s["source"] == "fd":
            continue
        o = tuple(sorted((o["pid"], o["fd"]) for o in s["owners"]))
        if option == "-x":
            rows[s["inode"]] = (s["state"], s["recvq"], s["sendq"], s["path"] or "*",
                                (s["peer"] or {}).get("inode") or 0, o)
        else:
            a = [(s[h] if s[h] not in (None, "0.0.0.0", "::") else "*", s[p] or 0)
                 for h, p in (("laddr", "lport"), ("raddr", "rport"))]
            rows[s["cookie"]] = (s["state"], s["recvq"], s["sendq"], a[0], a[1], o)
    return rows


bad = 0
for option in "-t", "-u", "-x":
    theirs, ours = by_ss(option), by_us(option)
    for key in sorted(set(theirs) | set(ours)):
        if theirs.get(key) != ours.get(key):
            bad += 1
            if bad <= 10:
                print(option, key, "\n  ss:", theirs.get(key), "\n  us:", ours.get(key))
    print("%s: %d rows" % (option, len(ours)))
sys.exit(bad > 0)
