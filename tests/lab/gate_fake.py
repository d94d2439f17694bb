# SPDX-License-Identifier: GPL-3.0-or-later
# gate_fake.py - the daemon's side of the control socket, with grants and counters that a test makes up.
import os
import pathlib
import re
import socket
import struct
import threading

WHO, ENTRY, STATUS = 100, 103, 104
ENTRY_FORM = "<B3x16sHBBII32s256s"
SOURCE = pathlib.Path(__file__).resolve().parents[2]
STAGES = re.findall(r'^\s*STAGE_\w+,\s*/\* "(\w+)"', (SOURCE / "src/knock/stage.h").read_text(), re.M)


def entry(address, user, left, port=22, key=b"\x11" * 32, by_hand=False, known=True):
    family = 6 if ":" in address else 4
    packed = socket.inet_pton(socket.AF_INET6 if family == 6 else socket.AF_INET, address)
    return struct.pack(ENTRY_FORM, family, packed, port, by_hand, known, left, 0, key, user.encode())


class Gate:
    """with Gate(path) as gate: answers who there, with what its fields say at that moment."""

    def __init__(self, path):
        self.path = str(path)
        self.entries, self.ended = [], {}
        self.started, self.granted, self.record = 1_790_000_000, 0, 0
        self.lost = self.memory_only = False
        self.owned = True
        self.mute = False
        self.listening = None

    def status(self):
        ended = [0] + [self.ended.get(stage, 0) for stage in STAGES]
        return struct.pack(f"<QQQ{len(ended)}QIBBBx", self.started, 1, self.granted, *ended, self.record, self.lost,
                           self.memory_only, self.owned)

    def start(self):
        self.listening = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.listening.bind(self.path)
        self.listening.listen(8)
        threading.Thread(target=self.serve, args=(self.listening,), daemon=True).start()

    def stop(self):
        os.unlink(self.path)
        self.listening.shutdown(socket.SHUT_RDWR)
        self.listening.close()

    def serve(self, listening):
        while True:
            try:
                peer, _ = listening.accept()
            except OSError:
                return
            with peer:
                try:
                    self.answer(peer)
                except OSError:
                    pass  # who asked has gone

    def answer(self, peer):
        kind, name = struct.unpack("<II", peer.recv(4096))
        assert kind == WHO
        if self.mute:
            peer.recv(1)  # until who asked has had enough
            return
        for one in self.entries:
            peer.send(struct.pack("<II", ENTRY, name) + one)
        peer.send(struct.pack("<II", STATUS, name) + self.status())

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        if os.path.exists(self.path):
            self.stop()
