# SPDX-License-Identifier: GPL-3.0-or-later
# datagrams.py - keeps every UDP datagram that comes to a port of this host.
"""usage: datagrams.py PORT FOLDER: each goes to FOLDER/1, FOLDER/2, ... in its turn; prints "ready" when it listens."""
import os
import socket
import sys

port, folder = int(sys.argv[1]), sys.argv[2]
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
s.bind(("::", port))
print("ready", flush=True)
n = 0
while True:
    got = s.recv(65536)
    n += 1
    with open(f"{folder}/.new", "wb") as f:
        f.write(got)
    os.rename(f"{folder}/.new", f"{folder}/{n}")
