# SPDX-License-Identifier: GPL-3.0-or-later
# gate_kills.py - kills sallyportd and its roles under load, and watches that nothing opens but what a fresh knock opened.
"""usage: gate_kills.py LIBEXEC KNOCK HOST-KEY.pub KEYS KILLS RATE SEED

Runs in a private world that gate.sh has made ready, with a host 'client' that has all of 10.84.0.0/14. Plays the service manager
for the daemon. Kills each process KILLS times, with RATE knocks and as many replays a second, and prints what it saw, as JSON.

Each knock opens an address of its own, so that an address that is open a second time was opened by a replay:
10.84 signed addresses, 10.85 sources of knocks that name none, 10.86 where only replays came from, 10.87 strangers.
"""
import collections
import ctypes
import errno
import ipaddress
import itertools
import json
import os
import pathlib
import random
import re
import select
import signal
import socket
import subprocess
import sys
import threading
import time

ROLES = ("net", "keeper", "grant", "index")
GRANT_TIME = 3  # as in the settings of the test
SLACK = 1.0  # on top of it, until the end of a grant is called late
SERVER = ("10.83.0.1", 22)
PAUSE = 0.2  # RestartSec= of our unit
LOG = pathlib.Path("/tmp/gate.log")
FRESH = 250  # seconds: a replay that is older is refused for its age alone
PATIENCE = 0.6  # a connection that nobody answers is given up
BOUND = 60  # seconds without service: it will not come back
AGAIN = 4  # one kill of so many follows the one before at once, wherever the daemon is then


def addresses(network):
    return (str(a) for a in ipaddress.ip_network(network).hosts())


def enter(host):
    """This thread is on that host from now on."""
    with open(f"/run/netns/{host}") as f:
        if ctypes.CDLL(None, use_errno=True).setns(f.fileno(), 0x40000000):
            raise OSError(ctypes.get_errno(), "setns")


class State:
    """What the threads tell each other; each field has one writer, and reads are of whole values."""

    def __init__(self):
        self.sent = {}  # address: when its knock was sent first
        self.knock = {}  # address: its datagram
        self.granted = {}  # address: when the log or the kernel showed it first
        self.gone = {}  # address: when the kernel was seen without it
        self.replayed = collections.deque(maxlen=200)  # addresses where only replays came from
        self.counts = collections.Counter()
        self.serving = []  # when the log said so
        self.wrong = []
        self.stop = threading.Event()
        self.fault = None

    def say(self, what):
        if len(self.wrong) < 50:
            self.wrong.append(f"{time.monotonic():.3f} {what}")
        self.counts["wrong"] += 1


def worker(state, host, loop, *args):
    def run():
        try:
            if host:
                enter(host)
            loop(state, *args)
        except BaseException as e:  # a dead worker would prove nothing: the whole ends
            state.fault = f"{loop.__name__}: {e!r}"
            state.stop.set()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


# --- load ---

def load(state, maker, keys, rate):
    """A fresh knock and a replay in turn; every other knock names no address, so that its source is opened."""
    signed, sources, thieves = addresses("10.84.0.0/16"), addresses("10.85.0.0/16"), addresses("10.86.0.0/16")
    keys = itertools.cycle(keys)
    due = time.monotonic()
    plain = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    for turn in itertools.count():
        if state.stop.is_set():
            return
        key = next(keys)
        by_source = turn % 2
        address = next(sources if by_source else signed)
        maker.stdin.write(f"{key} {key.name.split('-')[0]}{'' if by_source else f' from={address}'}\n".encode())
        maker.stdin.flush()
        datagram = maker.stdout.read(1232)
        if len(datagram) != 1232:
            raise OSError("no knock was made")
        state.knock[address] = datagram
        state.sent[address] = time.monotonic()
        send(datagram, address) if by_source else plain.sendto(datagram, SERVER)
        state.counts["knocks"] += 1
        replay(state, plain, thieves)
        due += 1 / rate
        time.sleep(max(0, due - time.monotonic()))


def send(datagram, source):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind((source, 0))
        s.sendto(datagram, SERVER)


def replay(state, plain, thieves):
    """Of a knock that was granted: one of the last few, whose grant may still run, or any that is not too old."""
    done = list(state.granted.items())[-2000:]
    if not done:
        return
    address, _ = random.choice(done[-10:] if random.random() < 0.3 else done)
    if time.monotonic() - state.sent[address] > FRESH:
        return
    if address.startswith("10.85."):
        thief = next(thieves)
        send(state.knock[address], thief)
        state.replayed.append(thief)
    else:
        plain.sendto(state.knock[address], SERVER)
    state.counts["replays"] += 1


# --- what is open: by the kernel's set, by the log, by trying ---

def watch(state):
    while not state.stop.is_set():
        look(state)
        time.sleep(0.1)


def look(state):
    began = time.monotonic()
    got = subprocess.run(["nft", "-j", "list", "set", "inet", "sallyport", "grants4"], capture_output=True, text=True)
    seen_by = time.monotonic()
    if got.returncode:
        state.say(f"no table: {got.stderr.strip()}")
        return
    table = next(row["set"] for row in json.loads(got.stdout)["nftables"] if "set" in row)
    rows = [row["elem"] for row in table.get("elem", [])]
    there = {row["val"]["concat"][0]: row for row in rows}
    for address, row in there.items():
        judge(state, address, row, began, seen_by)
    for address in list(state.granted):
        if address not in there and address not in state.gone and state.granted[address] < began:
            state.gone[address] = began
    state.counts["looks"] += 1
    state.counts["most open at once"] = max(state.counts["most open at once"], len(there))


def judge(state, address, row, began, seen_by):
    if address not in state.sent:
        state.say(f"{address} is open and never knocked")
    elif address in state.gone and state.gone[address] < began:
        state.say(f"{address} is open again")
    elif address in state.granted and began > state.granted[address] + GRANT_TIME + SLACK:
        state.say(f"{address} is open {began - state.granted[address]:.1f} s after its grant")
    if row["timeout"] > GRANT_TIME or row.get("expires", 0) > GRANT_TIME:
        state.say(f"{address} has {row}")
    state.granted.setdefault(address, seen_by)


def follow(state):
    """Each line of the log about a grant, as it is written."""
    said = set()
    rest = b""
    with open(LOG, "rb") as f:
        while not state.stop.is_set():
            chunk = f.read()
            if not chunk:
                time.sleep(0.005)
                continue
            *lines, rest = (rest + chunk).split(b"\n")
            state.serving += [time.monotonic() for line in lines if line.endswith(b": serving")]
            for found in filter(None, (re.search(rb"\bgranted user=.* addr=([0-9.]+)", line) for line in lines)):
                address = found[1].decode()
                if address in said:
                    state.say(f"{address} was granted twice")
                said.add(address)
                state.granted.setdefault(address, time.monotonic())
                state.counts["grants"] += 1


def probe(state):
    """Tries the port: from strangers, from where only replays came, from where a grant has ended, and from where one runs."""
    strangers = addresses("10.87.0.0/16")
    poll, open_ = select.epoll(), {}
    while not state.stop.is_set():
        now = time.monotonic()
        tries = [(next(strangers), "stranger")]
        if state.replayed:
            tries.append((random.choice(state.replayed), "replayed"))
        recent = list(state.granted.items())[-200:]
        ended = [a for a, when in recent if now > when + GRANT_TIME + SLACK]
        running = [a for a, when in recent[-5:] if now < when + GRANT_TIME - PATIENCE - SLACK]
        if ended:
            tries.append((random.choice(ended), "ended"))
        if running:
            tries.append((running[-1], "granted"))
        for address, kind in tries:
            s = knock_at(address)
            open_[s.fileno()] = s, address, kind, now + PATIENCE
            poll.register(s.fileno(), select.EPOLLOUT)
        for fd, event in poll.poll(0.1):
            s, address, kind, _ = open_.pop(fd)
            connected(state, s, address, kind)
        for fd in [fd for fd, (_, _, _, until) in open_.items() if until < time.monotonic()]:
            s, address, kind, _ = open_.pop(fd)
            state.counts[f"{kind} silence"] += 1
            s.close()
        time.sleep(0.05)


def knock_at(address):
    s = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    s.bind((address, 0))
    if s.connect_ex(SERVER) != errno.EINPROGRESS:
        raise OSError(f"{address} cannot connect")
    return s


def connected(state, s, address, kind):
    fault = s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    s.close()
    state.counts[f"{kind} {'refused' if fault else 'open'}"] += 1
    if kind != "granted":
        state.say(f"{kind} {address}: {'open' if not fault else errno.errorcode[fault]}")


# --- the daemon, and its end ---

class Daemon:
    def __init__(self, libexec):
        self.command = ["sallyportd", "-D", "--libexec", libexec]
        self.start()

    def start(self):
        with open(LOG, "ab") as log:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log)

    def role(self, name):
        """Its pid as soon as there is one; None: there will be none."""
        end = time.monotonic() + BOUND
        while time.monotonic() < end:
            for entry in pathlib.Path("/proc").iterdir():
                if entry.name.isdigit() and self.is_role(entry, name):
                    return int(entry.name)
            time.sleep(0.005)
        return None

    def is_role(self, entry, name):
        try:
            parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
            argument = (entry / "cmdline").read_bytes().split(b"\0")[0]
        except OSError:
            return False
        return parent == self.process.pid and argument.endswith(b"sallyport-" + name.encode())

    def kill(self, name):
        """When it was done."""
        if name == "parent":
            now = time.monotonic()
            self.process.kill()
            self.process.wait()
            time.sleep(PAUSE)
            self.start()
            return now
        if not (pid := self.role(name)):
            raise OSError(f"{name} did not come back")
        now = time.monotonic()
        os.kill(pid, signal.SIGKILL)
        return now

    def stop(self):
        self.process.terminate()
        return self.process.wait(30)


def served(state, since):
    """How long until the first knock that was sent after 'since' had its grant."""
    end = time.monotonic() + BOUND
    while time.monotonic() < end:
        if state.stop.is_set():
            raise OSError(state.fault)
        recent = list(state.granted.items())[-100:]
        times = [when for address, when in recent if state.sent.get(address, 0) > since]
        if times:
            first = next((when for when in state.serving if when > since), min(times))
            return round(first - since, 3), round(min(times) - since, 3)
        time.sleep(0.005)
    raise OSError(f"no knock was granted for {BOUND} s")


def rounds(state, daemon, kills):
    order = [name for name in ("parent", *ROLES) for _ in range(kills)]
    random.shuffle(order)
    back = collections.defaultdict(list)
    for n, name in enumerate(order):
        time.sleep(random.uniform(0, 0.6))
        killed = daemon.kill(name)
        if n % AGAIN == AGAIN - 1 and n + 1 < len(order):
            continue  # and the next one, before it is back or just then
        took = served(state, killed)
        back[f"{name} in turn" if n % AGAIN else f"{name} after another"].append(took)
    return back


def main():
    libexec, knock, host, keys, kills, rate, seed = sys.argv[1:]
    random.seed(int(seed))
    state = State()
    daemon = Daemon(libexec)
    maker = subprocess.Popen([knock, "make", host], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    began = time.monotonic()
    while b": serving" not in LOG.read_bytes():
        if time.monotonic() > began + BOUND:
            raise OSError("it does not serve")
        time.sleep(0.05)
    files = sorted(p for p in pathlib.Path(keys).iterdir() if not p.suffix)
    threads = [worker(state, "client", load, maker, files, float(rate)), worker(state, None, watch),
               worker(state, None, follow), worker(state, "client", probe)]
    fault, first, back = None, None, {}
    try:
        first = served(state, began)
        back = rounds(state, daemon, int(kills))
        time.sleep(GRANT_TIME + SLACK)
    except OSError as e:
        fault = str(e)
    state.stop.set()
    for thread in threads:
        thread.join(10)
    status = daemon.stop()
    maker.stdin.close()
    maker.wait(10)
    print(json.dumps({"fault": state.fault or fault, "wrong": state.wrong, "counts": state.counts, "back": back,
                      "first": first, "exit": status, "seconds": round(time.monotonic() - began)}))


main()
