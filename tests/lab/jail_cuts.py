# SPDX-License-Identifier: GPL-3.0-or-later
# jail_cuts.py - cuts the making, the update, the removal or the recovery of a jail before one changing system call after the
# other, inside a world, and looks whether 'recover' then gives all or nothing of it, with nothing left over anywhere.
#
# usage: jail_cuts.py KIND [--every N] [--first N] [--limit SECONDS]
#
# KIND: create, update, remove, remove-home, recover-create, recover-update, recover-remove; of a jail whose manifest is damaged: again,
# remove-lost, recover-again, recover-remove-lost. recover is cut after what it has to finish or to undo was itself cut in the middle.
import argparse
import hashlib
import os
import shutil
import stat
import subprocess
import sys
import time

BUILD = os.environ["SALLYPORT_BUILD"]
CUT = BUILD + "/tests/cut"
TOOL = BUILD + "/tests/jail_build"
DIR = "/srv/above/more/anna"
TOPS = ["/srv", "/var/lib/sallyport", "/var/lib/jail_build"]
STOCK = "/tmp/stock"

OLD = """folder /usr 0755
file /usr/bin/sh /srv/host/sh 0755
file /usr/lib/one /srv/host/one 0644
file /usr/lib/same /srv/host/same 0644
file /etc/hosts /srv/host/hosts 0644
content /etc/passwd 0644 root
content /gone/deep/file 0600 gone
link /bin usr/bin
link /turns elsewhere
device /dev/null 0666 1 3
his /home/anna 0700
folder /given/folder 0755
content /given/folder/file 0644 x
link /given/link folder
his /taken 0755
folder /becomes-link 0755
content /becomes-link/file 0644 x
"""
NEW = """folder /usr 0755
file /usr/bin/sh /srv/host/sh2 0755
file /usr/lib/same /srv/host/same 0644
file /usr/lib/two /srv/host/one 0644
file /etc/hosts /srv/host/hosts 0644
content /etc/passwd 0644 root,anna
link /bin usr/bin
folder /turns 0750
content /turns/new/file 0644 new
device /dev/null 0666 1 3
device /dev/zero 0666 1 5
his /home/anna 0700
his /given/folder 0700
his /given/link 0700
folder /taken 0755
content /taken/ours 0644 x
link /becomes-link usr
"""


def run(command):
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)


def must(command):
    got = run(command)
    if got.returncode:
        sys.exit(f"jail_cuts: {command} failed: {got.stdout}{got.stderr}")
    return got.stdout


def describe(path, into):
    s = os.lstat(path)
    what = [stat.filemode(s.st_mode), s.st_uid, s.st_gid, s.st_rdev]
    if stat.S_ISLNK(s.st_mode):
        what.append(os.readlink(path))
    elif stat.S_ISREG(s.st_mode):
        with open(path, "rb") as f:
            content = f.read()
        # the times of making and updating are those of each run
        lines = [line for line in content.split(b"\n") if not line.startswith((b'  "made"', b'  "updated"'))]
        what.append(hashlib.sha256(b"\n".join(lines)).hexdigest())
    into[path] = what
    if stat.S_ISDIR(s.st_mode):
        for name in sorted(os.listdir(path)):
            describe(os.path.join(path, name), into)


def snapshot():
    tree = {}
    for top in TOPS:
        describe(top, tree)
    return tree


def set_up():
    os.makedirs("/srv/host", exist_ok=True)
    for name, text in (("sh", "old shell"), ("sh2", "new shell"), ("one", "one"), ("same", "same"), ("hosts", "hosts")):
        with open("/srv/host/" + name, "w") as f:
            f.write(text)
        os.chmod("/srv/host/" + name, 0o755 if name.startswith("sh") else 0o644)
    for name, text in (("old", OLD), ("new", NEW)):
        with open("/tmp/list-" + name, "w") as f:
            f.write(text)
    must([TOOL, "recover"])  # the folder of the state is there from now on
    os.makedirs("/var/lib/jail_build", exist_ok=True)


CREATE = [TOOL, "create", "anna", "1001", DIR, "/home/anna", "/tmp/list-old"]
UPDATE = [TOOL, "update", "anna", "/tmp/list-new"]
REMOVE = [TOOL, "remove", "anna"]
AGAIN = [TOOL, "again", "anna", "1001", DIR, "/home/anna", "/tmp/list-new"]
REMOVE_LOST = [TOOL, "remove-lost", "anna", "1001", DIR, "/home/anna"]
RECOVER = [TOOL, "recover"]


def make():
    must(CREATE)
    with open(DIR + "/home/anna/letter", "w") as f:
        f.write("dear bert")
    with open(DIR + "/taken/own", "w") as f:
        f.write("anna's")
    os.chown(DIR + "/taken/own", 1001, 1001)
    os.makedirs(DIR + "/usr/lib/foreign", exist_ok=True)


def make_lost():
    """What is root's own among it, and what the user could have put there."""
    make()
    with open("/var/lib/sallyport/jails/anna/manifest.json", "w") as f:
        f.write("garbage")
    for path in ("/usr/lib/foreign/own", "/usr/lib/two", "/etc/motd"):
        with open(DIR + path, "w") as f:
            f.write("somebody's")
    # the last one has something of ours in it
    for folder in ("/srv", "/usr/lib/foreign/theirs", "/etc"):
        os.makedirs(DIR + folder + "/in", exist_ok=True)
        os.chown(DIR + folder, 1001, 1001)
        for name in ("/theirs", "/in/theirs"):
            with open(DIR + folder + name, "w") as f:
                f.write("theirs")


def clear():
    """Back to nothing, however it lies there."""
    for path in ("/srv/above", "/var/lib/sallyport/jails/anna", "/var/lib/jail_build/anna"):
        if os.path.isdir(path):
            shutil.rmtree(path)
        elif os.path.exists(path):
            os.unlink(path)


def cut(n, command):
    report = "/tmp/cut-report"
    run([CUT, "-o", report, "--changing", str(n), "--", *command])
    with open(report) as f:
        return f.read().split()


def changes_of(command):
    report = cut(0, command)
    if report[0] != "done" or report[3] != "0":
        sys.exit(f"jail_cuts: {command}: {report}")
    return int(report[1])


class Trial:
    def __init__(self, kind):
        self.kind = kind
        self.lost = kind.endswith(("again", "lost"))
        self.removes = [*REMOVE, "home"] if kind == "remove-home" else REMOVE
        self.nothing = snapshot()
        if kind == "create":
            self.before, self.prepare, self.command = self.nothing, lambda: None, CREATE
            must(CREATE)
        elif kind == "update":
            make()
            self.before, self.prepare, self.command = snapshot(), make, UPDATE
            must(UPDATE)
        elif kind in ("again", "remove-lost"):
            make_lost()
            self.before, self.prepare = snapshot(), make_lost
            self.command = AGAIN if kind == "again" else REMOVE_LOST
            must(self.command)
        elif kind.startswith("remove"):
            make()
            self.before, self.prepare, self.command = snapshot(), make, self.removes
            must(self.removes)
        else:
            self.cut_before = {"recover-create": CREATE, "recover-update": UPDATE, "recover-remove": REMOVE,
                               "recover-again": AGAIN, "recover-remove-lost": REMOVE_LOST}[kind]
            self.begin()
            self.before = snapshot()
            self.middle = changes_of(self.cut_before) * (9 if self.cut_before is AGAIN else 7) // 10
            self.prepare, self.command = self.half, RECOVER
        self.after = snapshot()
        clear()
        if snapshot() != self.nothing:
            sys.exit("jail_cuts: the trial cannot go back to its beginning")

    def begin(self):
        if self.cut_before in (AGAIN, REMOVE_LOST):
            make_lost()
        elif self.cut_before is not CREATE:
            make()

    def half(self):
        self.begin()
        cut(self.middle, self.cut_before)

    def check(self, where):
        unfinished = run([TOOL, "unfinished"]).returncode == 0
        got = run(RECOVER)
        said = got.stdout
        now = snapshot()
        # a damaged manifest is not for recover to mend, and it says so each time
        lost = self.lost and now == self.before
        if got.returncode != (2 if lost and "is left as it is: " in said else 0):
            sys.exit(f"jail_cuts: {self.kind}: {where}: recover fails: {said}{got.stderr}")
        if bool(said) != unfinished:
            sys.exit(f"jail_cuts: {self.kind}: {where}: unfinished is {unfinished}, but recover says '{said}'")
        if run([TOOL, "unfinished"]).returncode == 0 and not lost:
            sys.exit(f"jail_cuts: {self.kind}: {where}: recover leaves something unfinished")
        for name, tree in (("before", self.before), ("after", self.after)):
            if now == tree:
                return name
        want = self.before if len(set(now) ^ set(self.before)) < len(set(now) ^ set(self.after)) else self.after
        different = [(p, want.get(p), now.get(p)) for p in sorted(set(want) | set(now)) if want.get(p) != now.get(p)]
        sys.exit(f"jail_cuts: {self.kind}: {where}: neither all nor nothing: {different[:6]}; recover said {said}")


def main():
    p = argparse.ArgumentParser()
    p.add_argument("kind", choices=["create", "update", "remove", "remove-home", "recover-create", "recover-update",
                                      "recover-remove", "again", "remove-lost", "recover-again", "recover-remove-lost"])
    p.add_argument("--every", type=int, default=1)
    p.add_argument("--first", type=int, default=1)
    p.add_argument("--limit", type=float, default=0)
    a = p.parse_args()
    set_up()
    trial = Trial(a.kind)
    begun, counts, n = time.monotonic(), {"before": 0, "after": 0}, a.first
    while True:
        trial.prepare()
        report = cut(n, trial.command)
        counts[trial.check(f"cut {n} ({' '.join(report)})")] += 1
        clear()
        if report[0] == "done":
            break
        n += a.every
        if a.limit and time.monotonic() - begun > a.limit:
            sys.exit(f"jail_cuts: {a.kind}: not through in {a.limit} s, at {n}")
    cuts = counts["before"] + counts["after"] - 1
    print(f"{a.kind}: {cuts} cuts before changes, every {a.every} from {a.first}: after recover {counts['before']} nothing of it, "
          f"{counts['after']} all, in {time.monotonic() - begun:.0f} s")


main()
