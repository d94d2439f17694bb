# SPDX-License-Identifier: GPL-3.0-or-later
# test_private.py - private keys of every form that ssh-keygen, openssl and puttygen make: each is read for what it is.
import json
import subprocess
import sys

from conftest import LAB, LONG, SEED


def read(build, folder, names, *words):
    got = subprocess.run([str(build / "tests" / "private"), *words, *(str(folder / "keys" / name) for name in names)],
                         capture_output=True, text=True)
    assert got.returncode == 0, got.stderr
    return [json.loads(line) for line in got.stdout.splitlines()]


def damage(build, folder, known, figure):
    """Every truncation, and bits; of each form a plain one and some others, all with SALLYPORT_LONG=1, which takes minutes."""
    names = [name for i, name in enumerate(known) if known[name] and (LONG or i % 16 == SEED % 16 or name.split("-", 1)[1] == "p256")]
    done = read(build, folder, names, "damage")
    figure(f"private keys: {sum(one['cut'] for one in done)} truncations and {sum(one['flipped'] for one in done)} flipped bits")
    assert all(one["cut"] > 100 and one["flipped"] > 100 for one in done)


def test_each_is_what_it_was_made_as_and_damage_is_told(build, tmp_path, figure):
    """One test, so that the corpus is made once."""
    made = subprocess.run([sys.executable, str(LAB / "private_keys.py"), str(tmp_path)], capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    known, missing = (json.loads((tmp_path / name).read_text()) for name in ("keys.json", "missing.json"))
    for name, is_ in zip(known, read(build, tmp_path, known), strict=True):
        assert is_.pop("is"), name
        if known[name] is None:
            assert "ssh.com" in is_["why"], (name, is_)
        else:
            assert is_ == known[name], name
    figure(f"private keys: {len(known)} read, {len(missing)} that a tool here does not make: {' '.join(sorted(missing))}")
    formats = [entry["format"] for entry in known.values() if entry]
    assert all(formats.count(one) >= 8 for one in ("OpenSSH", "PEM", "PKCS#8", "PuTTY 2", "PuTTY 3"))
    damage(build, tmp_path, known, figure)
