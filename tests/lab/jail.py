#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# jail.py - a jail from the rows that tests/tools/contents prints, and a terminal in it.
"""usage: jail.py make DIR UID <ROWS          (by plain copies)
       jail.py terminal DIR UID HOME PROGRAM [ARG]... <KEYS
                                            (types line after line, prints what the terminal shows)
"""
import os
import pty
import select
import shutil
import signal
import sys
import time


def make(folder, uid):
    os.umask(0)
    os.mkdir(folder, 0o755)
    his = []
    for line in sys.stdin:
        kind, path, *rest = line.rstrip("\n").split("\t")
        at = folder + path
        if kind == "link":
            os.symlink(rest[0], at)
            continue
        mode = int(rest[0], 8)
        if kind == "folder":
            os.mkdir(at, mode)
            if rest[1] == "his":
                his.append(at)
        elif kind == "device":
            os.mknod(at, 0o020000 | mode, os.makedev(int(rest[1]), int(rest[2])))
        elif kind == "file":
            shutil.copyfile(rest[1], at)
        else:
            with open(at, "xb") as out:
                out.write(bytes.fromhex(rest[1]))
        os.chmod(at, mode)
    for at in his:
        os.chown(at, uid, uid)


def show(master, seconds):
    """What comes until nothing does for a while."""
    while select.select([master], [], [], seconds)[0]:
        try:
            said = os.read(master, 65536)
        except OSError:
            return False
        if not said:
            return False
        sys.stdout.buffer.write(said)
        sys.stdout.buffer.flush()
    return True


def terminal(folder, uid, home, *command):
    child, master = pty.fork()
    if child == 0:
        os.chroot(folder)
        os.chdir(home)
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
        names = {"HOME": home, "PATH": "/usr/local/bin:/usr/bin:/bin", "TERM": "xterm-256color", "LANG": "C.UTF-8",
                 "PS1": "> "}
        os.execve(command[0], command, names)
    end = time.monotonic() + 60
    alive = show(master, 1)
    for line in sys.stdin.buffer:
        # a key as the terminal sends it: "\e[A" is the arrow up
        os.write(master, line.rstrip(b"\n").replace(b"\\e", b"\x1b").replace(b"\\t", b"\t") + b"\r")
        alive = show(master, 0.4)
    while alive and time.monotonic() < end:
        alive = show(master, 1)
    if alive:
        os.kill(child, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def main():
    if sys.argv[1] == "make":
        make(sys.argv[2], int(sys.argv[3]))
        return 0
    return terminal(sys.argv[2], int(sys.argv[3]), *sys.argv[4:])


sys.exit(main())
