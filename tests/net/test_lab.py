# SPDX-License-Identifier: GPL-3.0-or-later
# test_lab.py - the private world itself: it works like a host, and the host does not notice.
import os
import pathlib
import signal
import subprocess
import time

from conftest import LAB

WATCHED = ["/etc/ssh", "/etc/passwd", "/etc/shadow", "/etc/hosts", "/etc/hostname", "/run/sshd", "/run/sshd.pid",
           "/run/netns", "/var/lib/sallyport", "/usr/lab-was-here", "/home/anna", "/var/lib/lab", "/dev/log"]


def host_state():
    files = [f for f in WATCHED if os.path.lexists(f)]
    tree = subprocess.run(["/usr/bin/python3", LAB / "snapshot.py"] + files, capture_output=True, check=True).stdout
    mounts = [line.split(" ", 2)[2] for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines()]
    interfaces = [line.split(":")[0] for line in pathlib.Path("/proc/net/dev").read_text().splitlines()[2:]]
    return tree, mounts, os.uname().nodename, interfaces


def test_the_host_stays_as_it_was(world):
    world("true")  # skips where there is none
    before = host_state()
    got = world("""
        echo changed >>/etc/ssh/sshd_config && mkdir -p /var/lib/sallyport /var/lib/lab && touch /run/lab /dev/log
        lab_account anna 1001 && lab_client client && hostname other && mount -t tmpfs lab /opt
        touch /usr/lab-was-here 2>/dev/null && echo written
        echo done""")
    assert (got.returncode, got.stdout) == (0, "done\n"), got.stderr
    assert host_state() == before


def test_the_exit_status_is_the_commands(world):
    assert world("exit 3").returncode == 3


def test_the_ssh_server_is_the_stock_one(world):
    got = world("""
        cmp /usr/share/openssh/sshd_config /etc/ssh/sshd_config && ls -A /etc/ssh/sshd_config.d
        test -f /etc/ssh/moduli && awk -F: '$3 >= 1000 && $3 != 65534' /etc/passwd && grep ^root: /etc/shadow""")
    assert got.stdout == "root:*:19000:0:99999:7:::\n", got.stderr


def test_accounts_log_in_with_their_keys(world):
    got = world("""
        lab_account anna 1001 && lab_account bob 1002 /bin/sh && lab_group staff 2000 anna
        lab_key anna && lab_key bob ecdsa && lab_sshd_start || exit
        lab_login anna 'id -un; id -Gn; hostname'
        lab_login bob ::1 'echo ${SSH_CONNECTION% *}'
        cp $LAB_KEYS/anna $LAB_KEYS/bob && lab_login bob true 2>&1 | grep -o 'Permission denied'
        lab_log_settle; grep -o 'Accepted publickey for [a-z]* from [^ ]*' /var/log/auth.log
        lab_sshd_stop && lab_login anna true 2>&1 | grep -o 'Connection refused'""")
    lines = got.stdout.splitlines()
    assert lines[:3] == ["anna", "anna staff", "lab"], got.stderr
    assert lines[3].startswith("::1 ") and lines[3].endswith(" ::1")
    assert lines[4:] == ["Permission denied", "Accepted publickey for anna from 127.0.0.1",
                         "Accepted publickey for bob from ::1", "Connection refused"]


def test_a_terminal_login_is_seen_by_who(world):
    got = world("""
        lab_account anna 1001 && lab_key anna && lab_sshd_start || exit
        LAB_SSH_OPTIONS=-tt lab_login anna 'who; tty'""")
    assert got.stdout.startswith("anna ") and "/dev/pts/0" in got.stdout, got.stdout + got.stderr


def test_a_password_is_one_that_pam_accepts(world):
    got = world("""
        lab_account anna 1001 && lab_password anna 'open sesame' || exit
        su nobody -s /bin/sh -c "echo 'open sesame' | su anna -c id" && echo in
        su nobody -s /bin/sh -c "echo 'wrong' | su anna -c id" || echo out""")
    assert "uid=1001(anna)" in got.stdout and got.stdout.endswith("in\nout\n"), got.stderr


def test_other_hosts_reach_this_one(world):
    got = world("""
        lab_account anna 1001 && lab_key anna && lab_client client && lab_client stranger 3 && lab_sshd_start || exit
        LAB_FROM=client lab_login anna 'echo $SSH_CONNECTION'
        LAB_FROM=stranger lab_login anna 10.83.0.1 'echo $SSH_CONNECTION'
        [ ! -e /proc/sys/net/ipv6 ] || LAB_FROM=client lab_login anna fd83::1 'echo $SSH_CONNECTION'""")
    words = [line.split() for line in got.stdout.splitlines()]
    pairs = [(w[0], w[2]) for w in words]
    assert pairs[:2] == [("10.83.0.2", "10.83.0.1"), ("10.83.0.3", "10.83.0.1")], got.stderr
    assert pairs[2:] in ([], [("fd83::2", "fd83::1")])


def test_labels_and_attributes_can_be_planted(world):
    got = world("""
        touch /etc/ssh/a && setfattr -n security.selinux -v system_u:object_r:sshd_key_t:s0 /etc/ssh/a &&
        setfattr -n user.note -v mine /etc/ssh/a && lab_account anna 1001 && setfacl -m u:anna:r /etc/ssh/a &&
        lab_snapshot /etc/ssh/a && touch -d 2020-01-01 /etc/ssh/a && lab_snapshot /etc/ssh/a""")
    first, second = got.stdout.splitlines()
    for name in ("security.selinux", "user.note", "system.posix_acl_access"):
        assert name in first
    assert first != second


def test_the_build_folder_can_be_written(world, build, tmp_path):
    got = world('touch "$BUILD/lab-probe" "$KEPT/probe" && rm "$BUILD/lab-probe"', env={"KEPT": tmp_path}, keep=[tmp_path])
    assert got.returncode == 0, got.stderr
    assert (tmp_path / "probe").exists()


def processes_with(mark):
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if mark in pathlib.Path("/proc", pid, "environ").read_bytes():
                found.append(pid)
        except OSError:
            pass
    return found


def interrupt(world, tmp_path, number):
    """A world with an sshd and a detached process gets the signal; all of it must be gone."""
    world("true")  # skips where there is none
    before = host_state()
    mark = f"LAB_MARK={tmp_path.name}-{number}"
    environment = dict(os.environ)
    environment.update([mark.split("=")])
    ready = tmp_path / "ready"
    script = f'. "$LAB_SOURCE/tests/lab/lib.sh"; lab_sshd_start; setsid sleep 1000 & touch {ready}; sleep 1000'
    outer = subprocess.Popen([LAB / "world", "--keep", tmp_path, "--", "bash", "-c", script], env=environment)
    end = time.monotonic() + 60
    while not ready.exists() and time.monotonic() < end:
        time.sleep(0.05)
    assert len(processes_with(mark.encode())) > 3
    outer.send_signal(number)
    outer.wait(timeout=120)
    end = time.monotonic() + 60
    while processes_with(mark.encode()) and time.monotonic() < end:
        time.sleep(0.05)
    assert processes_with(mark.encode()) == []
    assert host_state() == before


def test_an_interrupted_world_leaves_nothing(world, tmp_path):
    interrupt(world, tmp_path, signal.SIGTERM)


def test_a_killed_world_leaves_nothing(world, tmp_path):
    interrupt(world, tmp_path, signal.SIGKILL)
