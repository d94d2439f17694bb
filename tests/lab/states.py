# SPDX-License-Identifier: GPL-3.0-or-later
# states.py - every state of files that a command passes through, from one run of it, each to be brought back as often as wanted: what
# a cut there would leave, without a run up to it. For the programs of this folder, inside a world.
import hashlib
import os
import socket
import stat
import subprocess
import sys

CUT = os.environ["SALLYPORT_BUILD"] + "/tests/cut"
REPORT = "/tmp/cut-report"
SAID = "/tmp/cut-said"


def run(command):
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace")


def must(command):
    got = run(command)
    if got.returncode:
        sys.exit(f"{command} failed ({got.returncode}): {got.stdout}{got.stderr}")
    return got.stdout


class File:
    """All about one file but its times of access and change. 'content' is a digest, where a link leads, or empty."""
    __slots__ = ("mode", "uid", "gid", "device", "time", "attributes", "content")

    def __init__(self, *what):
        self.mode, self.uid, self.gid, self.device, self.time, self.attributes, self.content = what

    def all(self):
        return self.mode, self.uid, self.gid, self.device, self.time, self.attributes, self.content

    def is_folder(self):
        return stat.S_ISDIR(self.mode)


class Tree(dict):
    """Path -> File; 'links' has the first name of those that are one file with another."""

    def __init__(self):
        super().__init__()
        self.links = {}


class Places:
    """The folders and files that are looked at. What was seen once is not read again while nothing touched it."""

    def __init__(self, *tops):
        self.tops = [top for top in tops if not any(top.startswith(other + "/") for other in tops)]
        self.seen = {}
        self.contents = {}

    def content_of(self, path, mode):
        if stat.S_ISLNK(mode):
            return os.readlink(path)
        if not stat.S_ISREG(mode):
            return ""
        with open(path, "rb") as f:
            content = f.read()
        digest = hashlib.sha256(content).hexdigest()
        self.contents[digest] = content
        return digest

    def file(self, path, s):
        key = (path, s.st_dev, s.st_ino, s.st_ctime_ns, s.st_mtime_ns, s.st_size, s.st_mode, s.st_uid, s.st_gid)
        if key not in self.seen:
            attributes = tuple((name, os.getxattr(path, name, follow_symlinks=False))
                               for name in sorted(os.listxattr(path, follow_symlinks=False)))
            self.seen[key] = File(s.st_mode, s.st_uid, s.st_gid, s.st_rdev, s.st_mtime_ns, attributes, self.content_of(path, s.st_mode))
        return self.seen[key]

    def add(self, path, tree, first):
        s = os.lstat(path)
        tree[path] = self.file(path, s)
        if stat.S_ISDIR(s.st_mode):
            for name in sorted(os.listdir(path)):
                self.add(path + "/" + name, tree, first)
        elif s.st_nlink > 1:
            name = first.setdefault((s.st_dev, s.st_ino), path)
            if name != path:
                tree.links[path] = name

    def look(self):
        tree, first = Tree(), {}
        for top in self.tops:
            if os.path.lexists(top):
                self.add(top, tree, first)
        return tree

    def restore(self, want):
        """To the last byte, and to the times of writing; only what differs is touched."""
        now = self.look()
        same = {path for path, file in now.items() if path in want and file.all() == want[path].all() and
                now.links.get(path) == want.links.get(path)}
        for path in sorted(now, reverse=True):
            if path not in want or not (path in same or now[path].is_folder() and want[path].is_folder()):
                os.rmdir(path) if now[path].is_folder() else os.unlink(path)
        for path in sorted(want):
            if not os.path.lexists(path) or want[path].is_folder() and path not in same:
                self.make(path, want[path], want.links.get(path))
        for path in sorted(want, reverse=True):
            if want[path].is_folder() and os.lstat(path).st_mtime_ns != want[path].time:
                os.utime(path, ns=(want[path].time, want[path].time))

    def make(self, path, file, link):
        if link:
            os.link(link, path, follow_symlinks=False)
            return
        if stat.S_ISLNK(file.mode):
            os.symlink(file.content, path)
        elif stat.S_ISREG(file.mode):
            with open(path, "xb") as f:
                f.write(self.contents[file.content])
        elif not file.is_folder():
            os.mknod(path, file.mode, file.device)
        elif not os.path.isdir(path):
            os.mkdir(path)
        os.chown(path, file.uid, file.gid, follow_symlinks=False)
        if not stat.S_ISLNK(file.mode):
            os.chmod(path, stat.S_IMODE(file.mode))
        for name in os.listxattr(path, follow_symlinks=False):
            if name not in dict(file.attributes):
                os.removexattr(path, name, follow_symlinks=False)
        for name, value in file.attributes:
            os.setxattr(path, name, value, follow_symlinks=False)
        if not file.is_folder():
            os.utime(path, ns=(file.time, file.time), follow_symlinks=False)

    # --- commands ---

    def flags(self):
        return [word for top in self.tops for word in ("--state", top)]

    def cut(self, n, command):
        """Kills the command with all its children in its n-th state. Returns the words of the report."""
        with open(SAID, "w") as said:
            subprocess.run([CUT, "-o", REPORT, "--leave", "--changing", *self.flags(), str(n), "--", *command],
                           stdin=subprocess.DEVNULL, stdout=said, stderr=said)
        with open(REPORT) as f:
            return f.read().split()

    def record(self, command, wanted=lambda n: True):
        """Runs the command to its end. Returns how many states it passed through, and those that are wanted, as (n, call, tree)."""
        ours, its = socket.socketpair()
        states, n = [], 0
        with open(SAID, "w") as said, its:
            tool = subprocess.Popen([CUT, "-o", REPORT, "--leave", "--changing", *self.flags(), "--each", str(its.fileno()), "0", "--",
                                     *command], stdin=subprocess.DEVNULL, stdout=said, stderr=said, pass_fds=[its.fileno()])
        with ours, ours.makefile("rw") as told:
            for line in told:
                n, call = int(line.split()[0]), " ".join(line.split()[1:])
                if wanted(n):
                    states.append((n, call, self.look()))
                told.write("\n")
                told.flush()
        if tool.wait():
            with open(SAID) as said:
                sys.exit(f"{command} failed ({tool.returncode}): {said.read()}")
        return n, states


def spread(count, wanted, chosen):
    """So many numbers of 1 to count, one of each part of it, by chance."""
    wanted = min(wanted, count)
    return [chosen.randint(count * i // wanted + 1, count * (i + 1) // wanted) for i in range(wanted)]
