# SPDX-License-Identifier: GPL-3.0-or-later
# test_authorized_keys.py - lines of authorized_keys, of principals and certificates as the real sshd takes them.
import base64
import hashlib
import json
import os
import re
import struct
import subprocess
import time

import pytest

from conftest import SOURCE as SOURCE_TREE

# A client that has public keys only: sshd says of each whether it would do, and logs which line decided. So one
# connection tries as many lines as ssh takes keys.
ASK = """
    lab_account anna 1001 /bin/true && cp -r "$CASES/files" /srv/files && chmod -R a+rX /srv/files || exit
    # shellcheck disable=SC2086
    lab_sshd_start -o LogLevel=VERBOSE -o UsePAM=no -o MaxAuthTries=1000 -o StrictModes=no -o PasswordAuthentication=no \\
        -o KbdInteractiveAuthentication=no -o PubkeyAcceptedAlgorithms=+ssh-rsa -o LoginGraceTime=600 -o "$FILES" $OPTIONS || exit
    ask() {
        ssh -F none -l anna -o IdentitiesOnly=yes -o BatchMode=yes -o StrictHostKeyChecking=no -o LogLevel=ERROR \\
            -o UserKnownHostsFile=/dev/null -o PreferredAuthentications=publickey -o PubkeyAcceptedAlgorithms=+ssh-rsa \\
            "$@" 127.0.0.1 true </dev/null >&2
        true
    }
    export -f ask
    cd "$CASES/keys" && ls *.pub | sed 's/^/-i /' | xargs -n "$BATCH" bash -c 'ask "$@"' ask
    lab_sshd_stop
    lab_log_settle && cat /var/log/auth.log
"""


@pytest.fixture(scope="module")
def release():
    said = subprocess.run(["ssh", "-V"], capture_output=True, text=True, check=True).stderr
    major, minor = re.search(r"OpenSSH_(\d+)\.(\d+)", said).groups()
    return int(major) * 100 + int(minor)


def keygen(*arguments):
    subprocess.run(["ssh-keygen", "-q", *map(str, arguments)], check=True, stdin=subprocess.DEVNULL)


def string(data):
    return struct.pack(">I", len(data)) + data


def public_line(kind, *fields):
    blob = b"".join(map(string, (kind, *fields)))
    return kind + b" " + base64.b64encode(blob)


def random_key(kind):
    """Nobody has the private half, and nobody needs it: sshd says what it would do before it asks for a signature."""
    if kind == "ed":
        return public_line(b"ssh-ed25519", os.urandom(32))
    size = {"rsa": 256, "short": 128}[kind]
    return public_line(b"ssh-rsa", b"\1\0\1", b"\0\xc0" + os.urandom(size - 2) + b"\1")


def fingerprint(line):
    digest = hashlib.sha256(base64.b64decode(line.split()[1])).digest()
    return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")


def ours(build, what, release, files):
    got = subprocess.run([str(build / "tests" / "keys"), what, str(release), *map(str, files)], capture_output=True,
                         check=True)
    return [json.loads(line) for line in got.stdout.splitlines()]


def make_certificate(folder, name, ca, identity, principals):
    """NAME.pub becomes a certificate of that key; what ssh-keygen needs besides stays in ca's folder."""
    keygen("-s", ca, "-I", identity, "-n", principals, folder / f"{name}.pub")
    (folder / f"{name}-cert.pub").rename(folder / f"{name}.pub")


# Lines of authorized_keys: @K@ is the key that is offered, @T@ and @B@ its two words, @CA@ the key of the CA.
PAST, FUTURE = b"20200101", b"20990101"
PLAIN = [
    # as it should be
    b"@K@\n", b"@K@", b"@K@ a comment of words\n", b"\n\n# comment\n@K@\n", b"no-pty @K@\n",
    # blanks
    b"  @K@\n", b"\t@K@\n", b" \t no-pty\t \t@K@\n", b"@T@\t@B@\tcomment\n", b"@T@ \t @B@\n", b"@T@  @B@  \n", b"\x0b@K@\n",
    b"no-pty\x0b@K@\n", b"\xc2\xa0@K@\n", b"\xef\xbb\xbf@K@\n", b"\f\n@K@\n",
    # ends of lines
    b"@K@\r\n", b"\r\n@K@\r\n", b"@K@ comment\r\n", b"no-pty @K@\r\n", b"no-pty\r\n@K@", b"@T@ @B@\r comment\n",
    b"@T@\r @B@\n", b"@T@ \r@B@\n", b"\r@K@\n", b"@K@\r@K@\n", b"x\r@K@\n", b"@T@\n@B@\n",
    # NUL
    b"\0@K@\n", b"@K@\0 and more\n", b"@T@ @B@\0\n", b"@T@\0 @B@\n", b"no-pty\0 @K@\n", b"x\0\n@K@\n", b"#\0@K@\n@K@",
    # comments
    b"#@K@\n", b" # @K@\n", b"@K@ # text\n", b"no-pty # @K@\n", b"@T@#@B@\n",
    # the key itself
    b"@T@\n", b"@B@\n", b"@T@ \n", b"@T@ x@B@\n", b"@T@ @B@x\n", b"@T@ @B@=\n", b"@T@ @B@AAAA\n", b"@T@@B@\n",
    b"@T@,@B@\n", b"ssh-rsa @B@\n", b"ssh-ed448 @B@\n", b"ED25519 @B@\n", b"SSH-ED25519 @B@\n", b"ssh-ed25519x @B@\n",
    b"@T@ @T@ @B@\n", b"@K@ @K@\n", b"@OTHER@ @K@\n", b"no-pty no-pty @K@\n", b"ecdsa-sha2-nistp384 @B@\n",
    # options: commas
    b"no-pty, @K@\n", b",no-pty @K@\n", b"no-pty,,no-user-rc @K@\n", b", @K@\n", b",, @K@\n", b"no-pty ,no-user-rc @K@\n",
    b"no-pty, no-user-rc @K@\n", b"no-pty;no-user-rc @K@\n",
    # options: names
    b"NO-PTY @K@\n", b"No-Pty,RESTRICT,cert-AUTHORITY @K@\n", b"no-no-pty @K@\n", b"no-restrict @K@\n", b"no-ptyx @K@\n",
    b"form=\"*\" @K@\n", b"pty,no-pty,pty @K@\n", b"restrict,pty @K@\n", b"restrict,restrict @K@\n", b"no-cert-authority @K@\n",
    b"no-agent-forwarding,no-port-forwarding,no-X11-forwarding,no-pty,no-user-rc @K@\n", b"agent-forwarding @K@\n",
    b"x11-forwarding,user-rc,port-forwarding @K@\n", b"no-touch-required @K@\n", b"touch-required @K@\n",
    b"verify-required @K@\n", b"no-verify-required @K@\n", b"no-pty=\"\" @K@\n", b"restrict=yes @K@\n", b"future-option @K@\n",
    b"cert-authority @K@\n", b"no-command @K@\n", b"no-from=\"*\" @K@\n",
    # options: quotes
    b"command=\"true\" @K@\n", b"command=true @K@\n", b"command='true' @K@\n", b"command=\"true @K@\n", b"command=\"\" @K@\n",
    b"command = \"true\" @K@\n", b"command= \"true\" @K@\n", b"command=\"true\"x @K@\n", b"command=\"a\"\"b\" @K@\n",
    b"command=\"echo \\\"x\\\"\" @K@\n", b"command=\"echo \\\\\" @K@\n", b"command=\"echo \\\" @K@\n", b"command=\"a\\b\" @K@\n",
    b"command=\"a b\tc,d=e #f\" @K@\n", b"command=\"@K@\" @K@\n", b"no-pty\" @K@\n", b"\"no-pty\" @K@\n", b"no-pty\\\" @K@\n",
    b"command=\"true\"no-pty @K@\n", b"command=\"true\",no-pty @K@\n", b"command=\"true\" no-pty @K@\n", b"command @K@\n",
    b"command=\"a\r\" @K@\n", b"command=\"a\nb\" @K@\n", b"COMMAND=\"true\" @K@\n",
    # options: twice
    b"command=\"a\",command=\"b\" @K@\n", b"from=\"*\",from=\"*\" @K@\n", b"tunnel=\"0\",tunnel=\"1\" @K@\n",
    b"environment=\"A=1\",environment=\"A=2\" @K@\n", b"permitopen=\"a:1\",permitopen=\"a:1\" @K@\n",
    b"expiry-time=\"%s\",expiry-time=\"%s\" @K@\n" % (FUTURE, FUTURE), b"expiry-time=\"%s\",expiry-time=\"%s\" @K@\n" % (FUTURE, PAST),
    b"expiry-time=\"%s\",expiry-time=\"%s\" @K@\n" % (PAST, FUTURE),
    # options: from
    b"from=\"*\" @K@\n", b"from=\"127.0.0.1\" @K@\n", b"from=\"\" @K@\n",
    # options: expiry-time
    *(b"expiry-time=\"%s\" @K@\n" % time for time in [
        FUTURE, PAST, b"2099010112", b"209901011200", b"20990101120000", b"2099010112000", b"20990101Z", b"20990101z",
        b"209901011200Z", b"20990101120000Z", b"20990101UTC", b"20990101utc", b"20990101GMT", b"20990101ZZ", b"Z", b"UTC", b"",
        b"2099-01-01", b"20990230", b"20991301", b"20990132", b"209901012460", b"209901012400", b"20990101120060",
        b"20990101120061", b"20990101120062", b"2099 1 1", b"20990 01", b"99990101", b"19700101", b"19700102", b"19690101",
        b"2099010x", b"never", b"forever", b"20990101 ", b" 20990101", b"+0990101", b"00000101", b"209901x1", b"20200101Z"]),
    b"expiry-time=20990101 @K@\n",
    # options: environment
    *(b"environment=\"%s\" @K@\n" % text for text in [
        b"A=b", b"A=", b"A", b"=b", b"", b"A B=c", b"A-B=c", b"_A1=c", b"1=c", b"A=b=c", b"\xc3\xa4=c", b"A=\xc3\xa4"]),
    # options: permitopen, permitlisten
    *(b"%s=\"%s\" @K@\n" % (name, text) for name in (b"permitopen", b"permitlisten") for text in [
        b"host:22", b"host:*", b"*:22", b"host", b"22", b"host:", b":22", b"host:0", b"host:65535", b"host:65536", b"host:-1",
        b"host:+22", b"host: 22", b"host:22 ", b"host:022", b"host:0x16", b"host:ssh", b"host:nosuchservice", b"[::1]:22",
        b"[::1]", b"[::1:22", b"::1:22", b"[::1]22", b"host/22", b"host/", b"host:22:33", b"", b"*", b"none", b"any",
        b"a" * 1024 + b":22", b"a" * 1025 + b":22", b"[]:22", b"host:**", b"/tmp/socket"]),
    # options: tunnel
    *(b"tunnel=\"%s\" @K@\n" % text for text in [
        b"0", b"any", b"ANY", b"1", b"+1", b" 1", b"1 ", b"-1", b"-0", b"", b"2147483645", b"2147483646", b"99999999999999999999",
        b"x", b"0x1", b"point-to-point"]),
    # options: principals on a plain key
    b"principals=\"a\" @K@\n", b"principals=\"\" @K@\n", b"principals=\"a\",cert-authority @K@\n",
    # a fault above a good line, a good line above a fault
    b"garbage\n@K@\n", b"form=\"*\" @K@\n@K@\n", b"@K@\nform=\"*\" @K@\n", b"expiry-time=\"%s\" @K@\n\n@K@\n" % PAST,
    b"cert-authority @K@\nno-pty @K@\n", b"@OTHER@\n@K@\n", b"command=\"open\n@K@\n",
    # nobody's
    b"", b"\n", b"@OTHER@\n", b"no-pty\n", b"\"\n",
]
# Long ones, and what sshd counts. It does so again for every key that is offered, so these stand alone.
LIMITS = [
    b"@K@ " + b"c" * 100000 + b"\n", b"command=\"" + b"x" * 20000 + b"\" @K@\n", b"#" + b"x" * 70000 + b"\n@K@\n",
    b",".join([b"no-pty"] * 3000) + b" @K@\n", b"environment=\"A=1\"," * 100 + b"pty @K@\n",
    b",".join(b"permitopen=\"h:%d\"" % (n + 1) for n in range(4097)) + b" @K@\n",
    b",".join(b"permitopen=\"h:%d\"" % (n + 1) for n in range(4098)) + b" @K@\n",
    b",".join(b"environment=\"A%d=1\"" % n for n in range(1025)) + b" @K@\n",
    b",".join(b"environment=\"A%d=1\"" % n for n in range(1026)) + b" @K@\n",
]
RSA = [b"@K@\n", b"rsa-sha2-256 @B@\n", b"rsa-sha2-512 @B@\n", b"no-pty rsa-sha2-512 @B@\n", b"rsa-sha2-384 @B@\n",
       b"rsa-sha2-512-cert-v01@openssh.com @B@\n", b"RSA @B@\n", b"ssh-ed25519 @B@\n"]
CERT = [
    b"@CA@\n", b"cert-authority @CA@\n", b"cert-authority,principals=\"grp\" @CA@\n", b"principals=\"grp\" @CA@\n",
    b"principals=\"grp\",CERT-authority @CA@\n", b"cert-authority,principals=\"other\" @CA@\n",
    b"cert-authority,principals=\"other,grp\" @CA@\n", b"cert-authority,principals=\"other,,grp\" @CA@\n",
    b"cert-authority,principals=\",grp\" @CA@\n", b"cert-authority,principals=\"grp,\" @CA@\n",
    b"cert-authority,principals=\" grp\" @CA@\n", b"cert-authority,principals=\"other, grp\" @CA@\n",
    b"cert-authority,principals=\"\" @CA@\n", b"cert-authority,principals=\"g*\" @CA@\n", b"cert-authority,principals=\"GRP\" @CA@\n",
    b"cert-authority,principals=\"a b\" @CA@\n", b"cert-authority,principals=\"grp\",principals=\"grp\" @CA@\n",
    b"cert-authority,cert-authority @CA@\n", b"cert-authority @CA@\r\n", b"cert-authority,command=\"true\" @CA@\n",
    b"cert-authority,expiry-time=\"%s\" @CA@\n" % PAST, b"cert-authority,expiry-time=\"%s\" @CA@\n" % FUTURE,
    b"cert-authority,from=\"\" @CA@\n", b"cert-authority @K@\n", b"@CERT@\n", b"cert-authority @CERT@\n",
    b"garbage\ncert-authority @CA@\n", b"cert-authority,restrict,form=\"*\" @CA@\n",
]


LINES = [(line, "ed") for line in PLAIN] + [(line, "rsa") for line in RSA] + [(b"@K@\n", "short")]


def write_files(folder, contents):
    """What ends in a line feed goes into one file; each of the rest is a file of its own."""
    (folder / "files").mkdir(parents=True)
    together = folder / "files" / "all"
    together.write_bytes(b"".join(c for c in contents if c.endswith(b"\n")))
    files = [together]
    for content in contents:
        if not content.endswith(b"\n"):
            files.append(folder / "files" / f"file{len(files)}")
            files[-1].write_bytes(content)
    return files


def fill(line, key, other=b"", ca=b"", certificate=b""):
    for mark, text in [(b"@K@", key), (b"@T@", key.split()[0]), (b"@B@", key.split()[1]), (b"@OTHER@", other), (b"@CA@", ca),
                       (b"@CERT@", certificate)]:
        line = line.replace(mark, text)
    return line


def first_usable(found, files, wanted, usable):
    """Where we find the key: what a decision does with the options is no part of the reader."""
    for file, content in zip(files, found):
        for key in content["keys"]:
            o = key["options"]
            if (key["fingerprint"] == wanted and o["from"] in (None, "*", "127.0.0.1")
                    and (not o["expires"] or o["expires"] > 1800000000) and usable(o)):
                return f"{file.name}:{key['line']}"
    return None


def compare(build, release, files, cases, theirs, usable):
    """cases: (line, fingerprint in the file); theirs: where sshd found it, by number."""
    found = ours(build, "authorized", release, files)
    faults = [(file.name, f["line"], f["why"]) for file, content in zip(files, found) for f in content["faults"]]
    different = [(line[:80], "ours", want, "sshd", theirs.get(i), faults) for i, (line, wanted) in enumerate(cases)
                 if (want := first_usable(found, files, wanted, usable)) != theirs.get(i)]
    assert different == []


@pytest.mark.parametrize("cases", [LINES, [(line, "ed") for line in LIMITS]], ids=["lines", "limits"])
def test_a_line_is_usable_when_sshd_takes_it(world, build, release, tmp_path, cases):
    (tmp_path / "keys").mkdir()
    keys = [random_key(kind) for _, kind in cases]
    other = random_key("ed")
    files = write_files(tmp_path, [fill(line, key, other) for (line, _), key in zip(cases, keys)])
    for i, key in enumerate(keys):
        (tmp_path / "keys" / f"k{i}.pub").write_bytes(key + b" k\n")
    got = world(ASK, keep=[tmp_path], env={
        "CASES": tmp_path, "BATCH": 180, "OPTIONS": "",
        "FILES": "AuthorizedKeysFile=" + " ".join(f"/srv/files/{f.name}" for f in files)})
    wanted = [fingerprint(key) for key in keys]
    places = dict(re.findall(r"Accepted key \S+ (\S+) found at /srv/files/(\S+)", got.stdout))
    assert len(places) >= len(cases) / 3, got.stdout[-2000:] + got.stderr[-2000:]
    theirs = {i: places[w] for i, w in enumerate(wanted) if w in places}
    compare(build, release, files, list(zip([line for line, _ in cases], wanted)), theirs, lambda o: not o["cert_authority"])


def test_a_ca_is_usable_when_sshd_takes_it(world, build, release, tmp_path):
    (tmp_path / "keys").mkdir()
    (tmp_path / "cas").mkdir()
    contents, wanted = [], []
    for i, line in enumerate(CERT):
        ca, key = tmp_path / "cas" / f"ca{i}", random_key("ed")
        keygen("-t", "ed25519", "-N", "", "-C", "ca", "-f", ca)
        (tmp_path / "keys" / f"k{i}.pub").write_bytes(key + b" k\n")
        make_certificate(tmp_path / "keys", f"k{i}", ca, f"case{i}", "anna,grp,a b")
        ca_line = b" ".join((tmp_path / "cas" / f"ca{i}.pub").read_bytes().split()[:2])
        certificate = b" ".join((tmp_path / "keys" / f"k{i}.pub").read_bytes().split()[:2])
        contents.append(fill(line, key, ca=ca_line, certificate=certificate))
        wanted.append(fingerprint(ca_line))
    files = write_files(tmp_path, contents)
    got = world(ASK, keep=[tmp_path], env={"CASES": tmp_path, "BATCH": 90, "OPTIONS": "",
                                           "FILES": "AuthorizedKeysFile=/srv/files/all"})
    theirs = {int(i): place for i, place in re.findall(r'Accepted certificate ID "case(\d+)" .* found at /srv/files/(\S+)',
                                                       got.stdout)}
    assert len(theirs) > 10, got.stdout[-2000:] + got.stderr[-2000:]
    compare(build, release, files, list(zip(CERT, wanted)), theirs,
            lambda o: o["cert_authority"] and (not o["has_principals"] or {"anna", "grp", "a b"} & set(o["principals"])))


PRINCIPALS = [
    b"grp\n", b"grp", b" grp\n", b"\tgrp \t\n", b"grp\r\n", b"# grp\n", b"grp # text\n", b"grp#text\n", b"other\ngrp\n", b"other\n",
    b"no-pty grp\n", b"no-pty\tgrp\n", b"no-pty \t grp\n", b"no-pty\t grp\n", b"no-pty,,no-user-rc grp\n", b"no-pty, grp\n",
    b"form=\"*\" grp\n", b"grp other\n", b"other grp\n", b"no-pty other grp\n", b"grp,other\n", b"\"grp\"\n", b"GRP\n", b"g*\n",
    b"from=\"*\" grp\n", b"from=\"\" grp\n", b"command=\"a b\" grp\n", b"command=\"a b\"\tgrp\n", b"command=\"a grp\n",
    b"command=\"a #\" grp\n", b"cert-authority grp\n", b"principals=\"grp\" grp\n", b"expiry-time=\"%s\" grp\n" % PAST,
    b"expiry-time=\"%s\" grp\n" % FUTURE, b"verify-required grp\n", b"restrict,pty grp\n", b"\0grp\n", b"grp\0x\n", b"", b"\n",
    b"\r\ngrp\n", b"a b\n", b"no-pty a b\n", b"grp\x0b\n", b"grp" + b" " * 10000 + b"\n", b"x" * 10000 + b"\ngrp\n", b",grp\n",
    b", grp\n", b"form=\"*\" grp\ngrp\n", b"tunnel=\"x\" grp\n", b"environment=\"A\" grp\n", b"permitopen=\"a:b\" grp\n",
]


def test_a_principal_is_listed_when_sshd_finds_it(world, build, release, tmp_path):
    (tmp_path / "keys").mkdir()
    keygen("-t", "ed25519", "-N", "", "-C", "ca", "-f", tmp_path / "ca")
    for i in range(len(PRINCIPALS)):
        (tmp_path / "keys" / f"k{i}.pub").write_bytes(random_key("ed") + b" k\n")
        make_certificate(tmp_path / "keys", f"k{i}", tmp_path / "ca", f"case{i}", f"grp{i:03}")
    # each line has a name of its own, and no line feed is missing but the last
    lines = [line.replace(b"grp", b"grp%03d" % i) for i, line in enumerate(PRINCIPALS)]
    lines = [line if line.endswith(b"\n") else line + b"\n" for line in lines]
    files = write_files(tmp_path, [b"".join(lines)])
    (tmp_path / "files" / "ca.pub").write_bytes((tmp_path / "ca.pub").read_bytes())
    got = world(ASK, keep=[tmp_path], env={"CASES": tmp_path, "BATCH": 90, "FILES": "AuthorizedKeysFile=none",
                "OPTIONS": "-o TrustedUserCAKeys=/srv/files/ca.pub -o AuthorizedPrincipalsFile=/srv/files/all"})
    theirs = {int(i) for i in re.findall(r'Accepted certificate ID "case(\d+)"', got.stdout)}
    assert len(theirs) > 20, got.stdout[-2000:] + got.stderr[-2000:]
    found, = ours(build, "principals", release, files)
    # a line with cert-authority or principals= is found, and lets nobody in
    names = {n["name"] for n in found["names"] if n["options"]["from"] in (None, "*")
             and not n["options"]["cert_authority"] and not n["options"]["has_principals"]
             and (not n["options"]["expires"] or n["options"]["expires"] > 1800000000)}
    different = [(line, f"grp{i:03}" in names, i in theirs, found["faults"]) for i, line in enumerate(PRINCIPALS)
                 if (f"grp{i:03}" in names) != (i in theirs)]
    assert different == []


# Certificates that ssh-keygen would not make: what is not said is as in a good one.


def option(name, *values):
    return string(name) + string(b"".join(map(string, values)))


def raw(name, data):
    return string(name) + string(data)


COMMAND, SOURCE = option(b"force-command", b"true"), option(b"source-address", b"127.0.0.0/8")
CERTIFICATES = [
    {}, {"kind": 0}, {"kind": 2}, {"kind": 3}, {"serial": 2**64 - 1}, {"reserved": b"x"}, {"reserved": string(b"x")},
    {"key_id": b""}, {"key_id": b"a\0"}, {"key_id": b"a\0b"}, {"key_id": b"\0"}, {"key_id": b"a\0\0"}, {"key_id": b"\xff\n"},
    {"after": 2**64 - 1}, {"before": 0}, {"before": 2**64 - 1}, {"after": 4102444800}, {"nonce": b""}, {"nonce": b"x" * 100},
    {"principals": []}, {"principals": [b""]}, {"principals": [b"", b"grp"]}, {"principals": [b"grp\0"]},
    {"principals": [b"grp\0", b"x\0y"]}, {"principals": [b"other"] * 255 + [b"grp"]}, {"principals": [b"other"] * 256 + [b"grp"]},
    {"principals": [b"other", b"grp", b"grp"]}, {"principals_raw": string(b"grp") + b"\0"}, {"principals_raw": b"\0\0\0\4grp"},
    {"critical": COMMAND}, {"critical": COMMAND + COMMAND}, {"critical": SOURCE}, {"critical": SOURCE + SOURCE},
    {"critical": SOURCE + COMMAND}, {"critical": COMMAND + SOURCE}, {"critical": option(b"verify-required")},
    {"critical": option(b"verify-required") + option(b"verify-required")}, {"critical": raw(b"verify-required", b"x")},
    {"critical": option(b"odd")}, {"critical": option(b"permit-pty")}, {"critical": option(b"no-touch-required")},
    {"critical": option(b"FORCE-COMMAND", b"true")}, {"critical": option(b"force-command")}, {"critical": raw(b"force-command", b"x")},
    {"critical": option(b"force-command", b"true", b"x")}, {"critical": option(b"force-command", b"")},
    {"critical": option(b"force-command", b"a\0")}, {"critical": option(b"force-command", b"a\0b")},
    {"critical": option(b"force-command\0", b"true")}, {"critical": option(b"force-\0command", b"true")},
    {"critical": option(b"", b"true")}, {"critical": COMMAND + b"\0"}, {"critical": string(b"force-command")},
    *({"critical": option(b"source-address", text)} for text in [
        b"127.0.0.1", b"127.0.0.1/32", b"0.0.0.0/0", b"::/0,0.0.0.0/0", b"127.1", b"127.1/8", b"127.0.0.1/8", b"127.0.0.0/33", b"",
        b",127.0.0.1", b"127.0.0.1,", b"127.0.0.1, ::1", b"127.0.0.256,127.0.0.1", b"127.0.0.1,x", b"!10.0.0.1,127.0.0.1", b"*",
        b"localhost", b"127.0.0.1/", b"127.0.0.1/+8", b"127.0.0.0/08", b"::ffff:127.0.0.1,127.0.0.1", b"::ffff:127.0.0.0/104,127.0.0.1", b"fe80::1%lo,127.0.0.1",
        b"0177.0.0.1", b"0x7f.0.0.1", b"127.0.0.0/8/8", b"127.0.0.0/" + b"0" * 40 + b"8", b"127.0.0.1\0", b"127.0.0.0/256",
        b"127.0.0.1 "]),
    {"extensions": option(b"permit-pty")}, {"extensions": option(b"permit-pty") + option(b"permit-pty")},
    {"extensions": option(b"permit-user-rc") + option(b"permit-X11-forwarding")}, {"extensions": raw(b"permit-pty", b"x")},
    {"extensions": raw(b"no-touch-required", b"x")}, {"extensions": option(b"no-touch-required")}, {"extensions": raw(b"odd", b"x")},
    {"extensions": COMMAND}, {"extensions": raw(b"verify-required", b"x")}, {"extensions": option(b"permit-\0pty")},
    {"extensions": b"\0"}, {"extensions": string(b"permit-pty")},
    {"tail": b"\0"}, {"signature_tail": b"\0"}, {"signature_type": b"ssh-rsa"}, {"signature_type": b"ssh-ed25519\0"}, {"flip": True},
]


class CA:
    def __init__(self, folder):
        self.folder = folder
        self.openssl("genpkey", "-algorithm", "ed25519", "-out", "ca")
        self.blob = string(b"ssh-ed25519") + string(self.openssl("pkey", "-in", "ca", "-pubout", "-outform", "DER")[-32:])

    def openssl(self, *words):
        return subprocess.run(["openssl", *words], cwd=self.folder, capture_output=True, check=True).stdout

    def certify(self, odd):
        principals = odd.get("principals_raw", b"".join(map(string, odd.get("principals", [b"grp"]))))
        body = b"".join([
            string(b"ssh-ed25519-cert-v01@openssh.com"), string(odd.get("nonce", os.urandom(32))), string(os.urandom(32)),
            struct.pack(">QI", odd.get("serial", 1), odd.get("kind", 1)), string(odd.get("key_id", b"id")), string(principals),
            struct.pack(">QQ", odd.get("after", 0), odd.get("before", 2**64 - 1)), string(odd.get("critical", b"")),
            string(odd.get("extensions", b"")), string(odd.get("reserved", b"")), string(self.blob)])
        (self.folder / "body").write_bytes(body)
        made = bytearray(self.openssl("pkeyutl", "-sign", "-rawin", "-inkey", "ca", "-in", "body"))
        made[0] ^= odd.get("flip", False)
        signature = string(odd.get("signature_type", b"ssh-ed25519")) + string(bytes(made)) + odd.get("signature_tail", b"")
        return body + string(signature) + odd.get("tail", b"")


def would_do(found):
    return (found.get("verify") == "no error" and found["kind"] == 1 and not found["fault"] and not found["unknown_critical"]
            and "grp" in found["principals"] and found["after"] % 2**64 <= 1800000000 < found["before"] % 2**64)


def test_a_certificate_is_refused_when_sshd_refuses_it(world, build, release, tmp_path):
    for folder in ("keys", "files"):
        (tmp_path / folder).mkdir()
    ca, files = CA(tmp_path), []
    (tmp_path / "files" / "ca.pub").write_bytes(b"ssh-ed25519 " + base64.b64encode(ca.blob) + b"\n")
    (tmp_path / "files" / "names").write_text("grp\n")
    for i, odd in enumerate(CERTIFICATES):
        blob = ca.certify({"serial": i, **odd})
        files.append(tmp_path / "keys" / f"k{i}.pub")
        files[-1].write_bytes(b"ssh-ed25519-cert-v01@openssh.com " + base64.b64encode(blob) + b" k\n")
    got = world(ASK, keep=[tmp_path], env={"CASES": tmp_path, "BATCH": 90, "FILES": "AuthorizedKeysFile=none",
                "OPTIONS": "-o TrustedUserCAKeys=/srv/files/ca.pub -o AuthorizedPrincipalsFile=/srv/files/names"})
    serials = set(map(int, re.findall(r'Accepted certificate ID ".*" \(serial (\d+)\)', got.stdout)))
    assert len(serials) > 30, got.stdout[-2000:] + got.stderr[-2000:]
    different = [(odd, "ours", found, "sshd", odd.get("serial", i) in serials)
                 for i, (odd, found) in enumerate(zip(CERTIFICATES, ours(build, "certificate", release, files)))
                 if would_do(found) != (odd.get("serial", i) in serials)]
    assert different == []


def listed(text):
    """What ssh-keygen -L prints, by its labels; lists become lists."""
    out, label = {}, None
    for line in text.splitlines()[1:]:
        if line.startswith(" " * 16):
            out[label].append(line.strip())
        else:
            label, _, value = line.strip().partition(":")
            out[label] = value.strip() or []
    return {k: [] if v == "(none)" else v for k, v in out.items()}


@pytest.mark.parametrize("line", (SOURCE_TREE / "tests/vectors/key/certificates").read_text().splitlines(),
                         ids=lambda line: line.split()[0])
def test_a_certificate_says_what_ssh_keygen_says(build, release, tmp_path, line):
    file = tmp_path / "c.pub"
    file.write_text(line.split(" ", 1)[1] + "\n")
    got = subprocess.run(["ssh-keygen", "-L", "-f", file], capture_output=True, text=True, check=True,
                         env=dict(os.environ, TZ="UTC"))
    theirs = listed(got.stdout)
    found, = ours(build, "certificate", release, [file])
    assert theirs["Type"] == f"{found['type']} {['user', 'host'][found['kind'] - 1]} certificate"
    assert theirs["Public key"].split()[1] == found["fingerprint"]
    assert theirs["Signing CA"].split()[1] == found["ca"]
    assert theirs["Signing CA"].endswith(f"(using {found['signature_type']})")
    assert theirs["Key ID"] == f'"{found["key_id"]}"'
    assert int(theirs["Serial"]) == found["serial"] % 2**64
    assert theirs["Principals"] == found["principals"]
    assert theirs["Valid"] == "from {} to {}".format(*(
        time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(found[edge])) for edge in ("after", "before")))
    assert [e.split()[0] for e in theirs["Extensions"]] == found["extensions"]
    critical = {c.split()[0]: c.partition(" ")[2] for c in theirs["Critical Options"]}
    assert critical.get("force-command") == found["force_command"]
    assert critical.get("source-address") == found["source_address"]
    assert ("verify-required" in critical) == found["verify_required"]
    assert [c for c in critical if "@" in c] == found["unknown_critical"]
