# SPDX-License-Identifier: MIT
"""events.py LSSOCK: `lssock events`, read line by line while
sockets open, change and close here. Prints TAP lines.

Needs a network namespace of its own.
"""
import ctypes
import json
import os
import re
import select
import signal
import socket
import struct
import subprocess
import sys
import time

LSSOCK = sys.argv[1]
count = 0
failed = False


def ok(good, text, *why):
    global count, failed
    count += 1
    failed |= not good
    print("%sok %d - %s" % ("" if good else "not ", count, text))
    if not good:
        for line in why:
            print("#   %.600s" % (line,))


class Events:
    def __init__(self, *args):
        self.p = subprocess.Popen([LSSOCK, "events", "--interval", "0.1"] + list(args),
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.lines = []
        self.rest = b""
        self.begun()

    def read(self, seconds):
        if select.select([self.p.stdout], [], [], seconds)[0]:
            self.rest += os.read(self.p.stdout.fileno(), 65536)
        *lines, self.rest = self.rest.split(b"\n")
        self.lines += [line.decode() for line in lines]

    def begun(self):
        """Until it says something: its first round only looks."""
        for _ in range(200):
            marker = socket.create_server(("127.0.0.1", MARK), reuse_port=True)
            self.read(0.15)
            marker.close()
            if self.lines:
                return

    def until(self, good, what, *detail):
        end = time.monotonic() + 30
        while not any(good(line) for line in self.lines) and time.monotonic() < end:
            self.read(0.1)
        found = [line for line in self.lines if good(line)]
        ok(len(found) == 1, what, *(detail + tuple(self.lines)))
        return found[0] if found else None

    def end(self, how):
        self.p.send_signal(how)
        out, err = self.p.communicate(timeout=10)
        self.lines += (self.rest + out).decode().split("\n")[:-1]
        return self.p.returncode, err.decode()


def rename(name):
    libc = ctypes.CDLL(None)
    libc.prctl(15, ctypes.c_char_p(name), 0, 0, 0)


def connection(server):
    client = socket.create_connection(server.getsockname())
    accepted, _ = server.accept()
    return client, accepted


def pour(a, b, size):
    a.sendall(b"x" * size)
    b.recv(size, socket.MSG_WAITALL)


spare = socket.create_server(("127.0.0.1", 0))
MARK = spare.getsockname()[1]
spare.close()
server = socket.create_server(("127.0.0.1", 0))
port = server.getsockname()[1]
other = socket.create_server(("127.0.0.1", 0))
CLOCK = r"^\d\d:\d\d:\d\d "
rename(b"a b\nc\x1b")

# ---- lines -----------------------------------------------------------------------
e = Events("lport:%d or rport:%d or lport:%d" % (port, port, MARK))
client, accepted = connection(server)
mine = client.getsockname()[1]
short = connection(other)
for s in short:
    s.close()
line = e.until(lambda x: " open " in x and (":? " in x or ":%d " % mine in x) and
               ("127.0.0.1:%d " % port) in x and not x.split()[3].endswith(":%d" % port),
               "a connection opens")
ok(re.match(CLOCK + r"open tcp 127\.0\.0\.1:[0-9?]+ [<>-] 127\.0\.0\.1:%d [A-Z_]+ \S+( \+\d+)?$"
            % port, line or ""), "in the form of a line", line)
accepted.shutdown(socket.SHUT_WR)
client.recv(1)
line = e.until(lambda x: " state " in x and "127.0.0.1:%d " % mine in x.split(" ", 4)[3] + " " and
               x.split(" > ")[-1].startswith("CLOSE_WAIT"), "its state changes")
ok(line and "ESTABLISHED > CLOSE_WAIT a\\x20b\\x0ac\\x1b[%d]" % os.getpid() in line,
   "by whom, and nothing of a name gets through", line)
client.close()
accepted.close()
line = e.until(lambda x: " closed " in x and "127.0.0.1:%d " % mine == x.split()[3] + " ",
               "it closes")
ok(line and re.search(r" (<1s|[0-9.]+m?s) in=\d+ out=\d+ retrans=\d+ ", line), "with its bytes",
   line)

client, accepted = connection(server)
mine = client.getsockname()[1]
pour(client, accepted, 48000)
pour(accepted, client, 1000)
client.close()
accepted.close()
line = e.until(lambda x: " closed " in x and "127.0.0.1:%d " % mine == x.split()[3] + " ",
               "one shorter than a round closes")
ok(line and " <1s in=1K out=48K retrans=0 " in line, "with its bytes, too", line)
code, err = e.end(signal.SIGINT)
ok(code == 0, "SIGINT ends it", code, err)
ok(all(re.match(CLOCK, x) for x in e.lines), "each line has a time", *e.lines)
ok(not any(":%d " % other.getsockname()[1] in x for x in e.lines),
   "the filter holds", *e.lines)

# ---- objects ----------------------------------------------------------------------
e = Events("--jsonl", "lport:%d or rport:%d or lport:%d" % (port, port, MARK))
client, accepted = connection(server)
mine = client.getsockname()[1]
pour(client, accepted, 500)
client.close()
accepted.close()
line = e.until(lambda x: '"event":"closed"' in x and '"lport":%d,' % mine in x, "JSON: it closes")
code, err = e.end(signal.SIGTERM)
ok(code == 0, "SIGTERM ends it", code, err)


def strict(pairs):
    keys = [k for k, _ in pairs]
    if len(keys) != len(set(keys)):
        raise ValueError("twice: %s" % keys)
    return dict(pairs)


try:
    all_of_it = [json.loads(x, object_pairs_hook=strict) for x in e.lines]
    ok(True, "every line is an object")
except ValueError as why:
    ok(False, "every line is an object", why)
    all_of_it = []
d = [x for x in all_of_it if x["event"] == "closed" and x["lport"] == mine]
ok(len(d) == 1 and 500 <= d[0]["final"]["out"] <= 502 and d[0]["rport"] == port and
   d[0]["proto"] == "tcp" and isinstance(d[0]["owners"], list), "of a socket as in a list", *d)
ok(all(re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$", x["time"]) for x in all_of_it),
   "with time to the millisecond")

# ---- many at once -----------------------------------------------------------------
# Each closed connection brings its listener along; one more, so that both kinds of rows
# come at every place.
servers = [socket.create_server(("127.0.0.1", 0)) for _ in range(40)]
pairs = [connection(s) for s in servers]
alone = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
alone.connect(("127.0.0.1", 9))
e = Events("--interval", "5", "proto:tcp,udp")
wanted = {c.getsockname()[1] for c, _ in pairs} | {alone.getsockname()[1]}
alone.close()
for pair in pairs:
    for s in pair:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        s.close()
end = time.monotonic() + 30
missing = wanted
while missing and time.monotonic() < end:
    e.read(0.1)
    told = [x.split()[3] for x in e.lines if " closed " in x]
    missing = {p for p in wanted if not any(t.endswith(":%d" % p) for t in told)}
ok(not missing, "all of many that close at once are told of", missing, *e.lines[-5:])
code, err = e.end(signal.SIGTERM)
ok(code == 0, "and it ends well", code, err)

# ---- whose one was that no round has seen --------------------------------------------
# Who closes tells with BPF, whichever end is first; a shutdown does as well.
def brief(how):
    '''A connection of a child to this process, gone at once; the port of its client.'''
    there, here = os.pipe()
    child = os.fork()
    if not child:
        rename(b"asker")
        c = socket.create_connection(server.getsockname())
        os.write(here, b"%d" % c.getsockname()[1])
        c.sendall(b"question")
        if how == "client":
            c.shutdown(socket.SHUT_WR)
        c.recv(100)
        c.recv(1)
        os._exit(0)
    accepted, _ = server.accept()
    accepted.recv(100)
    accepted.sendall(b"answer")
    if how == "client":
        accepted.recv(1)
    elif how == "shutdown":
        accepted.shutdown(socket.SHUT_WR)
        accepted.recv(1)
    accepted.close()
    os.waitpid(child, 0)
    number = os.read(there, 100).decode()
    os.close(there)
    os.close(here)
    return int(number), child


e = Events("--interval", "5", "lport:%d or rport:%d or lport:%d" % (port, port, MARK))
us = "a\\x20b\\x0ac\\x1b[%d]" % os.getpid()
for how in "server", "client", "shutdown":
    mine, child = brief(how)
    ends = "127.0.0.1:%d < 127.0.0.1:%d " % (port, mine), \
        "127.0.0.1:%d > 127.0.0.1:%d " % (mine, port)
    lines = [e.until(lambda x: " closed tcp " + end in x, "%s closes: end %d" % (how, i))
             for i, end in enumerate(ends)]
    if any(" SYN_SENT " in x for x in e.lines):
        ok(lines[0] and lines[0].endswith(" " + us), "%s closes: the server had it" % how, *lines)
        ok(lines[1] and lines[1].endswith(" asker[%d]" % child),
           "%s closes: its client is told although gone" % how, *lines)
    else:
        ok(all(x and x.endswith("(vanished)") for x in lines),
           "%s closes: nobody is named without BPF" % how, *lines)
code, err = e.end(signal.SIGTERM)
ok(code == 0, "and that ends well", code, err)

# ---- who does not read ---------------------------------------------------------------
e = Events("lport:%d" % MARK)
e.p.stdout.close()
try:
    e.p.wait(10)
    ok(e.p.returncode in (0, -signal.SIGPIPE), "it ends when nobody reads", e.p.returncode)
except subprocess.TimeoutExpired:
    ok(False, "it ends when nobody reads")
    e.p.kill()
print("1..%d" % count)
sys.exit(failed)
