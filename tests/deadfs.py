# SPDX-License-Identifier: MIT
"""deadfs.py DIR: mounts a FUSE file system that never answers, and stays in it.

Says "mounted" or why not; ends with its stdin.
"""
import ctypes
import os
import sys

libc = ctypes.CDLL(None, use_errno=True)
fd = os.open("/dev/fuse", os.O_RDWR)
data = "fd=%d,rootmode=40000,user_id=0,group_id=0" % fd
if libc.mount(b"dead", sys.argv[1].encode(), b"fuse", 0, data.encode()):
    print(os.strerror(ctypes.get_errno()), flush=True)
    sys.exit(0)
root = os.open(sys.argv[1], os.O_PATH)
os.fchdir(root)
print("mounted", flush=True)
sys.stdin.read()
