# SPDX-License-Identifier: MIT
"""A terminal as far as tests need one: what a program shows on it, in what state
it leaves it, and whatever it sends that no terminal should get from us."""
import re
import unicodedata

CSI = re.compile(rb"\x1b\[([<=>?]?)([0-9;:]*)([ !]?)([@-~])")
OSC = re.compile(rb"\x1b\]([^\x07\x1b]*)(?:\x07|\x1b\\)")
DCS = re.compile(rb"\x1bP((?:[^\x1b]|\x1b[^\\])*)\x1b\\")
PLAIN = re.compile(rb"[ -~]+")
SHORT = re.compile(rb"\x1b[()][AB0]|\x1b[=>78MDEc]")
MOUSE = {9, 1000, 1002, 1003, 1005, 1006, 1015}
# cursor keys, wrap, blinking and visible cursor, 8-bit input, alternate screen, updates
MODES = {1, 7, 12, 25, 1034, 1049, 2026} | MOUSE
COPY = re.compile(rb"52;c;[A-Za-z0-9+/]*=*")


class Vt:
    def __init__(self, cols, rows):
        self.bad, self.copies, self.wrapped = [], [], []
        self.seen_alternate = self.alternate = False
        self.modes, self.standout, self.keypad, self.shifted = {25}, False, False, False
        self.color_seen = set()
        self.rest, self.sent, self.highest = b"", 0, 0
        self.last = " "
        self.resize(cols, rows)

    def resize(self, cols, rows):
        """What stood there is forgotten: the program has to draw it again."""
        self.cols, self.rows = cols, rows
        self.cells = [[" "] * cols for _ in range(rows)]
        self.x = self.y = 0
        self.saved = (0, 0)
        self.top, self.bottom = 0, rows - 1

    def text(self):
        return "\n".join("".join(row).rstrip() for row in self.cells)

    def feed(self, data):
        self.sent += len(data)
        data, self.rest = self.rest + data, b""
        at = 0
        while at < len(data):
            n = self.one(data, at)
            if not n:
                self.rest = data[at:]		# not complete yet
                if len(self.rest) > 200000:
                    self.bad.append(self.rest[:40])
                    self.rest = b""
                return
            at += n

    def one(self, data, at):
        c = data[at]
        if c == 0x1b:
            return self.escape(data, at)
        m = PLAIN.match(data, at, at + max(0, self.cols - self.x))
        if m:
            row, n = self.cells[self.y], m.end() - at
            row[self.x:self.x + n] = m[0].decode()
            self.x += n
            self.last = row[self.x - 1]
            return n
        if c < 0x20 or c == 0x7f:
            self.control(c)
            return 1
        n = 1 if c < 0x80 else 2 if c < 0xe0 else 3 if c < 0xf0 else 4
        if at + n > len(data):
            return 0
        self.highest = max(self.highest, c)
        try:
            self.put(data[at:at + n].decode())
        except UnicodeDecodeError:
            self.bad.append(data[at:at + n])
            return 1
        return n

    def control(self, c):
        if c == 0x0d:
            self.x = 0
        elif c == 0x0a:
            self.down()
        elif c == 0x08:
            self.x = max(0, min(self.x, self.cols - 1) - 1)
        elif c == 0x09:
            self.x = min(self.cols - 1, (self.x // 8 + 1) * 8)
        elif c in (0x0e, 0x0f):
            self.shifted = c == 0x0e
        elif c != 0:				# padding
            self.bad.append(bytes([c]))

    def escape(self, data, at):
        for pattern, act in ((CSI, self.csi), (OSC, self.osc), (DCS, self.dcs),
                             (SHORT, self.short)):
            m = pattern.match(data, at)
            if m:
                act(m)
                return m.end() - at
        if data.startswith(b"\x1b]R", at):	# the Linux console's palette
            return 3
        if len(data) - at < 64 or data[at + 1] in b"]P":
            return 0
        self.bad.append(data[at:at + 20])
        return 1

    def finish(self):
        if self.rest:
            self.bad.append(self.rest[:40])

    def osc(self, m):
        if COPY.fullmatch(m[1]):
            self.copies.append(m[1][5:])
        elif m[1] != b"104":			# the palette as it was
            self.bad.append(m[0])

    def dcs(self, m):
        self.wrapped.append(m[1])

    def short(self, m):
        c = m[0][1:]
        if c in b"=>":
            self.keypad = c == b"="
        elif c == b"7":
            self.saved = (self.x, self.y)
        elif c == b"8":
            self.x, self.y = self.saved
        elif c == b"M":
            self.up()
        elif c in b"DE":
            self.down()

    def csi(self, m):
        kind, final = m[1], m[4].decode()
        try:
            args = [int(a) if a else 0 for a in m[2].split(b";")]
        except ValueError:
            args = None
        if args is None or m[3] or kind not in (b"", b"?") or not self.csi_known(
                kind, final, args):
            self.bad.append(m[0])

    def csi_known(self, kind, final, args):
        n = max(1, args[0])
        if kind == b"?":
            if final == "c":
                return True			# the Linux console's cursor
            if final not in "hl" or not set(args) <= MODES:
                return False
            (self.modes.update if final == "h" else self.modes.difference_update)(args)
            if 1049 in args:
                self.alternate = final == "h"
                self.seen_alternate |= self.alternate
            return True
        if final == "m":
            self.sgr(args)
        elif final in "Hf":
            self.y = min(self.rows, n) - 1
            self.x = min(self.cols, max(1, args[1] if len(args) > 1 else 1)) - 1
        elif final in "ABCDGd":
            self.move(final, n)
        elif final in "JKXP@LM":
            self.erase(final, args[0], n)
        elif final == "b":
            for _ in range(min(n, self.cols)):
                self.put(self.last)
        elif final == "r":
            self.top = min(n, self.rows) - 1
            self.bottom = min(args[1] if len(args) > 1 and args[1] else self.rows,
                              self.rows) - 1
            self.x = self.y = 0
        elif final in "ST":
            for _ in range(min(n, self.rows)):
                self.scroll(1 if final == "S" else -1)
        elif final in "hl":
            return args in ([4], [34])		# insert mode, tmux's cursor
        else:
            return final == "t" and args in ([22, 0, 0], [23, 0, 0])
        return True

    def sgr(self, args):
        for a in args:
            if a == 0:
                self.standout = False
            elif a in (39, 49, 10, 22, 24, 27):
                pass
            elif a in (1, 2, 4, 7, 11) or 30 <= a <= 37 or 90 <= a <= 97:
                self.standout = True
                self.color_seen |= {a} if a >= 30 else set()
            else:
                self.bad.append(b"SGR %d" % a)	# backgrounds, too

    def move(self, final, n):
        self.x = min(self.x, self.cols - 1)	# the last column is left by what comes next
        if final == "A":
            self.y = max(0, self.y - n)
        elif final == "B":
            self.y = min(self.rows - 1, self.y + n)
        elif final == "C":
            self.x = min(self.cols - 1, self.x + n)
        elif final == "D":
            self.x = max(0, self.x - n)
        elif final == "G":
            self.x = min(self.cols, n) - 1
        else:
            self.y = min(self.rows, n) - 1

    def erase(self, final, arg, n):
        row = self.cells[self.y]
        x = min(self.x, self.cols - 1)
        if final == "J":
            self.erase("K", arg, n)
            for y in range(self.rows):
                if arg == 2 or (arg == 0 and y > self.y) or (arg == 1 and y < self.y):
                    self.cells[y] = [" "] * self.cols
        elif final == "K":
            a, b = (x, self.cols) if arg == 0 else (0, x + 1) if arg == 1 else (0, self.cols)
            row[a:b] = [" "] * (b - a)
        elif final == "X":
            n = min(n, self.cols - x)
            row[x:x + n] = [" "] * n
        elif final == "P":
            del row[x:x + n]
            row += [" "] * (self.cols - len(row))
        elif final == "@":
            row[x:x] = [" "] * n
            del row[self.cols:]
        else:
            for _ in range(min(n, self.rows)):
                top, self.top = self.top, self.y
                self.scroll(-1 if final == "L" else 1)
                self.top = top

    def scroll(self, by):
        if by > 0:
            del self.cells[self.top]
            self.cells.insert(self.bottom, [" "] * self.cols)
        else:
            del self.cells[self.bottom]
            self.cells.insert(self.top, [" "] * self.cols)

    def down(self):
        if self.y == self.bottom:
            self.scroll(1)
        else:
            self.y = min(self.rows - 1, self.y + 1)

    def up(self):
        if self.y == self.top:
            self.scroll(-1)
        else:
            self.y = max(0, self.y - 1)

    def put(self, c):
        if unicodedata.combining(c):
            if self.x:
                self.cells[self.y][self.x - 1] += c
            return
        wide = unicodedata.east_asian_width(c) in "WF"
        if self.x + wide >= self.cols and self.x > self.cols - 1 - wide:
            self.x = 0
            self.down()
        self.last = c
        if self.x < self.cols:
            self.cells[self.y][self.x] = c
        if wide and self.x + 1 < self.cols:
            self.cells[self.y][self.x + 1] = ""
        self.x += 1 + wide
