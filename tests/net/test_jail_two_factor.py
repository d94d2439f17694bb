# SPDX-License-Identifier: GPL-3.0-or-later
# test_jail_two_factor.py - accounts in jails with key and one-time code: real logins by PAM, what is proven of a new jail, who is told to lack a secret.
import pytest

# Like that of test_two_factor.py: anna and hans have a secret for codes by counter, bert has none; bert's jail is for sftp.
STOCK = r"""
set -eu
SECRET=3132333435363738393031323334353637383930
lab_account anna 1001; lab_key anna
lab_account bert 1002; lab_key bert
lab_account hans 1003; lab_key hans
printf '%s\n' "HOTP anna - $SECRET" "HOTP hans - $SECRET" >/etc/users.oath
chmod 600 /etc/users.oath
printf '#!/bin/sh\ncat /root/typed\n' >/root/answer
chmod 755 /root/answer
lab_sshd_start
lab_known_hosts
code() { oathtool --hotp -c "$1" $SECRET; }
# with CODE PROGRAM USER ...: what is asked at the keyboard is answered with CODE, once.
with() {
	local program=$2 user=$3
	echo "$1" >/root/typed
	shift 3
	SSH_ASKPASS=/root/answer SSH_ASKPASS_REQUIRE=force $program -F none -o User="$user" -i "$LAB_KEYS/$user" -o IdentitiesOnly=yes \
		-o NumberOfPasswordPrompts=1 -o StrictHostKeyChecking=yes -o UserKnownHostsFile="$LAB_KNOWN_HOSTS" \
		-o GlobalKnownHostsFile=none -o LogLevel=ERROR 127.0.0.1 "$@"
}
jail() { sallyport jail "$@" </dev/null; }
harden() { sallyport harden --two-factor --step access -y --confirm-within 0 "$@" </dev/null; }
"""


@pytest.fixture
def run(done):
    return lambda body: done(STOCK + body)


def test_key_and_code_lead_into_the_jail_and_the_key_alone_does_not(run):
    got = run(r"""
echo hello >/root/up
jail create anna --sftp-only -y >/dev/null 2>&1
harden --keep anna --keep hans >/dev/null 2>&1
printf 'put /root/up up\nget up /root/down\n' | with "$(code 0)" sftp anna >/dev/null
cmp /root/up /root/down
if lab_login anna true; then exit 1; fi
if with 000000 ssh anna true </dev/null; then exit 1; fi
# made while it is in force: what can be proven is, the rest is told
jail create hans --with basic -y 2>&1 | grep -i proven
with "$(code 0)" ssh hans 'id -un; test -e /etc/users.oath || echo jailed' </dev/null
jail check
# the second factor goes and the jails stay; then the jails go
sallyport rollback 2 -y </dev/null >/dev/null
lab_login hans id -un
jail remove hans -y >/dev/null 2>&1
jail remove anna -y >/dev/null 2>&1
lab_login hans 'test -e /etc/users.oath && echo out'
""")
    assert "Proven by logins: /bin/bash runs commands in /home/hans; / is the jail" in got, got
    assert "Not proven: a login by the whole configuration: sshd takes the key and then wants keyboard-interactive, which nobody types here: " \
        "log in once by hand\n" in got, got
    assert "\nhans\njailed\nanna in /home/chroot/anna\n  all is well" in got
    assert got.endswith("\nhans\nout\n"), got


def test_who_has_no_secret_is_named(run):
    got = run(r"""
jail create bert --sftp-only -y >/dev/null 2>&1
harden --keep bert 2>&1 | grep guard
# bert is there
(sleep 600 & echo $! >/root/idle; wait) | with 0 sftp bert >/dev/null 2>&1 &
lab_wait 10 eval 'pgrep -u bert >/dev/null'
harden 2>&1 | grep -e guard -e lost
kill $(cat /root/idle) $(pgrep -u bert)
harden --keep anna 2>&1 | grep lost
jail remove bert -y >/dev/null 2>&1
# and when the jail is made
jail create bert --sftp-only -y 2>&1 | grep -e '^Not proven' -e 'cannot log in'
""")
    why = "bert has no secret for the one-time code that PAM asks for (pam_oath: /etc/users.oath)"
    lines = got.splitlines()
    assert lines[0].startswith("sallyport: lockout guard: bert would be locked out: " + why), got
    assert lines[1].startswith("  lost: bert from 127.0.0.1 (1 time") and "lockout guard: bert from 127.0.0.1 would be locked out: " + why in lines[2], got
    assert lines[3].startswith("  lost: bert from 127.0.0.1 (1 time")
    assert lines[-2] == "sallyport: warning: bert cannot log in as things are: " + why, got
    assert lines[-1].startswith("Not proven: a login by the whole configuration: sshd takes the key and then wants keyboard-interactive")
