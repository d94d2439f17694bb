# SPDX-License-Identifier: GPL-3.0-or-later
# test_dead_mount.py - homes on a network mount that is dead: nothing waits for ever, and what is there is unknown.
import json
import re

import pytest

DEAD = r"""
lab_account anna 1001; lab_key anna
for i in 1 2; do lab_account "hung$i" $((3000 + i)); usermod -d /srv/net/hung$i hung$i; done
lab_sshd_start || exit
[ -c /dev/fuse ] || mknod /dev/fuse c 10 229
"$LAB_SOURCE/tests/lab/hung.py" /srv/net >/run/said 2>&1 & dead=$!
mounted() { grep -q . /run/said || ! kill -0 $dead; }
lab_wait 20 mounted
cat /run/said
"""


def run(world, body):
    got = world(DEAD + body + "\nkill -9 $dead", timeout=200)
    assert got.stdout, got.stderr
    if not got.stdout.startswith("mounted\n"):
        pytest.skip("no FUSE here: " + got.stdout.strip()[-200:])
    return got, got.stdout.removeprefix("mounted\n")


def test_the_audit_goes_on(world):
    got, said = run(world, "timeout 100 sallyport audit --policy guide --format json; echo $? >&2")
    assert re.fullmatch(r"[01]", got.stderr.strip().splitlines()[-1]), got.stderr
    assert json.loads(said)["findings"]


def test_whether_somebody_may_come_in_is_unknown_and_of_others_known(world):
    got, said = run(world, r"""
for user in hung1 anna; do
    timeout 100 sallyport access explain $user --from 10.83.0.2; echo "status $?"
done""")
    parts = said.split("status ")
    assert "/srv/net/hung1/.ssh/authorized_keys does not answer" in parts[0], said + got.stderr
    assert [p[0] for p in parts[1:]] == ["1", "0"], said


def test_a_link_to_what_hangs_makes_nobody_else_unknown(world):
    got, said = run(world, r"""
lab_account eve 1005; usermod -d /srv/share/eve eve
"$LAB_SOURCE/tests/lab/share.py" /srv/share eve/.ssh/authorized_keys /srv/net/hung1/.ssh/authorized_keys 1005 >/run/share 2>&1 & share=$!
lab_wait 20 grep -q mounted /run/share || cat /run/share
lab_account carl 1006; usermod -d /srv/share/carl carl
printf '{"user": "%s", "addr": "10.83.0.2"}\n' eve carl anna | timeout 100 sallyport access check --batch - --format json
kill $share""")
    decided = {row["user"]: row for row in map(json.loads, said.splitlines())}
    assert decided["eve"]["verdict"] == "unknown", said
    assert decided["carl"]["verdict"] == "denied" and decided["anna"]["verdict"] == "allowed", said
