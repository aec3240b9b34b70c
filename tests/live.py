# SPDX-License-Identifier: MIT
"""live.py [--ready TEXT] [--size COLSxROWS] SCENARIO COMMAND...

Runs a program of the whole screen on a terminal of its own, as the foreground job of
a session of its own, does to it what the scenario says, and wants the terminal
back as it was: the same modes, the main screen, a cursor, no mouse, no colours; and
not one sequence that is not known to be harmless (vt.py). Ends with 0, or says why not.

A scenario is a function below. It waits for what shows on the screen, never for time:
`ready` is what is there as long as the program runs.
"""
import argparse
import fcntl
import os
import random
import select
import signal
import struct
import sys
import termios
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from vt import MOUSE, Vt  # noqa: E402

PATIENCE = 20			# seconds; only what hangs waits for so long


class Fault(Exception):
    pass


class Live:
    def __init__(self, command, cols, rows, ready):
        self.ready, self.status, self.stopped = ready, None, False
        self.master, self.slave = os.openpty()
        self.vt = Vt(cols, rows)
        self.size(cols, rows)
        os.setsid()
        fcntl.ioctl(self.slave, termios.TIOCSCTTY, 0)
        for s in (signal.SIGTTOU, signal.SIGHUP, signal.SIGTSTP):
            signal.signal(s, signal.SIG_IGN)
        self.before = termios.tcgetattr(self.slave)
        go, start = os.pipe()		# not before it is in the foreground
        self.pid = os.fork()
        if not self.pid:
            os.close(start)
            self.become(command, go)
        os.close(go)
        os.setpgid(self.pid, self.pid)
        os.tcsetpgrp(self.slave, self.pid)
        os.close(start)

    def become(self, command, go):
        os.read(go, 1)
        for s in (signal.SIGTTOU, signal.SIGHUP, signal.SIGTSTP, signal.SIGPIPE):
            signal.signal(s, signal.SIG_DFL)
        for fd in (0, 1, 2):
            os.dup2(self.slave, fd)
        os.closerange(3, 64)
        try:
            os.execvp(command[0], command)
        finally:
            os._exit(127)

    def size(self, cols, rows):
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))

    def resize(self, cols, rows):
        self.pump(0)			# what was sent for the old size
        self.vt.resize(min(cols, 500) or 80, min(rows, 200) or 24)
        self.size(cols, rows)

    def pump(self, seconds):
        """Takes what the program sends; false: nothing came."""
        if not select.select([self.master], [], [], seconds)[0]:
            return False
        try:
            data = os.read(self.master, 65536)
        except OSError:
            return False
        self.vt.feed(data)
        return bool(data)

    def until(self, what, holds):
        end = time.monotonic() + PATIENCE
        while not holds():
            self.pump(0.02)
            if not self.stopped and self.status is None:
                self.look()
            if time.monotonic() > end:
                raise Fault("waited in vain for %s; the screen:\n%s" % (what, self.vt.text()))

    def look(self):
        pid, status = os.waitpid(self.pid, os.WNOHANG | os.WUNTRACED)
        if pid and os.WIFSTOPPED(status):
            self.stopped = True
        elif pid:
            self.status = os.waitstatus_to_exitcode(status)

    def expect(self, text):
        def holds():
            if self.status is not None:
                raise Fault("ended (%d) before %r; the screen:\n%s" % (
                    self.status, text, self.vt.text()))
            return text in self.vt.text()
        self.until(repr(text), holds)

    def expect_ready(self):
        self.expect(self.ready)

    def keys(self, what):
        os.write(self.master, what if isinstance(what, bytes) else what.encode())

    def kill(self, sig):
        os.kill(self.pid, sig)

    def expect_end(self, want):
        self.until("its end", lambda: self.status is not None)
        while self.pump(0):
            pass
        if self.status != want:
            raise Fault("exit status %d, not %d; the screen:\n%s" % (
                self.status, want, self.vt.text()))
        self.check_restored()
        self.check_sent()

    def expect_stop(self):
        self.until("its stop", lambda: self.stopped)
        while self.pump(0):
            pass
        self.check_restored()

    def go_on(self):
        self.stopped = False
        os.tcsetpgrp(self.slave, self.pid)
        self.kill(signal.SIGCONT)

    def check_restored(self):
        vt = self.vt
        left = [text for text, wrong in (
            ("other modes", termios.tcgetattr(self.slave) != self.before),
            ("the alternate screen", vt.alternate),
            ("no cursor", 25 not in vt.modes),
            ("the mouse", bool(vt.modes & MOUSE)),
            ("application keys", vt.keypad or 1 in vt.modes),
            ("an update not ended", 2026 in vt.modes),
            ("colours or styles", vt.standout or vt.shifted)) if wrong]
        if os.get_blocking(self.slave) is False:
            left.append("a descriptor that does not block")
        if left:
            raise Fault("the terminal was left with " + ", ".join(left))

    def check_sent(self):
        self.vt.finish()
        if self.vt.bad:
            raise Fault("sent: %r" % self.vt.bad[:10])


# ---- ways to end ----------------------------------------------------------------------

def key_q(t):
    t.keys("q")
    t.expect_end(0)


def ended_by(sig):
    def run(t):
        t.kill(sig)
        t.expect_end(-sig)
    return run


def key_c(t):
    """^C is a signal."""
    t.keys("\x03")
    t.expect_end(-signal.SIGINT)


def crash_key(key, sig):
    """Of termtest: faults and no kill()."""
    def run(t):
        t.keys(key)
        t.expect_end(-sig)
    return run


def hang(t):
    """Of termtest: it takes no notice any more; the second signal ends it."""
    t.keys("h")
    t.expect("key h.")
    t.kill(signal.SIGTERM)
    end = time.monotonic() + PATIENCE
    while t.status is None and time.monotonic() < end:
        t.pump(0.05)
        t.look()
        if t.status is None:
            t.kill(signal.SIGTERM)
    t.expect_end(-signal.SIGTERM)


def stalled(t):
    """The terminal takes no output (^S): it ends all the same, and soon."""
    termios.tcflow(t.slave, termios.TCOOFF)
    t.keys("xxxx")
    end = time.monotonic() + PATIENCE
    while t.status is None and time.monotonic() < end:
        t.kill(signal.SIGTERM)
        time.sleep(0.02)
        t.look()
    if t.status != -signal.SIGTERM:
        raise Fault("status %r" % t.status)
    if termios.tcgetattr(t.slave) != t.before:
        raise Fault("other modes are left")


def stop(t):
    """^Z and on, twice; what was on the screen is there again."""
    for _ in range(2):
        t.keys("\x1a")
        t.expect_stop()
        t.vt.resize(t.vt.cols, t.vt.rows)
        t.go_on()
        t.expect_ready()
    key_q(t)


def stop_dead(t):
    """Stopped without being asked, the shell takes the terminal; then on."""
    ours = termios.tcgetattr(t.slave)
    t.kill(signal.SIGSTOP)
    t.until("its stop", lambda: t.stopped)
    os.tcsetpgrp(t.slave, os.getpgrp())
    termios.tcsetattr(t.slave, termios.TCSANOW, t.before)
    t.vt.resize(t.vt.cols, t.vt.rows)
    t.go_on()
    t.expect_ready()
    if termios.tcgetattr(t.slave) != ours:
        raise Fault("it does not have its modes back")
    key_q(t)


def stop_kill(t):
    """Ended while stopped, in the background: the terminal is the shell's by then."""
    t.keys("\x1a")
    t.expect_stop()
    os.tcsetpgrp(t.slave, os.getpgrp())
    t.kill(signal.SIGTERM)
    t.stopped = False
    t.kill(signal.SIGCONT)
    t.expect_end(-signal.SIGTERM)


def hangup(t):
    """The terminal goes away, and nobody tells by a signal."""
    os.tcsetpgrp(t.slave, os.getpgrp())		# SIGHUP goes to the foreground
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    os.close(t.slave)
    os.close(t.master)
    end = time.monotonic() + PATIENCE
    while t.status is None and time.monotonic() < end:
        time.sleep(0.01)
        t.look()
    if t.status is None:
        raise Fault("it goes on without a terminal")


# ---- sizes -------------------------------------------------------------------------------

def tiny(t):
    """1x1 and back."""
    t.resize(1, 1)
    t.pump(0.2)
    t.resize(80, 24)
    t.expect_ready()
    key_q(t)


def tiny_end(t):
    t.resize(1, 1)
    t.pump(0.2)
    t.kill(signal.SIGTERM)
    t.expect_end(-signal.SIGTERM)


def storm(t):
    """A hundred sizes in a row, odd ones too."""
    rnd = random.Random(20261121)
    sizes = [(1, 1), (500, 200), (0, 0), (1, 200), (500, 1), (2, 2), (65535, 65535)]
    sizes += [(rnd.randint(1, 200), rnd.randint(1, 60)) for _ in range(100)]
    rnd.shuffle(sizes)
    for cols, rows in sizes:
        t.resize(cols, rows)
        t.pump(0.001)
    t.resize(80, 24)
    t.expect_ready()
    t.pump(0)
    t.vt.bad = [b for b in t.vt.bad if len(b) > 1]	# halves of what another size cut
    key_q(t)


# ---- input ---------------------------------------------------------------------------------

def garbage(t):
    """Bytes that are no keys: unknown and broken sequences, no UTF-8, controls."""
    rnd = random.Random(7)
    parts = [b"\x1b[999~", b"\x1b[1;9X", b"\x1b[?1;2c", b"\x1b[>41;354;0c", b"\x1bOz",
             b"\x1b]11;rgb:0000/0000/0000\x07", b"\x1bP1$r0m\x1b\\", b"\x1b[200~",
             b"\x1b[201~", b"\xff\xfe", b"\xc3", b"\xe2\x82", b"\xf0\x9f\x98", b"\x80" * 40,
             b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\x00", b"\x01\x02\x05\x06", b"\x1d\x1e\x1f",
             b"\x1b[M!!!", b"\x1b[<0;9999;9999M", b"\x1b[<999;1;1M", b"\x1b\x1b\x1b",
             b"\x1b[" + b"1;" * 300 + b"m", b"\x1b[I", b"\x1b[O", b"\xe2\x80\xae"]
    for _ in range(60):
        t.keys(b"".join(rnd.choice(parts) for _ in range(5)))
        t.pump(0.001)
    t.keys(b"\x1b")
    t.resize(81, 24)
    t.expect_ready()
    key_q(t)


KEYS = {
    "j": "j", "\u00e9": "\u00e9", "\u65e5": "\u65e5", "\r": "Enter", "\n": "C-j", "\t": "Tab",
    " ": "Space", "\x7f": "Backspace", "\b": "Backspace", "\x0c": "C-l",
    "\x1b": "Esc", "\x1b1": "M-1", "\x1b5": "M-5", "\x1b\r": "M-Enter",
    "\x1b[A": "Up", "\x1bOA": "Up", "\x1b[B": "Down", "\x1bOB": "Down", "\x1b[C": "Right",
    "\x1b[D": "Left", "\x1b[1;2A": "S-Up", "\x1b[1;2B": "S-Down", "\x1b[a": "S-Up",
    "\x1b[5~": "PgUp", "\x1b[6~": "PgDn", "\x1b[H": "Home", "\x1bOH": "Home", "\x1b[1~": "Home",
    "\x1b[7~": "Home", "\x1b[F": "End", "\x1bOF": "End", "\x1b[4~": "End", "\x1b[8~": "End",
    "\x1b[2~": "Ins", "\x1b[3~": "Del", "\x1b[Z": "S-Tab", "\x1bOP": "F1", "\x1b[11~": "F1",
    "\x1b[[A": "F1", "\x1b[15~": "F5", "\x1b[20~": "F9", "\x1b[21~": "F10", "\x1b[24~": "F12",
}


def typed(t):
    """Of termtest: what arrives is the key it is."""
    n = 0
    for sent, name in KEYS.items():
        n += 1
        t.keys(sent)
        t.expect("input %d key %s." % (n, name))
    for byte in "\u20ac".encode():	# a character in pieces
        t.keys(bytes([byte]))
        t.pump(0.03)
    t.expect("input %d key \u20ac." % (n + 1))
    t.keys("\x1b[1;5A\x1b[999~\x1b]11;rgb:0/0/0\x07x")	# the first three are none
    t.expect("input %d key x." % (n + 2))
    key_q(t)


def mouse(t):
    """Of termtest: clicks and wheel; off is off."""
    if not t.vt.modes & MOUSE:
        raise Fault("the mouse is not asked for")
    t.keys("\x1b[<0;5;3M\x1b[<0;5;3m")
    t.expect("input 1 click 4,2.")
    t.keys("\x1b[<0;5;3M\x1b[<0;5;3m")
    t.expect("input 2 double 4,2.")
    t.keys("\x1b[<64;301;7M")
    t.expect("input 3 wheel-up 300,6.")
    t.keys("\x1b[<65;1;1M")
    t.expect("input 4 wheel-down 0,0.")
    t.keys("m")
    t.until("the mouse to be let go", lambda: not t.vt.modes & MOUSE)
    t.keys("m")
    t.until("the mouse again", lambda: t.vt.modes & MOUSE)
    key_q(t)


def no_mouse(t):
    if t.vt.modes & MOUSE:
        raise Fault("the mouse is taken")
    key_q(t)


def suspend_key(t):
    """Of termtest: term_suspend() by a key."""
    t.keys("z")
    t.expect_stop()
    t.vt.resize(t.vt.cols, t.vt.rows)
    t.go_on()
    t.expect_ready()
    t.keys("x")
    t.expect("key x.")
    key_q(t)


# ---- output ----------------------------------------------------------------------------------

SPARKS = "\u2581\u2582\u2583\u2584\u2585\u2586\u2587\u2588 \u65e5\u672c e\u0301 caf\u00e9 \u2026\U0001f600|"


def glyphs(t):
    """Of termtest: wide characters, marks and bars arrive in their places."""
    t.expect(SPARKS)
    key_q(t)


def ascii_only(t):
    """Of termtest with ascii: an ASCII glyph for each, and in the same place."""
    t.expect("._-=+*#% ? ?  e caf? +? |")
    if t.vt.highest > 0x7e:
        raise Fault("a byte %02x was sent" % t.vt.highest)
    key_q(t)


def colors(t):
    t.until("a colour", lambda: t.vt.color_seen)
    key_q(t)


def no_colors(t):
    t.expect("role  role")
    if t.vt.color_seen:
        raise Fault("colours were sent: %r" % t.vt.color_seen)
    key_q(t)


def little(t):
    """Of termtest: one key changes a few cells, and these are sent; repaint sends all."""
    t.keys("x")
    t.expect("input 1 key x.")
    was = t.vt.sent
    t.keys("y")
    t.expect("input 2 key y.")
    few = t.vt.sent - was
    t.vt.resize(t.vt.cols, t.vt.rows)
    t.keys("r")
    t.expect("termtest")
    t.expect("input 3 key r.")
    if few > 60:
        raise Fault("%d bytes for two cells" % few)
    key_q(t)


def prompt(t):
    """Of termtest: the cursor shows when there is a prompt, and stands where it should."""
    if 25 in t.vt.modes:
        raise Fault("a cursor without a prompt")
    t.keys("p")
    t.until("a cursor", lambda: 25 in t.vt.modes)
    t.until("its place", lambda: (t.vt.x, t.vt.y) == (1, 2))
    t.keys("p")
    t.until("none", lambda: 25 not in t.vt.modes)
    key_q(t)


def looks(t):
    """Of termtest: theme and glyphs can change while it runs."""
    t.keys("t")
    t.expect("input 1 key t.")
    t.keys("a")
    t.expect("+*#%")
    key_q(t)


def copy(t):
    """Of termtest: OSC 52, wrapped where the terminal is not the last one."""
    term = os.environ["TERM"]
    t.keys("c")
    want = b"\x1b]52;c;Y29waWVk\x07"
    if term.startswith("tmux"):
        t.until("a copy", lambda: t.vt.wrapped == [b"tmux;" + want.replace(b"\x1b", b"\x1b\x1b")])
    elif term.startswith("xterm"):
        t.until("a copy", lambda: t.vt.copies == [b"Y29waWVk"])
    elif term.startswith("screen"):
        t.until("a copy", lambda: t.vt.wrapped == [want])
    t.expect("key c.")
    if not term.startswith(("tmux", "xterm", "screen")) and (t.vt.copies or t.vt.wrapped):
        raise Fault("%s gets %r" % (term, t.vt.copies))
    key_q(t)


def refused(t):
    """A terminal that will not do is not touched, and the program says so."""
    t.until("its end", lambda: t.status is not None)
    while t.pump(0):
        pass
    if t.status == 0 or "\x1b" in t.vt.text() or t.vt.modes != {25} or t.vt.seen_alternate:
        raise Fault("status %d:\n%s" % (t.status, t.vt.text()))
    if "TERM" not in t.vt.text():
        raise Fault("it does not say why:\n%s" % t.vt.text())
    t.check_restored()
    t.check_sent()


SCENARIOS = {
    "q": key_q, "key-c": key_c, "int": ended_by(signal.SIGINT), "term": ended_by(signal.SIGTERM),
    "hup": ended_by(signal.SIGHUP), "quit": ended_by(signal.SIGQUIT),
    "abrt": ended_by(signal.SIGABRT), "segv": ended_by(signal.SIGSEGV),
    "bus": ended_by(signal.SIGBUS), "fault": crash_key("S", signal.SIGSEGV),
    "abort": crash_key("A", signal.SIGABRT), "overflow": crash_key("O", signal.SIGSEGV),
    "hang": hang, "stalled": stalled, "stop": stop, "stop-dead": stop_dead,
    "stop-kill": stop_kill, "hangup": hangup, "tiny": tiny, "tiny-end": tiny_end,
    "storm": storm, "garbage": garbage, "typed": typed, "mouse": mouse, "no-mouse": no_mouse,
    "suspend-key": suspend_key, "glyphs": glyphs, "ascii": ascii_only, "colors": colors,
    "no-colors": no_colors, "little": little, "prompt": prompt, "looks": looks, "copy": copy,
    "refused": refused,
}


def run(args):
    cols, rows = (int(n) for n in args.size.split("x"))
    scenario = SCENARIOS[args.scenario]
    t = Live(args.command, cols, rows, args.ready)
    try:
        if scenario is not refused:
            t.expect_ready()
        scenario(t)
    except Fault as e:
        print("%s: %s" % (args.scenario, e), file=sys.stderr)
        return 1
    finally:
        if t.status is None:
            t.kill(signal.SIGKILL)
            os.waitpid(t.pid, 0)
    return 0


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--ready", default="termtest")
    p.add_argument("--size", default="80x24")
    p.add_argument("scenario", choices=sorted(SCENARIOS))
    p.add_argument("command", nargs=argparse.REMAINDER)
    args = p.parse_args()
    pid = os.fork()			# a session of its own needs a process of its own
    if not pid:
        os._exit(run(args))
    sys.exit(1 if os.waitpid(pid, 0)[1] else 0)


main()
