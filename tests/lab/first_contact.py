# SPDX-License-Identifier: GPL-3.0-or-later
# first_contact.py - types the first five minutes into terminals of tmux, inside a private world, and prints what they show.
"""usage: first_contact.py SERVER LAPTOP

SERVER and LAPTOP are commands that give a shell on either side. What is printed is what somebody at two keyboards would have seen.
"""
import re
import subprocess
import sys
import time

SOCKET = "/tmp/first-contact"
WIDTH, HEIGHT = 150, 200
PATIENCE = 90


def tmux(*words):
    return subprocess.run(["tmux", "-S", SOCKET, "-f", "/dev/null", *words], check=True, capture_output=True, text=True).stdout


class Terminal:
    """One window; its prompt tells when a command is done."""

    def __init__(self, name, command, first):
        self.name = name
        where = ["new-session", "-d", "-s", "all", "-x", str(WIDTH), "-y", str(HEIGHT)] if first else ["new-window", "-d", "-t", "all:"]
        tmux(*where, "-n", name, command)
        if first:
            tmux("set-option", "-g", "remain-on-exit", "on")
        self.seen = 0
        self.wait(r"\$ $")
        self.seen = len(self.lines())

    def lines(self):
        text = tmux("capture-pane", "-p", "-J", "-t", f"all:{self.name}", "-S", "-")
        return [line.rstrip() for line in text.rstrip().splitlines()]

    def wait(self, pattern):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            lines = self.lines()
            if len(lines) >= self.seen and re.search(pattern, (lines[-1] if lines else "") + " "):
                return
            time.sleep(0.1)
        raise SystemExit(f"first_contact: {self.name} never showed {pattern!r}:\n" + "\n".join(self.lines()[-40:]))

    def type(self, text, until=r"\$ $"):
        """The lines that came of it, the one typed into among them."""
        at = max(len(self.lines()) - 1, 0)
        self.seen = at + 2
        tmux("send-keys", "-t", f"all:{self.name}", "-l", text)
        tmux("send-keys", "-t", f"all:{self.name}", "Enter")
        self.wait(until)
        lines = self.lines()
        self.seen = len(lines)
        return lines[at:] if until != r"\$ $" else lines[at:-1]


def show(lines):
    print("\n".join(lines).rstrip() + "\n")


def main(server, laptop):
    first = Terminal("server", server, True)
    second = Terminal("laptop", laptop, False)
    try:
        show(first.type("sallyport"))
        show(first.type("sudo sallyport audit"))
        who = first.type("sudo sallyport harden", r"leave it so\) $")
        plan = first.type("anna", r"\] $")
        show(who[:-1] + plan[:-1] + first.type("y"))
        second.type("ssh anna@web1", r"web1.*\$ $")
        show(["laptop$ ssh anna@web1", *second.type("sudo sallyport confirm")])
        asked = first.type("sudo sallyport hide --except 192.0.2.0/24", r"\] $")
        listening = first.type("y", r"Listening for knocks")
        second.type("exit", r"laptop\$ $")
        enrolled = second.type("sallyport enroll anna@web1")
        first.wait(r"\$ $")
        shown = first.lines()
        at = next(i for i, line in enumerate(shown) if line == listening[-1])
        show(asked[:-1] + listening)
        show(enrolled)
        show(["(on the server)", *shown[at + 1:-1]])
        second.type("ssh anna@web1", r"web1.*\$ $")
        show(["laptop$ ssh anna@web1", *second.type("sudo sallyport confirm")])
        show(second.type("sudo sallyport who"))
        show(second.type("sallyport adit"))
    finally:
        tmux("kill-server")


main(*sys.argv[1:])
