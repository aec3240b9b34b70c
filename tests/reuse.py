# SPDX-License-Identifier: MIT
"""reuse.py SCENE LSSOCK [ARG...]: takes the pid away from under a scan.

The scan is stopped (a signal injected by strace) after its first, second, third
... look at a file; each time another process has got the pid when it goes on.
Prints one line per wrong answer, then "N runs, N swapped, N wrong". Needs a pid
namespace of its own.
"""
import ctypes
import json
import os
import signal
import struct
import subprocess
import sys
import time

PID, CALLS = 300, "openat,readlinkat,getdents64,read,newfstatat,statx,pread64"
scene, command = sys.argv[1], sys.argv[2:]
libc = ctypes.CDLL(None, use_errno=True)
strace_log = os.path.join(os.environ["T"], "strace")


def clone(pid):
    """fork() into this pid."""
    tid = ctypes.c_int(pid)
    args = ctypes.create_string_buffer(struct.pack(
        "=11Q", 0, 0, 0, 0, signal.SIGCHLD, 0, 0, 0, ctypes.addressof(tid), 1, 0))
    r = libc.syscall(435, args, len(args.raw) - 1)
    if r < 0:
        print("clone3: " + os.strerror(ctypes.get_errno()))
        sys.exit(77)
    return r


def spawn(name, port):
    """A process of this pid and name that listens on a port; waits for it."""
    inp, out = os.pipe(), os.pipe()
    if clone(PID) == 0:
        os.dup2(inp[0], 0)
        os.dup2(out[1], 1)
        os.closerange(3, 64)
        os.execv(scene, [scene, "comm=" + name, "argv0=" + name, "tcp-listen=127.0.0.1:%d" % port,
                         "unix-pair"])
    os.close(inp[0])
    os.close(out[1])
    with os.fdopen(out[0]) as f:
        while f.readline().strip() != "ready":
            pass
    return inp[1]


def other_tick():
    """A process is known by its number and the tick it started in: lets it pass."""
    with open("/proc/%d/stat" % PID) as f:
        started = int(f.read().rsplit(")", 1)[1].split()[19])
    while time.clock_gettime(time.CLOCK_BOOTTIME) * os.sysconf("SC_CLK_TCK") < started + 2:
        os.sched_yield()


def end(keep):
    os.kill(PID, signal.SIGKILL)
    os.waitpid(PID, 0)
    os.close(keep)


def stops():
    """How often the scan has been stopped so far, as strace tells."""
    try:
        with open(strace_log) as f:
            return f.read().count("stopped by SIGSTOP")
    except OSError:
        return 0


def tracee():
    with open(strace_log) as f:
        return int(f.read().split()[0])


def scan(when):
    """The answer of a scan that is stopped after its when-th call, and whether it was."""
    keep = spawn("victim", 7701)
    if os.path.exists(strace_log):
        os.unlink(strace_log)
    tracer = subprocess.Popen(
        ["strace", "-f", "-o", strace_log, "-e", "trace=" + CALLS, "-e",
         "inject=%s:signal=SIGSTOP:when=%d" % (CALLS, when)] + command,
        stdout=subprocess.PIPE, env=dict(os.environ, ASAN_OPTIONS="detect_leaks=0"))
    seen = 0
    while tracer.poll() is None:
        now = stops()
        if now == seen:
            os.sched_yield()
            continue
        if not seen:
            other_tick()
            end(keep)
            keep = spawn("innocent", 7702)
        seen = now
        try:
            os.kill(tracee(), signal.SIGCONT)
        except ProcessLookupError:
            pass
    out = tracer.communicate()[0]
    end(keep)
    return json.loads(out), seen > 0


def wrong(answer):
    """What it says of one process that is true of the other only."""
    for s in answer["sockets"]:
        name = {7701: "victim", 7702: "innocent"}.get(s["lport"])
        for o in s["owners"]:
            if name and (o["proc"] != name or o["cmd"] not in (name, None)):
                yield "the listener of %s has the owner %s" % (name, o)
            if not name and o["pid"] == PID and o["cmd"] not in (o["proc"], None):
                yield "%s" % o


runs = swaps = faults = 0
while True:
    answer, swapped = scan(runs + 1)
    runs += 1
    swaps += swapped
    for what in wrong(answer):
        faults += 1
        print("after call %d: %s" % (runs, what))
    if not swapped or runs >= 400:
        break
print("%d runs, %d swapped, %d wrong" % (runs, swaps, faults))
