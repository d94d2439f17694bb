# SPDX-License-Identifier: GPL-3.0-or-later
# test_jail_hidden.py - jails on a host whose port is hidden, and while a change waits: who knocks, who confirms, who counts as kept.
import os
import re

import pytest

SANDBOX = pytest.mark.skipif("ASAN_OPTIONS" in os.environ, reason="the roles' sandboxes leave no room for a sanitizer's own calls")

# anna administers, bert moves files by sftp, carl has a shell; all of them come from the same laptop, each with a key.
PEOPLE = r"""
set -eu
. "$LAB_SOURCE/tests/lab/gate.sh"
lab_account anna 1001; lab_account bert 1002; lab_account carl 1003
lab_client client
lab_client stranger 3
lab_sshd_start
gate_laptop
people() {
	local name
	for name in bert carl; do
		ssh-keygen -q -t ed25519 -N '' -C $name -f /root/.ssh/$name
		printf 'Host %s\n\tHostName 10.83.0.1\n\tUser %s\n\tIdentityFile /root/.ssh/%s\n\tIdentitiesOnly yes\n\tBatchMode yes\n' \
			$name $name $name >>/root/.ssh/config
	done
}
people
jail() { sallyport jail "$@" </dev/null; }
login() { lab_in client ssh "$@" </dev/null; }
# sftp_stays HOST: a session that is idle; its pid in $SFTP.
sftp_stays() {
	rm -f /root/sftp-in; mkfifo /root/sftp-in; : >/root/sftp-out
	lab_in client sftp -q "$1" </root/sftp-in >/root/sftp-out 2>&1 & SFTP=$!
	exec 8>/root/sftp-in
	echo pwd >&8
	lab_wait 10 grep -q 'working directory' /root/sftp-out
}
sftp_goes() { exec 8>&-; wait $SFTP || true; lab_wait 10 nobody_is "$1"; }
shell_stays() { : >/root/shell; login "$1" 'echo in; sleep 600' >/root/shell 8>&- & SHELL_PID=$!; lab_wait 10 grep -q in /root/shell; }
nobody_is() { ! pgrep -u "$1" >/dev/null; }
refused() { local status=0; "$@" || status=$?; echo "status $status"; [ $status = 1 ]; }
everything() { lab_snapshot /home/chroot /etc/ssh /var/lib/sallyport/jails; }
"""

HIDDEN = PEOPLE + r"""
head -c 16 /dev/zero >/run/lab-clock
/usr/bin/python3 -Ic "import struct; open('/run/lab-clock', 'r+b').write(struct.pack('=qq', 0, 1))"
echo "$BUILD/tests/clock_shift.so" >/etc/ld.so.preload
gate_programs
gate_install
rm -r /etc/sallyport
enroll() { lab_in client sallyport enroll "$@" </dev/null; }
strangers_find() { lab_in stranger timeout 1 /bin/bash -c 'exec 3<>/dev/tcp/10.83.0.1/22' 2>/dev/null; }
shut() { ! strangers_find; }
hide() {
	: >/root/hide.err; sallyport hide -y --override second-way "$@" </dev/null >/root/hide.out 2>/root/hide.err & HIDE=$!
	lab_wait 10 grep -q Listening /root/hide.err || { cat /root/hide.err >&2; return 1; }
	enroll server >/dev/null
	wait $HIDE
	shut
}
"""


def run(world, body, setup=HIDDEN):
    got = world(setup + body, timeout=300)
    assert got.returncode == 0, got.stdout + got.stderr
    return got


@SANDBOX
def test_jails_on_a_hidden_host(world):
    got = run(world, r"""
jail create bert --sftp-only --key /root/.ssh/bert.pub -y >/dev/null 2>&1
hide
everything >/root/before
# while it waits for its confirm nothing of sshd's may change, and what is in the jails may
refused jail create carl --with basic --key /root/.ssh/carl.pub -y 2>&1 | grep -v '^  '
refused jail remove bert -y 2>&1 | grep -v '^  '
jail update --all
jail check
everything | diff /root/before -
# bert knocks and comes in; that says nothing of those who could mend it
enroll bert >/dev/null
sftp_stays bert
refused sallyport confirm 2>&1
refused jail remove bert -y 2>&1
shell_stays server
sallyport confirm
sftp_goes bert
# hidden for good
jail create carl --with basic --key /root/.ssh/carl.pub -y 2>&1 | grep Proven
enroll carl 2>&1
login carl 'id -un; test -e /etc/sallyport || echo jailed'
jail remove bert -y >/dev/null 2>&1
shut
sallyport reveal -y
login -o ProxyCommand=none carl id -un
jail check
""")
    parts = got.stdout
    pending = r"sallyport: pending guard: transaction 2 is waiting for its confirm: sallyport confirm, or sallyport rollback\nstatus 1\n"
    assert len(re.findall(pending, parts)) == 2, parts + got.stderr
    assert "bert: nothing to change\nbert in /home/chroot/bert\n  all is well" in parts
    assert re.search(r"there is a new login, but it proves nothing: bert lives in a jail, from where nobody administers this system\n(.*\n)*?status 1\n",
                     parts), parts
    assert re.search(r"the jail of 'bert' is in use: bert is logged in from 10\.83\.0\.2 .*\n.*\nstatus 1\n", parts), parts
    assert re.search(r"anna logged in anew at [\d:]+\. Kept\. That login came in by a knock\.", parts)
    assert "Proven by logins: /bin/bash runs commands in /home/carl" in parts and "a login by the whole configuration" in parts
    assert "No such file" not in parts + got.stderr
    assert "carl\njailed\n" in parts and parts.endswith("carl\ncarl in /home/chroot/carl\n  all is well: it holds, is current, and what is in it starts\n")


@SANDBOX
def test_nothing_is_hidden_where_only_people_in_jails_could_knock(world):
    got = run(world, r"""
rm /home/anna/.ssh/authorized_keys
jail create carl --with basic --key /root/.ssh/carl.pub -y >/dev/null 2>&1
sallyport hide -y --override second-way --wait 1s </dev/null 2>&1 | grep guard:
strangers_find
""")
    assert got.stdout == "sallyport: knock guard: nobody who administers this system could knock: those with a key live in jails\n", got.stdout


@SANDBOX
def test_nothing_is_shut_by_the_knock_of_somebody_in_a_jail(world):
    got = run(world, r"""
jail create bert --sftp-only --key /root/.ssh/bert.pub -y >/dev/null 2>&1
: >/root/hide.err; sallyport hide -y --override second-way --wait 5m </dev/null >/root/hide.out 2>/root/hide.err & HIDE=$!
lab_wait 10 grep -q Listening /root/hide.err
enroll bert >/dev/null
lab_wait 10 grep -q 'by bert' /root/hide.err
strangers_find
enroll server >/dev/null
wait $HIDE
shut
grep arrived /root/hide.err
sallyport reveal -y >/dev/null
: >/root/hide.err; sallyport hide -y --override second-way --wait 12s </dev/null >/root/hide.out 2>/root/hide.err & HIDE=$!
lab_wait 10 grep -q Listening /root/hide.err
lab_in client sallyport knock bert >/dev/null
wait $HIDE || echo "status $?"
grep -o 'in 12 s no knock.*' /root/hide.err
strangers_find
""")
    assert got.stdout == ("A knock by bert arrived, who lives in a jail and could not open the port again; waiting for one of somebody else.\n"
                          "A knock by anna from 10.83.0.2 arrived.\nstatus 2\n"
                          "in 12 s no knock arrived but of bert, who lives in a jail and could not open the port again\n"), got.stdout + got.stderr


def test_enrolling_from_a_jail_keeps_the_secret_that_it_cannot_see(world):
    got = run(world, r"""
jail create carl --with basic --key /root/.ssh/carl.pub -y >/dev/null 2>&1
mkdir -m 700 /root/.ssh/sallyport
printf '%064d\n' 7 >/root/.ssh/sallyport/carl.secret
lab_in client sallyport enroll --format json carl </dev/null | grep siteSecret
ls /root/.ssh/sallyport/carl.secret
""", PEOPLE)
    assert got.stdout == '  "siteSecret": "unknown",\n/root/.ssh/sallyport/carl.secret\n', got.stdout + got.stderr
    assert "No such file" not in got.stderr, got.stderr


def test_a_login_into_a_jail_neither_keeps_nor_confirms_a_change(world):
    got = run(world, r"""
jail create bert --sftp-only --key /root/.ssh/bert.pub -y >/dev/null 2>&1
sftp_stays bert
# bert alone is there
refused sallyport harden --step timeouts -y --confirm-within 0 </dev/null 2>&1 | grep -A 1 lockout
sallyport harden --step timeouts -y </dev/null 2>&1 | grep Keeps
sftp_goes bert
sftp_stays bert
refused sallyport confirm 2>&1
# anna was not among those who were kept, and nobody else was who could undo it
shell_stays server
sallyport confirm
# rolled back from behind the jail's block, which stays
sallyport rollback 2 -y </dev/null >/dev/null
jail check
sallyport harden --step timeouts -y --confirm-within 0 </dev/null 2>&1 | grep Keeps
""", PEOPLE)
    assert ("sallyport: lockout guard: all who are kept live in jails, from where nobody administers this system; without the timer this could "
            "lock everybody else out\n") in got.stdout, got.stdout + got.stderr
    assert "Keeps: bert from 10.83.0.2 (with this session's key)\nsallyport: there is a new login, but it proves nothing: bert lives in a jail" in got.stdout
    assert re.search(r"anna logged in anew at [\d:]+\. Kept\. ", got.stdout)
    assert re.search(r"all is well.*\nKeeps: .*anna from 10\.83\.0\.2", got.stdout), got.stdout
