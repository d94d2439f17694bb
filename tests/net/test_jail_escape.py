# SPDX-License-Identifier: GPL-3.0-or-later
# test_jail_escape.py - a jailed user tries to get out, by a real login; and each way is shown to be one where it is open.
"""tests/tools/escape.c has the ways. What a chroot never holds back (docs/jails.md, "What a jail is not") is tested for being open, so
that nobody writes that it is shut."""
import pytest

SETUP = r"""
set -eu
[ -x "$BUILD/tests/escape" ] || exit 77
lab_account anna 1001
lab_key anna
lab_sshd_start
lab_account bob 1002
echo 'only outside' >/etc/host-mark
jail=/home/chroot/anna
make_jail
install -o anna -g anna "$BUILD/tests/escape" $jail/home/anna/escape
install -o anna -g anna "$BUILD/tests/escape" /home/anna/escape
inside() { lab_login anna ./escape "$@" || true; }
as_root() { (cd /; chroot $jail /bin/sh -c 'cd /home/anna && exec ./escape "$@"' sh "$@") || true; }
outside() { (cd /home/anna; setpriv --reuid anna --regid anna --clear-groups ./escape "$@") || true; }
# A process of anna's outside of her jail, as cron or a manager of hers would be.
setpriv --reuid anna --regid anna --clear-groups sleep 600 & victim=$!
lab_wait 5 grep -q sleep /proc/$victim/comm
"""

# By hand, as the guide does it.
SETUP = SETUP.replace("make_jail\n", r"""
mkdir -p $jail/dev $jail/etc $jail/usr/bin $jail/usr/lib $jail/home
ln -s usr/bin $jail/bin
for device in null:3 zero:5 random:8 urandom:9; do mknod -m 666 $jail/dev/${device%:*} c 1 ${device#*:}; done
mknod -m 666 $jail/dev/tty c 5 0
for program in sh bash id ls cat sleep stty; do
	cp -L "/usr/bin/$program" $jail/usr/bin/
	for library in $(ldd "/usr/bin/$program" | grep -o '/[^ ]*'); do cp -L --parents "$library" $jail; done
done
grep -E '^(root|anna):' /etc/passwd >$jail/etc/passwd
grep -E '^(root|anna):' /etc/group >$jail/etc/group
echo 'passwd: files' >$jail/etc/nsswitch.conf
: >$jail/etc/ld.so.cache
install -d -o anna -g anna -m 700 $jail/home/anna
printf 'Match User anna\n\tChrootDirectory %s\n\tDisableForwarding yes\n\tPermitUserRC no\n' $jail >>/etc/ssh/sshd_config
kill -HUP "$(cat /run/sshd.pid)"
lab_wait 5 lab_login anna true
""")

# Way, argument (a shell word of the test), and whoever finds it open.
WAYS = [
    ("setuid", "", "as_root"), ("device", "", "as_root"), ("chroot", "", "as_root"),
    ("user-namespace", "", "outside"), ("namespace", "", "as_root"), ("proc", "", "outside"), ("upwards", "", "outside"),
    ("link", "", "outside"), ("handle", "", "as_root"), ("shm", "$key", "as_root"), ("terminal", "", "outside"),
    ("signal", "1", "as_root"), ("signal", "$(cat /run/sshd.pid)", "as_root"), ("descriptors", "", None), ("walk", "/home/anna", None),
    ("mount", "", None), ("write", "", None), ("rename", "", None), ("kernel", "", None),
]
# Of root's alone, and the key by which it is known.
SHARED_MEMORY = "ipcmk -M 4096 -p 0600 >/dev/null; key=$(ipcs -m | awk '$2 ~ /^[0-9]/ { print $1; exit }')\n"


@pytest.fixture
def run(world):
    def run(body):
        got = world(SETUP + body)
        if got.returncode == 77:
            pytest.skip("a sanitizer leaves no static program")
        assert got.returncode == 0, got.stdout + got.stderr
        return got.stdout
    return run


def lines_of(text):
    return [line for line in text.splitlines() if line.startswith(("held ", "OUT "))]


def test_nothing_leads_out(run):
    tries = "\n".join(f"inside {way} {argument}" for way, argument, _ in WAYS)
    got = run(SHARED_MEMORY + tries)
    lines = lines_of(got)
    assert [line.split()[1].rstrip(":") for line in lines] == [way for way, _, _ in WAYS], got
    assert [line for line in lines if not line.startswith("held ")] == []


def test_each_way_is_found_where_it_is_open(run):
    tries = "\n".join(f"{who} {way} {argument}" for way, argument, who in WAYS if who)
    got = run("cp -a $jail /home/clean\n" + SHARED_MEMORY + tries + r"""
(cd /; exec 9</etc; chroot $jail /home/anna/escape descriptors) || true
(cd /; unshare -m chroot $jail /bin/sh -c 'cd /home/anna; ./escape mount') || true
(mkdir /tmp/from; cd /tmp/from; "$BUILD/tests/escape" rename) || true
cp -a /home/clean /home/copy
(cd /; chroot /home/copy /home/anna/escape write) || true
for wrong in 'chmod u+s usr/bin/id' 'chmod g+s home/anna/escape' 'mknod home/anna/disk b 8 0' 'chmod o+w usr/lib' 'mkfifo dev/fifo' \
	'setcap cap_setuid=ep home/anna/escape' 'chown anna usr/bin/cat'; do
	rm -rf /home/copy
	cp -a /home/clean /home/copy
	(cd /home/copy; $wrong)
	(cd /; chroot --userspec=anna:anna /home/copy /home/anna/escape walk /home/anna) || true
done
""")
    lines = lines_of(got)
    assert len(lines) == sum(1 for row in WAYS if row[2]) + 4 + 7, got
    assert [line for line in lines if not line.startswith("OUT ")] == []
    assert all(" 1 wrong;" in line for line in lines[-7:]), lines[-7:]


def test_what_a_chroot_leaves_open(run):
    """Processes of the same account, and whatever has its name in no file system."""
    got = run(r"""
/usr/bin/python3 -Ic '
import socket, time
s = socket.socket(socket.AF_UNIX); s.bind("\0host-door"); s.listen(); print("listening", flush=True); time.sleep(600)' >/root/door &
lab_wait 10 grep -q listening /root/door
inside abstract host-door
inside signal $victim
inside ptrace $victim
cat /proc/sys/kernel/yama/ptrace_scope 2>/dev/null || echo 0
""")
    lines = lines_of(got)
    restricted = int(got.splitlines()[-1]) > 0
    assert lines[0].startswith("OUT abstract") and lines[1].startswith("OUT signal"), got
    assert lines[2].startswith("held" if restricted else "OUT"), got


def test_processes_of_others_are_out_of_reach(run):
    got = run(r"""
setpriv --reuid bob --regid bob --clear-groups sleep 600 & bob=$!
lab_wait 5 grep -q sleep /proc/$bob/comm
lab_login anna 'echo in; exec sleep 600' >/root/session &
lab_wait 10 grep -q in /root/session
inside ptrace $bob; inside signal $bob
inside ptrace 1; inside ptrace "$(cat /run/sshd.pid)"
# sshd's own processes of her session, which have her user id
n=0
for pid in $(ps -o pid= -u anna); do
	case $(cat /proc/$pid/comm) in
	sshd*) inside ptrace $pid; n=$((n + 1)) ;;
	esac
done
[ $n -gt 0 ]
""")
    lines = lines_of(got)
    assert len(lines) >= 5 and [line for line in lines if not line.startswith("held ")] == [], got


def test_a_terminal_gives_nothing_but_itself(run):
    got = run(r"""
LAB_SSH_OPTIONS=-tt
tty() { lab_login anna "$@" | tr -d '\r'; }
tty ./escape descriptors || true
tty ./escape terminal || true
LAB_SSH_OPTIONS=
lab_login anna 'ls -a /; ls /dev; id; cat /etc/passwd'
""")
    lines = lines_of(got)
    assert len(lines) == 2 and all(line.startswith("held ") for line in lines), got
    assert "020620" in lines[0]
    assert "host-mark" not in got and "bob" not in got and "uid=1001(anna)" in got
