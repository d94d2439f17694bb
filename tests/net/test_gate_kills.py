# SPDX-License-Identifier: GPL-3.0-or-later
# test_gate_kills.py - the daemon and its roles are killed again and again under load; with the real sshd and kernel.
import json
import os
import statistics

import pytest

from conftest import load

pytestmark = pytest.mark.skipif("ASAN_OPTIONS" in os.environ, reason="the roles' sandboxes leave no room for a sanitizer's own calls")

LONG = os.environ.get("SALLYPORT_LONG") == "1"
KILLS, RATE = (100, 20) if LONG else (5, 20)

# Keys and accounts enough that no rate is in the way: of knocks per key, and of the record per account.
SETUP = r"""
set -eu
. "$LAB_SOURCE/tests/lab/gate.sh"
lab_client client
ip route add 10.84.0.0/14 via 10.83.0.2 dev lab2
lab_in client ip route add local 10.84.0.0/14 dev lo
mkdir -p "$LAB_KEYS"
for user in a b c d e f g h; do
	lab_account $user $((1001 + $(printf %d "'$user")))
	for key in 1 2 3 4; do ssh-keygen -q -t ed25519 -N '' -f "$LAB_KEYS/$user-$key"; done
	install -d -m 700 -o $user -g $user /home/$user/.ssh
	cat "$LAB_KEYS/$user"-*.pub | install -m 600 -o $user -g $user /dev/stdin /home/$user/.ssh/authorized_keys
done
lab_sshd_start
gate_install 'GrantTime 3' 'CpuShare 100'
: >/tmp/gate.log
"""
RUN = """
/usr/bin/python3 -I "$LAB_SOURCE/tests/lab/gate_kills.py" "$BUILD/src/gate" "$BUILD/tests/knock" \
	/etc/ssh/ssh_host_ed25519_key.pub "$LAB_KEYS" {kills} {rate} {seed} || { tail -50 /tmp/gate.log >&2; exit 1; }
grep -E 'failed|overrun' /tmp/gate.log >&2 || :
"""


def test_no_kill_opens_the_port_or_lets_a_replay_in(world, figure):
    seed = int(os.environ.get("SALLYPORT_SEED", "1"))
    got = world(SETUP + RUN.replace("{kills}", str(KILLS)).replace("{rate}", str(RATE)).replace("{seed}", str(seed)),
                timeout=7200 if LONG else 600)
    assert got.returncode == 0, got.stdout[-3000:] + got.stderr[-3000:]
    saw = json.loads(got.stdout)
    counts = saw["counts"]
    figure(f"{5 * KILLS} kills in {saw['seconds']} s: {counts}")
    for name, times in sorted(saw["back"].items()):
        for what, column in (("the roles serve", 0), ("a new knock is granted", 1)):
            took = sorted(both[column] for both in times)
            figure(f"{what} after {name} was killed, in seconds: median {statistics.median(took):.2f}, "
                   f"longest {took[-1]:.2f}, {sum(t > 1 for t in took)} of {len(took)} above 1")
    assert not saw["fault"] and not saw["wrong"] and saw["exit"] == 0, (saw, got.stderr[-3000:])
    # what was to be tried was tried
    for kind in ("knocks", "replays", "grants", "stranger silence", "replayed silence", "ended silence", "granted open"):
        assert counts[kind] > 10 * KILLS, (kind, counts)
    assert "granted silence" not in counts and "granted refused" not in counts, counts
    alone = [granted for name, times in saw["back"].items() if name.endswith("in turn") for _, granted in times]
    # a second, where the machine has nothing else to do
    assert statistics.median(alone) < load() and max(alone) < 10 * load()
