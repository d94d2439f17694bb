# SPDX-License-Identifier: GPL-3.0-or-later
# test_prove.py - what is in force is proven again without an upgrade: who is locked out, and what could not be looked at.
import json
import re


def run(world, body, timeout=300):
    got = world("set -eu\n" + body, timeout=timeout)
    assert got.returncode == 0, got.stdout + got.stderr
    return got


HARDENED = r"""
lab_account anna 1001; lab_key anna
lab_account bert 1002; lab_key bert
lab_sshd_start
sallyport harden -y --confirm-within 0 --keep anna --keep bert </dev/null >/root/hardened 2>&1 || { cat /root/hardened; exit 1; }
logged() { lab_log_settle; sed -n 's/^.* lab sallyport\[[0-9]*\]: //p' /var/log/auth.log; }
"""


def test_somebody_who_was_to_be_kept_is_missed_unless_the_account_is_gone(world):
    got = run(world, HARDENED + r"""
sed -i /^bert:/d /etc/passwd
sallyport prove
echo 'DenyUsers anna' >/etc/ssh/sshd_config.d/99-mine.conf
sallyport prove --rollback 2>&1 || echo "status $?"
sallyport history
logged | grep -v '^proven'
""")
    assert got.stdout.startswith("ok       configuration\nok       lockout\nok       wire\n"), got.stdout + got.stderr
    assert re.search(r"failed   lockout        anna would be locked out: .*\nok       wire\nstatus 1\n", got.stdout)
    assert "sallyport: transaction 1 was not rolled back: it would not help: anna would be locked out" in got.stdout
    assert re.search(r"1 .* confirmed ", got.stdout)
    assert "not proven: lockout: anna would be locked out" in got.stdout


def test_who_is_logged_in_counts_without_any_change(world):
    got = run(world, r"""
lab_account anna 1001; lab_key anna
lab_sshd_start
lab_login anna 'echo in; sleep 600' >/root/session & session=$!
lab_wait 10 grep -q in /root/session
echo 'DenyUsers anna' >/etc/ssh/sshd_config.d/99-mine.conf
sallyport prove --rollback 2>&1 || echo "status $?"
kill $session
""")
    assert "sallyport: there is no change to roll back\n" in got.stdout and "failed   lockout        anna from 127.0.0.1 would be locked out" in got.stdout
    assert got.stdout.endswith("status 1\n")


def test_a_configuration_that_was_edited_wrong_and_one_that_was_not_reloaded(world):
    got = run(world, r"""
lab_sshd_start
echo 'Ciphers aes256-ctr' >/etc/ssh/sshd_config.d/99-mine.conf
sallyport prove || echo "status $?"
echo 'Nonsense yes' >/etc/ssh/sshd_config.d/99-mine.conf
sallyport prove --quiet || echo "status $?"
rm /etc/ssh/sshd_config.d/99-mine.conf
sallyport prove --quiet
sallyport prove -o /root/proof --format json
cat /root/proof
""")
    assert re.search(r"ok       configuration\nok       lockout\nfailed   wire           ciphers offered: .*; configured: aes256-ctr\.\nstatus 1\n", got.stdout), \
        got.stdout + got.stderr
    quiet = got.stdout[got.stdout.index("status 1\n") + 9:got.stdout.index("{")]
    assert re.fullmatch(r"failed   configuration  sshd refuses it: .*Nonsense.*\nstatus 1\n", quiet), quiet
    proof = json.loads(got.stdout[got.stdout.index("{"):])
    assert proof["proven"] and not proof["changed"] and {c["verdict"] for c in proof["checks"]} == {"ok"}


def test_what_cannot_be_looked_at_is_unknown(world):
    got = run(world, r"""
lab_host_keys; lab_syslog_start
sallyport prove
exec 9>/run/lock/sallyport; flock 9
sallyport prove 2>&1 || echo "status $?"
exec 9>&-
mkdir /root/hidden; mount --bind /root/hidden /usr/sbin
PATH=$SALLYPORT_BUILD:/usr/bin
sallyport prove || echo "status $?"
sallyport prove --if-changed --format json
""")
    assert got.stdout.startswith("ok       configuration\nok       lockout\nunknown  wire           no sshd runs\n"), got.stdout + got.stderr
    assert "sallyport: another sallyport is at work; try again when it is done\nstatus 2\n" in got.stdout
    assert re.search(r"unknown  configuration  no sshd is installed\n(.*\n)*status 2\n", got.stdout)
    assert json.loads(got.stdout[got.stdout.index("{"):]) == {"schema": "sallyport.prove.v1", "changed": False, "proven": False, "checks": []}


def test_it_is_cheap_where_nothing_has_changed(world):
    got = run(world, HARDENED + r"""
sallyport prove --if-changed
cp /var/lib/sallyport/proven.json /root/before
sallyport prove --if-changed -v 2>&1
cmp /var/lib/sallyport/proven.json /root/before
ASAN_OPTIONS="${ASAN_OPTIONS:-}:detect_leaks=0" strace -f -e trace=execve -o /root/calls sallyport prove --if-changed
grep -c execve /root/calls
echo '{' >/var/lib/sallyport/proven.json
sallyport prove --if-changed | head -n 1
grep -o '"schema": "[^"]*"' /var/lib/sallyport/proven.json
""")
    assert "Nothing to prove again.\n1\nok       configuration\n" in got.stdout, got.stdout + got.stderr
    assert got.stdout.endswith('"schema": "sallyport.proven.v1"\n')
