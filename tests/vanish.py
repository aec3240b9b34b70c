# SPDX-License-Identifier: MIT
"""vanish.py SCENE LSSOCK [ARG...]: a listener that is there for the dump alone.

The command is stopped (a signal injected by strace) before each message it sends
to the kernel: by then it has looked at every process. The listener opens before
the first and closes once a dump has had its port. What the command says is the
output, its exit status the status; 77: the listener was in no dump.
"""
import os
import signal
import subprocess
import sys

PORT = 7300
scene, command = sys.argv[1], sys.argv[2:]
log = os.path.join(os.environ["T"], "strace")


def listener():
    """A process that listens until its stdin ends."""
    p = subprocess.Popen([scene, "comm=brief", "tcp-listen=127.0.0.1:%d" % PORT],
                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    while p.stdout.readline().strip() != "ready":
        pass
    return p


def said():
    try:
        with open(log) as f:
            return f.read()
    except OSError:
        return ""


tracer = subprocess.Popen(
    ["strace", "-o", log, "-e", "trace=sendto,recvmsg", "-e",
     "inject=sendto:signal=SIGSTOP:when=1+"] + command,
    env=dict(os.environ, ASAN_OPTIONS="detect_leaks=0"))
brief = None
seen, over = 0, False
while tracer.poll() is None:
    text = said()
    now = text.count("stopped by SIGSTOP")
    if now == seen:
        os.sched_yield()
        continue
    seen = now
    if not brief:
        brief = listener()
    elif not over and "htons(%d)" % PORT in text:
        brief.communicate()
        over = True
    with open("/proc/%d/task/%d/children" % (tracer.pid, tracer.pid)) as f:
        for pid in f.read().split():
            os.kill(int(pid), signal.SIGCONT)
if brief and not over:
    brief.communicate()
sys.exit(tracer.returncode if over else 77)
