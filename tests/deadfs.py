# SPDX-License-Identifier: MIT
"""deadfs.py DIR: mounts a FUSE file system that never answers, and keeps it open.

Says "mounted" or why not; ends with its stdin.
"""
import ctypes
import os
import sys

libc = ctypes.CDLL(None, use_errno=True)
try:
    fd = os.open("/dev/fuse", os.O_RDWR)
except OSError as e:
    print(e.strerror, flush=True)
    sys.exit(0)
data = "fd=%d,rootmode=40000,user_id=0,group_id=0" % fd
if libc.mount(b"dead", sys.argv[1].encode(), b"fuse", 0, data.encode()):
    print(os.strerror(ctypes.get_errno()), flush=True)
    sys.exit(0)
root = os.open(sys.argv[1], os.O_PATH)
print("mounted", flush=True)
sys.stdin.read()
