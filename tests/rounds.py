# SPDX-License-Identifier: MIT
"""rounds.py ROUNDS_PROGRAM COLLECTOR: rounds that rely on each other, in the
namespace of the caller, which must have more than 2,000 open descriptors.

Opens, closes and passes on sockets between rounds and prints TAP lines.
"""
import json
import os
import signal
import socket
import subprocess
import sys

PROGRAM, COLLECTOR = sys.argv[1:3]
count = 0
failed = False


def ok(good, text, *why):
    global count, failed
    count += 1
    failed |= not good
    print("%sok %d - %s: %s" % ("" if good else "not ", count, COLLECTOR, text))
    if not good:
        for line in why:
            print("#   %.400s" % (line,))


class Rounds:
    def __init__(self):
        self.p = subprocess.Popen([PROGRAM, COLLECTOR], stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, close_fds=True)

    def ask(self, how):
        self.p.stdin.write(how.encode() + b"\n")
        self.p.stdin.flush()
        rows = []
        while True:
            row = json.loads(self.p.stdout.readline())
            if "fresh" in row:
                return rows, row
            if all(o["pid"] != self.p.pid for o in row["owners"]):
                rows.append(row)

    def end(self):
        self.p.stdin.close()
        return self.p.wait()


def find(rows, **want):
    return [r for r in rows if all(r[k] == v for k, v in want.items())]


def pids(row):
    return sorted({o["pid"] for o in row["owners"]})


def key(row):
    # a socket that only an fd shows has a cookie where the collector tells it; when
    # the machine was booted is a difference of two clocks, read anew each time
    row = {k: v for k, v in row.items() if k not in ("cookie", "recvq", "sendq")}
    row["owners"] = [{k: v for k, v in o.items() if k != "start"} for o in row["owners"]]
    return json.dumps(row, sort_keys=True)


def same(r, text):
    """After a look for the owners of something new: as if taken anew."""
    stir.append(socket.create_connection(("127.0.0.1", port)))
    stir.append(server.accept()[0])
    for _ in range(4):
        rows, about = r.ask("refresh")
    anew, _ = r.ask("take")
    a, b = sorted(map(key, rows)), sorted(map(key, anew))
    ok(a == b, text, *(["- " + x for x in a if x not in b][:3] +
                       ["+ " + x for x in b if x not in a][:3]))
    return rows, about


def child(work):
    """A process that does work(), says so and waits."""
    r, w = os.pipe()
    pid = os.fork()
    if pid:
        os.close(w)
        os.read(r, 1)
        os.close(r)
        return pid
    keep = work()
    os.write(w, b"x")
    while keep is not None:
        signal.pause()
    os._exit(1)


def end(pid):
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


stir = []
r = Rounds()
server = socket.create_server(("127.0.0.1", 0))
port = server.getsockname()[1]
r.ask("refresh")
rows, about = r.ask("refresh")
if COLLECTOR == "bpf" and not about["bpf"]:
    print("ok 1 - bpf # SKIP BPF is not to be had")
    print("1..1")
    sys.exit(r.end())
ok(about["fresh"] == 0 and about["gone"] == 0, "no row is new or gone", about)
ok(about["age_us"] > 0 and about["fds"] == 0, "it relies on an earlier look", about)
ours = find(rows, laddr="127.0.0.1", lport=port, state="LISTEN")[0]
ok(pids(ours) == [os.getpid()], "the owner is carried")

client = socket.create_connection(("127.0.0.1", port))
accepted, peer = server.accept()
rows, about = r.ask("refresh")
ok(about["fresh"] == 2, "two ends of a connection are new", about)
ours = find(rows, lport=port, rport=peer[1])[0]
ok(pids(ours) == [os.getpid()], "what was accepted has its owner at once", ours)
theirs = find(rows, lport=peer[1], rport=port)[0]
ok(pids(theirs) == [os.getpid()] or theirs["why"] == "later",
   "the other end too, or it says that nobody has looked yet", theirs)
same(r, "some rounds later it is as if taken anew")

lonely = socket.socket()
unbound = os.fstat(lonely.fileno()).st_ino
same(r, "a socket in no table comes")
rows, about = r.ask("refresh")
ok(len(find(rows, inode=unbound)) == 1, "and stays while nobody looks anew", about)
lonely.close()
rows, about = r.ask("refresh")
ok(not find(rows, inode=unbound), "and is gone when it is closed", about)

heir = child(lambda: client)
same(r, "a second process holds a socket")
end(heir)
rows, about = r.ask("refresh")
ok(all(heir not in pids(row) for row in rows), "a process that ended holds nothing",
   find(rows, lport=peer[1]))
accepted.close()
client.close()
for _ in range(200):        # the last segments may be on their way
    rows, about = r.ask("refresh")
    if not find(rows, lport=peer[1], rport=port, state="ESTABLISHED"):
        break
ok(not find(rows, lport=peer[1], rport=port, state="ESTABLISHED"),
   "a closed connection is gone", about)

# Connections come and go while it looks; none may have a wrong owner.
storm = []
wrong = late = 0
for i in range(24):
    storm.append(socket.create_connection(("127.0.0.1", port)))
    storm.append(server.accept()[0])
    if i % 3 == 2:
        storm.pop(0).close()
        storm.pop(0).close()
    rows, about = r.ask("refresh")
    for row in find(rows, laddr="127.0.0.1", lport=port, state="ESTABLISHED"):
        wrong += pids(row) not in ([os.getpid()], [])
        late += not row["owners"] and row["why"] != "later"
    keys = [row["cookie"] for row in rows if row["cookie"]]
    wrong += len(keys) != len(set(keys))
ok(wrong == 0 and late == 0, "connections that come and go", wrong, late)
for s in storm:
    s.close()
same(r, "after the storm")

_, first = r.ask("refresh -")
for _ in range(60):
    _, last = r.ask("refresh -")
ok(last["rss_kib"] < first["rss_kib"] * 1.1 + 1024, "memory stays flat over 60 rounds",
   first, last)
ok(r.end() == 0, "ends well")
print("# cpu of a round that relies: %.2f ms, of %s" % (last["cpu_ms"], last))
print("1..%d" % count)
sys.exit(failed)
