# SPDX-License-Identifier: GPL-3.0-or-later
# terminal.py - a program on a terminal of a given size: what stands on the screen, keys, resizing, what it leaves behind.
import fcntl
import os
import re
import select
import signal
import struct
import subprocess
import termios
import time

import pyte


class Screen(pyte.Screen):
    """pyte keeps a line that waits to be wrapped waiting when the cursor goes to another line; terminals do not."""

    def cursor_to_line(self, line=None):
        self.cursor.x = min(self.cursor.x, self.columns - 1)
        super().cursor_to_line(line)

    def scroll_up(self, lines=1):
        at, self.cursor.y = self.cursor.y, self.margins.bottom if self.margins else self.lines - 1
        for _ in range(lines or 1):
            self.index()
        self.cursor.y = at

    def scroll_down(self, lines=1):
        at, self.cursor.y = self.cursor.y, self.margins.top if self.margins else 0
        for _ in range(lines or 1):
            self.reverse_index()
        self.cursor.y = at


class Stream(pyte.ByteStream):
    """With two controls that pyte does not know."""

    csi = {**pyte.ByteStream.csi, "S": "scroll_up", "T": "scroll_down"}
    events = pyte.ByteStream.events | {"scroll_up", "scroll_down"}


class Terminal:
    def __init__(self, command, columns, rows, env=None):
        self.ours, self.theirs = os.openpty()
        self.screen = Screen(columns, rows)
        self.stream = Stream(self.screen)
        self.raw = b""
        self.resize(columns, rows, tell=False)
        self.before = termios.tcgetattr(self.theirs)
        variables = {"PATH": os.environ["PATH"], "TERM": "screen", "LC_ALL": "C.UTF-8", "TZ": "UTC", **(env or {})}
        self.process = subprocess.Popen(command, stdin=self.theirs, stdout=self.theirs, stderr=self.theirs,
                                        env=variables, start_new_session=True, preexec_fn=self.take_terminal)

    def take_terminal(self):
        for number in (signal.SIGINT, signal.SIGQUIT):  # a shell starts what runs behind it with these ignored
            signal.signal(number, signal.SIG_DFL)
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    def resize(self, columns, rows, tell=True):
        fcntl.ioctl(self.ours, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.screen.resize(rows, columns)
        if tell:
            self.process.send_signal(signal.SIGWINCH)

    def pump(self, seconds):
        if select.select([self.ours], [], [], seconds)[0]:
            got = os.read(self.ours, 65536)
            self.raw += got
            self.stream.feed(got)

    def wait_for(self, claim, seconds=30):
        """Until claim(lines) holds; the lines. A claim may be a word, which is then to be found in one of them."""
        holds = claim if callable(claim) else lambda lines: any(claim in line for line in lines)
        end = time.monotonic() + seconds
        while not holds(self.lines()):
            assert time.monotonic() < end, "\n".join([f"never seen: {claim}"] + self.lines())
            self.pump(0.1)
        self.pump(0.05)
        return self.lines()

    def lines(self):
        return [line.rstrip() for line in self.screen.display]

    def send(self, keys):
        os.write(self.ours, keys)

    def colors(self):
        return set(re.findall(rb"\x1b\[(?:\d+;)*(3[0-7])(?:;\d+)*m", self.raw))

    def wait(self, seconds=30):
        """The program's exit status, once it has ended by itself."""
        end = time.monotonic() + seconds
        while self.process.poll() is None:
            assert time.monotonic() < end, "it does not end\n" + "\n".join(self.lines())
            self.pump(0.05)
        while select.select([self.ours], [], [], 0.05)[0]:
            self.pump(0)
        return self.process.returncode

    def is_restored(self):
        """The settings are as before, the screen before it is back, the cursor is seen."""
        back, into = self.raw.rfind(b"\x1b[?1049l"), self.raw.rfind(b"\x1b[?1049h")
        shown, hidden = self.raw.rfind(b"\x1b[?25h"), self.raw.rfind(b"\x1b[?25l")
        return termios.tcgetattr(self.theirs) == self.before and back > into and shown > hidden

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.ours)
        os.close(self.theirs)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
