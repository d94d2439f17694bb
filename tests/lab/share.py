#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# share.py - a file system that another machine could serve, and that answers; in it, one link.
"""usage: share.py DIR PATH TARGET UID     (prints "mounted", then serves)

PATH below DIR, "a/b/c", is a link to TARGET, and all on the way is UID's. FUSE by hand (include/uapi/linux/fuse.h, 7.31): lookup, getattr and
readlink are all that it can do.
"""
import ctypes
import errno
import os
import stat
import struct
import sys

place, path, target, uid = sys.argv[1:]
names = [name.encode() for name in path.split("/")]  # node 1 is the top, node n + 1 is called names[n - 1]
LOOKUP, FORGET, GETATTR, READLINK, INIT, INTERRUPT, BATCH_FORGET = 1, 2, 3, 5, 26, 36, 42


def attributes(node):
    link = node == len(names) + 1
    return struct.pack("=6Q10I", node, len(target) if link else 0, 0, 0, 0, 0, 0, 0, 0,
                       stat.S_IFLNK | 0o777 if link else stat.S_IFDIR | 0o755, 1, int(uid), int(uid), 0, 4096, 0)


def answer(opcode, node, body):
    """The bytes of the answer, or an errno."""
    if opcode == INIT:
        major, minor, ahead = struct.unpack_from("=3I", body)
        return struct.pack("=4I2H2I2HI28x", 7, min(minor, 31), ahead, 0, 0, 0, 4096, 1, 0, 0, 0)
    if opcode == LOOKUP:
        if node > len(names) or body.rstrip(b"\0") != names[node - 1]:
            return errno.ENOENT
        return struct.pack("=4Q2I", node + 1, 0, 0, 0, 0, 0) + attributes(node + 1)
    if opcode == GETATTR:
        return struct.pack("=QII", 0, 0, 0) + attributes(node)
    return target.encode() if opcode == READLINK else errno.ENOSYS


os.makedirs(place, exist_ok=True)
fd = os.open("/dev/fuse", os.O_RDWR)
options = f"fd={fd},rootmode=40000,user_id=0,group_id=0,allow_other".encode()
if ctypes.CDLL(None, use_errno=True).mount(b"share", place.encode(), b"fuse", 0, options):
    sys.exit(os.strerror(ctypes.get_errno()))
print("mounted", flush=True)
while True:
    asked = os.read(fd, 65536)
    length, opcode, unique, node = struct.unpack_from("=IIQQ", asked)
    if opcode in (FORGET, INTERRUPT, BATCH_FORGET):
        continue
    got = answer(opcode, node, asked[40:length])
    error, body = (got, b"") if isinstance(got, int) else (0, got)
    os.write(fd, struct.pack("=IiQ", 16 + len(body), -error, unique) + body)
