# SPDX-License-Identifier: GPL-3.0-or-later
# test_probe.py - the prober sees of a real sshd what ssh-audit sees, and hostile servers cannot hold or fool it.
import contextlib
import itertools
import json
import select
import socket
import struct
import subprocess
import threading
import time

import pytest

CLOSED, PENALTY, TIMEOUT, SYNTAX, TOO_BIG = 10, 11, 12, 13, 14
IDENTIFICATION = b"SSH-2.0-test\r\n"

OLD = """
KexAlgorithms diffie-hellman-group14-sha1,diffie-hellman-group-exchange-sha1,diffie-hellman-group1-sha1
Ciphers aes128-cbc,3des-cbc,aes256-cbc
MACs hmac-sha1,hmac-md5,hmac-sha1-96
HostKeyAlgorithms ssh-rsa,ecdsa-sha2-nistp256
Compression no
"""
STRICT = """
KexAlgorithms sntrup761x25519-sha512@openssh.com,curve25519-sha256
Ciphers chacha20-poly1305@openssh.com,aes256-gcm@openssh.com
MACs hmac-sha2-512-etm@openssh.com
HostKeyAlgorithms ssh-ed25519
HostKey /etc/ssh/ssh_host_ed25519_key
"""


@pytest.fixture
def probe(build):
    """Runs the prober against PORT of this host: (exit status, its JSON, seconds it took)."""

    def run(port, timeout_ms=60000, addr="127.0.0.1"):
        before = time.monotonic()
        got = subprocess.run([str(build / "tests" / "probe"), addr, str(port), "-", str(timeout_ms)],
                             stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout_ms / 1000 + 20)
        assert got.stderr == ""
        return got.returncode, json.loads(got.stdout), time.monotonic() - before

    return run


@contextlib.contextmanager
def server(talk):
    """A server on a free port that lets talk(connection) answer each client."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve():
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    connection.settimeout(30)
                    with contextlib.suppress(OSError):
                        talk(connection)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
    thread.join(35)


def until_it_leaves(connection):
    while connection.recv(4096):
        pass


def packet(payload):
    padding = 4 + (8 - (9 + len(payload)) % 8) % 8
    return struct.pack(">IB", 1 + len(payload) + padding, padding) + payload + bytes(padding)


def kexinit(lists=(b"a",) * 8 + (b"",) * 2):
    return packet(b"\x14" + bytes(16) + b"".join(struct.pack(">I", len(x)) + x for x in lists) + bytes(5))


# The real sshd


@pytest.mark.parametrize("config", ["", OLD, STRICT], ids=["stock", "old", "strict"])
@pytest.mark.parametrize("addr", ["127.0.0.1", "::1"])
def test_agrees_with_ssh_audit(world, config, addr):
    got = world("""
        command -v ssh-audit >/dev/null || { echo no ssh-audit; exit; }
        printf %s "$CONFIG" >/etc/ssh/sshd_config.d/test.conf
        lab_sshd_start || exit
        "$BUILD/tests/probe" "$ADDR" 22 || exit
        echo ---
        ssh-audit -j "$ADDR"
        lab_sshd_stop""", env={"CONFIG": config, "ADDR": addr})
    if got.stdout == "no ssh-audit\n":
        pytest.skip("ssh-audit is not installed")
    ours, theirs = got.stdout.split("---\n")
    ours, theirs = json.loads(ours), json.loads(theirs)
    assert ours["identification"] == theirs["banner"]["raw"]
    assert ours["kex"] == [a["algorithm"] for a in theirs["kex"]]
    assert ours["host_key"] == [a["algorithm"] for a in theirs["key"]]
    # ssh-audit prints what the server sends with; OpenSSH offers the same for both directions
    assert ours["cipher_s2c"] == ours["cipher_c2s"] == theirs["enc"]
    assert ours["mac_s2c"] == ours["mac_c2s"] == theirs["mac"]
    assert ours["compression_s2c"] == ours["compression_c2s"] == theirs["compression"]
    assert ours["strict"] == ("kex-strict-s-v00@openssh.com" in ours["kex"])
    if config:
        assert ours["cipher_s2c"] == config.split("Ciphers ")[1].split("\n")[0].split(",")


def test_comes_from_an_address_of_its_own(world):
    got = world("""
        ip link add lan type veth peer name far && ip addr add 192.0.2.7/24 dev lan && ip link set lan up && ip link set far up
        lab_sshd_start -o LogLevel=DEBUG1 || exit
        for addr in 127.0.0.1 192.0.2.7; do "$BUILD/tests/probe" $addr 22 >/dev/null || echo failed; done
        "$BUILD/tests/probe" 127.0.0.1 22 127.9.9.9 >/dev/null || echo failed
        lab_wait 10 eval '[ "$(grep -c "Connection from" /var/log/auth.log)" = 3 ]'
        grep -o 'Connection from [0-9.]*' /var/log/auth.log
        lab_sshd_stop""")
    first, second, third = got.stdout.splitlines()
    for line in (first, second):
        assert line.startswith("Connection from 127.83."), got.stdout
    assert first != second
    assert third == "Connection from 127.9.9.9"


def test_says_when_sshd_takes_no_more_connections(world):
    got = world("""
        lab_sshd_start -o MaxStartups=1:100:1 || exit
        exec 3<>/dev/tcp/127.0.0.1/22 && read -r -t 5 -u 3 line && echo "${line:0:4}"
        "$BUILD/tests/probe" 127.0.0.1 22 >/dev/null
        echo $?
        exec 3>&-
        lab_wait 10 "$BUILD/tests/probe" 127.0.0.1 22 >/dev/null
        echo $?
        lab_sshd_stop""")
    assert got.stdout == f"SSH-\n{PENALTY}\n0\n", got.stderr


# Hostile servers


def test_silence_ends_in_time(probe):
    with server(until_it_leaves) as port:
        status, answer, seconds = probe(port, 400)
    assert (status, answer) == (TIMEOUT, {"verdict": "timeout"})
    assert seconds >= 0.4


def test_an_address_that_does_not_answer_ends_in_time(world):
    got = world("""
        ip link add lan type veth peer name far && ip addr add 192.0.2.7/24 dev lan && ip link set lan up && ip link set far up
        timeout 60 "$BUILD/tests/probe" 192.0.2.8 22 - 500 >/dev/null
        echo $?""")
    assert got.stdout == f"{TIMEOUT}\n", got.stderr


@pytest.mark.parametrize("pause, status", [(1, TIMEOUT), (0.001, 0)], ids=["slow", "fast"])
def test_one_byte_at_a_time(probe, pause, status):
    def talk(connection):
        for byte in IDENTIFICATION + kexinit():
            connection.sendall(bytes([byte]))
            time.sleep(pause)

    with server(talk) as port:
        got, _, _ = probe(port, 2500 if pause == 1 else 600000)
    assert got == status


@pytest.mark.parametrize("piece", [b"come in\r\n", b"\n", b"x" * 4096], ids=["lines", "feeds", "one-line"])
def test_endless_banner(probe, piece):
    def talk(connection):
        while True:
            connection.sendall(piece)

    with server(talk) as port:
        status, _, _ = probe(port)
    assert status == TOO_BIG


def test_endless_banner_slowly(probe):
    def talk(connection):
        while True:
            connection.sendall(b"wait\r\n")
            time.sleep(0.3)

    with server(talk) as port:
        status, _, seconds = probe(port, 1500)
    assert status == TIMEOUT
    assert seconds >= 1.5


@pytest.mark.parametrize("length", [0xffffffff, 0x80000000, 35001])
def test_a_packet_that_claims_too_much(probe, length):
    def talk(connection):
        connection.sendall(IDENTIFICATION + struct.pack(">IB", length, 4) + b"\x14")
        until_it_leaves(connection)

    with server(talk) as port:
        status, _, _ = probe(port)
    assert status == TOO_BIG


def test_kexinit_cut_off_at_every_byte(probe):
    whole = IDENTIFICATION + kexinit()
    lengths = itertools.count()

    def talk(connection):
        connection.sendall(whole[:next(lengths)])
        connection.shutdown(socket.SHUT_WR)
        until_it_leaves(connection)

    with server(talk) as port:
        got = [probe(port)[0] for _ in range(len(whole) + 1)]
    want = [CLOSED] + [SYNTAX] * (len(IDENTIFICATION) - 1) + [CLOSED] * (len(whole) - len(IDENTIFICATION)) + [0]
    assert got == want


ANSWERS = {
    "close": (b"", CLOSED),
    "penalty": (b"Not allowed at this time\r\n", PENALTY),
    "startups": (b"Exceeded MaxStartups\r\n", PENALTY),
    "http": (b"HTTP/1.1 400 Bad Request\r\nServer: x\r\nConnection: close\r\n\r\n<html></html>\n", SYNTAX),
    "ssh1": (b"SSH-1.5-1.2.27\n", SYNTAX),
    "tls": (b"\x15\x03\x01\x00\x02\x02\x46", SYNTAX),
    "nul": (b"SSH-2.0-x\0y\r\n" + kexinit(), SYNTAX),
    "escape": (b"SSH-2.0-\x1b[31mx\r\n" + kexinit(), SYNTAX),
    "nul-in-name": (IDENTIFICATION + kexinit((b"a\0b",) + (b"a",) * 7 + (b"",) * 2), SYNTAX),
    "goodbye": (IDENTIFICATION + packet(b"\x01" + struct.pack(">III", 2, 0, 0)), CLOSED),
    "goodbye-too-many": (IDENTIFICATION + packet(b"\x01" + struct.pack(">III", 12, 0, 0)), PENALTY),
    "ignore-first": (IDENTIFICATION + packet(b"\x02" + struct.pack(">I", 0)) + kexinit(), SYNTAX),
    "kexinit-twice": (IDENTIFICATION + kexinit() * 2, 0),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_answers(probe, name):
    sent, want = ANSWERS[name]

    # What the prober sent stays unread, as with sshd: the close then resets the connection behind the last words. By then it
    # has read them: it is gone, or waits for more.
    def talk(connection):
        connection.sendall(sent)
        hears = select.poll()
        hears.register(connection, select.POLLRDHUP)
        hears.poll(500)

    with server(talk) as port:
        status, answer, _ = probe(port)
    assert status == want, answer


def test_control_characters_do_not_reach_the_terminal(probe):
    def talk(connection):
        connection.sendall(b"\x1b[2J\0\r\nSSH-2.0-x \x1b]0;title\x07\xff\r\n" + kexinit())
        until_it_leaves(connection)

    with server(talk) as port:
        status, answer, _ = probe(port)
    assert status == 0
    assert answer["identification"].lower() == "ssh-2.0-x \\x1b]0;title\\x07\\xff"


def test_nobody_listens(probe):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    status, _, _ = probe(port)
    assert status == CLOSED
