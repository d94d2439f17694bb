# SPDX-License-Identifier: GPL-3.0-or-later
# command_cuts.py - cuts 'jail create', 'update' and 'remove' as a whole in one state after the other, inside a world, and looks whether
# 'recover' then gives all of it or nothing, to the byte.
#
# usage: command_cuts.py create-sftp|create|update|remove|remove-account|remove-all [--every N] [--kills N] [--recovers N] [--seed N] [--limit SECONDS]
#
# A state is what lies in PLACES before a call that may change something, where that is not what lay there before the last such call:
# a cut before any call finds one of them. They are taken down in one run of the command and brought back one by one for 'recover';
# --kills of them are made by a real cut of the command, too, which also leaves sshd and the locks as a cut leaves them. From --recovers
# of them 'recover' is itself cut, in every state that it passes through, and is to come to the same the next time.
#
# Two states are looked at in full: with a login, by 'jail check' and by 'sshd -t'. Every other one is the same as one of those in
# every file, so that these would say the same.
import argparse
import json
import os
import random
import re
import signal
import sys
import time

import states
from states import must, run

SALLYPORT = os.environ["SALLYPORT_BUILD"] + "/sallyport"
JAIL = "/home/chroot/bert"
ACCOUNTS = ["passwd", "group", "shadow", "gshadow", "subuid", "subgid"]
PLACES = ["/etc/ssh", "/etc/apt/apt.conf.d", "/etc/dpkg/dpkg.cfg.d", "/etc/dnf", "/etc/cron.daily", "/etc/periodic",
          "/etc/systemd/system", "/etc/.pwd.lock",
          *(f"/etc/{name}{end}" for name in ACCOUNTS for end in ("", "+", "-", ".lock")),
          "/home/chroot", "/home/bert", "/var/lib/sallyport", "/run/sallyport", "/run/lock"]
ELSEWHERE = ["/etc", "/home", "/root", "/srv", "/opt", "/usr/local", "/var/spool", "/var/cache", "/var/tmp", "/dev/shm"]
# Not what the jail consists of: the history of changes, what is kept of sshd for a rescue, locks, and what useradd and userdel leave
# beside their files: backups, and locks and drafts of those that were killed, which they take away themselves the next time.
BESIDE = re.compile(r"/var/lib/sallyport/(transactions|confirmed(\.\w+)?)(/.*)?|/run/.*|.*/\.lock|/etc/\.pwd\.lock|"
                    rf"/etc/({'|'.join(ACCOUNTS)})(-|\+|\.lock|\.\d+)")
# Folders that hold nothing are as good as none.
EMPTY = ["/home/chroot", "/etc/ssh/authorized_keys.d", "/etc/ssh/sshd_config.d", "/var/lib/sallyport", "/var/lib/sallyport/jails"]
CREATE = [SALLYPORT, "jail", "create", "bert", "--create-account", "--key", "/tmp/key.pub", "-y", "-q"]
SFTP, BASIC = [*CREATE, "--sftp-only"], [*CREATE, "--with", "basic"]
HOST = [*CREATE, "--with", "basic,/opt/hello/bin/hello"]
RECOVER = [SALLYPORT, "recover"]
REMOVE = [SALLYPORT, "jail", "remove", "bert", "-y", "-q"]
REMOVE_ALL = [*REMOVE, "--remove-account", "--with-home"]
MOST_FAILURES = 20
FEW = 3  # states of a recover, where not all are asked for
# kind: the jail before it, the command
KINDS = {"create-sftp": (None, SFTP), "create": (None, BASIC), "update": (HOST, [SALLYPORT, "jail", "update", "bert"]),
         "remove": (BASIC, REMOVE), "remove-account": (SFTP, [*REMOVE, "--remove-account"]), "remove-all": (SFTP, REMOVE_ALL)}
LOGIN = """
. "$LAB_SOURCE/tests/lab/lib.sh"
lab_login anna true || { echo anna is shut out; exit 1; }
lab_login bert true; echo "shell $?"
lab_known_hosts
echo pwd | sftp -q -F none -b - -i $LAB_KEYS/bert -o IdentitiesOnly=yes -o BatchMode=yes -o LogLevel=ERROR \\
    -o UserKnownHostsFile=$LAB_KNOWN_HOSTS -o GlobalKnownHostsFile=none bert@127.0.0.1
echo "sftp $?"
"""


def reload_sshd():
    """As a restart would have it: what it knows is what lies there."""
    with open("/run/sshd.pid") as f:
        pid = int(f.read())
    before = os.stat("/run/sshd.pid").st_mtime_ns
    os.kill(pid, signal.SIGHUP)
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            if os.stat("/run/sshd.pid").st_mtime_ns != before:
                return
        except FileNotFoundError:
            pass
        time.sleep(0.02)
    sys.exit("command_cuts: sshd does not come back")


def upgrade():
    """The host's packages, by now: another library, and a program less."""
    must(["cp", "/root/two/lib/libhello.so.2", "/opt/hello/lib/"])
    must(["cp", "/root/two/bin/hello", "/opt/hello/bin/"])
    os.unlink("/opt/hello/lib/libhello.so.1")
    os.unlink("/usr/local/bin/clear")


class Cuts:
    def __init__(self, kind):
        self.kind = kind
        self.places = states.Places(*PLACES)
        first, self.command = KINDS[kind]
        if first:
            must(first)
            with open(JAIL + "/home/bert/letter", "w") as f:
                f.write("dear anna")
        if kind == "update":
            upgrade()
        self.before, self.elsewhere = self.places.look(), self.look_elsewhere()
        self.nothing = self.compared(self.before)
        self.says = {"nothing": self.look_closer()}
        self.counts = {"nothing": 0, "all": 0}
        self.recovered, self.failures = "", 0

    def record(self, wanted):
        count, taken = self.places.record(self.command, wanted)
        self.all = self.compared(self.places.look())
        self.says["all"] = self.look_closer()
        if self.nothing == self.all or self.says["nothing"] == self.says["all"]:
            self.fail("the command", f"it makes no difference: {self.says}")
        return count, taken

    def go_back(self):
        self.places.restore(self.before)
        reload_sshd()

    def look_elsewhere(self):
        """What no jail has to do with, so far as its times tell."""
        seen = {}
        for top in ELSEWHERE:
            for folder, folders, files in os.walk(top):
                folders[:] = [name for name in folders if os.path.join(folder, name) not in self.places.tops]
                for path in (os.path.join(folder, name) for name in files):
                    s = os.lstat(path)
                    if path not in self.places.tops and not path.endswith("/known_hosts") and not BESIDE.fullmatch(path):
                        seen[path] = (s.st_ino, s.st_mode, s.st_size, s.st_mtime_ns, s.st_ctime_ns)
        return seen

    def content(self, path, file):
        """The times of making and updating are those of each run, and which transaction it was is counted."""
        if not path.endswith("/manifest.json"):
            return file.content
        lines = self.places.contents[file.content].split(b"\n")
        return b"\n".join(line for line in lines if not re.match(rb'  "(made|updated)": ', line))

    def compared(self, tree):
        files = {path: (file.mode, file.uid, file.gid, file.device, file.attributes, self.content(path, file), tree.links.get(path))
                 for path, file in tree.items() if not BESIDE.fullmatch(path)}
        for path in sorted(EMPTY, key=len, reverse=True):
            if path in files and not any(other.startswith(path + "/") for other in files):
                del files[path]
        return files

    def look_closer(self):
        """What sshd and the jail's own check say, and who gets in."""
        must(["/usr/sbin/sshd", "-t"])
        listed = json.loads(must([SALLYPORT, "jail", "list", "--format", "json"]))["jails"]
        check = run([SALLYPORT, "jail", "check", "bert"]).returncode if listed else None
        logins = run(["/bin/bash", "-c", LOGIN])
        if logins.returncode:
            sys.exit(f"command_cuts: {self.kind}: {logins.stdout}{logins.stderr}")
        return [(row["user"], row["in_force"], row["state"]) for row in listed], check, logins.stdout

    def fail(self, where, what):
        """Told, and the next state is another matter."""
        print(f"command_cuts: {self.kind}: {where}: {what}; recover said: {self.recovered}", file=sys.stderr, flush=True)
        self.failures += 1
        if self.failures == MOST_FAILURES:
            sys.exit("command_cuts: and so on")

    def check(self, where):
        got = run(RECOVER)
        self.recovered = got.stdout + got.stderr
        if got.returncode:
            self.fail(where, f"recover ends with {got.returncode}")
        tree = self.places.look()
        now = self.compared(tree)
        for name, want in (("nothing", self.nothing), ("all", self.all)):
            if now == want:
                self.counts[name] += 1
                break
        else:
            wrong = {name: [(path, want.get(path), now.get(path)) for path in sorted(set(want) | set(now)) if want.get(path) != now.get(path)]
                     for name, want in (("nothing", self.nothing), ("all", self.all))}
            self.fail(where, f"neither all nor nothing: {min(wrong.values(), key=len)[:6]}")
            return None
        for path, file in tree.items():
            if path.startswith("/var/lib/sallyport/transactions/") and path.endswith("/state.json"):
                state = json.loads(self.places.contents[file.content])["state"]
                if state not in (("confirmed",) if name == "all" else ("confirmed", "recovered", "rolled-back")):
                    self.fail(where, f"there is {name}, but {path} says {state}")
        return name

    def replay(self, state):
        n, call, tree = state
        self.places.restore(tree)
        self.check(f"before {call} in state {n}")

    def cut_recover(self, state, chosen, most):
        """Returns how many of its states were tried."""
        n, call, tree = state
        self.places.restore(tree)
        _, taken = self.places.record(RECOVER)
        result = self.check(f"recovered before {call} in state {n}")
        taken = chosen.sample(taken, min(most, len(taken)))
        for m, at, half in taken:
            self.places.restore(half)
            where = f"before {call} in state {n}, and before {at} in state {m} of recover"
            if self.check(where) != result:
                self.fail(where, f"wants {result}, as where it is not cut")
        return len(taken)

    def kill(self, n):
        self.go_back()
        where = f"killed in state {n} ({' '.join(self.places.cut(n, self.command))})"
        name = self.check(where)
        said, want = self.look_closer(), self.says.get(name)
        if name and said != want:
            self.fail(where, f"wants {want}, but it is {said}")


def main():
    p = argparse.ArgumentParser()
    p.add_argument("kind", choices=KINDS)
    p.add_argument("--every", type=int, default=1)
    p.add_argument("--kills", type=int, default=1)
    p.add_argument("--recovers", type=int, default=1)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--limit", type=float, default=0)
    a = p.parse_args()
    begun, chosen = time.monotonic(), random.Random(f"{a.seed} {a.kind}")
    cuts = Cuts(a.kind)
    first = chosen.randint(1, a.every)
    count, taken = cuts.record(lambda n: n >= first and (n - first) % a.every == 0)
    for state in taken:
        cuts.replay(state)
        if a.limit and time.monotonic() - begun > a.limit:
            sys.exit(f"command_cuts: {a.kind}: not through in {a.limit} s, in state {state[0]} of {count}")
    replayed = dict(cuts.counts)
    recovers = [taken[n - 1] for n in states.spread(len(taken), a.recovers, chosen)]
    halves = sum(cuts.cut_recover(state, chosen, len(taken) if a.every == 1 else FEW) for state in recovers)
    cuts.counts = {"nothing": 0, "all": 0}
    for n in states.spread(count, a.kills, chosen):
        cuts.kill(n)
    elsewhere = cuts.look_elsewhere()
    different = [path for path in sorted({*elsewhere, *cuts.elsewhere}) if elsewhere.get(path) != cuts.elsewhere.get(path)]
    if different:
        cuts.fail("at last", f"something else was changed: {different[:6]}")
    print(f"jail {a.kind}: {len(taken)} of {count} states, every {a.every} from {first}: after recover {replayed['nothing']} nothing, "
          f"{replayed['all']} all; {halves} cuts of {len(recovers)} recovers; {sum(cuts.counts.values())} kills: {cuts.counts['nothing']} "
          f"nothing, {cuts.counts['all']} all; seed {a.seed}; in {time.monotonic() - begun:.0f} s")
    sys.exit(1 if cuts.failures else 0)


main()
