# SPDX-License-Identifier: GPL-3.0-or-later
# test_key_protect.py - key protect on real keys, typed on a terminal: what opens afterwards, and what is left alone.
import base64
import json
import os
import shutil
import struct
import subprocess
import sys
import termios

import pytest

from conftest import LAB, LONG, SEED

sys.path.insert(0, str(LAB))
pyte = pytest.importorskip("pyte", reason="no python3-pyte")
from terminal import Terminal  # noqa: E402

OLD, NEW = "old pass phrase", "correct hörse \"battery' $(staple)"
TYPES = {"ed25519": [], "ecdsa-256": ["-b", "256"], "ecdsa-384": ["-b", "384"], "ecdsa-521": ["-b", "521"],
         "rsa": ["-b", "2048"], "dsa": []}
FORMS = {"RFC4716": TYPES, "PEM": ["rsa", "ecdsa-256", "ecdsa-384", "ecdsa-521", "dsa"], "PKCS8": ["rsa", "ecdsa-256", "ecdsa-521"]}


def keygen(*words):
    return subprocess.run(["ssh-keygen", *words], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)


def make(path, kind="ed25519", form="RFC4716", passphrase=""):
    got = keygen("-q", "-t", kind.split("-")[0], *TYPES[kind], "-m", form, "-N", passphrase, "-C", "anna@laptop", "-f", str(path))
    assert got.returncode == 0, got.stderr
    return path


def public(path, passphrase):
    """Type and key, as ssh-keygen has them out of the private half."""
    got = keygen("-y", "-P", passphrase, "-f", str(path))
    return got.stdout.split()[:2] if got.returncode == 0 else got.stderr.strip()


def rounds(path):
    """Cipher, KDF and rounds in the head of an OpenSSH key."""
    raw = base64.b64decode("".join(path.read_text().splitlines()[1:-1]))
    assert raw.startswith(b"openssh-key-v1\0")
    at, fields = 15, []
    for _ in range(3):
        size = struct.unpack(">I", raw[at:at + 4])[0]
        fields.append(raw[at + 4:at + 4 + size])
        at += 4 + size
    return fields[0].decode(), fields[1].decode(), struct.unpack(">I", fields[2][-4:])[0] if fields[2] else 0


def protect(sallyport, *words, told=(), env=None):
    """Types an answer each time a prompt has come; the exit status and what stood on the screen."""
    with Terminal([sallyport, "key", "protect", *map(str, words)], 200, 40, env=env) as t:
        for prompt, answer in told:
            t.wait_for(lambda lines: "".join(lines).count(prompt) > 0 and "".join(lines).rstrip().endswith((":", "[y/N]")), 60)
            assert any(prompt in line for line in t.lines())
            t.screen.reset()
            t.send(answer.encode() + b"\n")
        status = t.wait(120)
        return status, "\n".join(line for line in t.lines() if line), t.raw.decode()


def typed_new(new=NEW):
    return [("New passphrase", new), ("The same again", new)]


def alone(sallyport, *words):
    """Without any terminal."""
    return subprocess.run([sallyport, "key", "protect", *map(str, words)], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, start_new_session=True, timeout=120)


def agent_loads(path, passphrase, folder):
    """Whether a real ssh-agent takes the key, told the passphrase as a desktop would."""
    helper = folder / "askpass"
    (folder / "told").write_text(passphrase + "\n")
    helper.write_text(f"#!/bin/sh\ncat '{folder}/told'\n")
    helper.chmod(0o700)
    script = f"ssh-add -q '{path}' && ssh-add -L"
    got = subprocess.run(["ssh-agent", "sh", "-c", script], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
                         env=dict(os.environ, SSH_ASKPASS=str(helper), SSH_ASKPASS_REQUIRE="force", TMPDIR=str(folder)))
    return got.stdout.split()[:2]


def with_and_without(nth):
    """What the nth key had before: nothing or a passphrase, the other one with the next seed; both with SALLYPORT_LONG=1."""
    return ["", OLD] if LONG else [["", OLD][(nth + SEED) % 2]]


CASES = [(form, kind) for form, kinds in FORMS.items() for kind in kinds]


# Each look into a key of 100 rounds takes a second: ssh-add's is the one here, and says type and key as ssh-keygen -y does.
@pytest.mark.parametrize("form,kind", CASES)
def test_every_key_opens_with_the_new_passphrase(sallyport, tmp_path, form, kind):
    for passphrase in with_and_without(CASES.index((form, kind))):
        folder = tmp_path / (passphrase or "bare")
        folder.mkdir()
        key = make(folder / "id", kind, form, passphrase)
        before = (folder / "id.pub").read_text()
        was = public(key, passphrase)
        assert was == before.split()[:2]
        told = [("Passphrase of", passphrase)] * bool(passphrase) + typed_new()
        status, said, raw = protect(sallyport, key, told=told)
        assert status == 0, said
        assert "is protected: 100 rounds of bcrypt" in said
        assert NEW not in raw
        assert rounds(key) == ("aes256-ctr", "bcrypt", 100)
        assert agent_loads(key, NEW, folder) == was
        assert (folder / "id.pub").read_text() == before
        assert sorted(p.name for p in folder.iterdir()) == ["askpass", "id", "id.pub", "told"]


@pytest.mark.parametrize("passphrase", ["", OLD], ids=["bare", "encrypted"])
def test_it_opens_with_the_new_passphrase_only(sallyport, tmp_path, passphrase):
    key = make(tmp_path / "id", passphrase=passphrase)
    was = public(key, passphrase)
    status, said, _ = protect(sallyport, key, told=[("Passphrase of", passphrase)] * bool(passphrase) + typed_new())
    assert status == 0, said
    assert public(key, NEW) == was
    assert "incorrect passphrase" in public(key, passphrase or "anything")


def test_a_wrong_passphrase_changes_nothing(sallyport, tmp_path):
    key = make(tmp_path / "id", passphrase=OLD)
    before = key.read_bytes(), key.stat()
    status, said, _ = protect(sallyport, key, told=[("Passphrase of", "wrong")] * 3)
    assert status == 1 and "that is not its passphrase" in said
    assert (key.read_bytes(), key.stat().st_ino) == (before[0], before[1].st_ino)


def test_it_is_typed_twice_and_not_too_short(sallyport, tmp_path):
    key = make(tmp_path / "id")
    told = [("New passphrase", ""), ("New passphrase", "four"), ("New passphrase", NEW), ("The same again", NEW + "x")]
    status, said, _ = protect(sallyport, key, told=told)
    assert status == 1 and "the two are not the same" in said
    assert public(key, "")[0] == "ssh-ed25519"


def test_an_empty_line_keeps_the_passphrase_of_an_old_file(sallyport, tmp_path):
    key = make(tmp_path / "id", "rsa", "PEM", OLD)
    was = public(key, OLD)
    status, said, _ = protect(sallyport, key, told=[("Passphrase of", OLD), ("empty: the same", "")])
    assert status == 0 and "was: PEM, one round of MD5" in said
    assert public(key, OLD) == was and rounds(key)[1:] == ("bcrypt", 100)


@pytest.mark.parametrize("kind,bits", [("words", "77.55 bits"), ("bytes", "256 bits")])
def test_what_is_drawn_is_shown_on_the_terminal_alone(sallyport, tmp_path, kind, bits):
    key = make(tmp_path / "id")
    answer = tmp_path / "answer"
    command = f"'{sallyport}' key protect '{key}' --generate {kind} >'{answer}' 2>&1"
    with Terminal(["/bin/sh", "-c", command], 200, 20) as t:
        lines = t.wait_for("[y/N]", 60)
        drawn = next(line.strip() for line in lines if line.startswith("  "))
        assert any(bits in line for line in lines)
        assert public(key, "")[0] == "ssh-ed25519"  # not before it is stored
        t.send(b"y\n")
        assert t.wait(60) == 0
    assert drawn not in answer.read_text() and "is protected" in answer.read_text()
    assert public(key, drawn)[0] == "ssh-ed25519"
    assert len(drawn.split()) == 6 if kind == "words" else len(drawn) == 44


def test_what_nobody_stored_is_not_used(sallyport, tmp_path):
    key = make(tmp_path / "id")
    before = key.read_bytes()
    status, said, _ = protect(sallyport, key, "--generate", "words", told=[("[y/N]", "n")])
    assert status == 1 and "of no use" in said and key.read_bytes() == before


def test_without_a_terminal_it_goes_where_it_is_told_to(sallyport, tmp_path):
    key = make(tmp_path / "id")
    got = alone(sallyport, key, "--generate", "bytes")
    assert got.returncode == 2 and "there is no terminal" in got.stderr
    got = alone(sallyport, key, "--generate", "bytes", "--passphrase-to", tmp_path / "drawn", "--rounds", "120", "--format", "json")
    assert got.returncode == 0, got.stderr
    assert (tmp_path / "drawn").stat().st_mode & 0o777 == 0o600
    drawn = (tmp_path / "drawn").read_text().rstrip("\n")
    assert drawn not in got.stdout + got.stderr
    assert public(key, drawn)[0] == "ssh-ed25519" and rounds(key)[2] == 120
    answer = json.loads(got.stdout)
    assert answer["schema"] == "sallyport.key-protect.v1" and answer["changed"] is True
    assert [(k["file"], k["type"], k["was"], k["result"]) for k in answer["keys"]] == [
        (str(key), "ssh-ed25519", "OpenSSH, no passphrase", "protected")]
    got = alone(sallyport, key)
    assert got.returncode == 2 and "there is no terminal" in got.stderr


def test_into_a_pipe_only_when_asked(sallyport, tmp_path):
    key = make(tmp_path / "id")
    got = alone(sallyport, key, "--generate", "words", "--passphrase-to", "-")
    assert got.returncode == 0 and len(got.stdout.splitlines()) == 1
    assert public(key, got.stdout.rstrip("\n"))[0] == "ssh-ed25519"


def test_nothing_that_is_written_takes_the_place_of_a_secret(sallyport, tmp_path):
    """The key itself or another passphrase, named as where the passphrase or the answer goes."""
    key, kept, link = make(tmp_path / "id"), tmp_path / "kept", tmp_path / "link"
    kept.write_text("of another key\n")
    link.symlink_to("id")
    (tmp_path / "empty").touch()
    before = key.read_bytes()
    for words, why in [(["--passphrase-to", key], "is there already"), (["--passphrase-to", link], "is there already"),
                       (["--passphrase-to", kept], "is there already"), (["--passphrase-to", tmp_path / "new", "-o", key], "names the key itself"),
                       (["--passphrase-to", tmp_path / "new", "-o", link], "names the key itself"),
                       (["--passphrase-to", tmp_path / "empty", "-o", f"{tmp_path}/./empty"], "are one file"),
                       (["--passphrase-to", "-", "--format", "json"], "cannot both go to standard output")]:
        got = alone(sallyport, key, "--generate", "words", *words)
        assert (got.returncode, why in got.stderr, got.stdout) == (2, True, ""), (words, got.stderr)
        assert key.read_bytes() == before and kept.read_text() == "of another key\n", words
    got = alone(sallyport, key, "--dry-run", "-o", key)
    assert got.returncode == 2 and key.read_bytes() == before
    got = alone(sallyport, key, "--generate", "words", "--passphrase-to", "-", "--format", "json", "-o", tmp_path / "answer")
    assert got.returncode == 0 and public(key, got.stdout.rstrip("\n"))[0] == "ssh-ed25519", got.stderr
    assert json.loads((tmp_path / "answer").read_text())["changed"] is True


def test_a_copy_that_is_the_key_is_no_old_key(sallyport, tmp_path):
    """Where there are no hard links a run can end between the copy and the new file."""
    key = make(tmp_path / "id")
    shutil.copy(key, tmp_path / ".id.sallyport-old")
    shutil.copy(key, tmp_path / ".id.sallyport-new")
    got = alone(sallyport, key, "--generate", "words", "--passphrase-to", "-")
    assert got.returncode == 0 and "nothing of" in got.stderr, got.stderr
    assert public(key, got.stdout.rstrip("\n"))[0] == "ssh-ed25519" and not list(tmp_path.glob(".id.*"))


def test_owner_mode_and_attributes_stay_and_a_link_stays_one(sallyport, tmp_path):
    key = make(tmp_path / "id")
    key.chmod(0o440 if os.geteuid() else 0o400)
    os.setxattr(key, "user.note", b"kept")
    link = tmp_path / "link"
    link.symlink_to("id")
    status, said, _ = protect(sallyport, link, told=typed_new())
    assert status == 0, said
    assert link.is_symlink() and os.getxattr(key, "user.note") == b"kept"
    assert key.stat().st_mode & 0o7777 == 0o400
    assert public(key, NEW)[0] == "ssh-ed25519"


def test_files_that_are_left_alone(sallyport, tmp_path):
    key = make(tmp_path / "id")
    os.link(key, tmp_path / "second")
    os.mkfifo(tmp_path / "fifo")
    make(tmp_path / "gone").unlink()
    (tmp_path / "cut").write_bytes(key.read_bytes()[:200])
    before = key.read_bytes()
    for name, status, why in [("id", 1, "a second name"), ("id.pub", 2, "that is the public half; the private one is beside it"),
                              ("gone.pub", 2, "perhaps in an agent"), ("fifo", 2, "not a regular file"), ("nothing", 2, "No such file"),
                              ("cut", 2, "cannot read the key"), (".", 2, "not a regular file")]:
        got = alone(sallyport, tmp_path / name)
        assert (got.returncode, why in got.stderr) == (status, True), (name, got.stderr)
    assert key.read_bytes() == before


@pytest.mark.skipif(not shutil.which("puttygen"), reason="no putty-tools")
def test_keys_of_putty_are_named(sallyport, tmp_path):
    make(tmp_path / "id")
    subprocess.run(["puttygen", tmp_path / "id", "-O", "private", "-o", tmp_path / "id.ppk"], check=True)
    got = alone(sallyport, tmp_path / "id.ppk")
    assert got.returncode == 1 and "hint: for PuTTY: puttygen" in got.stderr


def sk_key(path):
    """The file of a security key, made up: a handle is any bytes."""
    def string(b):
        return struct.pack(">I", len(b)) + b
    kind, application = b"sk-ssh-ed25519@openssh.com", string(b"ssh:")
    pub = string(kind) + string(bytes(range(32))) + application
    private = struct.pack(">II", 7, 7) + pub + b"\x01" + string(b"handle" * 10) + string(b"") + string(b"anna")
    private += bytes(range(1, 1 + -len(private) % 8))
    raw = b"openssh-key-v1\0" + string(b"none") + string(b"none") + string(b"") + struct.pack(">I", 1) + string(pub) + string(private)
    text = base64.b64encode(raw).decode()
    lines = "\n".join(text[i:i + 70] for i in range(0, len(text), 70))
    path.write_text(f"-----BEGIN OPENSSH PRIVATE KEY-----\n{lines}\n-----END OPENSSH PRIVATE KEY-----\n")
    path.chmod(0o600)
    return path


def test_the_handle_of_a_security_key_can_have_one(sallyport, tmp_path):
    key = sk_key(tmp_path / "id_sk")
    was = public(key, "")
    status, said, _ = protect(sallyport, key, told=typed_new())
    assert status == 0 and public(key, NEW) == was, said
    assert was[0] == "sk-ssh-ed25519@openssh.com"


def test_dry_run_changes_nothing(sallyport, tmp_path):
    key = make(tmp_path / "id")
    before = key.read_bytes()
    got = alone(sallyport, key, "--dry-run")
    assert got.returncode == 1 and "would get a passphrase" in got.stdout and key.read_bytes() == before


def test_rounds_without_end_are_not_tried(sallyport, tmp_path):
    key = make(tmp_path / "id", passphrase=OLD)
    raw = bytearray(base64.b64decode("".join(key.read_text().splitlines()[1:-1])))
    at = raw.index(b"bcrypt") + 6 + 4 + 4 + 16
    assert raw[at:at + 4] == struct.pack(">I", 16)
    raw[at:at + 4] = b"\xff\xff\xff\xff"
    key.write_text(f"-----BEGIN OPENSSH PRIVATE KEY-----\n{base64.b64encode(raw).decode()}\n-----END OPENSSH PRIVATE KEY-----\n")
    got = alone(sallyport, key)
    assert got.returncode == 1 and "4294967295 rounds of bcrypt" in got.stderr


def test_what_somebody_else_changed_meanwhile_stays(sallyport, tmp_path):
    key, other = make(tmp_path / "id"), make(tmp_path / "other")
    changed = other.read_bytes()
    with Terminal([sallyport, "key", "protect", str(key)], 200, 20) as t:
        t.wait_for("New passphrase", 60)
        os.replace(other, key)
        t.send(NEW.encode() + b"\n")
        t.wait_for("same again", 60)
        t.send(NEW.encode() + b"\n")
        assert t.wait(60) == 2
        assert any("somebody else changed" in line for line in t.lines())
    assert key.read_bytes() == changed
    assert sorted(p.name for p in tmp_path.iterdir()) == ["id", "id.pub", "other.pub"]


def test_two_runs_do_not_meet(sallyport, tmp_path):
    key = make(tmp_path / "id")
    with Terminal([sallyport, "key", "protect", str(key)], 200, 20) as t:
        t.wait_for("New passphrase", 60)
        got = alone(sallyport, key, "--generate", "bytes", "--passphrase-to", "-")
        assert got.returncode == 2 and "another run" in got.stderr and got.stdout == ""
        t.send(b"\x03")
        assert t.wait(30) == -2
        assert t.before == termios.tcgetattr(t.theirs)
    assert public(key, "")[0] == "ssh-ed25519"


def cut_at(build, sallyport, folder, count):
    """What a run left that was ended at its count-th call that changes something: "nothing", "interrupted", "old", "done"; "" at its end."""
    folder.mkdir()
    key = make(folder / "id")
    was, drawn = public(key, ""), folder / "drawn"
    got = subprocess.run([build / "tests/cut", "--only", "sallyport", "--changing", "-o", folder / "report", str(count), "--", sallyport,
                          "key", "protect", key, "--generate", "bytes", "--passphrase-to", drawn],
                         stdin=subprocess.DEVNULL, capture_output=True, text=True, start_new_session=True, timeout=120)
    if got.returncode != 137:
        assert got.returncode == 0, got.stderr
        return ""
    passphrase = "" if rounds(key)[1] == "none" else drawn.read_text().rstrip("\n")
    assert public(key, passphrase) == was, (folder / "report").read_text()
    if passphrase:
        # it is done: the next run wants the passphrase, and with it removes what was left
        copy = (folder / ".id.sallyport-old").exists()
        status, _, raw = protect(sallyport, key, told=[("Passphrase of", passphrase)] + typed_new())
        assert status == 0 and copy == ("an earlier run was interrupted" in raw), raw
        left = "old" if copy else "done"
    else:
        drawn.unlink(missing_ok=True)
        again = alone(sallyport, key, "--generate", "bytes", "--passphrase-to", drawn)
        assert again.returncode == 0, again.stderr
        left = "interrupted" if "an earlier run was interrupted" in again.stderr else "nothing"
    assert not list(folder.glob(".id.*"))
    return left


def test_ended_at_any_moment_there_is_a_whole_key(sallyport, build, tmp_path, figure):
    """From the last call backwards, until nothing has been written yet; and one before that. Every third call, beginning
    elsewhere in each run; every one with SALLYPORT_LONG=1."""
    if "ASAN_OPTIONS" in os.environ:
        pytest.skip("the leak checker does not work in a process that is traced")
    assert cut_at(build, sallyport, tmp_path / "whole", 0) == ""
    last = int((tmp_path / "whole/report").read_text().split()[1])
    every = 1 if LONG else 3
    at, found = last - SEED % every, []
    while at > 0 and found[-1:] != ["nothing"]:
        found.append(cut_at(build, sallyport, tmp_path / str(at), at))
        at -= every
    for early in range(1, at) if LONG else {1 + SEED % max(at, 1)}:
        assert cut_at(build, sallyport, tmp_path / f"early-{early}", early) == "nothing"
    figure(f"key protect: cut before {len(found)} of the last {last - at - every} calls that change something of {last}, "
           f"and found: {', '.join(sorted(set(found)))}")
    assert {"nothing", "interrupted", "old"} <= set(found)


def test_the_way_back_is_named_where_the_passphrase_is_lost(sallyport, tmp_path):
    key = make(tmp_path / "id", passphrase="lost and gone")
    copy = tmp_path / ".id.sallyport-old"
    shutil.copy(make(tmp_path / "before"), copy)
    status, _, raw = protect(sallyport, key, told=[("Passphrase of", "guess")] * 3)
    assert status == 1 and f"mv '{copy}' '{key}'" in raw and copy.exists()
