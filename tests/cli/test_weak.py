# SPDX-License-Identifier: GPL-3.0-or-later
# test_weak.py - weak keys planted among real ones of ssh-keygen and openssl are found, and nothing else.
import base64
import os
import random
import struct
import subprocess
import sys

from conftest import LAB

sys.path.insert(0, str(LAB))
from primes import SMALL, is_prime  # noqa: E402

# Keys of ssh-keygen and openssl, most of them short, since making them is what takes the time.
REAL = 300 if os.environ.get("SALLYPORT_LONG") == "1" else 60


def prime(rng, bits):
    while True:
        n = rng.getrandbits(bits) | 3 << bits - 2 | 1
        if is_prime(n, rng):
            return n


def roca_prime(rng, bits):
    """k * M + (65537^a mod M), as section 2 of the paper has it: M is the product of the first 71 primes for 1024-bit keys."""
    m = 1
    for p in SMALL[:71]:
        m *= p
    while True:
        k = rng.randrange((3 << bits - 2) // m, (1 << bits) // m)
        n = k * m + pow(65537, rng.getrandbits(100), m)
        if is_prime(n, rng):
            return n


def next_prime(rng, n):
    n += 2
    while not is_prime(n, rng):
        n += 2
    return n


def mpint(n):
    raw = n.to_bytes(n.bit_length() // 8 + 1, "big")
    return struct.pack(">I", len(raw)) + raw


def line(name, n, e=65537):
    blob = struct.pack(">I", 7) + b"ssh-rsa" + mpint(e) + mpint(n)
    return f"ssh-rsa {base64.b64encode(blob).decode()} {name}"


def planted(rng):
    """Name, modulus, exponent, what is to be said."""
    shared = [prime(rng, 512) for _ in range(4)]
    good = prime(rng, 512) * prime(rng, 512)
    close = prime(rng, 512)
    yield "roca", roca_prime(rng, 512) * roca_prime(rng, 512), 65537, {"roca"}
    yield "close", close * next_prime(rng, close), 65537, {"close-primes"}
    yield "square", close * close, 65537, {"close-primes", "power", "shared:close"}
    yield "small", prime(rng, 1100) * 257, 65537, {"small-factor"}
    yield "prime", prime(rng, 1024), 65537, {"prime"}
    yield "three", prime(rng, 512) * prime(rng, 512), 3, {"exponent-small"}
    yield "one", prime(rng, 512) * prime(rng, 512), 1, {"exponent-one"}
    yield "even", prime(rng, 512) * prime(rng, 512), 65536, {"exponent-even"}
    yield "good-a", good, 65537, set()
    yield "good-b", good, 65537, set()  # the same key in another account is no shared prime
    yield "pair-a", shared[0] * prime(rng, 512), 65537, {"shared:pair-b"}
    yield "pair-b", shared[0] * prime(rng, 512), 65537, {"shared:pair-a"}
    yield "ring-a", shared[1] * shared[2], 65537, {"shared:ring-b", "shared:ring-c"}
    yield "ring-b", shared[2] * shared[3], 65537, {"shared:ring-a", "shared:ring-c"}
    yield "ring-c", shared[3] * shared[1], 65537, {"shared:ring-a", "shared:ring-b"}


def real_keys(folder):
    for i in range(REAL):
        path = folder / f"k{i}"
        bits = "2048" if i % 15 == 0 else "1024"  # of both programs
        if i % 2:
            subprocess.run(["ssh-keygen", "-q", "-t", "rsa", "-b", bits, "-N", "", "-C", f"real{i}", "-f", path], check=True)
            yield (folder / f"k{i}.pub").read_text().strip()
        else:
            subprocess.run(["openssl", "genrsa", "-traditional", "-out", path, bits], check=True, capture_output=True)
            path.chmod(0o600)
            shown = subprocess.run(["ssh-keygen", "-y", "-f", path], check=True, capture_output=True, text=True)
            yield f"{' '.join(shown.stdout.split()[:2])} real{i}"


def look(build, lines, folder):
    """What is said of each, by its name."""
    keys = folder / "keys"
    keys.write_text("\n".join(lines) + "\n")
    got = subprocess.run([build / "tests" / "weak", keys], check=True, capture_output=True, text=True)
    rows = [row.split() for row in got.stdout.splitlines()]
    assert len(rows) == len(lines)
    return {row[0]: set(row[1:]) for row in rows}


def test_weak_keys_among_real_ones(build, tmp_path, figure):
    rng = random.Random(2017)
    wanted = list(planted(rng))
    lines = list(real_keys(tmp_path)) + [line(name, n, e) for name, n, e, _ in wanted]
    rng.shuffle(lines)
    said = look(build, lines, tmp_path)
    for name, _, _, words in wanted:
        if name.startswith("ring"):
            assert len(said[name]) == 1 and said[name] <= words, name
        elif name == "close":
            assert said[name] == words | {"shared:square"}
        else:
            assert said[name] == words, name
    assert not [name for name, words in said.items() if name.startswith("real") and words]
    figure(f"{REAL} real RSA keys of ssh-keygen and openssl: nothing found; {len(wanted)} planted ones: all as planted")


def test_no_false_alarm_over_thousands_of_moduli(build, tmp_path):
    """Semiprimes from a pool share primes by design: what is asked here is all but that."""
    rng = random.Random(15361)
    pool = [prime(rng, 512) for _ in range(78)]
    moduli = [p * q for i, p in enumerate(pool) for q in pool[:i]][:3000]  # of 3003
    said = look(build, [line(f"n{i}", n) for i, n in enumerate(moduli)], tmp_path)
    found = {word for words in said.values() for word in words if not word.startswith("shared:")}
    assert len(said) == 3000 and not found
    assert all(words for words in said.values())  # and each of them shares its primes
