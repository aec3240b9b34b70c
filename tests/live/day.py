#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A busy minute of a web server in a few seconds, for a recording of several rounds.

day.py              begins, prints "ready", then does a step at each line of stdin;
                    addresses 10.0.0.5, 10.0.0.21 and 203.0.113.7 must be there
day.py NAME...      processes of these names, whose pids it prints; each line of stdin,
                    NAME VERB WORDS, is one of the verbs below, and answered with "done"
"""
import ctypes
import os
import socket
import struct
import sys

libc = ctypes.CDLL(None)
kept = []
pids = []


def become(name, uid):
    """A child that does what it is told, by name."""
    there, here = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    pid = os.fork()
    if pid:
        pids.append(pid)
        here.close()
        kept.append(there)
        return there
    for other in kept:
        other.close()
    there.close()
    libc.prctl(15, name.encode(), 0, 0, 0)
    if uid:
        os.setgid(uid)
        os.setuid(uid)
    serve(here)
    os._exit(0)


def tell(who, *words):
    who.send(" ".join(str(w) for w in words).encode())
    answer = who.recv(100).decode()
    assert answer.startswith("done"), answer
    return answer.split()[1:]


class Child:
    def __init__(self):
        self.s = {}

    def listen(self, name, addr, port, backlog):
        s = socket.socket(socket.AF_INET6 if ":" in addr else socket.AF_INET)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind((addr, int(port)))
        s.listen(int(backlog))
        self.s[name] = s

    def udp(self, name, addr, port):
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.bind((addr, int(port)))
        self.s[name] = s

    def connect(self, name, source, sport, addr, port):
        s = socket.socket()
        s.bind((source, int(sport)))
        s.connect((addr, int(port)))
        self.s[name] = s

    def accept(self, name, listener):
        self.s[name] = self.s[listener].accept()[0]

    def send(self, name, n):
        self.s[name].sendall(b"x" * int(n))

    def recv(self, name, n):
        n = int(n)
        while n:
            n -= len(self.s[name].recv(min(n, 65536)))

    def close(self, name):
        self.s.pop(name).close()

    def short(self, addr, port, n):
        self.connect("short", "0.0.0.0", 0, addr, port)
        self.send("short", n)
        self.close("short")

    def take(self, listener, n):
        self.accept("taken", listener)
        self.recv("taken", n)
        self.close("taken")

    def reset(self, name):
        self.s[name].setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close(name)


def serve(here):
    child = Child()
    while True:
        words = here.recv(200).decode().split()
        if not words:
            return
        getattr(child, words[0])(*words[1:])
        here.send(b"done")


class Link:
    """A connection of two children."""
    def __init__(self, name, client, source, sport, server, listener, addr, port):
        self.name, self.client, self.server = name, client, server
        tell(client, "connect", name, source, sport, addr, port)
        tell(server, "accept", name, listener)

    # Not more at a time than the buffers hold, for nobody reads meanwhile.
    def flow(self, sender, reader, n):
        while n:
            part = min(n, 100000)
            tell(sender, "send", self.name, part)
            tell(reader, "recv", self.name, part)
            n -= part

    def up(self, n):
        self.flow(self.client, self.server, n)

    def down(self, n):
        self.flow(self.server, self.client, n)


def obey(names):
    children = {}
    for name in names:
        children[name] = become(name, 0)
        print("%s=%d" % (name, pids[-1]), end=" ")
    print(flush=True)
    for line in sys.stdin:
        who, *words = line.split()
        tell(children[who], *words)
        print("done", flush=True)
    sys.exit(0)


def step():
    if not sys.stdin.readline():
        sys.exit(0)


if len(sys.argv) > 1:
    obey(sys.argv[1:])
sshd, nginx, postgres = become("sshd", 0), become("nginx", 33), become("postgres", 113)
shop, java, curl = become("shop", 1000), become("java", 201), become("curl", 1000)
browser, resolved = become("browser", 1001), become("systemd-resolve", 101)
tell(sshd, "listen", "l", "::", 22, 128)
tell(nginx, "listen", "l", "0.0.0.0", 4430, 511)
tell(postgres, "listen", "l", "10.0.0.5", 5432, 244)
tell(postgres, "listen", "l4", "127.0.0.1", 5432, 244)
tell(java, "listen", "l", "127.0.0.1", 9092, 50)
tell(resolved, "udp", "u", "127.0.0.53", 53)
db = Link("db", shop, "10.0.0.21", 51820, postgres, "l", "10.0.0.5", 5432)
web = Link("web", browser, "203.0.113.7", 51514, nginx, "l", "10.0.0.5", 4430)
slow = Link("slow", browser, "203.0.113.7", 51515, nginx, "l", "10.0.0.5", 4430)
queue = Link("queue", shop, "10.0.0.5", 39310, java, "l", "127.0.0.1", 9092)
print("ready", flush=True)
step()
# 1 to 2: traffic, and a new connection
db.down(8100000)
db.up(402000)
web.down(96000)
web.up(22000)
fetch = Link("fetch", curl, "10.0.0.5", 60123, nginx, "l", "10.0.0.5", 4430)
fetch.down(212000)
step()
# 2 to 3: one that no round sees; one that is half closed; one that ends in time-wait
db.down(8100000)
db.up(402000)
web.down(96000)
short = Link("short", curl, "10.0.0.5", 60101, nginx, "l", "10.0.0.5", 4430)
short.up(1000)
short.down(48000)
tell(nginx, "close", "short")
tell(curl, "close", "short")
tell(shop, "close", "queue")
tell(curl, "close", "fetch")
tell(nginx, "close", "fetch")
step()
# 3 to 4: a reset, a new listener
db.down(4000000)
web.down(960000)
tell(browser, "reset", "slow")
tell(nginx, "close", "slow")
tell(shop, "listen", "dev", "0.0.0.0", 3000, 10)
step()
# 4 to 5: quiet but for one
db.down(100000)
step()
