# SPDX-License-Identifier: GPL-3.0-or-later
# test_jail_package.py - the package of sallyport with jails on the host: upgraded, removed, purged, installed again, by dpkg itself.
import os

import pytest

from test_package import MANAGER, SETUP, packages  # noqa: F401

# One jail with a shell. The hooks are those of the installed program; dpkg knows no apt here.
JAILED = r"""
lab_account anna 1001; lab_key anna
lab_sshd_start
install_ours one
jail() { sallyport jail "$@" </dev/null; }
jail create anna --with basic,/usr/bin/tee -y >/root/created 2>&1 || { cat /root/created; exit 1; }
rm -f /root/dpkg.out
hooks() { ls /etc/apt/apt.conf.d/*sallyport-jails /etc/dpkg/dpkg.cfg.d/sallyport-jails 2>/dev/null | sed 's/.*\///'; }
jailed() { lab_login anna 'id -un; test -e /etc/ssh || echo jailed' | tr '\n' ' '; echo; }
# a program of the host's changes, and a package comes or goes by dpkg
newer() { cp /usr/bin/tee /usr/bin/tee.new; echo "$1" >>/usr/bin/tee.new; mv /usr/bin/tee.new /usr/bin/tee; }
tee_is() { tail -c 20 /home/chroot/anna/usr/bin/tee | grep -a -o "$1"; }
"""


@pytest.fixture
def run(world, packages):  # noqa: F811
    def run(body):
        got = world(SETUP + body, timeout=300, env={"PACKAGES": packages}, keep=[packages])
        assert got.returncode == 0, got.stdout + got.stderr
        return got.stdout
    return run


SKIP = pytest.mark.skipif("ASAN_OPTIONS" in os.environ, reason="the package holds the daemon, whose sandboxes leave no room for a sanitizer's own calls")


@SKIP
def test_jails_outlive_the_package_and_come_back_into_its_hands(run):
    got = run(JAILED + r"""
newer upgraded
install_ours two
installed; hooks; tee_is upgraded; jailed
echo removed
newer removed
dpkg -r sallyport </dev/null 2>&1 | grep '^sallyport'
hooks; jailed; tee_is upgraded
echo purged
dpkg -P sallyport </dev/null 2>&1 | grep '^sallyport'
hooks; jailed; tee_is upgraded
ls /var/lib/sallyport
# other packages are as ever
rm /root/dpkg.out; openssh_server 2 </root/sshd; grep sallyport /root/dpkg.out || echo quiet
echo back
install_ours two
installed; tee_is removed
jail check
jail remove anna -y >/root/gone 2>&1
ls -d /home/chroot/anna.home; hooks
dpkg -P sallyport </dev/null 2>&1 | grep jail || echo "nothing of jails"
[ ! -e /var/lib/sallyport ]
""")
    there = "91sallyport-jails\nsallyport-jails\n"
    parts = got.split("\n", 1)
    assert parts[0] == "ii  2.0" and parts[1].startswith(there + "upgraded\nanna jailed \nremoved\n"), got
    assert ("sallyport: these live in jails, which stay in force as they are: anna.\n"
            "sallyport: nothing brings a jail up to date or takes it away until sallyport is installed again.\n" +
            there + "anna jailed \nupgraded\npurged\n") in got, got
    assert ("sallyport: /var/lib/sallyport/jails stays, since there are jails, and so do their hooks in /etc.\n" +
            there + "anna jailed \nupgraded\njails\nquiet\nback\nii  2.0\nremoved\nanna in /home/chroot/anna\n  all is well") in got, got
    assert got.endswith("/home/chroot/anna.home\nnothing of jails\n"), got


@SKIP
def test_the_timer_stops_with_the_package_and_starts_with_it(run):
    got = run(MANAGER + r"""
rm -rf /run/systemd/system
""" + JAILED + r"""
mkdir -p /run/systemd/system /etc/systemd/system/timers.target.wants
ln -s /usr/local/lib/systemd/system/sallyport-jail-update.timer /etc/systemd/system/timers.target.wants/
timer() { grep -o '^systemctl .*sallyport-jail-update.timer' /root/managed | grep -v is-; : >/root/managed; }
sed -i 's/^is-active.*)/is-active*timer) exit 0 ;;\n&/' /usr/bin/systemctl
install_ours two; timer
dpkg -r sallyport </dev/null >/dev/null 2>&1; timer
ls /etc/systemd/system/timers.target.wants | grep sallyport
install_ours two; timer
""")
    assert got == ("systemctl start sallyport-jail-update.timer\nsystemctl stop sallyport-jail-update.timer\n"
                   "sallyport-jail-update.timer\nsystemctl start sallyport-jail-update.timer\n"), got
