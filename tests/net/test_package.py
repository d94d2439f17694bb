# SPDX-License-Identifier: GPL-3.0-or-later
# test_package.py - upgrades of OpenSSH and of sallyport are proven again; the package goes only once the port is open.
"""dpkg itself in a private world: over /usr lies what the test installs, and dpkg knows only the packages of the test. That of
openssh-server carries the real sshd, or one that an upgrade has broken."""
import fcntl
import json
import os
import re
import shutil
import subprocess

import pytest

from conftest import SOURCE

pytestmark = pytest.mark.skipif("ASAN_OPTIONS" in os.environ, reason="the roles' sandboxes leave no room for a sanitizer's own calls")

SETUP = r"""
set -eu
mkdir /mnt/usr
mount -t tmpfs usr /mnt/usr
mkdir /mnt/usr/up /mnt/usr/work
mount -t overlay usr -o lowerdir=/usr,upperdir=/mnt/usr/up,workdir=/mnt/usr/work /usr
unset SALLYPORT_BUILD
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
# What ours depends on is there, as far as dpkg goes.
depends=$(dpkg-deb -f "$PACKAGES"/one.deb Depends | sed 's/([^)]*)//g; s/,/ /g')
dpkg-query -s $depends >/root/status
lists=$(dpkg-query -W -f '/var/lib/dpkg/info/${binary:Package}.list\n/var/lib/dpkg/info/${binary:Package}.md5sums\n' $depends)
mount -t tmpfs dpkg /var/lib/dpkg
mkdir /var/lib/dpkg/info /var/lib/dpkg/updates /var/lib/dpkg/triggers
mv /root/status /var/lib/dpkg/status
touch $lists
export DEBIAN_FRONTEND=noninteractive
put() { dpkg --log=/root/dpkg.log -i "$@" </dev/null >>/root/dpkg.out 2>&1; }
install_ours() { put "$PACKAGES/$1.deb"; }
# openssh_server VERSION: what stands on stdin is /usr/sbin/sshd.
openssh_server() {
	local tree=/root/openssh-$1
	mkdir -p $tree/DEBIAN $tree/usr/sbin
	cat >$tree/usr/sbin/sshd
	chmod 755 $tree/usr/sbin/sshd
	printf 'Package: openssh-server\nVersion: 1:9.2p1-%s\nArchitecture: all\nMaintainer: the tests <root@localhost>\nDescription: sshd\n' \
		"$1" >$tree/DEBIAN/control
	dpkg-deb --build -Znone $tree $tree.deb >/dev/null
	put $tree.deb
}
cp /usr/sbin/sshd /root/sshd
openssh_server 1 </root/sshd
# It works, but for a keyword that it does not know any more.
picky() {
	cat <<-'END'
		#!/bin/bash
		file=/etc/ssh/sshd_config words="$*"
		[[ ! $words =~ -f\ ([^ ]+) ]] || file=${BASH_REMATCH[1]}
		if grep -qis '^MaxAuthTries' "$file" /etc/ssh/sshd_config.d/*.conf; then
			echo "$file line 1: Bad configuration option: MaxAuthTries" >&2
			exit 255
		fi
		exec -a /usr/sbin/sshd /root/sshd "$@"
	END
}
proven() { grep -o '"time": [0-9]*' /var/lib/sallyport/proven.json; }
logged() { lab_log_settle; sed -n 's/^.* lab sallyport\[[0-9]*\]: //p' /var/log/auth.log; }
installed() { dpkg-query -W -f '${db:Status-Abbrev} ${Version}\n' sallyport; }
"""

# A host with the package, and its port hidden; anna's laptop, which has knocked and is logged in; a stranger.
HIDDEN = r"""
. "$LAB_SOURCE/tests/lab/gate.sh"
head -c 16 /dev/zero >/run/lab-clock
/usr/bin/python3 -Ic "import struct; open('/run/lab-clock', 'r+b').write(struct.pack('=qq', 0, 1))"
echo "$BUILD/tests/clock_shift.so" >/etc/ld.so.preload
lab_account anna 1001
lab_client client
lab_client stranger 3
lab_sshd_start
install_ours one
gate_laptop
login() { lab_in client ssh "$@" </dev/null; }
strangers_find() { lab_in stranger timeout 1 /bin/bash -c 'exec 3<>/dev/tcp/10.83.0.1/22' 2>/dev/null; }
shut() { ! strangers_find; }
daemon() { pgrep -x sallyportd; }
hidden() {
	: >/root/hide.err; sallyport hide -y --override second-way "$@" </dev/null >/root/hide.out 2>/root/hide.err & hide=$!
	lab_wait 10 grep -q Listening /root/hide.err || { cat /root/hide.err >&2; return 1; }
	lab_in client sallyport enroll server >/dev/null </dev/null
	wait $hide
	shut
}
come_in() {
	: >/root/session; login server 'echo in; sleep 600' >/root/session & session=$!
	lab_wait 10 grep -q in /root/session
}
"""


def command(*words):
    got = subprocess.run([str(word) for word in words], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=600)
    assert got.returncode == 0, got.stdout + got.stderr
    return got.stdout


def make_packages(build, folder):
    os.rename(command(SOURCE / "tools" / "deb", "--build", build, "--version", "1.0", "--output", folder).strip(), folder / "one.deb")
    tree = folder / "tree"
    command("dpkg-deb", "-R", folder / "one.deb", tree)
    control = tree / "DEBIAN" / "control"
    control.write_text(control.read_text().replace("\nVersion: 1.0\n", "\nVersion: 2.0\n"))
    command("dpkg-deb", "--build", "-Zgzip", tree, folder / "two.deb")


@pytest.fixture(scope="session")
def packages(build, tmp_path_factory):
    """Our package in two versions: one.deb and two.deb."""
    for tool in ("dpkg-deb", "dpkg-shlibdeps", "meson"):
        if not shutil.which(tool):
            pytest.skip(f"{tool} is not installed")
    # workers that run at the same time share them
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "packages"
    folder.mkdir(exist_ok=True)
    with open(folder / "lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "two.deb").exists():
            make_packages(build, folder)
    return folder


@pytest.fixture
def run(world, packages):
    def run(body, timeout=300):
        got = world(SETUP + body, timeout=timeout, env={"PACKAGES": packages}, keep=[packages])
        assert got.returncode == 0, got.stdout + got.stderr
        return got
    return run


def test_what_is_installed_is_whole(run):
    got = run(r"""
install_ours one
dpkg --audit; dpkg --verify sallyport && installed
getent passwd sallyport-net sallyport-keeper sallyport-index sallyport-grant | wc -l
stat -c '%a %U %n' /var/lib/sallyport/gate
stat -c '%U %s' /var/lib/sallyport/gate/replay
sallyport --version | head -n 1
[ -x "$(sed -n 's/.*if \[ -x \([^ ]*\) .*/\1/p' /etc/apt/apt.conf.d/90sallyport)" ] && apt-config dump DPkg::Post-Invoke
# without a change of ours nothing is proven by itself
openssh_server 2 </root/sshd
[ ! -e /var/lib/sallyport/proven.json ]
[ -x /usr/local/libexec/sallyport/update-jails ] && /usr/local/libexec/sallyport/update-jails
# what jails have left that were taken away by hand
echo '# Written by sallyport for its jails' >/etc/dpkg/dpkg.cfg.d/sallyport-jails
: >/etc/apt/apt.conf.d/91sallyport-jails
dpkg -P sallyport >/root/purged 2>&1; cat /root/purged
[ ! -e /etc/dpkg/dpkg.cfg.d/sallyport-jails ] && [ -e /etc/apt/apt.conf.d/91sallyport-jails ]
[ ! -e /var/lib/sallyport ] && [ ! -e /etc/default/sallyport ] && [ ! -e /etc/apt/apt.conf.d/90sallyport ] && [ ! -e /usr/local/bin/sallyport ]
""")
    assert got.stdout.startswith("ii  1.0\n4\n700 sallyport-grant /var/lib/sallyport/gate\nsallyport-grant 0\n"), \
        got.stdout + got.stderr
    assert "DPkg::Post-Invoke:: \"if [ -x /usr/local/libexec/sallyport/prove-again ]" in got.stdout
    assert "Nothing was hidden here." in got.stdout
    assert "jail" not in got.stdout


HARDENED = r"""
lab_account anna 1001; lab_key anna
lab_sshd_start
install_ours one
printf 'MaxAuthTries = 4\n' >/root/lines
sallyport harden -y --confirm-within 0 --keep anna </dev/null >/root/hardened 2>&1 || { cat /root/hardened; exit 1; }
grep -qi '^MaxAuthTries' /etc/ssh/sshd_config.d/00-sallyport.conf
"""


def test_an_upgrade_of_openssh_is_proven_again(run):
    got = run(HARDENED + r"""
openssh_server 2 </root/sshd
proven; cat /root/dpkg.out
cp /var/lib/sallyport/proven.json /root/before
# the same files: nothing is asked again
/usr/local/libexec/sallyport/prove-again
cmp /root/before /var/lib/sallyport/proven.json
sallyport prove
lab_sshd_stop; /usr/sbin/sshd; lab_wait 5 lab_listening 22
sallyport prove
logged
""")
    assert "ok       wire           the listening sshd is an older program than the installed one: restart it" in got.stdout, got.stdout
    assert got.stdout.count("ok       configuration\n") == 2 and "ok       wire\n" in got.stdout
    assert re.search(r"^proven: OpenSSH 9\.2p1 \(.*\) and what is in force$", got.stdout, re.M)


@pytest.mark.parametrize("how", ["fails", "is picky"])
def test_an_upgrade_that_breaks_sshd_is_reported(run, how):
    broken = "picky" if how == "is picky" else r"printf '#!/bin/sh\necho cannot load libcrypto >&2; exit 1\n'"
    got = run(HARDENED + rf"""
{broken} | openssh_server 2
tail -n 20 /root/dpkg.out
[ ! -e /var/lib/sallyport/proven.json ]
logged
sallyport prove --if-changed --format json >/root/proof || echo "status $?"
tr '\n' ' ' </root/proof
echo
sallyport prove --rollback --if-changed 2>&1 || echo "status $?"
sallyport history
""" + ("lab_login anna echo in" if how == "is picky" else """
cp /root/sshd /usr/sbin/sshd
sallyport prove"""))
    said = "cannot load libcrypto" if how == "fails" else "Bad configuration option: MaxAuthTries"
    assert re.search(rf"^not proven: configuration: sshd refuses it: .*{said}", got.stdout, re.M), got.stdout + got.stderr
    assert "sallyport: what is in force is not proven any more: sudo sallyport prove" in got.stdout
    proof = json.loads(re.search(r"^\{.*sallyport\.prove\.v1.*$", got.stdout, re.M)[0])
    assert not proof["proven"] and not proof["changed"] and proof["checks"][0]["verdict"] == "failed"
    assert got.stdout.count("status 1\n") == 2, got.stdout
    assert {c["id"]: c["verdict"] for c in proof["checks"]} == {"configuration": "failed", "lockout": "ok", "wire": "failed"}
    if how == "fails":
        assert "transaction 1 was not rolled back: it would not help: sshd refuses it" in got.stdout
        assert re.search(r"1 .* confirmed ", got.stdout)
        assert "\nok       configuration\nok       lockout\nok       wire " in got.stdout  # once it is mended
    else:
        assert "Transaction 1 is rolled back; what is in force now:\nok       configuration\n" in got.stdout
        assert re.search(r"1 .* rolled-back .*the proof after an upgrade failed", got.stdout)
        assert got.stdout.endswith("in\n")


def test_rolled_back_where_that_was_asked_for(run):
    got = run(HARDENED + r"""
sed -i 's/^PROVE_OPTIONS=.*/PROVE_OPTIONS=--rollback/' /etc/default/sallyport
picky | openssh_server 2
logged
sallyport history
[ ! -e /etc/ssh/sshd_config.d/00-sallyport.conf ]
/usr/sbin/sshd -t
proven
lab_login anna echo in
""")
    assert re.search(r"^not proven: configuration: sshd refuses it: .*MaxAuthTries", got.stdout, re.M), got.stdout + got.stderr
    assert re.search(r"^transaction 1 \(harden.*\) rolled back, as the installed sshd does not do with it$", got.stdout, re.M)
    assert re.search(r"1 .* rolled-back ", got.stdout) and got.stdout.endswith("in\n")


def test_what_somebody_has_edited_since_is_not_rolled_back(run):
    got = run(HARDENED + r"""
echo '# mine' >>/etc/ssh/sshd_config.d/00-sallyport.conf
picky | openssh_server 2
sallyport prove --rollback 2>&1 || echo "status $?"
tail -n 1 /etc/ssh/sshd_config.d/00-sallyport.conf
""")
    assert "transaction 1 was not rolled back: '/etc/ssh/sshd_config.d/00-sallyport.conf' was changed by somebody else since" in got.stdout
    assert got.stdout.endswith("status 1\n# mine\n")


def test_an_upgrade_of_ours_keeps_the_port_hidden_and_everybody_in(run):
    got = run(HIDDEN + r"""
hidden; come_in; sallyport confirm
old=$(daemon)
cp /etc/sallyport/sallyportd.conf /root/settings
: >/root/open
while [ ! -e /root/over ]; do ! strangers_find || echo open >>/root/open; sleep 0.1; done & watch=$!
install_ours two
touch /root/over; wait $watch
cat /root/open
new=$(daemon); [ "$new" != "$old" ]
installed
cmp /etc/sallyport/sallyportd.conf /root/settings
sallyport who
kill -0 $session
shut
proven
sallyport prove
# who was let in before comes in again, without another knock
login -o ProxyCommand=none server echo still in
logged
openssh_server 2 </root/sshd
logged | tail -n 1
shut
""")
    assert "ii  2.0\n" in got.stdout and "open\n" not in got.stdout and "still in\n" in got.stdout, got.stdout + got.stderr
    for check in ("configuration", "lockout", "gate-settings", "gate-daemon", "gate-table", "gate-ports"):
        assert f"ok       {check}\n" in got.stdout, got.stdout
    assert "anna" in got.stdout and "10.83.0.2" in got.stdout
    assert "sallyportd was started anew, as it was an older program than the installed one\nproven: " in got.stdout


def test_a_broken_gate_is_reported_and_left_shut(run):
    got = run(HIDDEN + r"""
hidden; come_in; sallyport confirm
echo 'Nonsense yes' >>/etc/sallyport/sallyportd.conf
openssh_server 2 </root/sshd
logged
sallyport prove || echo "status $?"
shut
kill -9 $(daemon)
sed -i '/Nonsense/d' /etc/sallyport/sallyportd.conf
sallyport prove || echo "status $?"
sallyport prove --restart-gate || echo "status $?"
shut
kill -9 $(daemon)
lab_wait 5 nft delete table inet sallyport
sallyport prove || echo "status $?"
""")
    assert re.search(r"^not proven: gate-settings: .*Nonsense", got.stdout, re.M), got.stdout + got.stderr
    assert re.search(r"failed   gate-settings  .*\n(.*\n)*status 1\n", got.stdout)
    assert "failed   gate-daemon    sallyportd does not run: nobody can knock\n" in got.stdout
    assert "sallyportd was started anew.\nok       configuration" in got.stdout
    assert "failed   gate-table     its firewall table is not in the kernel: nothing is shut\nfailed   gate-ports" in got.stdout


def test_removal_reveals_first(run):
    got = run(HIDDEN + r"""
hidden; come_in; sallyport confirm
dpkg -r sallyport </dev/null
lab_wait 10 strangers_find
! daemon
! nft list table inet sallyport 2>/dev/null
[ ! -e /usr/local/bin/sallyport ]
kill -0 $session
getent passwd sallyport-grant >/dev/null
[ -e /var/lib/sallyport/transactions/0001 ]
dpkg-query -W -f '${db:Status-Abbrev}\n' sallyport
# and again, with the old record
install_ours two
installed
dpkg -P sallyport </dev/null
[ ! -e /var/lib/sallyport ] && [ ! -e /etc/sallyport ] && [ ! -e /etc/default/sallyport ]
login -o ProxyCommand=none server echo still in
""")
    assert "The port is open to everybody again" in got.stdout and "rc \n" in got.stdout and "ii  2.0\n" in got.stdout
    assert got.stdout.endswith("still in\n")


def test_removal_is_refused_while_a_change_waits(run):
    got = run(HIDDEN + r"""
sallyport harden -y --step timeouts </dev/null >/root/hardened 2>&1
dpkg -r sallyport </dev/null 2>&1 || echo "status $?"
installed
sallyport confirm --override proof >/dev/null
hidden; come_in
dpkg -r sallyport </dev/null 2>&1 || echo "status $?"
shut; daemon >/dev/null
sallyport confirm
installed
""")
    refused = r"sallyport: nothing was opened: transaction {} is waiting for its confirm: sallyport confirm, or sallyport rollback\n" \
        r"sallyport stays installed: .*\n(.*\n)*status 1\n"
    assert re.search(refused.format(1), got.stdout) and re.search(refused.format(2), got.stdout), got.stdout + got.stderr
    assert got.stdout.count("ri  1.0\n") == 2  # still there, though it was not wanted


def test_removal_is_refused_where_the_port_cannot_be_opened(run):
    got = run(HIDDEN + r"""
hidden; come_in; sallyport confirm
cp /usr/local/sbin/sallyportd /root/sallyportd
printf '#!/bin/sh\n[ "$1" = -R ] && { echo it sticks >&2; exit 1; }\nexec /root/sallyportd "$@"\n' >/root/stuck
chmod 755 /root/stuck
mount --bind /root/stuck /usr/local/sbin/sallyportd
printf '#!/bin/sh\nexit 1\n' >/root/no-nft
chmod 755 /root/no-nft
mount --bind /root/no-nft "$(command -v nft)"
dpkg -r sallyport </dev/null 2>&1 || echo "status $?"
installed
shut
kill -0 $session
umount /usr/local/sbin/sallyportd "$(command -v nft)"
# every command of root's tries again what was begun
sallyport history
lab_wait 10 strangers_find
dpkg -r sallyport </dev/null
lab_wait 10 strangers_find
""")
    assert re.search(r"sallyport: the gate could not be ended: .*it sticks\n(.*\n)*sallyport stays installed: .*\n(.*\n)*status 1\nri  1\.0\n", got.stdout), \
        got.stdout + got.stderr


def test_without_the_programs_of_systemd(run):
    got = run(r"""
rm /usr/bin/systemd-sysusers /usr/bin/systemd-tmpfiles
install_ours one || { cat /root/dpkg.out; exit 1; }
getent passwd sallyport-net sallyport-keeper sallyport-index sallyport-grant | cut -d: -f1,6,7
stat -c '%a %U %n' /run/sallyport /var/lib/sallyport /var/lib/sallyport/gate /var/lib/sallyport/gate/replay
# a record that was lost is not begun anew by an upgrade
rm /var/lib/sallyport/gate/replay
install_ours two
[ ! -e /var/lib/sallyport/gate/replay ]
""")
    assert got.stdout.startswith("sallyport-net:/:/usr/sbin/nologin\nsallyport-keeper:"), got.stdout + got.stderr
    assert got.stdout.endswith("755 root /run/sallyport\n755 root /var/lib/sallyport\n700 sallyport-grant /var/lib/sallyport/gate\n"
                               "600 sallyport-grant /var/lib/sallyport/gate/replay\n")


# What a service manager says of our units, and how it starts the daemon.
MANAGER = r"""
mkdir -p /run/systemd/system
cat >/usr/bin/systemctl <<'END'
#!/bin/bash
echo "systemctl $*" >>/root/managed
end() { kill $(pgrep -x sallyportd); while pgrep -x 'sallyportd|sallyport-.*'; do sleep 0.1; done; } >/dev/null 2>&1
start() { setsid /usr/local/sbin/sallyportd </dev/null >/dev/null 2>&1 & }
case "$*" in
show*) echo LoadState=not-found ;;
start*sallyportd*) start ;;
restart*sallyportd*) end; start ;;
stop*sallyportd*) end ;;
reload*sallyportd*) kill -HUP $(pgrep -x sallyportd) ;;
is-active*) pgrep -x sallyportd >/dev/null ;;
is-enabled*) [ -e /root/enabled ] ;;
enable*) touch /root/enabled ;;
disable*) rm -f /root/enabled ;;
esac
END
chmod 755 /usr/bin/systemctl
"""


def test_the_service_manager_starts_the_daemon_anew_and_ends_it(run):
    got = run(HIDDEN + MANAGER + r"""
hidden --confirm-within 0
old=$(daemon)
: >/root/managed
install_ours two
[ "$(daemon)" != "$old" ]
shut
grep -v 'show\|is-active\|is-enabled\|cat' /root/managed
: >/root/managed
dpkg -r sallyport </dev/null >/dev/null 2>&1
grep -v 'show\|is-active\|is-enabled\|cat' /root/managed
lab_wait 10 strangers_find
""")
    assert got.stdout == ("systemctl daemon-reload\nsystemctl restart sallyportd.service\n"
                          "systemctl disable --quiet sallyport-firewall.service sallyportd.service\n" +
                          # by reveal, and by what it puts back
                          "systemctl stop sallyportd.service sallyport-firewall.service\n" * 2 +
                          "systemctl daemon-reload\n"), got.stdout + got.stderr
