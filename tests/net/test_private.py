# SPDX-License-Identifier: GPL-3.0-or-later
# test_private.py - private keys of every form that ssh-keygen, openssl and puttygen make: each is read for what it is.
import json
import subprocess
import sys

import pytest

from conftest import LAB


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("private")
    made = subprocess.run([sys.executable, str(LAB / "private_keys.py"), str(folder)], capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    return folder


def read(build, folder, names, *words):
    got = subprocess.run([str(build / "tests" / "private"), *words, *(str(folder / "keys" / name) for name in names)],
                         capture_output=True, text=True)
    assert got.returncode == 0, got.stderr
    return [json.loads(line) for line in got.stdout.splitlines()]


def test_each_is_what_it_was_made_as(build, corpus, figure):
    known, missing = (json.loads((corpus / name).read_text()) for name in ("keys.json", "missing.json"))
    for name, is_ in zip(known, read(build, corpus, known), strict=True):
        assert is_.pop("is"), name
        if known[name] is None:
            assert "ssh.com" in is_["why"], (name, is_)
        else:
            assert is_ == known[name], name
    formats = [entry["format"] for entry in known.values() if entry]
    figure(f"private keys: {len(known)} read, {len(missing)} that a tool here does not make: {' '.join(sorted(missing))}")
    assert all(formats.count(one) >= 8 for one in ("OpenSSH", "PEM", "PKCS#8", "PuTTY 2", "PuTTY 3"))


def test_damage_is_told(build, corpus, figure):
    """Some of each form: the whole corpus takes minutes."""
    known = json.loads((corpus / "keys.json").read_text())
    names = [name for i, name in enumerate(known) if known[name] and (i % 12 == 0 or name.split("-", 1)[1] in ("p256", "dsa", "sk-ed25519"))]
    done = read(build, corpus, names, "damage")
    figure(f"private keys: {sum(one['cut'] for one in done)} truncations and {sum(one['flipped'] for one in done)} flipped bits")
    assert all(one["cut"] > 100 and one["flipped"] > 100 for one in done)
