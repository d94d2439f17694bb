# SPDX-License-Identifier: GPL-3.0-or-later
# snapshot.py - prints all that a comparison of trees needs: one line per file, with everything but access and change times;
# the times of folders only with --folder-times.
import hashlib
import os
import stat
import sys


def describe(path):
    s = os.lstat(path)
    attributes = {}
    for name in sorted(os.listxattr(path, follow_symlinks=False)):
        attributes[name] = os.getxattr(path, name, follow_symlinks=False).hex()
    content = "-"
    if stat.S_ISLNK(s.st_mode):
        content = "-> " + os.readlink(path)
    elif stat.S_ISREG(s.st_mode):
        with open(path, "rb") as f:
            content = hashlib.sha256(f.read()).hexdigest()
    # A directory's own time changes with every temporary file in it; its entries are listed anyway.
    when = "-" if stat.S_ISDIR(s.st_mode) and not folder_times else s.st_mtime_ns
    links = "-" if stat.S_ISDIR(s.st_mode) else s.st_nlink
    return f"{path} {stat.filemode(s.st_mode)} {s.st_uid}:{s.st_gid} {links} {when} {attributes} {content}"


def walk(path):
    print(describe(path))
    if os.path.isdir(path) and not os.path.islink(path):
        for name in sorted(os.listdir(path)):
            walk(os.path.join(path, name))


folder_times = "--folder-times" in sys.argv[1:]
for top in sys.argv[1:]:
    if top != "--folder-times":
        walk(top)
