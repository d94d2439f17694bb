# SPDX-License-Identifier: GPL-3.0-or-later
# cuts.py - cuts an apply, a roll-back or a recover before one system call after the other, inside a world, and looks
# whether 'recover' then brings the system to exactly the old or exactly the new state.
#
# usage: cuts.py apply|rollback|recover [--changing] [--every N] [--start N] [--limit SECONDS]
#        cuts.py apply|rollback|recover --watch
#
# --watch cuts nothing: it looks at the files at every single call, and shows that they change only while a call is under
# way that --changing counts. A cut before any other call therefore finds what the cut before the next such call finds.
import argparse
import hashlib
import json
import os
import re
import stat
import subprocess
import sys
import time

BUILD = os.environ["SALLYPORT_BUILD"]
CUT = BUILD + "/tests/cut"
SALLYPORT = BUILD + "/sallyport"
HARDEN = [SALLYPORT, "harden", "--yes", "--keep", "anna@127.0.0.1", "--confirm-within", "1h"]
KEEP_FOR_GOOD = [SALLYPORT, "harden", "--yes", "--keep", "anna@127.0.0.1", "--confirm-within", "0"]
ROLLBACK = [SALLYPORT, "rollback", "--yes"]
RECOVER = [SALLYPORT, "recover"]
WATCHED = ["/etc/ssh", "/var/lib/sallyport", "/run/sallyport", "/run/lock"]


def run(command):
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)


def must(command):
    got = run(command)
    if got.returncode:
        sys.exit(f"cuts: {command} failed: {got.stdout}{got.stderr}")
    return got.stdout


def describe(path, into):
    s = os.lstat(path)
    what = [stat.filemode(s.st_mode), s.st_uid, s.st_gid, s.st_mtime_ns]
    what += [(name, os.getxattr(path, name, follow_symlinks=False)) for name in sorted(os.listxattr(path, follow_symlinks=False))]
    if stat.S_ISREG(s.st_mode):
        with open(path, "rb") as f:
            what.append(hashlib.sha256(f.read()).hexdigest())
    into[path] = what
    if stat.S_ISDIR(s.st_mode):
        for name in sorted(os.listdir(path)):
            describe(os.path.join(path, name), into)


def snapshot(top="/etc/ssh"):
    """Path -> everything about it, the times of folders too."""
    tree = {}
    describe(top, tree)
    return tree


def without_time(tree):
    """The new files carry the time of their run."""
    return {path: what[:3] + what[4:] for path, what in tree.items()}


def state():
    got = run([SALLYPORT, "history", "--format", "json"])
    listed = json.loads(got.stdout)["transactions"]
    return listed[0]["state"] if listed else "none"


def forget():
    """The history grows with each cut; only the cuts are of interest."""
    subprocess.run(["rm", "-rf", "/var/lib/sallyport"], check=True)


class Trial:
    """What to do before, what to cut, and what may have come of it."""

    def __init__(self, kind):
        self.kind = kind
        self.middle = 0
        self.old = snapshot()
        must(KEEP_FOR_GOOD)
        self.new = without_time(snapshot())
        must(ROLLBACK)
        self.expect(self.old == snapshot(), "a roll-back that nobody cut does not restore the old state")
        forget()

    def expect(self, holds, what):
        if not holds:
            now = snapshot()
            different = [(p, self.old.get(p), now.get(p)) for p in sorted(set(self.old) | set(now)) if self.old.get(p) != now.get(p)]
            sys.exit(f"cuts: {self.kind}: {what}; different from the old state: {different[:6]}; "
                     f"{run([SALLYPORT, 'history']).stdout}")

    def prepare(self):
        if self.kind == "rollback":
            must(KEEP_FOR_GOOD)
        elif self.kind == "recover":
            # in the middle of the swap: after the first file was renamed into place
            self.cut_until(HARDEN, "/etc/ssh/sshd_config.d/00-sallyport.conf")

    def cut_after(self, n, command, appears):
        """Whether the path is there when the command was cut before its n-th change."""
        self.cut(n, command, ["--changing"])
        if os.path.exists(appears):
            return True
        must(RECOVER)
        forget()
        return False

    def cut_until(self, command, appears):
        """Leaves the command cut soon after the path appeared; how many changes that takes is looked for once."""
        if not self.middle:
            low, high = 1, 2048
            while high - low > 4:
                middle = (low + high) // 2
                # past its end the command is complete, and the path is there too
                if self.cut_after(middle, command, appears):
                    high = middle
                    run(ROLLBACK if state() in ("waiting", "confirmed") else RECOVER)
                    forget()
                else:
                    low = middle
            self.middle = high
        for n in range(self.middle, self.middle + 400, 4):
            if self.cut_after(n, command, appears):
                return
        sys.exit(f"cuts: {appears} never appears")

    def command(self):
        return {"apply": HARDEN, "rollback": ROLLBACK, "recover": RECOVER}[self.kind]

    def cut(self, n, command, flags):
        report = "/tmp/cut-report"
        run([CUT, "-o", report, "--leave", *flags, str(n), "--", *command])
        with open(report) as f:
            return f.read().split()

    def watch(self):
        self.prepare()
        flags = [word for folder in WATCHED for word in ("--watch", folder)]
        report = self.cut(0, self.command(), flags)
        self.expect(report[0] == "done" and report[4] == "watched" and len(report) == 8, f"watched: {' '.join(report)}")
        self.check("watched to its end")
        return int(report[5]), int(report[7])

    def check(self, where):
        must(RECOVER)
        now, what = snapshot(), state()
        if now == self.old:
            self.expect(what in ("none", "rolled-back", "recovered"), f"{where}: the files are old, but it is {what}")
        elif without_time(now) == self.new:
            self.expect(self.kind != "recover" and what in ("waiting", "confirmed"), f"{where}: the files are new, but it is {what}")
        else:
            self.expect(False, f"{where}: neither old nor new")
        left = [p for p in now if re.search(r"/\.[^/]*$", p)]
        self.expect(not left, f"{where}: temporary files stay: {left}")
        if what in ("waiting", "confirmed"):
            must(ROLLBACK)
            self.expect(snapshot() == self.old, f"{where}: the roll-back afterwards")
            return "new"
        return "old"


def main():
    p = argparse.ArgumentParser()
    p.add_argument("kind", choices=["apply", "rollback", "recover"])
    p.add_argument("--changing", action="store_true")
    p.add_argument("--every", type=int, default=1)
    p.add_argument("--start", type=int, default=1)
    p.add_argument("--limit", type=float, default=0)
    p.add_argument("--watch", action="store_true")
    a = p.parse_args()
    flags = ["--changing"] if a.changing else []
    everything = snapshot("/etc")
    trial = Trial(a.kind)
    if a.watch:
        calls, changes = trial.watch()
        trial.expect(calls > 100 and changes > 10, f"only {calls} calls and {changes} changes were seen")
        print(f"{a.kind}: watched at {calls} calls; {changes} changes of files, each during a call that --changing counts")
        return
    begun, counts, n = time.monotonic(), {"old": 0, "new": 0}, a.start
    while True:
        trial.prepare()
        report = trial.cut(n, trial.command(), flags)
        counts[trial.check(f"cut {n} ({' '.join(report)})")] += 1
        forget()
        if report[0] == "done":
            break
        n += a.every
        if a.limit and time.monotonic() - begun > a.limit:
            sys.exit(f"cuts: {a.kind}: not through in {a.limit} s, at {n}")
    trial.expect(snapshot("/etc") == everything, "something else in /etc was changed")
    cuts = counts["old"] + counts["new"] - 1
    print(f"{a.kind}: {cuts} cuts{' before changes' if a.changing else ''}, every {a.every}: after recover {counts['old']} old, "
          f"{counts['new']} new, in {time.monotonic() - begun:.0f} s")


main()
