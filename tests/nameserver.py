#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A name server that lies: nameserver.py FILE ADDRESS LOG

It answers on ADDRESS:53 until its stdin ends; "ready" on stdout says that it does. A line
of FILE is "IP NAME", what the address is called, or "NAME IP", where the name leads.
NAME may hold \\xNN, also dots: labels are parted by a blank. A NAME of "..." is never
answered for. Every question is a line of LOG.
"""
import ipaddress
import os
import select
import socket
import struct
import sys


def labels(words):
    out = b""
    for w in words:
        b = w.encode().decode("unicode_escape").encode("latin-1")
        out += bytes([len(b)]) + b
    return out + b"\0"


def reverse(ip):
    return ipaddress.ip_address(ip).reverse_pointer


def is_ip(text):
    try:
        return bool(ipaddress.ip_address(text))
    except ValueError:
        return False


def read(path):
    names, addresses = {}, {}
    for line in open(path):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if is_ip(words[0]):
            names[reverse(words[0])] = words[1:]
        else:
            addresses.setdefault(words[0].lower(), []).append(words[1])
    return names, addresses


def question(packet):
    at, words = 12, []
    while packet[at]:
        words.append(packet[at + 1:at + 1 + packet[at]].decode("latin-1"))
        at += 1 + packet[at]
    return ".".join(words).lower(), struct.unpack("!H", packet[at + 1:at + 3])[0], at + 5


def answer(packet, names, addresses, log):
    """The reply; None: there is none to come."""
    name, kind, end = question(packet)
    log.write(f"{name} {kind}\n")
    log.flush()
    data = []
    if kind == 12 and name in names:
        if names[name] == ["..."]:
            return None
        words = names[name]
        data.append(labels(words[0].split(".") if len(words) == 1 else words))
    for ip in addresses.get(name, []):
        ip = ipaddress.ip_address(ip)
        if kind == {4: 1, 6: 28}[ip.version]:
            data.append(ip.packed)
    known = name in names or name in addresses
    head = packet[:2] + struct.pack("!HHHHH", 0x8180 | (0 if known else 3), 1, len(data), 0, 0)
    body = packet[12:end]
    for d in data:
        body += struct.pack("!HHHIH", 0xc00c, kind, 1, 60, len(d)) + d
    return head + body


def main():
    names, addresses = read(sys.argv[1])
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind((sys.argv[2], 53))
    log = open(sys.argv[3], "w")
    print("ready", flush=True)
    while True:
        ready, _, _ = select.select([s, 0], [], [])
        if 0 in ready and not os.read(0, 1):
            return
        if s in ready:
            packet, who = s.recvfrom(4096)
            reply = answer(packet, names, addresses, log)
            if reply:
                s.sendto(reply, who)


main()
