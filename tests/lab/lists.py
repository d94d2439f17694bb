#!/usr/bin/python3 -I
# SPDX-License-Identifier: GPL-3.0-or-later
# lists.py - a https server for lists of revoked keys, good and bad: what it does with a request says the first part of the path.
"""usage: lists.py FOLDER

FOLDER has www/ (what is served) and NAME.pem, NAME.key for each of good, expired, othername, stranger, which listen on 8443
and the next ports of keys.example.org; plain http is on 8080. Prints "ready".
"""
import http.server
import pathlib
import ssl
import sys
import threading
import time

FOLDER = pathlib.Path(sys.argv[1])
PORTS = {"good": 8443, "expired": 8444, "othername": 8445, "stranger": 8446}


class Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        _, how, name = self.path.split("/", 2)
        file = FOLDER / "www" / name
        with (FOLDER / "asked").open("a") as log:
            log.write(f"{self.path} {self.headers.get('Authorization', '-')}\n")
        if how in ("to-http", "to-https", "round", "to-file"):
            where = {"to-http": "http://keys.example.org:8080/plain/", "to-https": "https://keys.example.org:8443/plain/",
                     "round": "https://keys.example.org:8443/round/", "to-file": "file:///srv/lists/www/"}[how]
            self.send_response(302)
            self.send_header("Location", where + name)
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif how == "hang" and not name.endswith(".sig"):
            time.sleep(60)
        elif how == "slow":
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            while True:
                self.wfile.write(b"#")
                self.wfile.flush()
                time.sleep(0.2)
        elif how == "endless":
            self.send_response(200)
            self.send_header("Connection", "close")
            self.end_headers()
            while True:
                self.wfile.write(b"# " + b"x" * 65534)
        elif not file.is_file() or how == "gone":
            self.send_error(404)
        else:
            body = file.read_bytes()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body) + (100 if how == "short" and not name.endswith(".sig") else 0)))
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(body)
            self.close_connection = True

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        pass


def serve(port, name=None):
    server = Server(("127.0.0.1", port), Answer)
    if name:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(FOLDER / f"{name}.pem", FOLDER / f"{name}.key")
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()


for certificate, number in PORTS.items():
    serve(number, certificate)
serve(8080)
print("ready", flush=True)
threading.Event().wait()
