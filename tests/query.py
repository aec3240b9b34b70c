# SPDX-License-Identifier: MIT
"""query.py EXPR FILE: prints a Python expression over a strictly read document.

d is the document, socks(key=value, ...) the sockets with these values (nested
ones as tcp__rtt=...), one(...) the only such socket, owners(s) their
(pid, fd) pairs sorted. Of an audit: finds(...) its findings, codes(...) their
"SEVERITY CODE" sorted. A file of JSON lines gives {"sockets": [...]}.
"""
import base64  # noqa: F401  (for expressions)
import json
import re
import sys


def no_twice(pairs):
    keys = [k for k, _ in pairs]
    if len(set(keys)) != len(keys):
        raise ValueError("a key comes twice: %s" % keys)
    return dict(pairs)


def no_constant(name):
    raise ValueError("not JSON: %s" % name)


def load(raw):
    text = raw.decode("utf-8", "strict")
    if re.search("[\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\U000e0000-\U000e007f]",
                 text) or re.search("[\x00-\x09\x0b-\x1f]", text):
        raise ValueError("control characters in the text")
    return json.loads(text, object_pairs_hook=no_twice, parse_constant=no_constant)


def read(name):
    with open(name, "rb") as f:
        raw = f.read()
    if raw.startswith(b'{"lssock"') or raw.lstrip().startswith(b"["):
        return load(raw)
    try:
        return load(raw)
    except ValueError:
        return {"sockets": [load(line) for line in raw.splitlines()]}


def get(s, path):
    for key in path.split("__"):
        s = None if s is None else s.get(key)
    return s


def unescape(text):
    """The bytes behind escaped text."""
    raw = text.encode()
    return re.sub(rb"\\(\\|x[0-9a-f]{2})",
                  lambda m: b"\\" if m.group(1) == b"\\" else bytes([int(m.group(1)[1:], 16)]),
                  raw)


d = read(sys.argv[2])


def socks(**want):
    return [s for s in d["sockets"] if all(get(s, k) == v for k, v in want.items())]


def one(**want):
    found = socks(**want)
    if len(found) != 1:
        raise SystemExit("%d sockets with %s: %s" % (len(found), want, json.dumps(found)[:1500]))
    return found[0]


def finds(**want):
    return [f for f in d["findings"] if all(get(f, k) == v for k, v in want.items())]


def codes(**want):
    return sorted("%s %s" % (f["severity"], f["code"]) for f in finds(**want))


def owners(s):
    return sorted((o["pid"], o["fd"]) for o in s["owners"])


def notes():
    return sorted(n["kind"] for n in d["notes"])


print(eval("(%s)" % sys.argv[1]))
