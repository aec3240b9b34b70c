#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""seeds.py SCENE DIR: writes the first corpus of every fuzz target below DIR.

Run it in network, pid and mount namespaces of its own: what it records is what
the kernel says of a small scene. Files found by fuzzing are added by hand.
"""
import os
import re
import socket
import struct
import subprocess
import sys

TCP, MPTCP, SCTP, DCCP, UDP, UDPLITE, RAW, ICMP, UNIX, NETLINK, PACKET, VSOCK, XDP, TIPC, OTHER, \
    ROUTE = range(1, 17)
scene, top = sys.argv[1:]


def seed(target, name, data):
    folder = os.path.join(top, target)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name), "wb") as f:
        f.write(data)


def dump(protocol, kind, body):
    s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, protocol)
    s.send(struct.pack("=IHHII", 16 + len(body), kind, 0x301, 1, 0) + body)
    data = b""
    while True:
        part = s.recv(65536)
        data += part
        at = 0
        while at + 16 <= len(part):
            size, message = struct.unpack_from("=IH", part, at)
            if message in (2, 3):
                return data
            at += (size + 3) & ~3


def inet(protocol, family=2):
    return struct.pack("=BBBBI48x", family, protocol, 0xff, 0, 0xffffffff)


def diag_seeds():
    bodies = {
        "tcp4": (TCP, inet(6)), "tcp6": (TCP, inet(6, 10)), "udp4": (UDP, inet(17)),
        "udplite": (UDPLITE, inet(136)), "raw": (RAW, inet(255)),
        "mptcp": (MPTCP, inet(0) + struct.pack("=HHI", 8, 3, 262)),
        "unix": (UNIX, struct.pack("=BBHIIIII", 1, 0, 0, 0xffffffff, 0, 0x77, 0, 0)),
        "netlink": (NETLINK, struct.pack("=BBHIIII", 16, 0xff, 0, 0, 0xf, 0, 0)),
        "packet": (PACKET, struct.pack("=BBHIIII", 17, 0, 0, 0, 0x7f, 0, 0)),
        "vsock": (VSOCK, struct.pack("=BBHIIIII", 40, 0, 0, 0xffffffff, 0, 0, 0, 0)),
    }
    for name, (proto, body) in bodies.items():
        seed("diag", name, bytes([proto, 200]) + dump(4, 20, body))
    seed("diag", "tcp-v1", bytes([TCP, 99]) + dump(4, 18, inet(6)))
    seed("diag", "links", bytes([ROUTE, 255]) + dump(0, 18, struct.pack("=BBHiII", 0, 0, 0, 0, 0, 0)))
    seed("diag", "addrs", bytes([ROUTE, 255]) + dump(0, 22, struct.pack("=BBBBI", 0, 0, 0, 0, 0)))
    head = struct.pack("=IHHII", 200, 20, 2, 1, 0)
    seed("diag", "lying-length", bytes([TCP, 0]) + head + b"\2" * 60)
    seed("diag", "lying-attribute", bytes([UNIX, 0]) + struct.pack("=IHHII", 40, 20, 2, 1, 0) +
         bytes([1, 1, 10, 0]) + bytes(12) + struct.pack("=HH", 0xffff, 0) + bytes(4))
    for proto in (SCTP, DCCP, ICMP, XDP, TIPC, OTHER):
        seed("diag", "zeros-%d" % proto, bytes([proto, 0]) +
             struct.pack("=IHHII", 216, 20, 2, 1, 0) + bytes(200))


def event(kind, ns, body):
    return struct.pack("=HHIQ", kind, ns, len(body), 10 ** 9) + body.ljust((len(body) + 7) & ~7, b"\0")


def destroyed(protocol, family):
    attrs = struct.pack("=HHB3x", 5, 10, protocol) + struct.pack("=HH", 236, 2) + bytes(232)
    body = struct.pack("=BBBB", family, 7, 0, 0) + b"\0\x50\x12\x67" + bytes(range(32)) + \
        struct.pack("=IIIIIIII", 0, 5, 1, 0, 0, 0xffffffff, 0, 0) + attrs
    return struct.pack("=IHHII", 16 + len(body), 20, 0, 0, 0) + body


def events_seeds():
    state = struct.pack("=QQIIIiBBBBHH16s16s16s", 9, 10 ** 9, 7, 0, 4711, 77, 7, 2, 2, 6, 4000, 443,
                        bytes(16), bytes(16), b"name")
    tcp4, udp6 = event(1, 0, destroyed(6, 2)), event(1, 3, destroyed(17, 10))
    change, lost = event(2, 0, state), event(3, 0, struct.pack("=II", 0, 1))
    tells = event(4, 0, struct.pack("=Ii", 3, 0)) + event(4, 5, struct.pack("=Ii", 2, 24))
    seed("events", "all", b"\0" + tells + change + tcp4 + udp6 + lost)
    seed("events", "scrubbed", b"\1" + tcp4 + udp6 + change)
    seed("events", "lying-length", b"\1" + struct.pack("=HHIQ", 1, 0, 0xfffffff9, 1) + tcp4)
    seed("events", "lying-message", b"\1" + event(1, 0, struct.pack("=IHHII", 4096, 20, 0, 0, 0)))
    seed("events", "short", b"\0" + event(2, 0, state[:40]) + event(3, 0, b"1") + event(9, 9, b""))


NET = ("tcp tcp6 udp udp6 udplite udplite6 raw raw6 icmp icmp6 unix netlink packet sockstat "
       "sockstat6 protocols").split()


def procnet_seeds():
    for n, name in enumerate(NET, 1):
        with open("/proc/thread-self/net/" + name, "rb") as f:
            seed("procnet", name, bytes([n]) + f.read())
    seed("procnet", "port-range", b"\x11" + b"32768\t60999\n")
    seed("procnet", "passwd", b"\x12root:x:0:0:root:/root:/bin/sh\n:::\nx:y:99999999999:\n")
    seed("procnet", "group", b"\x13root:x:0:\ndaemon:x:1:a,b\n")
    seed("procnet", "forged", b"\x0bNum       RefCount Protocol Flags    Type St Inode Path\n"
         b"0000000000000000: 00000002 00000000 00010000 0001 01 22222 @a\n"
         b"0000000000000000: 00000002 00000000 00010000 0001 01 11111 /forged\n")
    for n in range(1, 14):
        seed("procnet", "short-%d" % n, bytes([n]) + b"head\n   0: 0100007F:\n\n  1: x")


def procpid_seeds(pids):
    for n, pid in enumerate(pids):
        for which, name in enumerate(("stat", "status")):
            with open("/proc/%d/%s" % (pid, name), "rb") as f:
                seed("procpid", "%s-%d" % (name, n), bytes([which]) + f.read(4000))
        for fd in os.listdir("/proc/%d/fdinfo" % pid):
            if "io_uring" in os.readlink("/proc/%d/fd/%s" % (pid, fd)):
                with open("/proc/%d/fdinfo/%s" % (pid, fd), "rb") as f:
                    seed("procpid", "ring-%d" % n, b"\2" + f.read(4000))
    seed("procpid", "stat-odd", b"\x00" b"12 (a) R) S (x) S 1 1 1 0 -1 4194560 1 1")
    seed("procpid", "maps", b"\3"
         b"55a0c0000000-55a0c0001000 r-xp 00001000 fe:00 1234 /usr/bin/x y\n"
         b"7f0000000000-7f0000004000 rw-s 00000000 00:08 4321 socket:[4321]\n"
         b"7f0000004000-7f0000005000 rw-p 00000000 00:00 0\n")
    seed("procpid", "mountinfo", b"\4"
         b"22 28 0:21 / /proc rw,nosuid - proc proc rw\n"
         b"40 28 0:4 net:[4026532200] /run/netns/a\\040b rw shared:7 - nsfs nsfs rw\n"
         b"41 28 0:4 mnt:[4026532201] /run/x rw - nsfs nsfs rw\n42 28 0:4\n")
    cgroups = ("/system.slice/ssh.service", "/user.slice/user-0.slice/session-1.scope",
               "/system.slice/docker-%s.scope" % ("0a" * 32),
               "/kubepods.slice/kubepods-pod1_2.slice/cri-containerd-%s.scope" % ("bc" * 32),
               "/lxc.payload.web/init.scope", "/machine.slice/systemd-nspawn@a\\x2db.service",
               "/docker/%s" % ("12" * 32), "/libpod_parent/libpod-%s" % ("ef" * 32))
    for n, path in enumerate(cgroups):
        seed("procpid", "cgroup-v2-%d" % n, b"\5" b"0::" + path.encode() + b"\n")
    seed("procpid", "cgroup-v1", b"\5" b"12:cpu,cpuacct:/a\n1:name=systemd:/system.slice/x.service\n")
    task = struct.pack("=IIiiIIQ16s", 0, 1, 77, 1, 0, 0, 10 ** 9, b"name")
    own = struct.pack("=IIII", 0, 2, 4026531840, 0) + task + struct.pack("=IIiI", 1234, 77, 3, 0)
    seed("procpid", "owners", b"\6" + own + struct.pack("=IIII", 0, 3, 13, 78) +
         struct.pack("=IIIIIIII", 0, 4, 5, 2, 999, 77, 0, 0) + struct.pack("=IIII", 0, 5, 3, 2))
    name, path = b"left", b"/run/netns/left"
    size = (56 + len(name) + len(path) + 7) & ~7
    seed("procpid", "netns", b"\7" + (struct.pack("=IHHQQiIiHH", size, 1, len(name), 4026531840, 1, 1, 3,
                                                 0, len(path), 0) + name + path).ljust(size, b"\0"))
    seed("procpid", "file", b"\x08" + struct.pack("=ii11I", 0, 0, 0o140660, 0, 1, 5, 8, 1, 5, 8, 1, 0, 0))
    seed("procpid", "facts", b"\x09now 1700000000000000000\nboot 1\nhost h\\x00\nkernel 6.1\npid 1\n"
         b"uid 0\nnetns 4026531840\nnetns_cookie 1\npidns_root 1\nhidepid 0\nproc 1\nfd_sizes 1\n")
    seed("procpid", "scm", b"\x0apos:\t0\nflags:\t02\nscm_fds: 3\n")
    seed("procpid", "link", b"\x0bsocket:[123]")
    seed("procpid", "link-net", b"\x0bnet:[4026531840]")
    seed("procpid", "details", b"\x0c" + b"".join(
        struct.pack("=HhI", tag, 0, len(v)) + v.ljust((len(v) + 3) & ~3, b"\0") for tag, v in
        ((1, b"cmd\0-x\0"), (2, b"/bin/x (deleted)"), (3, b"0::/system.slice/x.service\n"),
         (4, b"Max open files            1024                 4096                 files\n"), (5, b"7"))))


FILTERS = r"""
is:listen
proc:sshd and not user:root
(lport:80,443,1000-2000 or :53) dst 10.0.0.0/8
rtt>100ms state:estab,close-wait
state established sport = :22 or dport >= :1024
src 127.0.0.1 and dst [::1]:443
[2001:db8::]/32 10.0.0.0/8 fe80::1
exclude time-wait
path:/run/* or @abstract* or /run/x.sock
has:unit container:* cmd~^nginx
user in (root,daemon) rx>1M idle>1h
not not not is:loopback & (uid != 0 | mark = 1/2) || fwmark 0x10
dev = eth0 and autobound and cgroup /a
"quoted words" 'and single' back\\slash
bytes_sent>=10Ki and cwnd<10 and retrans_total!=0
netns:all pid:1 lport!=22 cong:cubic*
"""


def filter_seeds():
    for n, line in enumerate(FILTERS.strip().split("\n")):
        seed("filter", "f%02d" % n, line.encode())


POLICIES = (
    b"", b"\xef\xbb\xbf# comment\r\nallow ssh when port:22\r\ndefault deny\r\n",
    b"allow ssh when port:22 proc:sshd user:root\nwarn db when port:5432 not scope:local\n"
    b"deny public when scope:all,public # why\ndefault deny\n",
    b"alow - when prt:1\nallow\nallow a\nallow a b\nallow a when\nallow when port:1\n",
    b"default\ndefault dney\ndefault deny x\nallow a when port:1\ndefault deny",
    b"allow a when port:1\nallow a when port:1\nallow b when *\nallow c when port:2",
    b"allow a when rtt>1ms\nallow b when proto:tcp proto:udp\nallow c when port<1024 port:2000",
    b"allow a when path:'/run/a #b' # c\nallow b when proc~'a\\'  # c' \nallow c when unit~\\'#",
    b"allow a when (port:1 or port:2 proc:x) not (unit:y or scope:local)\n"
    b"deny b when port:2 proc:x user:z not unit:y scope:all\n",
    b"allow a when port:1\rallow b when port:2\0\n\x1b[2J\n\xe2\x80\xae\n\xff",
    b"allow a when path:@a\\x00b,/run/*,'' exe:/bin/sh puid:0 laddr:::/0,10.0.0.0/8 netns:7\n"
    b"warn b when nginx is:unowned,mine has:container why:in-flight file_mode:600-777",
    b"deny x when " + b"(" * 260 + b"\n" + b"deny y when " + b"not " * 260 + b"port:1",
    b"port:22,23 proc:s*\nlport:22 proc:sshd pid:7 or port:22-24 proc:sshd not user:x",
    b"not (scope:local or path:/run/*) port<1024\nscope!=local port:1-20",
    b"path:/run/*\npath:/run/x proto:unix has:path laddr:::/0 state:listen",
)


def policy_seeds():
    for n, text in enumerate(POLICIES):
        seed("policy", "p%02d" % n, text)


def text_seeds():
    texts = (b"plain", b"esc\x1b[31m", "wide \u4e2d\u6587 e\u0301".encode(), b"\xff\xfe\xc3",
             "\u202eabc\u200b\u2028\ufeff\U000e0041\u0085".encode(), b"\xed\xa0\x80\xf4\x90\x80\x80\xc0\xaf",
             b"back\\slash \\x41 \\\\", b"@a;b,c =d", b"=cmd", bytes(range(256)), b"a*b?acb", b"",
             "\U0001f600\U0001f468\u200d\U0001f469 \U00010ffff".encode())
    for n, t in enumerate(texts):
        for flags in (0, 1, 0x3f):
            seed("text", "t%02d-%02x" % (n, flags), bytes([flags]) + t)


def tape_seeds():
    seed("tape", "empty", b"")
    seed("tape", "magic", b"lssock tape\n" + struct.pack("=III", 1, 0x01020304, 0) + bytes(8))


made = subprocess.Popen(
    [scene, "tcp-listen=[::]:0", "tcp-conn=127.0.0.1", "tcp-conn=[::1]", "close-wait", "time-wait",
     "orphan", "syn-recv", "tcp-pair", "udp", "udp-pair", "udplite", "raw", "ping", "mptcp-pair",
     "unix-listen=@a\\x00b\\x1b", "unix-conn", "unix-connect", "unix-pair", "netlink=0,groups=1", "packet",
     "tcp-listen", "to-ring", "comm=a)\\x20S\\x200\\x0ab"],
    stdin=subprocess.PIPE, stdout=subprocess.PIPE)
facts = b""
for line in made.stdout:
    if line == b"ready\n":
        break
    facts += line
diag_seeds()
events_seeds()
procnet_seeds()
procpid_seeds(sorted({int(p) for p in re.findall(rb"pid=(\d+)", facts)}))
made.stdin.close()
made.wait()
filter_seeds()
policy_seeds()
text_seeds()
tape_seeds()
