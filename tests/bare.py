# SPDX-License-Identifier: MIT
"""bare.py FILE...: "FILE:LINE:code" of C files, comments and strings emptied."""
import re
import sys

TOKEN = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def blank(m):
    t = m.group(0)
    return t[0] * 2 if t[0] in "\"'" else "\n" * t.count("\n")


for name in sys.argv[1:]:
    with open(name) as f:
        for n, line in enumerate(TOKEN.sub(blank, f.read()).split("\n"), 1):
            print("%s:%d:%s" % (name, n, line))
