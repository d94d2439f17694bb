# SPDX-License-Identifier: GPL-3.0-or-later
# agent_count.py - stands before a real agent and writes down what it is asked to sign: "knock" or "login", a line each.
"""usage: agent_count.py SOCKET LOG: listens on SOCKET, asks the agent of $SSH_AUTH_SOCK"""
import os
import socket
import struct
import sys
import threading

SIGN_REQUEST = 13


def take(connection):
    head = connection.recv(4, socket.MSG_WAITALL)
    if len(head) < 4:
        return None
    body = connection.recv(struct.unpack(">I", head)[0], socket.MSG_WAITALL)
    return head + body


def kind(message):
    """A knock is an SSH signature (PROTOCOL.sshsig), a login begins with its session's identifier."""
    key_len = struct.unpack(">I", message[5:9])[0]
    return "knock" if message[13 + key_len:19 + key_len] == b"SSHSIG" else "login"


def serve(asker, log):
    agent = socket.socket(socket.AF_UNIX)
    agent.connect(os.environ["SSH_AUTH_SOCK"])
    with asker, agent:
        while message := take(asker):
            if message[4] == SIGN_REQUEST:
                os.write(log, f"{kind(message)}\n".encode())
            agent.sendall(message)
            asker.sendall(take(agent))


def main():
    path, log = sys.argv[1:]
    log = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(64)
    print("ready", flush=True)
    while True:
        threading.Thread(target=serve, args=(listener.accept()[0], log), daemon=True).start()


main()
