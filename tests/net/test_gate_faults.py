# SPDX-License-Identifier: GPL-3.0-or-later
# test_gate_faults.py - where bad knocks end, what copies cost, and that no death of a role is an opening; with the real sshd.
import os

import pytest

from conftest import load

pytestmark = pytest.mark.skipif("ASAN_OPTIONS" in os.environ, reason="the roles' sandboxes leave no room for a sanitizer's own calls")

# hand FROM KEY USER [OPTION...]: one knock from that host, by tests/tools/knock.c. try HOST: can it connect? finish: the log, too.
SETUP = r"""
set -u
. "$LAB_SOURCE/tests/lab/gate.sh"
lab_client client 2; lab_client stranger 3
lab_account anna 1001; lab_key anna
lab_account berta 1002; lab_key berta
lab_account carl 1003; lab_key carl
cp "$LAB_KEYS/carl.pub" /etc/ssh/revoked
printf '%s\n' 'RevokedKeys /etc/ssh/revoked' 'DenyUsers berta' >>/etc/ssh/sshd_config
lab_sshd_start
LAB_FROM=client HOST=/etc/ssh/ssh_host_ed25519_key.pub
hand() { local from=$1 key=$2 user=$3; shift 3; lab_in "$from" "$BUILD/tests/knock" "$HOST" "/root/keys/$key" "$user" 10.83.0.1 22 "$@"; }
send() { lab_in "$1" "$BUILD/tests/knock" send /tmp/knock 10.83.0.1 22; }
try() { lab_in "$1" "$BUILD/tests/connect" 10.83.0.1 22; }
"""


@pytest.fixture
def gate(world):
    def run(snippet, settings=""):
        got = world(f"{SETUP}\ngate_install {settings}\ngate_start\n{snippet}\ngate_stop; cat /tmp/gate.log >&2")
        assert got.returncode == 0, got.stdout[-3000:] + got.stderr[-3000:]
        return got.stdout.splitlines(), got.stderr

    return run


# What is sent, and where it must end. The stages of accounts and keys are told apart as far as the index knows them.
ENDS = [
    ("hand client anna anna age=301", "open"),  # keeper opens nothing that is so old
    ("HOST=/tmp/own.pub; hand client anna anna", "gate"),
    ("hand client own anna", "key"),
    ("hand client carl carl", "revoked"),
    ("hand client berta berta", "policy"),
    ("hand client anna berta", "key|user|policy"),
    ("hand client anna nobody", "key|user"),
    ("hand client anna anna port=23", "policy"),
    ("hand client anna anna duration=60", "policy"),  # from where it came, with a wish of its own
    ("hand client anna anna from=10.83.0.1", "policy"),
    ("hand client anna anna from=10.83.9.9", "policy"),  # an address of the server, not the one that it was sent to
    ("hand client anna anna from=127.0.0.1", "policy"),
    ("hand client anna anna from=224.0.0.5", "policy"),
    ("hand client anna anna from=::1", "policy"),
    ("head -c 1232 /dev/urandom >/tmp/knock; send client", "gate"),
    ("hand client anna anna out=/tmp/knock; printf x | dd of=/tmp/knock bs=1 seek=500 conv=notrunc status=none; send client", "open"),
]


def test_each_bad_knock_ends_where_it_must_and_opens_nothing(gate):
    steps = "\n".join(f"""
before=$(gate_ended '{stage}'); ({how})
lab_wait 5 gate_ends $((before + 1)) '{stage}'; echo "$(( $(gate_ended '{stage}') - before )) $(nft list table inet sallyport | grep -c 10.83)"
""" for how, stage in ENDS)
    lines, log = gate(f"""
ssh-keygen -q -t ed25519 -N '' -f /root/keys/own; cp /root/keys/own.pub /tmp/own.pub
ip addr add 10.83.9.9/32 dev lo
{steps}
try client; try stranger
hand client anna anna; lab_wait 5 gate_open; try client; try stranger""")
    for (how, stage), line in zip(ENDS, lines):
        assert line == "1 0", (how, stage, lines, log)
    assert lines[len(ENDS):] == ["silence", "silence", "open", "silence"], (lines, log)
    assert log.count("granted ") == 1


def test_a_recorded_knock_opens_nothing_whoever_dies_meanwhile(gate):
    lines, log = gate(r"""
hand client anna anna out=/tmp/knock
send client; lab_wait 5 gate_open; sallyport close 10.83.0.2 >/dev/null
send client; send stranger; lab_wait 5 gate_ends 2 duplicate; try client; try stranger
kill -9 "$(gate_role net)"; gate_serves; lab_wait 5 sallyport who >/dev/null
send stranger; lab_wait 5 gate_ends 1 duplicate; try stranger
kill -9 "$GATE"; wait "$GATE"; gate_start
send client; lab_wait 5 gate_ends 1 duplicate; try client""")
    assert lines == ["silence"] * 4, (lines, log)
    assert "copied user=anna source=10.83.0.3 first=10.83.0.2" in log


def test_copies_that_come_at_once_cost_the_key_nothing(gate):
    lines, log = gate(r"""
for i in 1 2 3; do
	hand client anna anna out=/tmp/knock
	sending=
	for n in 1 2 3 4 5 6 7; do send client & sending="$sending $!"; done; wait $sending
	lab_wait 10 gate_ends $((6 * i)) '.*'
done
sallyport close 10.83.0.2 >/dev/null
hand client anna anna; lab_wait 5 gate_open; try client
gate_ended rate""")
    assert lines == ["open", "0"], (lines, log)


@pytest.mark.parametrize("role", ["net", "keeper", "index", "grant"])
def test_while_a_role_is_dead_nothing_opens_and_what_was_open_stays(gate, role, figure):
    lines, log = gate(rf"""
hand client anna anna; lab_wait 5 gate_open
lab_login anna 'echo in; until [ -e /tmp/end ]; do sleep 0.5; done; echo survived' >/tmp/session & session=$!
lab_wait 5 grep -q in /tmp/session
lab_in stranger "$BUILD/tests/connect" 10.83.0.1 22 storm 6 0.2 >/tmp/stranger & storm=$!
for n in 1 2 3; do
	began=${{EPOCHREALTIME/./}}
	kill -9 "$(gate_role {role})"
	try client
	gate_serves
	echo "back $(( (${{EPOCHREALTIME/./}} - began) / 1000 ))"
done
wait $storm; cut -d' ' -f3 /tmp/stranger
sallyport close 10.83.0.2 >/dev/null; try client
hand client anna anna; lab_wait 5 gate_open; try client
touch /tmp/end; wait $session; cat /tmp/session""", settings="'GrantTime 5m'")
    times = [int(line.split()[1]) for line in lines if line.startswith("back")]
    figure(f"the gate serves again after {role} was killed: {times} ms")
    # a second, where the machine has nothing else to do
    assert len(times) == 3 and min(times) < 1000 * load(), (times, log)
    assert [line for line in lines if not line.startswith("back")] == ["open"] * 3 + ["0", "silence", "open", "in", "survived"], (lines, log)
