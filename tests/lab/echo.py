# SPDX-License-Identifier: GPL-3.0-or-later
# echo.py - a server for both families that gives back what it gets: echo.py PORT
import socketserver
import sys
import socket


class Echo(socketserver.BaseRequestHandler):
    def handle(self):
        while data := self.request.recv(4096):
            self.request.sendall(data)


class Server(socketserver.ThreadingTCPServer):
    address_family = socket.AF_INET6
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128


Server(("::", int(sys.argv[1])), Echo).serve_forever()
