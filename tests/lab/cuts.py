# SPDX-License-Identifier: GPL-3.0-or-later
# cuts.py - cuts an apply, a roll-back or a recover in one state of its files after the other, inside a world, and looks whether
# 'recover' then brings the system to exactly the old or exactly the new state.
#
# usage: cuts.py apply|rollback|recover [--every N] [--kills N] [--seed N] [--limit SECONDS]
#        cuts.py apply|rollback|recover --watch
#
# The states are those of states.py, taken down in one run and brought back one by one; --kills of them are made by a real cut, too.
# --watch cuts nothing: it looks at the files at every single call, and shows that they change only while a call is under
# way that may change something. A cut before any other call therefore finds what the cut before the next such call finds.
import argparse
import json
import os
import random
import re
import subprocess
import sys
import time

import states
from states import must, run

SALLYPORT = os.environ["SALLYPORT_BUILD"] + "/sallyport"
HARDEN = [SALLYPORT, "harden", "--yes", "--keep", "anna@127.0.0.1", "--confirm-within", "1h"]
KEEP_FOR_GOOD = [SALLYPORT, "harden", "--yes", "--keep", "anna@127.0.0.1", "--confirm-within", "0"]
ROLLBACK = [SALLYPORT, "rollback", "--yes"]
RECOVER = [SALLYPORT, "recover"]
COMMANDS = {"apply": HARDEN, "rollback": ROLLBACK, "recover": RECOVER}
SETTINGS = "/etc/ssh"
PLACES = [SETTINGS, "/var/lib/sallyport", "/run/sallyport", "/run/lock"]
CHANGED_FIRST = SETTINGS + "/sshd_config.d/00-sallyport.conf"


def files_of(tree, top=SETTINGS):
    """Path -> everything about it, the times of folders too."""
    return {path: file.all() for path, file in tree.items() if (path + "/").startswith(top + "/")}


def without_time(files):
    """The new files carry the time of their run."""
    return {path: what[:4] + what[5:] for path, what in files.items()}


def state():
    listed = json.loads(run([SALLYPORT, "history", "--format", "json"]).stdout)["transactions"]
    return listed[0]["state"] if listed else "none"


class Trial:
    """What to do before, what to cut, and what may have come of it."""

    def __init__(self, kind):
        self.kind, self.command = kind, COMMANDS[kind]
        self.places = states.Places(*PLACES)
        self.rest = states.Places("/etc")
        self.everything = files_of(self.rest.look(), "/etc")
        self.old = self.settings()
        must(KEEP_FOR_GOOD)
        kept = self.places.look()
        self.new = without_time(files_of(kept))
        must(ROLLBACK)
        self.expect(self.settings() == self.old, "a roll-back that nobody cut does not restore the old state")
        self.forget()
        self.before = self.places.look()
        if kind == "rollback":
            self.before = kept
        elif kind == "recover":
            # in the middle of the swap: after the first file was renamed into place
            _, taken = self.record(HARDEN)
            self.before = next(tree for _, _, tree in taken if CHANGED_FIRST in tree)

    def settings(self):
        return files_of(self.places.look())

    def expect(self, holds, what):
        if not holds:
            now = self.settings()
            different = [(p, self.old.get(p), now.get(p)) for p in sorted(set(self.old) | set(now)) if self.old.get(p) != now.get(p)]
            sys.exit(f"cuts: {self.kind}: {what}; different from the old state: {different[:6]}; "
                     f"{run([SALLYPORT, 'history']).stdout}")

    def forget(self):
        """The history grows with each cut; only the cuts are of interest."""
        subprocess.run(["rm", "-rf", "/var/lib/sallyport"], check=True)

    def record(self, command, wanted=lambda n: True):
        """What it leaves is at rest then: no timer of it goes on."""
        got = self.places.record(command, wanted)
        if state() in ("waiting", "confirmed"):
            must(ROLLBACK)
        return got

    def watch(self):
        self.places.restore(self.before)
        flags = [word for top in self.places.tops for word in ("--watch", top)]
        run([states.CUT, "-o", states.REPORT, "--leave", *flags, "0", "--", *self.command])
        with open(states.REPORT) as f:
            report = f.read().split()
        self.expect(report[0] == "done" and report[4] == "watched" and len(report) == 8, f"watched: {' '.join(report)}")
        self.check("watched to its end")
        return int(report[5]), int(report[7])

    def check(self, where):
        must(RECOVER)
        now, what = self.settings(), state()
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
            self.expect(self.settings() == self.old, f"{where}: the roll-back afterwards")
            return "new"
        return "old"


def main():
    p = argparse.ArgumentParser()
    p.add_argument("kind", choices=COMMANDS)
    p.add_argument("--every", type=int, default=1)
    p.add_argument("--kills", type=int, default=1)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--limit", type=float, default=0)
    p.add_argument("--watch", action="store_true")
    a = p.parse_args()
    begun, chosen = time.monotonic(), random.Random(f"{a.seed} {a.kind}")
    trial = Trial(a.kind)
    if a.watch:
        calls, changes = trial.watch()
        trial.expect(calls > 100 and changes > 10, f"only {calls} calls and {changes} changes were seen")
        print(f"{a.kind}: watched at {calls} calls; {changes} changes of files, each during a call that --changing counts")
        return
    trial.places.restore(trial.before)
    first = chosen.randint(1, a.every)
    count, taken = trial.record(trial.command, lambda n: n >= first and (n - first) % a.every == 0)
    counts, killed = {"old": 0, "new": 0}, {"old": 0, "new": 0}
    for n, call, tree in taken:
        trial.places.restore(tree)
        counts[trial.check(f"before {call} in state {n}")] += 1
        if a.limit and time.monotonic() - begun > a.limit:
            sys.exit(f"cuts: {a.kind}: not through in {a.limit} s, in state {n} of {count}")
    for n in states.spread(count, a.kills, chosen):
        trial.places.restore(trial.before)
        killed[trial.check(f"killed in state {n} ({' '.join(trial.places.cut(n, trial.command))})")] += 1
    trial.places.restore(trial.before)
    must(RECOVER)
    if state() in ("waiting", "confirmed"):
        must(ROLLBACK)
    trial.expect(files_of(trial.rest.look(), "/etc") == trial.everything, "something else in /etc was changed")
    print(f"{a.kind}: {len(taken)} of {count} states, every {a.every} from {first}: after recover {counts['old']} old, {counts['new']} new; "
          f"{a.kills} kills: {killed['old']} old, {killed['new']} new; seed {a.seed}; in {time.monotonic() - begun:.0f} s")


main()
