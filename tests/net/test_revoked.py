# SPDX-License-Identifier: GPL-3.0-or-later
# test_revoked.py - who is revoked: what our reader says of random lists and what OpenSSH says of them.
#
# KRLs are made by ssh-keygen -k, put together by hand with all that a hostile one may hold, cut and damaged; ssh-keygen -Q
# judges. It does not read lists in text form, so those are tried with real logins. Each run has others; with SALLYPORT_LONG=1
# there are more, above all of those that ssh-keygen makes, which take the most time. By hand, with more of each:
#
#   tests/net/test_revoked.py --seed 7 --count 2000
import argparse
import base64
import hashlib
import os
import pathlib
import random
import shutil
import struct
import subprocess
import sys

import pytest

from conftest import LONG, SEED

SERIALS = [0, 1, 2, 7, 8, 63, 64, 65, 127, 128, 1000, 1001, 16383, 16384, 1 << 32, (1 << 63) + 5, (1 << 64) - 2, (1 << 64) - 1]
IDS = ["id", "another id", "id2", "ü", "a:b", "#no comment"]
KEYS = ["ed25519"] * 5 + ["ecdsa -b 256", "ecdsa -b 384", "ecdsa -b 521", "rsa -b 1024", "rsa -b 2048"]
CAS = ["ed25519", "ecdsa -b 256", "rsa -b 2048"]
U64_MAX = (1 << 64) - 1
BITMAP_MAX = 16384


def keygen(*arguments, **more):
    return subprocess.run(["ssh-keygen", *map(str, arguments)], capture_output=True, text=True, stdin=subprocess.DEVNULL, **more)


class People:
    """Keys, CAs and certificates to ask for."""

    def __init__(self, folder):
        self.folder = folder
        self.keys = [self.key(f"key{i}", kind) for i, kind in enumerate(KEYS)]
        self.cas = [self.key(f"ca{i}", kind) for i, kind in enumerate(CAS)]
        self.certificates = [self.certificate(i, serial) for i, serial in enumerate(SERIALS)]
        self.all = [str(p) for p in self.keys + self.cas + self.certificates]

    def key(self, name, kind):
        keygen("-q", "-t", *kind.split(), "-N", "", "-C", name, "-f", self.folder / name, check=True)
        return self.folder / f"{name}.pub"

    def certificate(self, i, serial):
        bare = self.folder / f"cert{i}"
        shutil.copy(self.keys[i % len(self.keys)], f"{bare}.pub")
        host = ["-h"] if i % 5 == 4 else []
        keygen("-q", "-s", self.cas[i % len(self.cas)].with_suffix(""), "-I", IDS[i % len(IDS)], "-z", serial, *host,
               f"{bare}.pub", check=True)
        return self.folder / f"cert{i}-cert.pub"


def blob(path):
    return base64.b64decode(path.read_text().split()[1])


def fingerprint(path):
    return "SHA256:" + base64.b64encode(hashlib.sha256(blob(path)).digest()).decode().rstrip("=")


def theirs(krl, whom):
    got = keygen("-Q", "-f", krl, *whom)
    if got.returncode == 255:
        return None
    lines = got.stdout.splitlines()
    assert len(lines) == len(whom), got
    return [line.rsplit(" ", 1)[1] for line in lines]


class Reader:
    """Our reader, one process for all lists."""

    def __init__(self, tool):
        self.process = subprocess.Popen([tool, "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.stdout.close()
        assert self.process.wait() == 0

    def __call__(self, krl, whom):
        """The words that it says of each; None where it cannot read the list."""
        self.process.stdin.write(" ".join(map(str, [krl, *whom])) + "\n")
        self.process.stdin.flush()
        verdicts = []
        for line in self.process.stdout:
            word, rest = line.split(" ", 1)
            if word == "=":
                assert rest in ("0\n", "1\n"), (krl, rest)
                return None if rest == "1\n" else verdicts
            verdicts.append(word)
        raise AssertionError(f"our reader ended at {krl}: {self.process.wait()}")


def specification(rng, people, with_ca):
    """Lines for ssh-keygen -k."""
    lines = ["# a comment", ""]
    for _ in range(rng.randrange(6)):
        kind = rng.choice(["key", "key", "sha1", "sha256", "hash"] + ["serial", "serial", "range", "run", "id"] * with_ca)
        who = rng.choice(people.keys + people.cas[:1])
        if kind in ("key", "sha1", "sha256"):
            lines.append(f"{kind}: {who.read_text().strip()}")
        elif kind == "hash":
            lines.append(f"hash: {fingerprint(who)}")
        elif kind == "serial":
            lines.append(f"serial: {rng.choice(SERIALS[1:] + [rng.randrange(1, 2000)])}")
        elif kind == "range":
            lines.append("serial: %d-%d" % tuple(sorted([rng.choice(SERIALS[1:]), rng.choice(SERIALS[1:])])))
        elif kind == "run":  # dense enough for a bitmap
            start = rng.choice(SERIALS[1:14])
            lines += [f"serial: {start + step}" for step in sorted(rng.sample(range(200), rng.randrange(2, 60)))]
        else:
            lines.append(f"id: {rng.choice(IDS)}")
    return "\n".join(lines) + "\n"


def made(rng, people, krl):
    """A KRL by ssh-keygen; False where it refuses to make one."""
    update = []
    krl.unlink(missing_ok=True)
    for _ in range(rng.choice([1, 1, 2, 3])):
        ca = rng.choice([None, "none"] + people.cas)
        sources = []
        if rng.random() < 0.8:
            source = krl.with_suffix(".spec")
            source.write_text(specification(rng, people, ca is not None))
            sources.append(source)
        sources += rng.sample(people.keys + people.certificates, rng.randrange(3))
        got = keygen("-q", "-k", *update, "-z", rng.randrange(1 << 32), *(["-s", ca] if ca else []), "-f", krl, *sources)
        if got.returncode:
            return False
        update = ["-u"]
    return True


def string(data):
    return struct.pack(">I", len(data)) + data


def number(rng):
    """A bitmap, mostly as it should be."""
    size = rng.choice([0, 1, 2, 8, 9, 100, 2047, 2048, 2049, 2050])
    data = bytes(rng.choice([0, 0, 1, 0x80, 0xff, rng.randrange(256)]) for _ in range(size))
    return rng.choice([b"", b"\0", b"\0\0"]) + data


def subsection(rng):
    kind = rng.choice([0x20, 0x20, 0x21, 0x21, 0x22, 0x22, 0x23, 0x23] + [0x39, 0x24] * (rng.random() < 0.1))
    serial = lambda: struct.pack(">Q", rng.choice(SERIALS[rng.random() < 0.9:]))
    if kind == 0x20:
        data = b"".join(serial() for _ in range(rng.randrange(5)))
    elif kind == 0x21:
        pair = [serial(), serial()]
        data = b"".join(sorted(pair) if rng.random() < 0.9 else pair)
    elif kind == 0x22:
        data = serial() + string(number(rng))
    elif kind == 0x23:
        data = b"".join(string(rng.choice(IDS).encode() + rng.choice([b"", b"", b"\0", b"\0x" * (rng.random() < 0.2)]))
                        for _ in range(rng.randrange(3)))
    else:
        data = string(b"x@example.org") + bytes([rng.randrange(2)]) + string(b"")
    return bytes([kind]) + string(data + b"x" * (rng.random() < 0.02))


def section(rng, people):
    kind = rng.choice([1] * 6 + [2, 3, 5] + [255, 6, 0] * (rng.random() < 0.1))
    who = lambda: blob(rng.choice(people.keys + people.cas + people.certificates))
    if kind == 1:
        ca = rng.choice([b"", b""] + [blob(ca) for ca in people.cas] * 3 + [blob(people.certificates[0]), b"x"] * (rng.random() < 0.1))
        data = string(ca) + string(b"") + b"".join(subsection(rng) for _ in range(rng.randrange(4)))
    elif kind == 2:
        data = b"".join(string(who()) for _ in range(rng.randrange(3)))
    elif kind in (3, 5):
        size = rng.choice([20, 20, 20, 32]) if kind == 3 else rng.choice([32, 32, 32, 20])
        data = b"".join(string(bytes(size)) for _ in range(rng.randrange(3)))
    else:
        data = string(b"x@example.org") + b"\0" + string(b"")
    return bytes([kind]) + string(data)


def put_together(rng, people):
    """A KRL that no program would make."""
    comment = rng.choice([b"", b"", b"a comment", b"a\0", b"a\0b" * (rng.random() < 0.1)])
    head = b"SSHKRL\n\0" + struct.pack(">IQQQ", rng.choice([1] * 30 + [2]), 5, 7, rng.randrange(2)) + string(b"") + string(comment)
    return head + b"".join(section(rng, people) for _ in range(rng.randrange(4)))


def damaged(rng, data):
    """Behind the magic, since without it the file is a text."""
    if rng.random() < 0.3:
        return data[:rng.randrange(8, len(data))] if len(data) > 8 else data
    data = bytearray(data)
    for _ in range(rng.randrange(1, 3)):
        at = rng.randrange(8, len(data))
        data[at] = rng.choice([data[at] ^ (1 << rng.randrange(8)), 0, 255])
    return bytes(data)


def compare(ours, whom, krl, note, tally):
    want, got = theirs(krl, whom), ours(krl, whom)
    if want != got:
        krl.rename(krl.with_suffix(".kept"))
        which = [(p, w, g) for p, w, g in zip(whom, want or [], got or []) if w != g]
        raise AssertionError(f"{note}, {krl.with_suffix('.kept')}: ssh-keygen {which if want and got else want}, ours {got}")
    tally["unreadable" if want is None else "read"] += 1
    for verdict in want or []:
        tally[verdict] += 1


def rounds(tool, folder, seed, count, made_every=1):
    """As many KRLs of each origin, of ssh-keygen one in made_every; how many were read, unreadable, and what was said of the keys."""
    people = People(folder)
    tally = {"made": 0, "read": 0, "unreadable": 0, "REVOKED": 0, "ok": 0}
    krl = folder / "krl"
    with Reader(tool) as ours:
        for n in range(count):
            rng = random.Random(f"{seed}-{n}")
            if n % made_every == 0 and made(rng, people, krl):
                tally["made"] += 1
                compare(ours, people.all, krl, f"made {seed}-{n}", tally)
                krl.write_bytes(damaged(rng, krl.read_bytes()))
                compare(ours, rng.sample(people.all, 5), krl, f"damaged {seed}-{n}", tally)
            krl.write_bytes(put_together(rng, people))
            compare(ours, rng.sample(people.all, 12), krl, f"put together {seed}-{n}", tally)
    return tally


@pytest.mark.skipif(not shutil.which("ssh-keygen"), reason="no ssh-keygen here")
def test_verdicts_are_those_of_ssh_keygen(build, tmp_path, figure):
    count, made_every = (210, 1) if LONG else (75, 3)
    tally = rounds(str(build / "tests" / "revoked"), tmp_path, f"ci-{SEED}", count, made_every)
    figure(f"revoked: {tally}")
    assert tally["made"] >= 0.9 * count / made_every and tally["read"] > count / 2 and tally["unreadable"] > count / 10, tally
    assert tally["REVOKED"] > count and tally["ok"] > 4 * count, tally


def rsa(exponent=b"\1\0\1", modulus=b"\0" + b"\xc1" * 256, name=b"ssh-rsa", word="ssh-rsa"):
    return f"{word} {base64.b64encode(string(name) + string(exponent) + string(modulus)).decode()}\n"


def lists(key, other, ca, certificate):
    """Lists in text form and KRLs, by name; 'key' is the one that logs in, 'certificate' one of it signed by 'ca'."""
    base64_of = other.split()[1]
    krl = b"SSHKRL\n\0" + struct.pack(">IQQQ", 1, 0, 0, 0) + string(b"") + string(b"")
    texts = {
        "empty": "", "another": other, "listed": key, "listed-unended": key.rstrip("\n"), "indented": " \t" + key,
        "commented": "# " + key, "blank-lines": "\n\n  \n" + other, "cr-at-the-end": other.replace("\n", "\r\n"),
        "cr-without-comment": f"ssh-ed25519 {base64_of}\r\n", "cr-alone": "\r\n", "cr-behind-blanks": other + "  \r\n",
        "garbage-before": "garbage\n" + key, "garbage-after": key + "garbage\n", "garbage-and-another": other + "garbage\n",
        "nul-in-front": "\0garbage\n" + other, "nul-in-the-line": other.rstrip("\n") + "\0x\n", "nul-in-the-word": "ssh-ed25519\0 x\n",
        "fingerprint": "SHA256:679cpb1Taxi4CZu4j0bUxa/+DtTJXlygZFV93vilfTM\n", "options": "restrict " + other,
        "type-alone": "ssh-ed25519\n", "type-and-blank": "ssh-ed25519 \n", "other-type": other.replace("ssh-ed25519", "ssh-rsa"),
        "hash-sign-behind": f"ssh-ed25519 {base64_of}#c\n", "vt-in-front": f"ssh-ed25519 \v{base64_of}\n",
        "vt-behind": f"ssh-ed25519 {base64_of}\v\f\n", "padding": f"ssh-ed25519 {base64_of}=\n", "no-type": base64_of + "\n",
        "rsa": rsa(), "rsa-768": rsa(modulus=b"\0" + b"\xc1" * 96), "rsa-1023": rsa(modulus=b"\x7f" + b"\xff" * 127),
        "rsa-1024": rsa(modulus=b"\0\x80" + b"\xff" * 127), "rsa-16384": rsa(modulus=b"\0" + b"\xc1" * 2048),
        "rsa-16392": rsa(modulus=b"\0" + b"\xc1" * 2049), "rsa-negative": rsa(modulus=b"\xc1" * 256),
        "rsa-zeros": rsa(exponent=b"\0\0\1\0\1"), "rsa-exponent-0": rsa(exponent=b""), "rsa-short-name": rsa(name=b"Rsa"),
        "rsa-768-as-other": rsa(modulus=b"\0" + b"\xc1" * 96, word="ssh-ed25519"), "rsa-sha2": rsa(word="rsa-sha2-256"),
        "rsa-no-word": rsa(word="RSA"), "rsa-unknown-name": rsa(name=b"ssh-rsb"),
        "dsa": "ssh-dss " + base64.b64encode(b"".join(map(string, [b"ssh-dss", b"\1" * 128, b"\1" * 20, b"\2", b"\3"]))).decode() + "\n",
        "ed448": "ssh-ed448 " + base64.b64encode(string(b"ssh-ed448") + string(bytes(57))).decode() + "\n",
        "no-point": "ecdsa-sha2-nistp256 " + base64.b64encode(b"".join(map(string, [b"ecdsa-sha2-nistp256", b"nistp256", b"\4" + b"\1" * 64]))).decode() + "\n",
        "certificate": certificate, "ca": ca, "certificate-damaged": certificate.replace("AAAA", "AAAB", 3),
        "trailing-bytes": "ssh-ed25519 " + base64.b64encode(base64.b64decode(base64_of) + b"x").decode() + "\n",
    }
    binary = {
        "krl-empty": krl, "krl-cut": krl[:-1], "krl-section-cut": krl + b"\2\0", "krl-unknown-section": krl + b"\6" + string(b""),
        "krl-format": krl.replace(b"\0\0\0\1", b"\0\0\0\2", 1), "magic-only": krl[:8], "magic-cut": krl[:7],
        "krl-extension": krl + b"\xff" + string(string(b"x") + b"\0" + string(b"")),
        "krl-listed": krl + b"\2" + string(string(base64.b64decode(key.split()[1]))),
        "krl-ca": krl + b"\2" + string(string(base64.b64decode(ca.split()[1]))),
        "krl-serial": krl + b"\1" + string(string(base64.b64decode(ca.split()[1])) + string(b"") + b"\x20" + string(struct.pack(">Q", 7))),
    }
    return {**{name: text.encode("latin-1") for name, text in texts.items()}, **binary}


# Tried at each run: one of each way that a login can end.
ALWAYS = ["empty", "listed", "krl-listed", "krl-serial"]

LOGINS = """
lab_account anna 1001
lab_account berta 1002
install -d -m 700 -o anna -g anna /home/anna/.ssh
cp {keys}/key.pub /home/anna/.ssh/authorized_keys && chown anna: /home/anna/.ssh/authorized_keys
mkdir -p $LAB_KEYS && cp {keys}/key $LAB_KEYS/anna && cp {keys}/key $LAB_KEYS/berta
cp {keys}/key-cert.pub $LAB_KEYS/berta-cert.pub && cp {keys}/ca.pub /etc/ssh/ca.pub
printf '%s\n' 'RevokedKeys /run/revoked' 'TrustedUserCAKeys /etc/ssh/ca.pub' 'PasswordAuthentication no' 'UsePAM no' \
    'MaxStartups 100' >/etc/ssh/sshd_config.d/1.conf
lab_sshd_start || exit 1
try() {{
    local plain certificate
    lab_login berta true 2>/dev/null & # she has a certificate and nothing else
    lab_login anna true 2>/dev/null; plain=$?
    wait $!; certificate=$?
    echo "$1 $plain $certificate"
}}
for list in {keys}/lists/*; do
    cp "$list" /run/revoked
    try "${{list##*/}}"
done
rm /run/revoked; try missing
mkdir /run/revoked; try directory
"""


@pytest.mark.skipif(not shutil.which("ssh-keygen"), reason="no ssh-keygen here")
def test_logins_end_as_we_say(world, build, tmp_path):
    for name in ["key", "other", "ca"]:
        keygen("-q", "-t", "ed25519", "-N", "", "-C", name, "-f", tmp_path / name, check=True)
    keygen("-q", "-s", tmp_path / "ca", "-I", "id", "-n", "berta", "-z", "7", tmp_path / "key.pub", check=True)
    (tmp_path / "lists").mkdir()
    texts = [(tmp_path / f"{name}.pub").read_text() for name in ["key", "other", "ca", "key-cert"]]
    for i, (name, content) in enumerate(lists(*texts).items()):
        if LONG or name in ALWAYS or i % 2 == SEED % 2:  # the other half with the next seed
            (tmp_path / "lists" / name).write_bytes(content)
    got = world(LOGINS.format(keys=tmp_path), keep=[tmp_path], timeout=900)
    assert got.returncode == 0, got.stderr
    sshd = {name: (plain == "0", certificate == "0") for name, plain, certificate in map(str.split, got.stdout.splitlines())}
    assert sshd.pop("missing") == sshd.pop("directory") == (False, False)
    tool = str(build / "tests" / "revoked")

    def let_in(path):
        said = subprocess.run([tool, path, tmp_path / "key.pub", tmp_path / "key-cert.pub"], capture_output=True, text=True)
        return tuple(line.startswith("ok ") for line in said.stdout.splitlines()) or (False, False)

    assert sshd == {path.name: let_in(path) for path in (tmp_path / "lists").iterdir()}
    assert {(True, True), (True, False), (False, False)} == set(sshd.values())


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", default=os.urandom(4).hex())
    parser.add_argument("--count", type=int, default=500)
    args = parser.parse_args()
    import tempfile

    source = pathlib.Path(__file__).resolve().parent.parent.parent
    program = pathlib.Path(os.environ.get("SALLYPORT_BUILD", source / "build")) / "tests" / "revoked"
    place = pathlib.Path(tempfile.mkdtemp())
    print(f"seed {args.seed}", file=sys.stderr)
    print(rounds(str(program), place, args.seed, args.count))
    shutil.rmtree(place)
