# SPDX-License-Identifier: GPL-3.0-or-later
# test_gate_clock.py - the daemon with a clock that is wrong, set, or never set: no replay is taken and nobody is shut out for long.
import os

import pytest

pytestmark = pytest.mark.skipif("ASAN_OPTIONS" in os.environ, reason="the roles' sandboxes leave no room for a sanitizer's own calls")

# All of the world has the clock of tests/tools/clock_shift.c. knock, send: by the other host.
SETUP = r"""
set -eu
trap 'tail -30 /tmp/gate.log >&2' EXIT
. "$LAB_SOURCE/tests/lab/gate.sh"
gate_clock 0
lab_client client
lab_account anna 1001; lab_key anna
lab_sshd_start
gate_install 'GrantTime 30'
DAY=86400
knock() { lab_in client "$BUILD/tests/knock" /etc/ssh/ssh_host_ed25519_key.pub "$LAB_KEYS/anna" anna 10.83.0.1 22 ${1:+out=$1}; }
send() { lab_in client "$BUILD/tests/knock" send "$1" 10.83.0.1 22; }
again() { kill -9 "$GATE"; wait "$GATE" || :; gate_start; sallyport close 10.83.0.2 >/dev/null || :; gate_shut; }
# The gate keys of a new time are there a second after it was set: what came before is sent again.
one() { if [ "$1" = new ]; then knock; else send "$1"; fi; }
refused() {
	local before
	before=$(gate_ended "$1")
	ends() { one "$2"; gate_ends $((before + 1)) "$1"; }
	lab_wait 5 ends "$1" "$2"
	gate_shut
}
granted() {
	opens() { one "$1"; gate_open; }
	lab_wait 5 opens "$1"
	sallyport close 10.83.0.2 >/dev/null; gate_shut
}
"""


@pytest.fixture
def gate(world):
    def run(snippet):
        got = world(f"{SETUP}\n{snippet}\ngate_stop")
        assert got.returncode == 0, got.stdout[-3000:] + got.stderr[-3000:]
        return got

    return run


@pytest.mark.parametrize("ahead", ["DAY", "-DAY"])
def test_a_knock_while_the_clock_is_wrong_is_no_key_later_and_shuts_nobody_out(gate, ahead):
    gate(f"""
gate_clock $(({ahead})); gate_start
knock /tmp/then; granted /tmp/then
gate_clock 0
granted new
refused 'gate|time|open' /tmp/then
again
granted new
# its time comes, or comes back
gate_clock $(({ahead}))
refused 'duplicate|floor' /tmp/then
again
refused 'duplicate|floor' /tmp/then
""")


def test_without_its_record_it_opens_to_nobody_until_the_clock_is_right_and_five_minutes_on(gate):
    gate(r"""
gate_start
knock /tmp/then; granted /tmp/then
kill -9 "$GATE"; wait "$GATE" || :
rm /var/lib/sallyport/gate/replay
gate_clock 0 0; gate_start
refused state new
refused state /tmp/then
gate_clock 0 1
refused floor new
refused floor /tmp/then
again
refused floor new
gate_clock 302
granted new
refused 'time|gate|open|floor' /tmp/then
""")


def test_a_clock_that_was_never_set_opens_to_nobody_and_is_no_harm_once_it_is(gate):
    gate(r"""
knock /tmp/right
gate_clock $((1000 - $(date +%s))) 0; gate_start
refused 'gate|time|open' /tmp/right
gate_clock 0 1
granted /tmp/right
again
refused duplicate /tmp/right
""")


def test_a_door_that_nobody_attends_is_opened_by_the_kernel(gate):
    """What the kernel does when the time is over is done here by taking the port out of the set, so that nothing waits for minutes."""
    out = gate(r"""
echo 'IfBroken open-after=10m' >>/etc/sallyport/sallyportd.conf
left() { [[ $(nft -j list set inet sallyport attended) =~ \"expires\":\ ([0-9]+) ]]; echo "${BASH_REMATCH[1]}"; }
over() { nft delete element inet sallyport attended '{ 22 }'; }
gate_start
gate_shut
gate_stop
gate_shut
sleep 2
# whoever falls and rises all the time does not attend: the time goes on
before=$(left)
sallyportd -L
[ "$(left)" -le "$before" ]
over
gate_open
sallyportd -L
gate_open
# nor does a daemon that can let nobody in
gate_clock 0 0
gate_start
lab_wait 5 grep -q 'unattended.*clock' /tmp/gate.log
gate_open
gate_stop
gate_clock 0 1
gate_start
lab_wait 5 gate_shut
[ "$(left)" -ge 500 ]
! sallyportd -R
gate_shut
gate_stop
sallyportd -R
gate_open
sallyportd -R
gate_start
gate_shut
""")
    assert "another process owns it" in out.stderr
