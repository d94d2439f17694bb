# SPDX-License-Identifier: GPL-3.0-or-later
# services_ask.py - a real exchange with each service of services.sh, from another host: services_ask.py ADDRESS
import http.client
import socket
import subprocess
import sys


def web(address, port):
    connection = http.client.HTTPConnection(address, port, timeout=10)
    connection.request("GET", "/")
    return connection.getresponse().read().decode().strip()


def echo(address):
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(10)
        s.connect((address, 7))
        s.send(b"an echo")
        return s.recv(100).decode()


def ntp(address):
    """Debian's own client; it says by how much the clock is wrong and leaves it alone."""
    got = subprocess.run(["ntpdig", "-t", "10", address], capture_output=True, text=True, timeout=60)
    return "stratum 1" if got.returncode == 0 and " s1 " in got.stdout else repr(got)


address = sys.argv[1]
for say, arguments in ((web, (address, 80)), (web, (address, 8080)), (echo, (address,)), (ntp, (address,))):
    try:
        print(say(*arguments))
    except OSError as e:
        print(f"{say.__name__}: {e}")
