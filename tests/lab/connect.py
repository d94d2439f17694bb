# SPDX-License-Identifier: GPL-3.0-or-later
# connect.py - can this host connect? "open", "refused", "unreachable" or "silence".
"""usage: connect.py ADDRESS PORT [hold SECONDS | storm SECONDS TIMEOUT]

hold: stays, speaks once a second, says "held" when all was echoed. storm: connects all the time, says 'N tries, M good'.
"""
import socket
import sys
import time


def connect(address, port, timeout):
    try:
        return "open", socket.create_connection((address, port), timeout)
    except ConnectionRefusedError:
        return "refused", None
    except TimeoutError:
        return "silence", None
    except OSError:
        return "unreachable", None


def hold(connection, seconds):
    connection.settimeout(5)
    for i in range(seconds):
        word = b"word %d" % i
        connection.sendall(word)
        if connection.recv(100) != word:
            return "garbled"
        time.sleep(1)
    return "held"


def storm(address, port, seconds, timeout):
    """Each one waits for its echo, so that the server is not overrun."""
    tries = good = 0
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found, connection = connect(address, port, timeout)
        tries += 1
        if connection:
            with connection:
                connection.settimeout(5)
                connection.sendall(b"x")
                good += connection.recv(1) == b"x"
    return f"{tries} tries {good} good"


def main():
    address, port, *more = sys.argv[1:]
    if more[:1] == ["storm"]:
        print(storm(address, int(port), int(more[1]), float(more[2])), flush=True)
        return
    found, connection = connect(address, int(port), 1 if not more else 5)
    if connection and more:
        try:
            found = hold(connection, int(more[1]))
        except OSError as e:
            found = f"broken: {e}"
    print(found, flush=True)


main()
