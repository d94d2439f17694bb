# SPDX-License-Identifier: GPL-3.0-or-later
# datagram_echo.py - a server for both families that gives back each datagram: datagram_echo.py PORT
import socket
import sys

with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as s:
    s.bind(("::", int(sys.argv[1])))
    while True:
        data, peer = s.recvfrom(65535)
        s.sendto(data, peer)
