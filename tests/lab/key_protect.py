# SPDX-License-Identifier: GPL-3.0-or-later
# key_protect.py - key protect inside a world, with somebody who looks everywhere for the passphrases while it runs.
#
# usage: key_protect.py watch KEY OLD-FILE    gives KEY another passphrase, the old one being in OLD-FILE, and looks at all that
#                                             others can see of processes
#        key_protect.py abort KEY OLD-FILE    the same, killed by SIGABRT with both passphrases in its memory
#        key_protect.py type KEY              gives KEY one, whatever it is, and prints what was said and the exit status
# The new passphrase is written to KEY.told once all is over.
import glob
import os
import secrets
import signal
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from terminal import Terminal  # noqa: E402

SALLYPORT = os.environ["SALLYPORT_BUILD"] + "/sallyport"


def read(path):
    try:
        with open(path, "rb") as f:
            return f.read()
    except OSError:
        return b""


class Watch:
    """What ps and its like can see of every process."""

    def __init__(self, words):
        self.words, self.found, self.looks, self.programs, self.dumpable = words, set(), 0, set(), set()

    def look(self):
        self.looks += 1
        for process in glob.glob("/proc/[0-9]*"):
            name = read(process + "/comm").strip().decode()
            seen = {kind: read(f"{process}/{kind}") for kind in ("cmdline", "environ", "comm", "stack", "wchan")}
            if name in ("sallyport", "ssh-keygen"):
                self.programs.add(name)
            if name == "sallyport" and os.path.exists(process):
                self.limit(process)
            for kind, content in seen.items():
                self.found |= {f"{name}: {kind}" for word in self.words if word in content}

    def limit(self, process):
        # the files of a process that may not be dumped are root's, whoever runs it
        try:
            self.dumpable.add(os.stat(process + "/mem").st_uid)
        except OSError:
            pass


def until(t, words, watch):
    end = time.monotonic() + 120
    while not any(words in line for line in t.lines()):
        assert time.monotonic() < end and t.process.poll() is None, t.lines()
        t.pump(0.01)
        watch.look()


def dialogue(t, old, new, watch):
    for asked, told in (("Passphrase of", old), ("New passphrase", new), ("same again", new)):
        until(t, asked, watch)
        t.send(told + b"\n")


def everywhere(words):
    """Files of this world that hold one of the words."""
    holding = []
    for top in ("/var", "/run", "/tmp", "/root", "/home", "/etc", "/dev/shm"):
        for folder, _, names in os.walk(top):
            for path in (os.path.join(folder, name) for name in names):
                if os.path.isfile(path) and os.path.getsize(path) < 1 << 28 and any(word in read(path) for word in words):
                    holding.append(path)
    return holding


def start(key):
    return Terminal([SALLYPORT, "key", "protect", "-v", key], 160, 30)


def run_watched(key, old, new):
    watch = Watch([old, new])
    with start(key) as t:
        dialogue(t, old, new, watch)
        while t.process.poll() is None:
            t.pump(0.01)
            watch.look()
        print("exit", t.wait())
        print("on the screen:", sum(word in t.raw for word in (old, new)))
    print("looks:", watch.looks)
    print("seen:", sorted(watch.programs))
    print("memory belongs to:", sorted(watch.dumpable))
    print("found:", sorted(watch.found))
    print("files:", everywhere([old, new]))


def run_aborted(key, old, new):
    watch = Watch([old, new])
    with start(key) as t:
        dialogue(t, old, new, watch)
        end = time.monotonic() + 60
        while not (child := glob.glob(f"/proc/{t.process.pid}/task/*/children")) or not read(child[0]).split():
            assert time.monotonic() < end
        for pid in (int(read(child[0]).split()[0]), t.process.pid):
            os.kill(pid, signal.SIGABRT)
        print("ended by", -t.wait())
    print("files:", everywhere([old, new]))


def run_typed(key):
    new = secrets.token_urlsafe(24).encode()
    with start(key) as t:
        for asked in ("New passphrase", "same again"):
            while t.process.poll() is None and not any(asked in line for line in t.lines()):
                t.pump(0.05)
            if t.process.poll() is None:
                t.send(new + b"\n")
        print("exit", t.wait(120))
        print(" ".join(line for line in t.lines() if line))
    return new


def main():
    what, key = sys.argv[1:3]
    if what == "type":
        new = run_typed(key)
    else:
        new = secrets.token_urlsafe(24).encode()
        old = read(sys.argv[3]).strip()
        os.unlink(sys.argv[3])
        {"watch": run_watched, "abort": run_aborted}[what](key, old, new)
        with open(key + ".old", "wb") as f:
            f.write(old)
    with open(key + ".told", "wb") as f:
        f.write(new)


main()
