# SPDX-License-Identifier: MIT
"""told.py TOLD_PROGRAM PART: what the live source tells of events, against sockets
that are opened and closed here. Prints TAP lines.

PART is all, plain (no BPF is to be expected), flood (a small buffer), few (of
descriptors) or pids (of a nested pid namespace). Needs a network namespace of its own.
"""
import os
import resource
import socket
import struct
import subprocess
import sys

PROGRAM, PART = sys.argv[1:3]
SO_COOKIE = 57
GONE = 65535
count = 0
failed = False


def ok(good, text, *why):
    global count, failed
    count += 1
    failed |= not good
    print("%sok %d - %s: %s" % ("" if good else "not ", count, PART, text))
    if not good:
        for line in why:
            print("#   %.400s" % (line,))


def skip(text, why):
    global count
    count += 1
    print("ok %d - %s: %s # SKIP %s" % (count, PART, text, why))


def limit():
    if PART == "few":
        resource.setrlimit(resource.RLIMIT_NOFILE, (24, 24))


class Told:
    def __init__(self):
        self.p = subprocess.Popen([PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                  text=True, preexec_fn=limit)

    def do(self, command):
        """Lines as (word, {key: value}), and the number at the end."""
        self.p.stdin.write(command + "\n")
        self.p.stdin.flush()
        rows = []
        while True:
            word, *rest = self.p.stdout.readline().split()
            if word == "end":
                return rows, int(rest[0])
            rows.append((word, dict(x.split("=", 1) for x in rest if "=" in x)))

    def until(self, good, command="ask"):
        """Asks until good(all that came), or nothing has come for some seconds: the kernel
        tells from a queue, in which others may be before."""
        rows, vain = [], 0
        while vain < 100:
            new = self.do(command)[0]
            rows += new
            vain = 0 if new else vain + 1
            if good(rows):
                break
            self.do("wait")
        return rows

    def end(self):
        self.p.stdin.close()
        return self.p.wait()


def cookie(s):
    return str(struct.unpack("Q", s.getsockopt(socket.SOL_SOCKET, SO_COOKIE, 8))[0])


def find(rows, word, **want):
    return [r for w, r in rows if w == word and all(r.get(k) == v for k, v in want.items())]


def netns_inode():
    return str(os.stat("/proc/thread-self/ns/net").st_ino)


class Elsewhere:
    """A child in a network namespace of its own, which does what it is told."""
    def __init__(self):
        self.p = subprocess.Popen(
            ["unshare", "-n", sys.executable, "-u", "-c", """
import os, socket, subprocess, sys
subprocess.call(["ip", "link", "set", "lo", "up"])
print(os.stat("/proc/self/ns/net").st_ino)
for line in sys.stdin:
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.connect(("127.0.0.1", 9))
    print(int.from_bytes(s.getsockopt(1, 57, 8), sys.byteorder))
    s.close()
    print("done")
"""], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.ino = self.p.stdout.readline().strip()

    def udp(self):
        """Opens and closes a socket there: its cookie."""
        self.p.stdin.write("go\n")
        self.p.stdin.flush()
        c = self.p.stdout.readline().strip()
        self.p.stdout.readline()
        return c

    def end(self):
        self.p.stdin.close()
        self.p.wait()


def short_connection(family, address):
    """Both ends of one that is over, with 1,000 bytes there and 30 back."""
    server = socket.create_server((address, 0), family=family)
    client = socket.socket(family)
    client.connect(server.getsockname())
    accepted, _ = server.accept()
    ends = {"server": cookie(server), "client": cookie(client), "accepted": cookie(accepted),
            "port": str(server.getsockname()[1]), "from": str(client.getsockname()[1]),
            "inode": str(os.fstat(client.fileno()).st_ino)}
    client.sendall(b"x" * 1000)
    while len(accepted.recv(1000, socket.MSG_WAITALL)) != 1000:
        pass
    accepted.sendall(b"y" * 30)
    client.recv(30, socket.MSG_WAITALL)
    client.close()
    accepted.recv(1)
    accepted.close()
    server.close()
    return ends


def closings(told, command):
    for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        e = short_connection(family, address)
        rows = told.until(lambda rows: all(find(rows, "closed", cookie=e[k])
                                           for k in ("client", "accepted", "server")), command)
        for k in ("client", "accepted", "server"):
            ok(len(find(rows, "closed", cookie=e[k])) == 1, "%s: the %s closes, once" %
               (address, k), e, *rows)
        c = find(rows, "closed", cookie=e["client"])[0]
        ok(c["lport"] == e["from"] and c["rport"] == e["port"] and c["laddr"] == address and
           c["raddr"] == address and c["proto"] == "tcp" and c["ns"] == "0",
           "with its ends", c, e)
        # the kernel counts SYN and FIN, too
        ok(1000 <= int(c["out"]) <= 1002 and 30 <= int(c["in"]) <= 32,
           "and the bytes of a connection that nobody saw", c)
        states(rows, e)
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.connect(("127.0.0.1", 9))
    mine = cookie(s)
    s.close()
    rows = told.until(lambda rows: find(rows, "closed", cookie=mine), command)
    ok(len(find(rows, "closed", cookie=mine, proto="udp")) == 1, "a UDP socket closes", *rows)
    ok(not find(rows, "lost") and not find(rows, "bad"), "nothing is lost or bad", *rows)


def states(rows, e):
    if not bpf:
        return
    client = find(rows, "state", cookie=e["client"])
    ok([(r["was"], r["state"]) for r in client] ==
       [("7", "2"), ("2", "1"), ("1", "4"), ("4", "5"), ("5", "7")], "its states, in order",
       *client)
    ok([r["pid"] for r in client] == [str(os.getpid()), "0", str(os.getpid()), "0", "0"],
       "who connected and closed it, and nobody else", *client)
    first = client[0]
    with open("/proc/self/stat") as f:
        ticks = int(f.read().rsplit(")", 1)[1].split()[19])
    ok(int(first["start"]) == ticks * (1000000000 // os.sysconf("SC_CLK_TCK")),
       "by the start time that /proc has", first, ticks)
    with open("/proc/self/comm") as f:
        ok(first["comm"] == f.read().strip(), "and its name", first)
    ok(first["inode"] == e["inode"] and first["uid"] == str(os.getuid()) and
       first["netns"] == netns_inode(), "its file, user and namespace", first, e)
    ok(client[1]["lport"] == e["from"] and client[1]["rport"] == e["port"], "its ends", client)
    child = find(rows, "state", cookie=e["accepted"])
    ok([(r["was"], r["state"]) for r in child] ==
       [("3", "1"), ("1", "8"), ("8", "9"), ("9", "7")], "those of the other end", *child)
    ok(child[0]["pid"] == "0" and child[0]["rport"] == e["from"],
       "which nobody opened by a call", child[0])
    times = [int(r["time"]) for r in client]
    ok(times == sorted(times), "in order of time", times)
    ok(int(find(rows, "closed", cookie=e["client"])[0]["time"]) >= times[-1],
       "and on one clock with its end", times)


def namespaces(told, command):
    other = Elsewhere()
    places = {r["ino"]: r["place"] for r in (x for w, x in told.do("netns")[0])}
    if other.ino not in places:
        skip("events of another namespace", "it is not to be seen")
        other.end()
        return
    rows = told.do(command)[0]
    ok(find(rows, "tells") and not find(rows, "untold", ns=places[other.ino]),
       "a namespace that comes is told of", *rows)
    c = other.udp()
    rows = told.until(lambda rows: find(rows, "closed", cookie=c), command)
    ok(len(find(rows, "closed", cookie=c, ns=places[other.ino])) == 1,
       "what closes there", *rows)
    _, before = told.do("fds")
    c = other.udp()
    other.end()
    told.do("netns")
    rows = told.do(command)[0]
    ok(len(find(rows, "closed", cookie=c, ns=str(GONE))) == 1,
       "the last word of one that is gone", *rows)
    for _ in range(20):
        other = Elsewhere()
        told.do("netns")
        told.do(command)
        other.end()
        told.do("netns")
        told.do(command)
    _, after = told.do("fds")
    ok(after < before, "no descriptor stays of those that are gone", before, after)


def flood(told):
    """More than fits into the buffer that any user may have."""
    with open("/proc/sys/net/core/rmem_max") as f:
        many = min(2 * int(f.read()) // 500 + 1000, 100000)
    told.do("ask-")
    for _ in range(many):
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.connect(("127.0.0.1", 9))
        s.close()
    # the kernel tells from a work queue (sock_diag_broadcast_destroy), so not at once
    rows = told.until(lambda rows: find(rows, "lost", count="0") or
                      len(find(rows, "closed")) == many, "ask-")
    lost, got = find(rows, "lost", count="0"), len(find(rows, "closed"))
    if got == many:
        skip("what is lost", "the buffer holds %d" % many)
        return
    # the kernel goes on telling while it is listened to, so that more may be lost
    ok(lost and got < many, "that events were lost", got, *lost)
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.connect(("127.0.0.1", 9))
    mine = cookie(s)
    s.close()
    rows = told.until(lambda rows: find(rows, "closed", cookie=mine), "ask-")
    ok(len(find(rows, "closed", cookie=mine)) == 1, "and after that they are told again", *rows)


def few(told):
    """Where descriptors are few not every namespace is told of, and that is said."""
    others = [Elsewhere() for _ in range(10)]
    places = {r["ino"]: r["place"] for r in (x for w, x in told.do("netns")[0])}
    if any(o.ino not in places for o in others):
        skip("more namespaces than descriptors", "they are not to be seen")
        return
    rows, r = told.do("ask-")
    dumb = find(rows, "untold", err="24")
    ok(r == 0 and 0 < len(dumb) < len(places), "of some is said that they are not told of",
       r, *rows)
    quiet = {t["ns"] for t in dumb}
    for o in others:
        c = o.udp()
        if places[o.ino] in quiet:
            continue
        rows = told.until(lambda rows: find(rows, "closed", cookie=c), "ask-")
        ok(find(rows, "closed", cookie=c, ns=places[o.ino]), "the others tell", *rows)
        break
    for o in others:
        o.end()


told = Told()
rows, r = told.do("ask" if PART in ("all", "pids") else "ask-")
tells = find(rows, "tells", ns="0")
ok(r == 0 and len(tells) == 1 and int(tells[0]["bits"]) & 1, "closed sockets are told of",
   r, *rows)
bpf = int(tells[0]["bits"]) & 2
if PART in ("all", "pids") and not bpf:
    skip("changes of state", "not to be had: %s" % os.strerror(int(tells[0]["err"])))
    ok(int(tells[0]["err"]) > 0, "and it says why", *rows)
if PART == "plain":
    ok(not bpf and tells[0]["err"] == "0", "changes are not, if nobody wants them", *rows)
if PART == "flood":
    flood(told)
elif PART == "few":
    few(told)
elif PART == "pids":
    closings(told, "ask")
else:
    command = "ask" if PART == "all" else "ask-"
    closings(told, command)
    namespaces(told, command)
    ok(told.do(command)[0] == [], "then there is nothing more to tell")
ok(told.end() == 0, "ends well")
print("1..%d" % count)
sys.exit(failed)
