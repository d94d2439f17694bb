# SPDX-License-Identifier: GPL-3.0-or-later
# test_known_hosts.py - which lines are about a host: what our reader says of random known_hosts and what ssh-keygen -F says.
import random
import re
import shutil
import subprocess

import pytest

NAMES = ["anna.example.org", "berta", "berta.example.org", "192.0.2.7", "[berta]:2222", "[192.0.2.7]:22", "2001:db8::1", "an*", "x"]
PATTERNS = NAMES + ["*", "*.example.org", "b?rta", "!berta", "!*.example.org", "BERTA", "192.0.2.*", "[*]:2222", "[berta]:*", "",
                    "a" * 1023, "*" + "a" * 1023, "**", "?", "!", "!!berta"]
MARKERS = ["", "", "", "", "@cert-authority ", "@revoked ", "@revoked\t", "@cert-authority  ", "@nonsense ", "@revoked @revoked ",
           "@revoked", "@ "]


def keygen(*arguments, **more):
    return subprocess.run(["ssh-keygen", *map(str, arguments)], capture_output=True, text=True, **more)


def hashed(rng, folder, name):
    """As ssh-keygen -H writes it, now and then damaged."""
    lone = folder / "lone"
    lone.write_text(f"{name} {rng.choice(KEYS)}\n")
    keygen("-H", "-f", lone, check=True)
    names = lone.read_text().split()[0]
    if rng.random() < 0.2:
        at = rng.randrange(len(names))
        names = names[:at] + rng.choice(["", "|", "A", "=", "*", names[at] * 2]) + names[at + 1:]
    return names


KEYS = []


def line(rng, folder):
    if rng.random() < 0.1:
        return rng.choice(["", "# a comment", "  # indented", "berta", "berta ", "berta # comment", "berta ssh-ed25519", " ", "\r", "@revoked"])
    names = hashed(rng, folder, rng.choice(NAMES[:6])) if rng.random() < 0.25 else ",".join(rng.sample(PATTERNS, rng.choice([1, 1, 2, 3])))
    key = rng.choice(KEYS)
    if rng.random() < 0.1:
        key = rng.choice(["ssh-ed25519 AAAA", "ssh-ed448 AAAA", key[:-8], key.replace("ssh-", "ssh_", 1), "rsa-sha2-512 " + key.split()[1]])
    return rng.choice(["", "", " ", "\t"]) + rng.choice(MARKERS) + names + rng.choice([" ", "  ", "\t"]) + key + rng.choice(["", " a comment", "\r"])


def theirs(path, name):
    got = keygen("-l", "-F", name, "-f", path)
    found = []
    for text in got.stdout.splitlines():
        head = re.fullmatch(r"# Host (.*) found: line (\d+) ?(CA|REVOKED)?\s*", text)
        if head:
            found.append(f"{name} {head[2]} {head[3] or '-'}")
        else:
            found[-1] += " " + re.search(r"SHA256:\S+", text)[0]
    return found


@pytest.mark.skipif(not shutil.which("ssh-keygen"), reason="no ssh-keygen here")
def test_the_same_lines_as_ssh_keygen(build, tmp_path):
    for i, kind in enumerate(["ed25519", "ed25519", "ecdsa", "rsa"]):
        keygen("-q", "-t", kind, "-N", "", "-f", tmp_path / f"key{i}", check=True)
        KEYS.append(" ".join((tmp_path / f"key{i}.pub").read_text().split()[:2]))
    path, found = tmp_path / "known_hosts", 0
    for n in range(20):
        rng = random.Random(n)
        path.write_text("\n".join(line(rng, tmp_path) for _ in range(40)) + "\n" * rng.randrange(2))
        want = [hit for name in NAMES for hit in theirs(path, name)]
        got = subprocess.run([str(build / "tests" / "known_hosts"), str(path), *NAMES], capture_output=True, text=True, check=True)
        assert got.stdout.splitlines() == want, n
        found += len(want)
    assert found > 400
