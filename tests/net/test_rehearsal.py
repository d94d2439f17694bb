# SPDX-License-Identifier: GPL-3.0-or-later
# test_rehearsal.py - the logins of the past against a plan: who is lost, by which key somebody must still get in.
import base64
import bz2
import collections
import gzip
import hashlib
import json
import lzma
import os
import random
import shutil
import subprocess
import time

import pytest

from conftest import SOURCE

SEED = 20261122
LINES = 10_000
DAY = 86400


def blob(*parts):
    return b"".join(len(p).to_bytes(4, "big") + p for p in parts)


class Key:
    """A public key that nobody holds: enough for a list of keys and for a log."""

    def __init__(self, rng, kind, bits=0):
        self.kind = kind
        if kind == "ED25519":
            self.blob = blob(b"ssh-ed25519", rng.randbytes(32))
        else:
            n = (1 << (bits - 1) | rng.getrandbits(bits - 1) | 1).to_bytes(bits // 8, "big")
            self.blob = blob(b"ssh-rsa", b"\1\0\1", b"\0" + n)
        self.line = f"{self.blob[4:11 if kind == 'RSA' else 15].decode()} {base64.b64encode(self.blob).decode()}"
        digest = base64.b64encode(hashlib.sha256(self.blob).digest()).decode().rstrip("=")
        self.fingerprint = f"SHA256:{digest}"


class Town:
    """Accounts with what they have, and what the plan of the default policy makes of each way in."""

    def __init__(self, root, rng):
        self.ways = []  # (user, method, key, fate): "kept", "lost" or "dead"
        passwd, shadow = ["root:x:0:0:root:/root:/bin/sh"], ["root:$6$s$h:19000:0:99999:7:::"]
        keys = {}
        for i in range(60):
            user, uid = f"user{i}", 2000 + i
            passwd.append(f"{user}:x:{uid}:{uid}::/home/{user}:/bin/sh")
            shadow.append(f"{user}:$6$s$h:19000:0:99999:7:::")
            fine = [Key(rng, "ED25519"), Key(rng, "RSA", 3072)][:1 + i % 2]
            weak = [Key(rng, "RSA", 2048)] if i % 3 == 0 else []
            keys[user] = [k.line for k in fine + weak]
            self.ways += [(user, "publickey", k, "kept") for k in fine + weak]
            if i % 5 == 0:  # was on the list when it was used
                self.ways.append((user, "publickey", Key(rng, "ED25519"), "dead"))
            if i % 4 == 0:
                self.ways.append((user, "password", None, "lost"))
        # keys with conditions that do not hold, accounts that are gone, and root's password has not let in for long
        keys["user0"].append('from="192.0.2.1" ' + (bound := Key(rng, "ED25519")).line)
        self.ways += [("user0", "publickey", bound, "dead"), ("root", "password", None, "dead"),
                      ("gone", "password", None, "dead"), ("gone", "publickey", Key(rng, "RSA", 2048), "dead")]
        keys["root"] = [(key := Key(rng, "ED25519")).line]
        self.ways.append(("root", "publickey", key, "lost"))  # PermitRootLogin no
        (root / "bin").mkdir()
        (root / "bin/sh").write_text("#!/bin/sh\n")
        (root / "bin/sh").chmod(0o755)
        (root / "etc/passwd").write_text("\n".join(passwd) + "\n")
        (root / "etc/shadow").write_text("\n".join(shadow) + "\n")
        (root / "etc/group").write_text("root:x:0:\n" + "".join(f"user{i}:x:{2000 + i}:\n" for i in range(60)))
        for user, lines in keys.items():
            home = root / ("root" if user == "root" else f"home/{user}")
            (home / ".ssh").mkdir(parents=True)
            (home / ".ssh/authorized_keys").write_text("# keys\n" + "\n".join(lines) + "\n")


HOSTILE = [
    "sshd[{pid}]: Invalid user Accepted password for user1 from 6.6.6.6 port 1 ssh2 from 6.6.6.6 port {port}",
    "sshd[{pid}]: Failed password for invalid user x from 6.6.6.6 port 1 ssh2 from 6.6.6.6 port {port} ssh2",
    "sshd[{pid}]: Connection closed by invalid user Accepted publickey for root 6.6.6.6 port {port} [preauth]",
    "sshd[{pid}]: Disconnecting authenticating user user2 6.6.6.6 port {port}: Accepted password for user2 from 6.6.6.6 "
    "port 1 ssh2",
    "sshd[{pid}]: Accepted password for user1 from 6.6.6.6 port {port} ssh2 [preauth]",
    "sshd[{pid}]: Accepted key RSA SHA256:x found at /home/user1 for user1 from 6.6.6.6 port {port} ssh2",
    "sshd[{pid}]: \\033[2J\\033[1;1HAccepted password for user1 from 6.6.6.6 port {port} ssh2",
    "sshd[{pid}]: \x1b]0;x\x07Accepted password for user1 from 6.6.6.6 port {port} ssh2",
    "sshd[{pid}]: Accepted password for user1 from 6.6.6.6 port {port} ssh2#012Nov  1 00:00:00 h sshd[1]: x",
    "sshd[{pid}]: Accepted password for user1 from nowhere.example port {port} ssh2",
    "sshd[{pid}]: Accepted password for user1 from 6.6.6.6 port 99999 ssh2",
    "su[{pid}]: sshd[{pid}]: Accepted password for user1 from 6.6.6.6 port {port} ssh2",
    "app: Nov 21 10:00:00 h sshd[{pid}]: Accepted password for user1 from 6.6.6.6 port {port} ssh2",
    "sshd: Accepted password for user1 from 6.6.6.6 port {port} ssh2",
    "sshdx[{pid}]: Accepted password for user1 from 6.6.6.6 port {port} ssh2",
    "sudo[{pid}]: user1 : COMMAND=/bin/echo sshd[1]: Accepted password for user1 from 6.6.6.6 port {port} ssh2",
    "CRON[{pid}]: pam_unix(cron:session): session opened for user root(uid=0) by (uid=0)",
]


def traditional(when):
    t = time.localtime(when)
    return time.strftime("%b ", t) + f"{t.tm_mday:2d} " + time.strftime("%H:%M:%S", t)


def rfc3339(when):
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(when)) + ".123456+00:00"


def write_log(root, town, rng, now):
    """Rotated files, oldest first; returns what was planted: (user, addr, method, fingerprint) -> count, by fate."""
    planted = {"kept": collections.Counter(), "lost": collections.Counter(), "dead": collections.Counter()}
    addresses = [f"10.{rng.randrange(8)}.{rng.randrange(256)}.{rng.randrange(1, 255)}" for _ in range(40)]
    addresses += [f"2001:db8::{i:x}" for i in range(1, 10)]
    lines = []
    # from 120 days ago on: what is older than 90 does not count
    for i in range(LINES):
        when = now - 120 * DAY + i * 120 * DAY // LINES
        stamp = rfc3339(when) if i > LINES // 2 else traditional(when)
        pid, port = 1000 + i, 1024 + i
        at_the_edge = abs(when - (now - 90 * DAY)) < 1800  # the test takes a while
        if at_the_edge or rng.random() < 0.35:
            lines.append((when, f"{stamp} web1 " + rng.choice(HOSTILE).format(pid=pid, port=port)))
            continue
        user, method, key, fate = rng.choice(town.ways)
        addr = rng.choice(addresses[:3] if fate == "lost" else addresses)  # a few often, as in life
        tag = "sshd-session" if i > LINES * 3 // 4 else "sshd"
        extra = f": {key.kind} {key.fingerprint}" if key else ""
        lines.append((when, f"{stamp} web1 {tag}[{pid}]: Accepted {method} for {user} from {addr} port {port} ssh2{extra}"))
        if when >= now - 90 * DAY:
            planted[fate][user, addr, method, key.fingerprint if key else None] += 1
    (root / "var/log").mkdir(parents=True)
    size = LINES // 8
    names = ["auth.log.7.gz", "auth.log.6.gz", "auth.log.5.xz", "auth.log.4.bz2", "auth.log.3.zst", "secure-20261101",
             "auth.log.1", "auth.log"]
    for i, name in enumerate(names):
        part = lines[i * size:(i + 1) * size]
        write_file(root / "var/log" / name, "".join(text + "\n" for _, text in part).encode())
        os.utime(root / "var/log" / name, (part[-1][0], part[-1][0]))
    return planted


def write_file(path, data):
    packers = {".gz": gzip.compress, ".xz": lzma.compress, ".bz2": bz2.compress}
    if path.suffix == ".zst":
        data = subprocess.run(["zstd", "-q", "-c"], input=data, capture_output=True, check=True).stdout
    path.write_bytes(packers.get(path.suffix, bytes)(data))


def rehearse(sallyport, root, *command):
    got = subprocess.run([sallyport, *command, "--root", root, "--dry-run", "--format", "json"], capture_output=True,
                         text=True, timeout=300)
    assert got.returncode == 1, got.stderr
    answer = json.loads(got.stdout)["rehearsal"]
    found = {(l["user"], l["addr"], l["method"], l.get("fingerprint")): l["count"] for l in answer["lost"]}
    assert len(found) == len(answer["lost"])
    return answer, found


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can try a plan")
@pytest.mark.skipif(not shutil.which("zstd"), reason="zstd packs one of the logs")
def test_exactly_the_planted_losers_are_found_in_10000_lines(sallyport, tmp_path):
    rng = random.Random(SEED)
    root = tmp_path / "root"
    shutil.copytree(SOURCE / "tests/cli/roots/stock", root, ignore=shutil.ignore_patterns("home"))
    town = Town(root, rng)
    subprocess.run(["chown", "-R", "root:root", root], check=True)
    (root / "etc/ssh/ssh_host_ed25519_key").chmod(0o600)
    planted = write_log(root, town, rng, int(time.time()))
    assert all(len(c) > 20 for c in planted.values())

    total = sum(sum(c.values()) for c in planted.values())
    answer, found = rehearse(sallyport, root, "harden")
    assert found == dict(planted["lost"])
    assert answer["kept"] == sum(planted["kept"].values())
    assert answer["logins"] == total
    assert {l["reason"] for l in answer["lost"]} == {"method-disabled", "PermitRootLogin"}
    assert "incomplete" not in answer
    assert answer["sources"][-1] == "/var/log/auth.log"

    # nobody that one is not about
    alive = planted["kept"] + planted["lost"]
    answer, found = rehearse(sallyport, root, "access", "deny", "user3")
    assert found == {way: n for way, n in alive.items() if way[0] == "user3"} and len(found) > 5
    assert answer["kept"] == sum(alive.values()) - sum(found.values())
    often = max((way for way in alive if way[0] == "user4"), key=lambda way: alive[way])[1]
    answer, found = rehearse(sallyport, root, "access", "deny", f"user4@{often}")
    assert found == {way: n for way, n in alive.items() if way[:2] == ("user4", often)} and found


# Two accounts with a key each; a session that outlives what is set afterwards, as sshd reads it at its next reload.
RSA = r"""
lab_account anna 1001
lab_key anna rsa 2048
lab_account bob 1002
lab_key bob
lab_sshd_start
snapshot() { lab_snapshot --folder-times /etc; }
session() {
    local before
    before=$(pgrep -c -u "$1" sleep)
    lab_login "$1" sleep 1000 &
    lab_wait 10 sh -c "[ \$(pgrep -c -u $1 sleep) -gt ${before:-0} ]"
}
short_keys_are_out() {
    echo 'RequiredRSASize 3072' >/etc/ssh/sshd_config.d/10-size.conf
    snapshot >/tmp/before
}
"""


def test_whoever_has_only_a_key_that_is_too_short_is_not_locked_out(world):
    got = world(RSA + r"""
        session anna
        short_keys_are_out
        sallyport harden --yes --step banner
        echo "exit $?"
        snapshot | diff /tmp/before - && echo unchanged
    """)
    assert got.stdout.endswith("exit 1\nunchanged\n"), got.stdout + got.stderr
    assert "lockout guard: anna from 127.0.0.1 would be locked out: the RSA key has 2048 bits" in got.stderr
    assert "(/etc/ssh/sshd_config.d/10-size.conf:1)" in got.stderr


def test_the_key_that_was_used_counts_whatever_else_is_on_the_list(world):
    # that another key is listed does not say that she still holds it
    got = world(RSA + r"""
        session anna
        lab_key anna ed25519
        short_keys_are_out
        sallyport harden --yes --step banner
        echo "exit $?"
        snapshot | diff /tmp/before - && echo unchanged
        # once she has shown that she holds the other one, from there, and the old session is gone
        kill $(pgrep -u anna sleep)
        lab_wait 10 sh -c '! pgrep -u anna >/dev/null'
        session anna
        sallyport harden --yes --step banner
        echo "exit $?"
    """)
    assert "exit 1\nunchanged\n" in got.stdout and got.stdout.endswith("exit 0\n"), got.stdout + got.stderr
    assert "Keeps: anna from 127.0.0.1 (with this session's key)" in got.stderr


def test_a_key_that_was_taken_from_the_list_is_not_the_one_to_keep(world):
    got = world(RSA + r"""
        session anna
        rm /home/anna/.ssh/authorized_keys
        lab_key anna ed25519
        sallyport harden --yes --step banner
        echo "exit $?"
    """)
    assert got.stdout.endswith("exit 0\n"), got.stdout + got.stderr
    assert "Keeps: anna from 127.0.0.1\n" in got.stderr


def test_without_a_log_every_key_counts(world):
    got = world(RSA + r"""
        session anna
        lab_key anna ed25519
        rm /var/log/auth.log
        short_keys_are_out
        sallyport harden --yes --step banner
        echo "exit $?"
    """)
    assert got.stdout.endswith("exit 0\n"), got.stdout + got.stderr
    assert "No past logins to rehearse" in got.stderr
    assert "Keeps: anna from 127.0.0.1\n" in got.stderr


def test_who_is_asked_for_counts_with_the_key_used_last(world):
    got = world(RSA + r"""
        lab_login anna true
        lab_key anna ed25519
        short_keys_are_out
        sallyport harden --dry-run --step banner --keep anna@127.0.0.1
        sallyport harden --dry-run --step banner --keep anna
        sleep 1
        lab_login anna true
        sallyport harden --dry-run --step banner --keep anna@127.0.0.1
    """)
    assert got.stderr.count("anna from 127.0.0.1 would be locked out") == 1, got.stdout + got.stderr
    assert got.stderr.count("would be locked out") == 1
    assert got.stdout.count("Keeps: anna from 127.0.0.1 (with the key last used)") == 2


def test_a_revoked_key_is_no_way_in(world):
    got = world(RSA + r"""
        session bob
        cp $LAB_KEYS/bob.pub /etc/ssh/revoked
        printf 'RevokedKeys /etc/ssh/revoked\n' >/etc/ssh/sshd_config.d/50-revoked.conf
        snapshot >/tmp/before
        sallyport harden --yes --step banner
        echo "exit $?"
        snapshot | diff /tmp/before - && echo unchanged
    """)
    assert "exit 1\nunchanged\n" in got.stdout, got.stdout + got.stderr
    assert "bob from 127.0.0.1 would be locked out" in got.stderr


def test_confirm_sees_the_new_login(world):
    got = world(RSA + r"""
        session bob
        sallyport harden --yes --step kex --keep bob@127.0.0.1
        echo "exit $?"
        sallyport confirm; echo "exit $?"
        session anna 2>/dev/null; sallyport confirm; echo "exit $?"
        session bob
        sallyport confirm; echo "exit $?"
    """)
    exits = [line for line in got.stdout.splitlines() if line.startswith("exit")]
    assert exits == ["exit 0", "exit 1", "exit 1", "exit 0"], got.stdout + got.stderr
    assert "bob logged in anew at " in got.stdout


# What sshd itself writes is what the parser expects.
def test_the_real_sshds_log_is_understood(world):
    got = world(r"""
        lab_account anna 1001; lab_key anna; lab_password anna secret
        printf 'LogLevel VERBOSE\nTrustedUserCAKeys /etc/ssh/ca.pub\nKbdInteractiveAuthentication yes\n' \
            >/etc/ssh/sshd_config.d/10-lab.conf
        ssh-keygen -q -t ed25519 -N '' -f /root/ca; cp /root/ca.pub /etc/ssh/ca.pub
        lab_sshd_start
        lab_login anna true
        echo ls >/tmp/batch
        sftp -q -i $LAB_KEYS/anna -o BatchMode=yes -o UserKnownHostsFile=$LAB_KNOWN_HOSTS -b /tmp/batch anna@127.0.0.1 >/dev/null
        LAB_SSH_OPTIONS="-R 22:127.0.0.1:1" lab_login anna 'sleep 0.5'
        ssh-keygen -q -s /root/ca -I 'x from 9.9.9.9 port 1 ssh2: RSA "' -n anna $LAB_KEYS/anna.pub
        mv /home/anna/.ssh/authorized_keys /root/list
        lab_login anna ::1 true
        mv /root/list /home/anna/.ssh/authorized_keys
        printf '%s\n' '#!/bin/sh' 'echo secret' >/root/ask; chmod 755 /root/ask
        for method in password keyboard-interactive; do
            DISPLAY=:0 SSH_ASKPASS=/root/ask SSH_ASKPASS_REQUIRE=force ssh -F none -o PreferredAuthentications=$method \
                -o UserKnownHostsFile=$LAB_KNOWN_HOSTS anna@127.0.0.1 true
        done
        ssh -F none -o BatchMode=yes -o UserKnownHostsFile=$LAB_KNOWN_HOSTS \
            -l 'Accepted password for anna from 1.2.3.4 port 1 ssh2' 127.0.0.1 true
        lab_wait 10 grep -q 'invalid user Accepted' /var/log/auth.log
        sallyport access deny anna --dry-run --format json
    """)
    answer = json.loads(got.stdout[got.stdout.index("{"):])["rehearsal"]
    found = sorted((l["addr"], l["method"], l["count"]) for l in answer["lost"])
    assert found == [("127.0.0.1", "keyboard-interactive/pam", 1), ("127.0.0.1", "password", 1),
                     ("127.0.0.1", "publickey", 3), ("::1", "publickey", 1)], got.stdout + got.stderr
    assert {l["reason"] for l in answer["lost"]} == {"DenyUsers"}
    assert answer["kept"] == 0


JOURNALCTL = r"""
import json, sys
if "--list-boots" in sys.argv:
    print("IDX BOOT ID                          FIRST ENTRY                 LAST ENTRY")
    print("  0 0123456789abcdef0123456789abcdef Sat 2026-01-03 10:00:00 UTC Sat 2026-01-03 10:00:00 UTC")
    sys.exit()
import time
def entry(message, ago, **more):
    e = {"__REALTIME_TIMESTAMP": str(int((time.time() - ago) * 1e6)), "_PID": "77", "_UID": "0", "_COMM": "sshd",
         "_EXE": "/usr/sbin/sshd", "MESSAGE": message}
    print(json.dumps(dict(e, **more)))
entry("Accepted password for anna from 10.0.0.1 port 1 ssh2", 3600)
entry(list(b"Accepted password for anna from 10.0.0.2 port 2 ssh2"), 1800)
entry("Accepted password for anna from 6.6.6.6 port 3 ssh2", 1800, _UID="1001")
entry("Accepted password for anna from 6.6.6.6 port 3 ssh2", 1800, _COMM="logger", _EXE="/usr/bin/logger")
"""


def test_the_journal_is_believed_before_the_files(world):
    got = world(r"""
        lab_account anna 1001; lab_password anna secret
        lab_sshd_start
        { echo '#!/usr/bin/python3'; cat <<'EOF'""" + JOURNALCTL + r"""
EOF
        } | lab_program journalctl
        mkdir -p /run/log/journal/0123456789abcdef0123456789abcdef
        touch /run/log/journal/0123456789abcdef0123456789abcdef/system.journal
        line() { date -d "$1 seconds ago" "+%b %e %H:%M:%S h $2" >>/var/log/auth.log; }
        # later than the journal has them, however slow this is
        line 7200 'sshd[5]: Accepted password for anna from 10.0.0.9 port 1 ssh2'
        line 3000 'sshd[77]: Accepted password for anna from 10.0.0.1 port 1 ssh2'
        line 1200 'sshd[77]: Accepted password for anna from 10.0.0.2 port 2 ssh2'
        line 60 'sshd[78]: Accepted password for anna from 6.6.6.6 port 3 ssh2' # by logger -t 'sshd[78]'
        sallyport harden --dry-run --step access --keep root --format json
    """)
    answer = json.loads(got.stdout)["rehearsal"]
    found = sorted((l["addr"], l["count"]) for l in answer["lost"])
    assert found == [("10.0.0.1", 1), ("10.0.0.2", 1), ("10.0.0.9", 1)], got.stdout + got.stderr
    assert answer["sources"] == ["journal", "/var/log/auth.log"]


def test_the_real_journal_tells_sshd_from_who_pretends(world):
    got = world(r"""
        [ -x /lib/systemd/systemd-journald ] || { echo skip; exit; }
        tr -d - </proc/sys/kernel/random/uuid >/etc/machine-id
        mkdir -p /run/systemd/journal /run/log/journal
        mount -t tmpfs none /sys/fs && mkdir /sys/fs/cgroup && mount -t cgroup2 none /sys/fs/cgroup || { echo skip; exit; }
        /lib/systemd/systemd-journald >/dev/null 2>&1 &
        lab_wait 10 test -S /run/systemd/journal/dev-log || { echo skip; exit; }
        ln -s /run/systemd/journal/dev-log /dev/log
        lab_account anna 1001; lab_password anna secret; lab_key anna
        lab_sshd_start
        lab_login anna true; lab_login anna true
        pretend="logger -t 'sshd[99]' 'Accepted password for anna from 6.6.6.6 port 3 ssh2'"
        sh -c "$pretend"; su anna -s /bin/sh -c "$pretend"
        said() { [ "$(journalctl --no-pager --quiet | grep -c "Accepted $1")" = 2 ]; }
        lab_wait 2 said password && lab_wait 2 said publickey || { echo skip; exit; }
        sallyport access deny anna --dry-run --format json
    """)
    if got.stdout.endswith("skip\n"):
        pytest.skip("no systemd-journald runs here")
    answer = json.loads(got.stdout)["rehearsal"]
    assert [(l["addr"], l["method"], l["count"]) for l in answer["lost"]] == [("127.0.0.1", "publickey", 2)], got.stderr
    assert answer["logins"] == 2
    assert answer["sources"] == ["journal"]
    assert answer["since"]
