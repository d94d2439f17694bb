# SPDX-License-Identifier: GPL-3.0-or-later
# test_jail_update.py - jails follow the host: a library gets another soname under a session that goes on, and packages bring it.
import re

import pytest

# A program and its library, as a package of the host would bring them, in two versions: the second has another soname.
SETUP = r"""
set -eu
mount -t tmpfs -o mode=755 opt /opt
mkdir -p /opt/hello/bin /opt/hello/lib
build_hello() { # VERSION FOLDER
	mkdir -p "$2/bin" "$2/lib"
	printf 'const char *hello(void) { return "version %s"; }\n' $1 >/root/lib.c
	cat >/root/hello.c <<-'END'
		#include <stdio.h>
		#include <unistd.h>
		const char *hello(void);
		int main(int argc, char **argv)
		{
			do
				printf("%s%s\n", argc > 1 ? "stays " : "", hello()), fflush(stdout), usleep(argc > 1 ? 20000 : 0);
			while (argc > 1);
			return 0;
		}
	END
	gcc -shared -fPIC -Wl,-soname,libhello.so.$1 -o "$2/lib/libhello.so.$1" /root/lib.c
	gcc -o "$2/bin/hello" /root/hello.c "$2/lib/libhello.so.$1" -Wl,-rpath,/opt/hello/lib
}
build_hello 1 /root/one
build_hello 2 /root/two
# As dpkg does it: what is new is put there by a rename, then what is old goes.
upgrade_hello() {
	cp /root/two/lib/libhello.so.2 /opt/hello/lib/new && mv /opt/hello/lib/new /opt/hello/lib/libhello.so.2
	cp /root/two/bin/hello /opt/hello/bin/new && mv /opt/hello/bin/new /opt/hello/bin/hello
	rm /opt/hello/lib/libhello.so.1
}
cp -a /root/one/. /opt/hello/
lab_account anna 1001
lab_key anna
lab_sshd_start
make_jail() { # DIR [OPTION...]
	jail=$1
	sallyport jail create anna -y --dir "$@" --with basic,/opt/hello/bin/hello </dev/null >/root/created 2>&1 ||
		{ cat /root/created; exit 1; }
	lab_login anna /opt/hello/bin/hello
}
# A session with a process that keeps the old library, and new ones all the time; it ends where one of them does not start.
session() {
	: >/root/session; lab_login anna '/opt/hello/bin/hello stays & while /opt/hello/bin/hello; do :; done; echo broken' >/root/session 2>&1 & session=$!
	lab_wait 10 grep -q '^version 1' /root/session
}
counted() { grep -c "^$1" /root/session || true; }
goes_on() { # still the same processes
	local before
	before=$(counted "stays version 1")
	lab_wait 5 eval '[ $(counted "stays version 1") -gt '"$before"' ]'
	kill -0 $session
	! grep -v '^version [12]$\|^stays version 1$' /root/session
}
# A client that goes leaves what it started behind.
end_session() {
	kill $(pgrep -u anna) 2>/dev/null || true
	lab_wait 10 nobody_there
}
nobody_there() { ! pgrep -u anna >/dev/null; }
logged() { lab_log_settle; sed -n 's/^.* sallyport\(\[[0-9]*\]\)\?: //p' /var/log/auth.log; }
"""


@pytest.fixture
def run(world):
    def run(body, timeout=300):
        got = world(SETUP + body, timeout=timeout)
        assert got.returncode == 0, got.stdout + got.stderr
        return got.stdout
    return run


@pytest.mark.parametrize("dir, inode", [("/home/chroot/anna", "another"), ("/opt/jails/anna", "same")])
def test_a_library_with_another_soname_comes_under_a_running_session(run, dir, inode):
    got = run(rf"""
make_jail {dir}
[ "$(stat -c %i $jail/opt/hello/bin/hello)" = "$(stat -c %i /opt/hello/bin/hello)" ] && echo same || echo another
sallyport jail check anna
session
upgrade_hello
sallyport jail check anna || echo "status $?"
sallyport jail check anna --format json | /usr/bin/python3 -Ic 'import json, sys; json.load(sys.stdin)'
sallyport jail update anna
lab_wait 10 grep -q '^version 2' /root/session
goes_on
ls $jail/opt/hello/lib
sallyport jail check anna
sallyport jail update anna
lab_login anna /opt/hello/bin/hello
""")
    assert f"version 1\n{inode}\n" in got, got
    stale = got[:got.index("status 1")]
    assert re.search(r"stale.*/opt/hello/bin/hello|/opt/hello/bin/hello.*stale", stale) and "libhello.so.2" in stale and "libhello.so.1" in stale, got
    assert "libhello.so.2\n" in got and "\nlibhello.so.1\n" not in got
    assert "anna: 1 added, 1 replaced, 1 removed\n  + /opt/hello/lib/libhello.so.2\n  ~ /opt/hello/bin/hello\n  - /opt/hello/lib/libhello.so.1\n" in got, got
    assert got.endswith("version 2\n")


# What is done to a jail, and whether an update has something to do then.
TAMPERED = [
    ("true", False),
    ("chmod g+w $jail/etc", True),
    ("chown 1001 $jail/etc", True),
    ("setfacl -m u:1001:rwx $jail/etc 2>/dev/null || chmod o+w $jail/etc", True),
    ("setfacl -m u:1001:rwx $jail 2>/dev/null || chmod o+w $jail", True),
    ("chmod u+s $jail/usr/bin/cat", True),
    ("setcap cap_net_raw+ep $jail/usr/bin/cat", True),
    ("chmod g+w $jail", True),
    ("chmod 711 $jail", True),
    ("chown 1001:1001 $jail", True),
    ("echo more >>$jail/etc/passwd", True),
    ("rm $jail/usr/bin/cat", True),
    ("rm $jail/usr/bin/cat; ln -s bash $jail/usr/bin/cat", True),
    ("rm $jail/dev/null; touch $jail/dev/null", True),
    ("chmod 600 $jail/dev/null", True),
    ("rm $jail/dev/null; mknod -m 666 $jail/dev/null c 1 1", True),
    ("rm $jail/usr/bin/cat; mkfifo $jail/usr/bin/cat", True),
    ("find $jail/usr $jail/etc -type f -delete", True),
    ("rm -r $jail/home/anna", True),
    ("upgrade_hello", True),
    # not ours
    ("touch $jail/etc/own; chmod 666 $jail/etc/own", False),
    ("cp $jail/usr/bin/cat $jail/usr/bin/own; chmod 4755 $jail/usr/bin/own", False),
    ("mkfifo $jail/etc/fifo; mknod $jail/dev/mem c 1 1", False),
    ("cp $jail/usr/bin/cat $jail/home/anna/own; chmod 4755 $jail/home/anna/own", False),
    ("chmod 755 $jail/home/anna; chown 0:0 $jail/home/anna", False),
]


def test_a_dry_run_and_check_say_what_an_update_then_does(run):
    script = "make_jail /home/chroot/anna\nsallyport jail check anna\n"
    for i, (tampered, _) in enumerate(TAMPERED):
        script += f"""echo '== {i}'
{tampered}
sallyport jail check anna >/root/checked || true
grep -c 'Next: sudo sallyport jail update anna' /root/checked || true
sallyport jail update anna --dry-run && echo 0 || echo $?
sallyport jail update anna
sallyport jail update anna --dry-run
"""
    got = run(script)
    said = [part.splitlines() for part in re.split(r"(?m)^== \d+\n", got)[1:]]
    wrong = []
    for (tampered, changes), (hint, would, *paths) in zip(TAMPERED, said, strict=True):
        named, (status, done, *more) = paths[:len(paths) // 2 - 1], paths[len(paths) // 2 - 1:]
        after = more.pop()
        hinted = changes and tampered != "chmod 711 $jail"  # which sshd has nothing against
        if would.replace(" would be", "") != done or (done != "anna: nothing to change") != changes or status != str(int(changes)) or \
                hint != str(int(hinted)) or after != "anna: nothing to change" or named != more or \
                len(named) != min(20, sum(map(int, re.findall(r"\d+", done)))) + any("more" in line for line in named):
            wrong.append((tampered, hint, would, named, status, done, more, after))
    assert not wrong, wrong
    all_programs = re.match(r"anna: (\d+) would be added, 0 replaced, 0 removed", said[[t for t, _ in TAMPERED].index(
        "find $jail/usr $jail/etc -type f -delete")][1])
    assert int(all_programs[1]) > 100, all_programs  # more than check names


def test_no_program_fails_to_start_meanwhile(run):
    """Libraries are there before the programs that want them, and go only when nobody is about to load them."""
    got = run(r"""
make_jail /home/chroot/anna
lab_login anna 'for n in 1 2 3; do (while :; do /opt/hello/bin/hello || echo broken; done) & done; sleep 600' >/root/session 2>&1 &
for n in 1 2 3 4; do
	for version in two one; do
		rm -rf /opt/hello/*
		cp -a /root/$version/. /opt/hello/
		sallyport jail update anna
	done
done
sort /root/session | uniq -c
""")
    assert got.count("anna: 1 added, 1 replaced, 1 removed\n") == 8, got
    counts = {line: int(n) for n, line in re.findall(r"^ *(\d+) (.*)$", got, re.M)}
    assert set(counts) == {"version 1", "version 2"} and min(counts.values()) > 20, got


def test_the_hook_of_packages_brings_it(run):
    """dpkg itself, which knows no package but that of the test."""
    got = run(r"""
mkdir -p /mnt/local/libexec/sallyport /mnt/local/bin
install -m 755 "$BUILD/conf/update-jails" /mnt/local/libexec/sallyport/
ln -s "$BUILD/sallyport" /mnt/local/bin/sallyport
mount --bind /mnt/local /usr/local
hook=/usr/local/libexec/sallyport/update-jails
$hook && echo nothing to do
mount -t tmpfs dpkg /var/lib/dpkg
mkdir /var/lib/dpkg/info /var/lib/dpkg/updates /var/lib/dpkg/triggers
touch /var/lib/dpkg/status
export DEBIAN_FRONTEND=noninteractive
package() { # VERSION FOLDER
	mkdir -p /root/package-$1/DEBIAN /root/package-$1/opt
	cp -a "$2" /root/package-$1/opt/hello
	printf 'Package: hello-lab\nVersion: %s\nArchitecture: all\nMaintainer: the tests <root@localhost>\nDescription: hello\n' $1 \
		>/root/package-$1/DEBIAN/control
	dpkg-deb --root-owner-group --build -Znone /root/package-$1 /root/hello-$1.deb >/dev/null
}
package 1 /root/one
package 2 /root/two
rm -rf /opt/hello
dpkg --log=/root/dpkg.log -i /root/hello-1.deb >/dev/null
make_jail /home/chroot/anna
cat /etc/dpkg/dpkg.cfg.d/sallyport-jails
[ -z "$(apt-config dump 2>/dev/null)" ] || apt-config dump DPkg::Post-Invoke
session
# apt has a hook of its own for the end
DPKG_FRONTEND_LOCKED=true dpkg --log=/root/dpkg.log -i /root/hello-2.deb >/root/dpkg.out 2>&1
[ -e $jail/opt/hello/lib/libhello.so.1 ] && [ ! -e $jail/opt/hello/lib/libhello.so.2 ]
dpkg --log=/root/dpkg.log -i /root/hello-2.deb >/root/dpkg.out 2>&1
grep sallyport /root/dpkg.out || echo quiet
lab_wait 10 grep -q '^version 2' /root/session
goes_on
[ ! -e $jail/opt/hello/lib/libhello.so.1 ]
sallyport jail check anna
# what fails is said and fails nobody; an upgrade does not stop for a jail
rm /opt/hello/lib/libhello.so.2
$hook 2>&1; echo "status $?"
lab_wait 10 grep -q 'not every jail is up to date' /var/log/auth.log
logged | grep 'not every jail is up to date'
end_session
lab_login anna /opt/hello/bin/hello
cp /root/two/lib/libhello.so.2 /opt/hello/lib/
lab_wait 10 nobody_there
sallyport jail remove anna -y </dev/null >/root/removed 2>&1 || { cat /root/removed; exit 1; }
ls /etc/dpkg/dpkg.cfg.d /etc/apt/apt.conf.d | grep sallyport || echo gone
$hook && echo nothing to do
""")
    assert got.startswith("nothing to do\nversion 1\n") and "post-invoke=if [ -x /usr/local/libexec/sallyport/update-jails ]" in got, got
    assert 'DPkg::Post-Invoke:: "if [ -x /usr/local/libexec/sallyport/update-jails ]; then ' in got, got
    assert "\nquiet\n" in got, got
    assert re.search(r"libhello\.so\.2.*\n(.*\n)*sallyport: not every jail is up to date: sudo sallyport jail update --all\nstatus 0\n", got), got
    assert got.endswith("version 2\ngone\nnothing to do\n"), got


def test_the_timers_service_may_do_what_it_has_to(run, build):
    """With the capabilities and the devices' absence that its unit leaves to it; systemd itself is not there."""
    unit = (build / "conf" / "sallyport-jail-update.service").read_text()
    names = re.search(r"^CapabilityBoundingSet=(.*)$", unit, re.M)[1].lower().replace("cap_", "").split()
    assert "/sallyport jail update --all --quiet\n" in unit
    got = run(rf"""
make_jail /opt/jails/anna
upgrade_hello
rm $jail/dev/null
setpriv --bounding-set=-all,{",".join("+" + name for name in names)} --inh-caps=-all "$BUILD/sallyport" jail update --all --quiet
ls $jail/opt/hello/lib
stat -c %t:%T,%a $jail/dev/null
sallyport jail check anna
""")
    assert "libhello.so.2\n1:3,666\n" in got, got


def test_the_timer_is_enabled_by_the_first_jail_and_disabled_with_the_last(run):
    """The service manager's part is played by a script: what counts is what it is asked."""
    got = run(r"""
mkdir -p /run/systemd/system /etc/systemd/system/timers.target.wants
lab_program systemctl <<'END'
#!/bin/bash
echo "systemctl $*" >>/root/managed
case "$*" in
show*) echo LoadState=not-found ;;
enable*sallyport-jail-update.timer) [ ! -e /root/ill ] || { echo 'Unit is masked' >&2; exit 1; }
	ln -s /nowhere /etc/systemd/system/timers.target.wants/sallyport-jail-update.timer ;;
disable*sallyport-jail-update.timer) rm /etc/systemd/system/timers.target.wants/sallyport-jail-update.timer ;;
esac
END
asked() { grep 'jail-update' /root/managed || echo nothing; : >/root/managed; }
touch /root/ill
make_jail /home/chroot/anna; grep warning /root/created; asked
rm /root/ill
lab_account bob 1002; lab_key bob
sallyport jail create bob -y --sftp-only </dev/null >/root/created 2>&1 || { cat /root/created; exit 1; }
asked
sallyport jail create bob -y --sftp-only </dev/null >/root/created 2>&1 || { cat /root/created; exit 1; }
asked
ls /etc/cron.daily | grep sallyport || echo no cron
sallyport jail list | tail -n 1
sallyport jail list --format json | tr -d ' \n' | grep -o '"kept_current.*'
: >/etc/dpkg/dpkg.cfg.d/sallyport-jails
: >/etc/apt/apt.conf.d/91sallyport-jails
sallyport jail list | tail -n 2
sallyport jail remove bob -y </dev/null >/dev/null; asked
sallyport jail remove anna -y </dev/null >/dev/null; asked
""")
    assert re.fullmatch(r"version 1\n(sallyport: warning: .*\n)*sallyport: warning: systemctl enable sallyport-jail-update.timer: Unit is masked\n"
                        r"(sallyport: warning: .*\n)*systemctl enable --quiet --now sallyport-jail-update.timer\n"
                        r"systemctl enable --quiet --now sallyport-jail-update.timer\nnothing\nno cron\n"
                        r'kept current by apt, dpkg, timer\n"kept_current":{"packages":\["apt","dpkg"\],"daily":\["timer"\]}}\n'
                        r"kept current by timer\nNOT kept current when packages change: sudo sallyport jail update --all\nnothing\n"
                        r"systemctl disable --quiet --now sallyport-jail-update.timer\n", got), got


def test_one_at_a_time(run):
    got = run(r"""
make_jail /home/chroot/anna
upgrade_hello
for n in 1 2 3 4; do sallyport jail update --all >/root/out-$n 2>&1 & pids="${pids:-} $!"; done
good=0
for pid in $pids; do wait $pid && good=$((good + 1)) || true; done
cat /root/out-*
echo "$good good"
sallyport jail update --all >/dev/null
sallyport jail check anna
lab_login anna /opt/hello/bin/hello
""")
    assert not got.endswith(" 0 good\n") and got.endswith("version 2\n"), got
