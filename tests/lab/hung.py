#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# hung.py - file systems whose server is gone: whoever touches one waits until this ends.
"""usage: hung.py DIR...     (prints "mounted", then stays)

FUSE with nobody behind it, wants /dev/fuse.
"""
import ctypes
import os
import signal
import sys

libc = ctypes.CDLL(None, use_errno=True)
for place in sys.argv[1:]:
    os.makedirs(place, exist_ok=True)
    fd = os.open("/dev/fuse", os.O_RDWR)  # kept, and never read from
    options = f"fd={fd},rootmode=40000,user_id=0,group_id=0,allow_other".encode()
    if libc.mount(b"dead", place.encode(), b"fuse", 0, options):
        sys.exit(os.strerror(ctypes.get_errno()))
print("mounted", flush=True)
signal.pause()
