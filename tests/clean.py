# SPDX-License-Identifier: MIT
"""clean.py [--ascii] [--tabs] FILE...: nothing in them but what a terminal shows as itself.

Prints and exits 1 for control bytes other than LF (and CR before it), invalid
UTF-8, bidi controls, invisible format characters, line separators.
"""
import sys
import unicodedata

args = [a for a in sys.argv[1:] if a[:2] != "--"]
ascii_only = "--ascii" in sys.argv
tabs = "--tabs" in sys.argv
bad = []
for name in args:
    with open(name, "rb") as f:
        raw = f.read().replace(b"\r\n", b"\n")
    try:
        text = raw.decode("utf-8", "strict")
    except UnicodeDecodeError as e:
        bad.append("%s: %s" % (name, e))
        continue
    for n, line in enumerate(text.split("\n"), 1):
        for c in line.replace("\t", "") if tabs else line:
            if unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp", "Co", "Cn", "Cs") \
                    or (ascii_only and c > "~"):
                bad.append("%s:%d: U+%04X in %r" % (name, n, ord(c), line[:100]))
                break
print("\n".join(bad[:10]))
sys.exit(bool(bad))
