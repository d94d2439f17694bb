# SPDX-License-Identifier: GPL-3.0-or-later
# test_jail_escape.py - a jailed user tries to get out, by a real login; and each way is shown to be one where it is open.
"""tests/tools/escape.c has the ways. What a chroot never holds back (docs/jails.md, "What a jail is not") is tested for being open, so
that nobody writes that it is shut."""
import re

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
sallyport jail create anna -y --with basic </dev/null >/root/created 2>&1 || { cat /root/created; exit 1; }
install -o anna -g anna "$BUILD/tests/escape" $jail/home/anna/escape
install -o anna -g anna "$BUILD/tests/escape" /home/anna/escape
inside() { lab_login anna ./escape "$@" || true; }
as_root() { (cd /; chroot $jail /bin/sh -c 'cd /home/anna && exec ./escape "$@"' sh "$@") || true; }
outside() { (cd /home/anna; setpriv --reuid anna --regid anna --clear-groups ./escape "$@") || true; }
# A process of anna's outside of her jail, as cron or a manager of hers would be.
setpriv --reuid anna --regid anna --clear-groups sleep 600 & victim=$!
lab_wait 5 grep -q sleep /proc/$victim/comm
"""

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
sallyport jail check anna && echo clean || true
cat /proc/sys/kernel/yama/ptrace_scope 2>/dev/null || echo 0
echo "victim $victim"
""")
    lines = lines_of(got)
    scope, victim = re.search(r"(\d+)\nvictim (\d+)\n$", got).groups()
    assert lines[0].startswith("OUT abstract") and lines[1].startswith("OUT signal"), got
    # what the kernel does not keep him from is at least said
    if int(scope) > 0:
        assert lines[2].startswith("held ") and "\nclean\n" in got, got
    else:
        assert lines[2].startswith("OUT ") and f"process {victim} (sleep) of the user's runs outside" in got and "\nclean\n" not in got, got


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


def test_sessions_bring_nothing_in_and_nothing_out(run):
    """What sshd itself would do for the user: forward, run his rc, let in whom he names."""
    got = run(r"""
mkdir $jail/home/anna/.ssh
echo 'touch /home/anna/rc-was-run' >$jail/home/anna/.ssh/rc
ssh-keygen -q -t ed25519 -N '' -f /root/another
cp /root/another.pub $jail/home/anna/.ssh/authorized_keys
mkdir -p /home/anna/.ssh && cp /root/another.pub /home/anna/.ssh/authorized_keys
chown -R anna: $jail/home/anna/.ssh /home/anna/.ssh
chmod 600 $jail/home/anna/.ssh/* /home/anna/.ssh/*
lab_login anna 'echo in; ls /home/anna; echo "[$SSH_AUTH_SOCK]"'
cp /root/another $LAB_KEYS/anna
lab_login anna 'echo in with another key' || echo "status $?"
""")
    assert "in\nescape\n[]\nstatus 255\n" in got, got


def test_forwarding_is_refused(run):
    got = run(r"""
/usr/bin/python3 -Ic '
import socket, time
s = socket.create_server(("127.0.0.1", 7777)); print("listening", flush=True)
while True: s.accept()[0].sendall(b"from outside")' >/root/service &
lab_wait 10 grep -q listening /root/service
through() { # USER PORT: what comes through each kind of forwarding
	local how port pid
	for how in "-L $2:127.0.0.1:7777" "-R $(($2 + 1)):127.0.0.1:7777"; do
		port=$(echo "$how" | grep -o '70[0-9][0-9]')
		: >/root/out
		LAB_SSH_OPTIONS="-o ExitOnForwardFailure=yes $how" lab_login $1 'echo ready; sleep 600' >/root/out 2>/root/err & pid=$!
		lab_wait 10 eval "grep -q ready /root/out || ! kill -0 $pid 2>/dev/null"
		echo "$1 $how: $(timeout 30 /bin/bash -c "cat </dev/tcp/127.0.0.1/$port" 2>/dev/null || echo nothing)"
		kill $pid 2>/dev/null || true
		wait $pid || true
	done
}
lab_key bob
through bob 7001
through anna 7011
LAB_SSH_OPTIONS='-o Tunnel=point-to-point -w 0:0 -o ExitOnForwardFailure=yes' lab_login anna echo tunnelled 2>&1 || true
""")
    assert got.count("bob -L 7001:127.0.0.1:7777: from outside") == 1 and got.count("bob -R 7002:127.0.0.1:7777: from outside") == 1, got
    assert re.search(r"anna -L 7011:127.0.0.1:7777: (nothing)?\nanna -R 7012:127.0.0.1:7777: (nothing)?\n", got), got
    assert "tunnelled" not in got, got


def test_a_jail_for_files_alone_holds_too(run):
    """By the server's own requests: paths, links, renames."""
    got = run(r"""
lab_key bob
sallyport jail create bob -y --sftp-only </dev/null >/root/created 2>&1 || { cat /root/created; exit 1; }
files=/home/chroot/bob
echo hers >/home/anna/hers
lab_known_hosts
ask() { sftp -q -b - -P "$LAB_PORT" -i "$LAB_KEYS/$1" -F none -o IdentitiesOnly=yes -o StrictHostKeyChecking=yes \
	-o UserKnownHostsFile="$LAB_KNOWN_HOSTS" -o GlobalKnownHostsFile=none "$1@127.0.0.1"; }
cd /root
# nothing is in the way of somebody who is in no jail
lab_account carl 1003
lab_key carl
printf '%s\n' 'get /etc/host-mark /root/carl-got' | ask carl
cat carl-got
own=$(sallyport jail list --format json | /usr/bin/python3 -Ic '
import json, sys
print([j["home"] for j in json.load(sys.stdin)["jails"] if j["user"] == "bob"][0])')
echo mine >mine
printf '%s\n' "cd $own" 'put mine' 'ln -s /etc/host-mark out' 'ln -s ../../../../../../etc/host-mark up' '-get out /root/got-out' '-get up /root/got-up' \
	'-get /etc/host-mark /root/got' '-get ../../../../../../etc/host-mark /root/got-dots' '-get /proc/self/environ /root/got-proc' \
	'-rename mine /escaped' '-rename mine ../../../escaped' '-ln /etc/host-mark hard' '-put mine /new' '-mkdir /new' '-chmod 777 /' | ask bob >/root/said 2>&1 || true
cat /root/said
ls /root/got* 2>/dev/null || echo nothing got
ls -a $files /
ls $files$own
lab_login bob id || echo "status $?"
lab_login bob '/bin/sh -c id' || echo "status $?"
""")
    assert "nothing got" in got and "escaped" not in got[got.index("nothing got"):] and "uid=" not in got, got
    assert "mine" in got[got.index("nothing got"):] and got.count("only outside") == 1, got
