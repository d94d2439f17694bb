# SPDX-License-Identifier: GPL-3.0-or-later
# test_hide.py - the port is shut only once a knock has come from outside, and opens again by itself unless somebody came in by one.
import json
import os
import re

import pytest

pytestmark = pytest.mark.skipif("ASAN_OPTIONS" in os.environ, reason="the roles' sandboxes leave no room for a sanitizer's own calls")

# A host as it is installed, without settings; anna's laptop, which has never knocked; a stranger. The clock is a synchronised one.
SETUP = r"""
set -eu
. "$LAB_SOURCE/tests/lab/gate.sh"
gate_clock 0
gate_programs
lab_account anna 1001
lab_client client
lab_client stranger 3
lab_sshd_start
gate_install
rm -r /etc/sallyport
gate_laptop
enroll() { lab_in client sallyport enroll "$@" </dev/null; }
login() { lab_in client ssh "$@" </dev/null; }
# It waits in the background for a knock: hide_start OPTION..., then hide_end gives its exit status.
hide_start() {
	: >/root/hide.err; sallyport hide -y --override second-way "$@" </dev/null >/root/hide.out 2>/root/hide.err & HIDE=$!
	lab_wait 10 listens || { cat /root/hide.err >&2; return 1; }
}
listens() { grep -q Listening /root/hide.err || ! kill -0 $HIDE 2>/dev/null; }
hide_end() { wait $HIDE; }
# held HOST SSH-ARGUMENT...: a login from there that stays: back when it is in, the pid of its ssh is $HELD. let_go PID: it ends.
held() {
	rm -f /root/held
	(exec ip netns exec "$1" ssh "${@:2}" 'echo in; exec sleep 600' </dev/null >/root/held) & HELD=$!
	lab_wait 15 grep -q in /root/held
}
let_go() { kill "$1"; wait "$1" || :; }
nobody_is_in() { ! pgrep -u anna sshd >/dev/null; }
strangers_find() { lab_in stranger timeout 5 /bin/bash -c 'exec 3<>/dev/tcp/10.83.0.1/22' 2>/dev/null; }
shut() { ! strangers_find; }
timer() { cut -d' ' -f1 /run/sallyport/timer-1; }
# until_over: the time for the confirm is over, and the port open again.
until_over() { lab_wait 15 lab_gone "$(timer)"; lab_wait 15 nothing_is_left; }
roles_gone() { ! pgrep -x 'sallyport-.*' >/dev/null; }
nothing_is_left() {
	strangers_find && [ ! -e /etc/sallyport ] && ! pgrep -x 'sallyportd|sallyport-.*' >/dev/null && ! nft list table inet sallyport 2>/dev/null
}
"""


def run(world, body, timeout=300):
    got = world(SETUP + body, timeout=timeout)
    assert got.returncode == 0, got.stdout + got.stderr
    return got


def test_from_an_open_port_to_a_hidden_one_and_back(world):
    got = run(world, r"""
hide_start
shut && exit 1
enroll server >/root/enrolled
hide_end
cat /root/hide.err /root/hide.out
shut
sallyport confirm || echo "not without a login"
held client server
sallyport confirm
sallyport history
sallyport hide -y </dev/null
cat /etc/sallyport/sallyportd.conf
sallyport reveal --dry-run || echo "status $?"
sallyport reveal -y
nothing_is_left
sallyport reveal -y
sallyport history | head -n 1
kill -0 $HELD
kill $HELD
""")
    text = got.stdout
    assert "An unused port answers strangers with a reset" in text
    assert re.search(r"Listening for knocks on UDP 22; TCP 22 is still open\. On your laptop: sallyport enroll ", text), text
    assert "A knock by anna from 10.83.0.2 arrived." in text
    assert re.search(r"Closed to strangers\. ssh in anew, then: sudo sallyport confirm +\(opens by itself in [45]:\d\d\)", text)
    assert "not without a login" in text
    assert re.search(r"anna logged in anew at [\d:]+\. Kept\. That login came in by a knock\. If ever locked out: console, sallyport reveal", text)
    assert re.search(r"1 .* confirmed +hide  by root", text)
    assert "it is hidden already" in text and "\nAnswer reset\n" in text
    assert "Would end sallyportd and open what it keeps shut.\nstatus 1\n" in text
    assert "The port is open to everybody again" in text and "Nothing was hidden here." in text
    assert re.search(r"1 .* rolled-back +hide  by root  \(revealed\)", text)


def test_where_no_knock_arrives_nothing_is_ever_shut(world):
    got = run(world, r"""
lab_in client nft -f - <<-END
	table inet lossy { chain out { type filter hook output priority 0; udp dport 22 drop; }; }
END
: >/root/closed
while [ ! -e /root/over ]; do strangers_find || echo shut >>/root/closed; sleep 0.2; done & watch=$!
hide_start --wait 5s
enroll server || echo "enrolling failed"
hide_end || echo "status $?"
touch /root/over; wait $watch
cat /root/closed
tail -n 2 /root/hide.err
nothing_is_left
sallyport history
""")
    assert "enrolling failed\nstatus 2\n" in got.stdout, got.stdout + got.stderr
    assert "no knock arrived in 5 s; no datagram at all came to UDP 22: something on the way drops them" in got.stdout
    assert "Everything is as it was before.\n" in got.stdout and "\nshut\n" not in got.stdout
    assert re.search(r"rolled-back +hide  by root  \(no knock arrived", got.stdout)


def test_knocks_that_are_refused_are_told_apart_from_none(world):
    got = run(world, r"""
hide_start --wait 15s
# another key than the account lists
ssh-keygen -q -t ed25519 -N '' -f /root/other
lab_in client sallyport knock -i /root/other server >/dev/null 2>&1 || :
hide_end || echo "status $?"
tail -n 2 /root/hide.err
nothing_is_left
""")
    assert re.search(r"no knock arrived in 15 s; what came ended at: .*key \d", got.stdout), got.stdout


def test_without_a_confirm_it_opens_again(world):
    got = run(world, r"""
hide_start --confirm-within 30s
enroll server >/dev/null
hide_end
shut
until_over
sallyport history
""")
    assert re.search(r"rolled-back +hide  by root  \(it was not confirmed in time\)", got.stdout), got.stdout


def test_without_a_confirm_it_is_open_after_a_reboot(world):
    """What a reboot takes away is taken away by hand: processes, tables, /run."""
    got = run(world, r"""
hide_start
enroll server >/dev/null
hide_end
shut
kill -9 $(pgrep -x sallyportd) $(timer)
lab_wait 5 roles_gone; lab_wait 5 lab_gone $(timer)
nft delete table inet sallyport
rm -rf /run/sallyport
sallyport recover --boot
nothing_is_left
sallyport history
""")
    assert re.search(r"rolled-back +hide  by root  \(not confirmed before the machine was started anew\)", got.stdout), got.stdout


@pytest.mark.parametrize("when", ["listening", "shut"])
def test_a_hide_that_is_killed_leaves_an_open_port(world, when):
    got = run(world, rf"""
hide_start --confirm-within 30s
if [ {when} = shut ]; then enroll server >/dev/null; hide_end; fi
kill -9 $HIDE 2>/dev/null || :
if [ {when} = shut ]; then shut; kill -9 $(timer); lab_wait 5 lab_gone $(timer); fi
sallyport recover
if [ {when} = shut ]; then shut; lab_wait 20 nothing_is_left; fi
nothing_is_left
sallyport history
""")
    assert "rolled-back  " in got.stdout or "recovered " in got.stdout, got.stdout


def test_what_proves_nothing_keeps_nothing(world):
    got = run(world, r"""
hide_start --except 10.83.0.3
enroll server >/dev/null
hide_end
# by hand
sallyport grant 10.83.0.2 --for 10m >/dev/null
held client -o ProxyCommand=none server
sallyport confirm && exit 1
let_go $HELD
sallyport close 10.83.0.2 >/dev/null
lab_wait 10 nobody_is_in
# from a network that is never shut
held stranger -o ProxyCommand=none server
sallyport confirm && exit 1
let_go $HELD
lab_wait 10 nobody_is_in
held client server
sallyport confirm
kill $HELD
sallyport reveal -y
""")
    assert "proves nothing: 10.83.0.2 was let in by hand" in got.stderr, got.stderr
    assert "proves nothing: from 10.83.0.3 port 22 is never shut" in got.stderr
    assert "Kept. That login came in by a knock." in got.stdout


def test_the_guards(world):
    got = run(world, r"""
try() { sallyport hide -y --wait 1s "$@" </dev/null 2>/root/said && exit 1; grep guard: /root/said | cut -c 1-90; echo; }
echo 1; try                                       # no console, nothing excepted
gate_clock 0 0
echo 2; try --except 192.0.2.0/24                 # the clock
gate_clock 0
rm /home/anna/.ssh/authorized_keys
echo 3; try --except 192.0.2.0/24                 # nobody could knock
cp /root/.ssh/id_ed25519.pub /home/anna/.ssh/authorized_keys
lab_account bert 1002
echo 4; try --except 192.0.2.0/24 --keep bert     # he could not
echo 5; try --except 192.0.2.0/24 --port 2222     # nobody listens
rm /etc/ssh/ssh_host_ed25519_key*; lab_sshd_reload
echo 6; try --except 192.0.2.0/24                 # no key to seal to
echo 7; sallyport hide -y --except 192.0.2.1/24 </dev/null 2>&1 || echo "status $?"
echo 8; sallyport hide -y --knock-port 123 </dev/null 2>&1 || echo "status $?"
echo 9; sallyport hide -y --if-broken open-after=1s </dev/null 2>&1 || echo "status $?"
nothing_is_left
""")
    parts = re.split(r"^(\d)\n", got.stdout, flags=re.M)[1:]
    said = dict(zip(parts[::2], parts[1::2]))
    assert said["1"].startswith("sallyport: second-way guard: there is no other way in: no console"), got.stdout
    assert said["2"].startswith("sallyport: clock guard: the clock is not synchronised")
    assert "sallyport: knock guard: nobody could knock" in said["3"]
    assert said["4"].startswith("sallyport: lockout guard: bert could not knock")
    assert said["5"].startswith("sallyport: configuration guard: sshd does not listen at port 2222")
    assert "sallyport: knock guard: sshd has no Ed25519 host key" in said["6"]
    assert "Except is '192.0.2.1/24': wants addresses or networks" in said["7"] and "status 2" in said["7"]
    assert "never 123" in said["8"] and "status 2" in said["8"]
    assert "IfBroken is 'open-after=1s': wants closed, or open-after=" in said["9"] and "status 2" in said["9"]


def test_settings_that_are_there_are_kept_and_changed_under_the_same_guards(world):
    got = run(world, r"""
mkdir /etc/sallyport
printf '# ours\nKnockPort 4000\nGrantTime 20\n' >/etc/sallyport/sallyportd.conf
cp -p /etc/sallyport/sallyportd.conf /root/before
hide_start --if-broken open-after=30m --answer drop --site-secret
cat /etc/sallyport/sallyportd.conf
cat /root/hide.err; enroll --knock-port 4000 server >/dev/null
hide_end
cat /etc/sallyport/sallyportd.conf
stat -c '%a %s %n' /etc/sallyport/site-secret
cat /root/hide.out
! grep -q "$(cat /etc/sallyport/site-secret)" /root/hide.out /root/hide.err
held client server
sallyport confirm
# a second change waits for nobody, but for its confirm; what was opened by hand stays open
sallyport grant 10.83.0.3 --for 1h >/dev/null
sallyport hide -y --override second-way --knock-port 4001 --confirm-within 30s </dev/null
grep KnockPort /etc/sallyport/sallyportd.conf
strangers_find
lab_wait 20 grep -q 'KnockPort 4000' /etc/sallyport/sallyportd.conf
strangers_find
sallyport close 10.83.0.3 >/dev/null
shut
let_go $HELD
sallyport close 10.83.0.2 >/dev/null || :
login server 'echo in again'
sallyport reveal -y
cmp /etc/sallyport/sallyportd.conf /root/before
[ ! -e /etc/sallyport/site-secret ]
strangers_find
""")
    listening, final = got.stdout.split("# ours\n")[1:3]
    assert "\nShut no\n" in listening and "Shut" not in final
    assert final.startswith("KnockPort 4000\nGrantTime 20\nPort 22\nIfBroken open-after=30m\nAnswer drop\n"
                            "SiteSecret /etc/sallyport/site-secret\n600 65 /etc/sallyport/site-secret\n"), final
    assert "(It stands out: port 22 answers a stranger with nothing, an unused one with a reset.)" in got.stdout
    assert "sallyport enroll --knock-port 4000 " in got.stdout
    assert "KnockPort 4001\n" in got.stdout and "in again" in got.stdout


def test_beside_a_firewall_that_is_silent_the_port_is_silent_too(world):
    got = run(world, r"""
nft -f - <<-END
	table inet theirs { chain input { type filter hook input priority 0; policy drop; iif lo accept; ct state established,related accept; tcp dport 22 accept; }; }
END
hide_start
enroll server >/dev/null
hide_end
grep Answer /etc/sallyport/sallyportd.conf
cat /root/hide.err
shut
sallyport reveal -y
strangers_find
""")
    assert "Answer drop" in got.stdout and "An unused port answers strangers with nothing; so will the hidden ones." in got.stdout


def test_json_for_scripts(world):
    got = run(world, r"""
sallyport hide --dry-run --except 192.0.2.0/24 --format json >/root/dry || echo "status $?"
hide_start --format json
enroll server >/dev/null
hide_end
sallyport hide -y --format json </dev/null >/root/again || echo "status $?"
sallyport reveal -y --format json >/root/revealed
sallyport reveal -y --format json >/root/nothing
for f in dry hide.out again revealed nothing; do tr '\n' ' ' </root/$f; echo; done
""")
    status, *lines = got.stdout.splitlines()
    dry, hidden, again, revealed, nothing = (json.loads(line) for line in lines)
    assert status == "status 1" and dry["changed"] and [op["op"] for op in dry["ops"]] == ["mkdir", "write"]
    assert {g["id"]: g["verdict"] for g in dry["guards"]} == dict.fromkeys(
        ["pending", "space", "configuration", "knock", "lockout", "second-way", "clock"], "ok")
    assert hidden["changed"] and hidden["state"] == "waiting" and hidden["knock"] == {"user": "anna", "addr": "10.83.0.2"}
    assert [g["verdict"] for g in hidden["guards"] if g["id"] == "second-way"] == ["overridden"]
    assert not again["changed"] and revealed == {"schema": "sallyport.reveal.v1", "changed": True, "dry_run": False, "transactions": 1}
    assert not nothing["changed"]


def test_a_hide_is_rolled_back_like_any_other_change(world):
    got = run(world, r"""
hide_start
enroll server >/dev/null
hide_end
held client server
sallyport confirm
shut
sallyport rollback --dry-run || echo "status $?"
shut
sallyport rollback -y </dev/null
nothing_is_left
kill $HELD
""")
    assert "remove /etc/sallyport/sallyportd.conf" in got.stdout and "status 1" in got.stdout
    assert "Transaction 1 is rolled back: every file is as it was before." in got.stdout


def test_reveal_waits_for_nobody(world):
    """Another sallyport holds the lock, as one does whose question nobody answers."""
    got = run(world, r"""
hide_start
enroll server >/dev/null
hide_end
shut
flock -o /run/lock/sallyport sleep 600 & holder=$!
lab_wait 5 sh -c '! flock -n /run/lock/sallyport true'
sallyport reveal -y </dev/null
strangers_find
kill $holder
lab_wait 5 flock -n /run/lock/sallyport true
sallyport reveal -y </dev/null
nothing_is_left
""")
    assert "run this again when it is done" in got.stderr


def test_it_opens_again_also_where_the_daemon_cannot_be_run_any_more(world):
    """As in the middle of an upgrade, when the time for the confirm is over."""
    run(world, r"""
hide_start --confirm-within 30s
enroll server >/dev/null
hide_end
shut
rm /usr/local/sbin/sallyportd
printf '#!/bin/sh\nexit 127\n' >/usr/local/sbin/sallyportd; chmod 755 /usr/local/sbin/sallyportd
until_over
""")


def test_a_login_at_a_port_that_is_not_hidden_proves_nothing(world):
    got = run(world, r"""
printf 'Port 22\nPort 2222\n' >>/etc/ssh/sshd_config
lab_sshd_reload
hide_start --port 22
enroll server >/dev/null
hide_end
lab_in client sallyport knock -q server
held client -o ProxyCommand=none -p 2222 server
sallyport confirm || echo "status $?"
let_go $HELD
sallyport reveal -y </dev/null
""")
    assert "proves nothing: from 10.83.0.2 port 2222 is never shut" in got.stderr and "status 1" in got.stdout


def test_shut_on_one_interface_alone(world):
    got = run(world, r"""
mkdir /etc/sallyport
echo 'Interface lab2' >/etc/sallyport/sallyportd.conf
hide_start
enroll server >/dev/null
hide_end
cat /root/hide.out
strangers_find # by another interface
! lab_in client timeout 5 /bin/bash -c 'exec 3<>/dev/tcp/10.83.0.1/22' 2>/dev/null
sallyport reveal -y </dev/null
""")
    assert "(Not proven: that a stranger finds nothing could not be tried from here.)" in got.stdout
