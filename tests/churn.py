# SPDX-License-Identifier: MIT
"""churn.py STABLE CHURNING FILE: listeners of one port that stay, and others that come and go.

All are SO_REUSEPORT listeners of 127.0.0.1:7800, so in one chain of the kernel's
table, where a dump loses its place. FILE gets the inodes of those that stay;
"ready"; ends with its stdin.
"""
import os
import resource
import select
import socket
import sys

stable, churning, name = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def listener():
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    s.bind(("127.0.0.1", 7800))
    s.listen(1)
    return s


held = [listener() for _ in range(stable)]
with open(name, "w") as f:
    f.write("\n".join(str(os.fstat(s.fileno()).st_ino) for s in held))
child = os.fork()
if child == 0:
    for s in held:
        s.close()
    held = [listener() for _ in range(churning)]
    at = 0
    while True:
        held[at].close()
        held[at] = listener()
        at = (at * 7 + 1) % churning
        if os.getppid() == 1 and at == 0:
            break
print("ready", flush=True)
sys.stdin.read()
os.kill(child, 9)
os.waitpid(child, 0)
