# SPDX-License-Identifier: MIT
"""pty.py [-t TEXT] [-c SHELL] COLUMNS COMMAND...: on a terminal of so many columns.

-t: types TEXT (\\n: Enter) when it asks for something: it said "? " or ": " and no
more on that line. -c: does this before.
Prints what the terminal got, stdout and stderr as they came, line ends as the
program wrote them; ends with the command's exit status, or with 99 if it left
the terminal in another mode than it found it in.
"""
import fcntl
import getopt
import os
import struct
import subprocess
import sys
import termios

options, args = getopt.getopt(sys.argv[1:], "t:c:")
options = dict(options)
columns, command = int(args[0]), args[1:]
master, slave = os.openpty()
fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
before = termios.tcgetattr(master)
pid = os.fork()
if pid == 0:
    os.close(master)
    os.setsid()
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
    for fd in (0, 1, 2):
        os.dup2(slave, fd)
    os.environ.pop("COLUMNS", None)
    os.execvp(command[0], command)
os.close(slave)
said = b""
while True:
    try:
        said += os.read(master, 65536)
    except OSError:		# the last one closed it
        break
    if "-t" in options and said.endswith((b"? ", b": ", b"] ")):
        if "-c" in options:
            subprocess.run(options["-c"], shell=True, check=True)
        os.write(master, options.pop("-t").replace("\\n", "\n").encode())
status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
sys.stdout.buffer.write(said.replace(b"\r\n", b"\n"))
sys.stdout.flush()
if termios.tcgetattr(master) != before:
    print("the terminal was left in another mode")
    sys.exit(99)
sys.exit(status if status >= 0 else 128 - status)
