# SPDX-License-Identifier: GPL-3.0-or-later
# syslog.py - writes what arrives at a /dev/log socket to a file, in the traditional form of /var/log/auth.log.
import os
import re
import socket
import sys

where, log = sys.argv[1:]
inbox = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
inbox.bind(where)
os.chmod(where, 0o666)
out = open(log, "ab", buffering=0)
os.fchmod(out.fileno(), 0o640)
host = socket.gethostname().encode()
# "<38>Nov 22 20:17:01 sshd[12]: text" as libc sends it: the priority goes, the host's name comes in.
line = re.compile(rb"<\d+>(\w{3} [ \d]\d \d\d:\d\d:\d\d) (.*)", re.S)
while True:
    found = line.match(inbox.recv(65536))
    if found:
        out.write(found[1] + b" " + host + b" " + found[2].rstrip(b"\0\n").replace(b"\n", b"#012") + b"\n")
