#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# logins.py - random configurations, accounts and keys: what our decision says of a login and what the real sshd does.
#
# Every round makes a configuration with its files, starts sshd with it in a private world and logs in a few times with
# the real ssh; build/tests/decide answers for the same logins. Verdict and deciding reason must be equal; the reason of
# sshd is read from its log. Each round has a theme, the reason that was rarest so far. By hand, as root:
#
#   tests/lab/logins.py --seed 7 --logins 2000 [--jobs 2] [--keep DIR]
#   tests/lab/logins.py --seed 7 --round 31 --theme key-from          that round again
import argparse
import collections
import json
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve()
sys.path.insert(0, str(HERE.parent))

from login_rounds import CONFIG, NO_SESSION, THEMES, Round, World, public, run  # noqa: E402
from login_sshd import SSHD, Rules, Server, classify, further_attempts, reason_fits, ssh  # noqa: E402

LOGINS = 10  # a round
MISTAKES = 10
METHOD_PASSWORD = 2  # sshd/access.h


class Decider:
    """build/tests/decide, kept running."""

    def __init__(self, program):
        self.process = subprocess.Popen([program, "902"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd="/")

    def ask(self, question):
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer.strip():
            raise RuntimeError(f"decide gave no answer to {question}")
        return json.loads(answer)

    def stop(self):
        self.process.stdin.close()
        if self.process.wait(60):
            raise RuntimeError(f"decide ended with {self.process.returncode}")

    def login(self, login):
        question = {name: login[name] for name in ("user", "addr", "laddr", "lport")}
        if login["host"]:
            question["host"] = login["host"]
        if login["how"] == "key":
            question["key"] = public(login["key"]).split()[1]
        elif login["how"] == "password":
            question["assume"] = METHOD_PASSWORD
        return self.ask(question)


class Comparison:
    def __init__(self, arguments):
        self.arguments = arguments
        self.world = World()
        self.decider = Decider(arguments.decide)
        self.counts = collections.Counter()
        self.rounds = self.logins = self.unknown = self.failures = 0

    def fail(self, this, what, details):
        self.failures += 1
        again = f"tests/lab/logins.py --seed {this.seed} --round {this.number} --theme {this.theme}"
        shown = [f"=== {what}", f"=== again: {again}", json.dumps(details, indent=1), "--- sshd_config", CONFIG.read_text()]
        shown += [f"--- {name}\n{text}" for name, text in this.includes.items()]
        if self.arguments.keep:
            folder = pathlib.Path(self.arguments.keep, f"{this.seed}-{this.number}-{this.theme}")
            if not folder.exists():
                shutil.copytree("/etc/ssh", folder / "ssh", ignore=shutil.ignore_patterns("*_key", "moduli"))
                shutil.copytree("/home", folder / "home", symlinks=True)
                if os.path.isdir("/root/.ssh"):
                    shutil.copytree("/root/.ssh", folder / "root", symlinks=True)
                shutil.copytree("/srv", folder / "srv", symlinks=True)
            with open(folder / "report", "a", encoding="utf-8") as f:
                f.write("\n".join(shown) + "\n")
        print("\n".join(shown), flush=True)

    def real(self, server, login):
        """(verdict, reasons, log, client) of the real login, which may take several: an RSA key signs in three ways, and
        a key that is one of several things to show is shown with the others that the account has."""
        verdict, reasons, log, got = self.attempt(server, login)
        if verdict == "allowed" or login["how"] == "password":
            return verdict, reasons, log, got
        for further in further_attempts(login, reasons, log, got.stderr):
            verdict, found, more, last = self.attempt(server, login | further)
            log += f"=== again with {further}\n" + more
            if verdict == "allowed" and (login["how"] != "key" or re.search(r"^(Accepted|Partial) publickey", more, re.M)):
                return verdict, found, log, last
            # behind another method the key was looked at after all
            if reasons == {"method-disabled"} and "service ssh-connection method publickey" in more:
                reasons = found
            if "key-algorithm" in reasons and "key-algorithm" not in found:
                reasons = found
        return "denied", reasons, log, got

    def attempt(self, server, login):
        got = ssh(login)
        log = server.over()
        return *classify(login, log, got.stderr), log, got

    def compare(self, this, server, login):
        ours = self.decider.login(login)
        verdict, reasons, log, got = self.real(server, login)
        self.logins += 1
        self.counts[ours["reason"]] += 1
        if ours["verdict"] == "unknown":
            self.unknown += 1
        details = {"login": login, "ours": ours, "theirs": [verdict, sorted(reasons)], "client": got.stdout + got.stderr[-600:],
                   "log": log.splitlines()}
        session = "LAB-IN" in got.stdout or "LAB-FORCED" in got.stdout
        if verdict == "allowed" and not session and login["user"] not in NO_SESSION and not this.on["chroot"]:
            self.fail(this, "let in, but no command ran", details)
        if verdict == "denied" and session:
            self.fail(this, "a command ran, though sshd logged no success", details)
        if ours["verdict"] != verdict and ours["verdict"] != "unknown":
            self.fail(this, f"ours {ours['verdict']} {ours['reason']}, theirs {verdict} {sorted(reasons)}", details)
        elif ours["verdict"] == "denied" and not reason_fits(login, ours["reason"], reasons, lambda: Rules(login)):
            self.fail(this, f"ours {ours['reason']}, theirs {sorted(reasons)}", details)
        elif ours["verdict"] == "unknown" and not this.on["command"]:
            self.fail(this, f"ours unknown, theirs {verdict} {sorted(reasons)}", details)
        elif self.arguments.verbose:
            print(login, ours, verdict, reasons, flush=True)

    def refused(self, this):
        """Configurations that sshd may not take."""
        for _ in range(MISTAKES):
            this.lay_configuration(this.mistakes())
            theirs = run(SSHD, "-t")
            ours = self.decider.ask({"config": str(CONFIG)})
            self.counts["config-refused" if theirs.returncode else "config-taken"] += 1
            if (theirs.returncode != 0) != (ours["config"] != "taken"):
                self.fail(this, f"configuration: sshd {theirs.returncode} {theirs.stderr.strip()}, ours {ours}", {})

    def round(self, number, theme):
        this = Round(self.world, self.arguments.seed, number, theme)
        this.lay()
        self.rounds += 1
        if theme == "config-refused":
            return self.refused(this)
        answer = self.decider.ask({"config": str(CONFIG)})
        if run(SSHD, "-t").returncode:
            self.counts["config-refused"] += 1
            if answer["config"] == "taken":
                self.fail(this, "configuration: sshd refuses it, we take it", answer)
            return None
        if answer["config"] != "taken":
            return self.fail(this, "configuration: we refuse it, sshd takes it", answer)
        server = Server()
        try:
            for _ in range(LOGINS):
                self.compare(this, server, this.login())
        finally:
            server.stop()

    def theme(self, number):
        """Every third round any theme, else the one whose reason was rarest so far."""
        r = random.Random(f"{self.arguments.seed}/{number}")
        names = list(THEMES)
        if number % 3 == 0:
            return r.choice(names)
        return min(names, key=lambda name: (self.counts[name], r.random()))


def inside(arguments):
    comparison = Comparison(arguments)
    number = arguments.job
    while comparison.failures < arguments.stop:
        if arguments.round is not None:
            comparison.round(arguments.round, arguments.theme)
            break
        comparison.round(number, comparison.theme(number))
        number += arguments.jobs
        if comparison.logins >= arguments.logins and (not arguments.each or
                min(comparison.counts[theme] for theme in THEMES) >= arguments.each):
            break
    comparison.decider.stop()
    print("=== " + json.dumps({"rounds": comparison.rounds, "logins": comparison.logins, "unknown": comparison.unknown,
                              "failures": comparison.failures, "counts": comparison.counts}))
    return 0


def build_folder():
    return pathlib.Path(os.environ.get("SALLYPORT_BUILD", HERE.parents[2] / "build")).resolve()


def start(arguments, job):
    command = [HERE.parent / "world"] + (["--keep", arguments.keep] if arguments.keep else [])
    command += ["--", "/usr/bin/python3", "-I", HERE, "--inside", "--job", job, "--jobs", arguments.jobs, "--seed", arguments.seed,
                "--logins", -(-arguments.logins // arguments.jobs), "--each", -(-arguments.each // arguments.jobs), "--stop", arguments.stop,
                "--decide", arguments.decide or build_folder() / "tests/decide", "--keep", arguments.keep]
    if arguments.round is not None:
        command += ["--round", arguments.round, "--theme", arguments.theme]
    if arguments.verbose:
        command += ["--verbose"]
    return subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                            errors="replace", env=dict(os.environ, SALLYPORT_BUILD=str(build_folder())))


def outside(arguments):
    began = time.monotonic()
    if arguments.keep:
        os.makedirs(arguments.keep, exist_ok=True)
    if arguments.round is not None:
        arguments.jobs = 1
    jobs = [start(arguments, job) for job in range(arguments.jobs)]
    counts, total, status = collections.Counter(), collections.Counter(), 0
    for job in jobs:
        last = ""
        for line in job.stdout:
            if line.startswith("=== {"):
                last = line
            else:
                print(line, end="", flush=True)
        status = max(status, job.wait())
        answer = json.loads(last[4:]) if last else {"counts": {}}
        counts += collections.Counter(answer.pop("counts"))
        total += collections.Counter(answer)
    for reason, n in sorted(counts.items(), key=lambda item: -item[1]):
        print(f"{n:6} {reason}")
    seconds = time.monotonic() - began
    print(f"seed {arguments.seed}: {total['logins']} logins in {total['rounds']} rounds, {total['unknown']} unknown, {seconds:.0f} s, "
          f"{total['failures']} differ")
    return status or (1 if total["failures"] else 0)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--logins", type=int, default=100)
    parser.add_argument("--each", type=int, default=0, help="go on until each reason was seen so often")
    parser.add_argument("--round", type=int, help="only this one, with --theme")
    parser.add_argument("--theme", choices=THEMES, default="accepted")
    parser.add_argument("--jobs", type=int, default=2, help="private worlds side by side")
    parser.add_argument("--stop", type=int, default=5, help="end after so many differences")
    parser.add_argument("--keep", default="", help="folder for the files of rounds that differ")
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("--decide", help="the program that decides, tests/decide of the build folder by default")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--job", type=int, default=0, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.keep:
        arguments.keep = os.path.abspath(arguments.keep)
    return inside(arguments) if arguments.inside else outside(arguments)


if __name__ == "__main__":
    sys.exit(main())
