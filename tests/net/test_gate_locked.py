# SPDX-License-Identifier: GPL-3.0-or-later
# test_gate_locked.py - the running roles of sallyportd are made to try what they must not: each call fails, inside them.
import ctypes
import os
import platform

import pytest

pytestmark = [
    pytest.mark.skipif("ASAN_OPTIONS" in os.environ, reason="the roles' sandboxes leave no room for a sanitizer's own calls"),
    pytest.mark.skipif(platform.machine() != "x86_64", reason="tests/tools/inject.c knows the registers of x86-64 only"),
]

SETUP = r"""
set -eu
. "$LAB_SOURCE/tests/lab/gate.sh"
lab_client client
lab_account anna 1001; lab_key anna
lab_sshd_start
mknod -m 600 /dev/lab-disk b 240 0 # no driver has it: who could come so far would hear of that
install -m 755 /dev/stdin /tmp/program <<<'#!/bin/sh'
gate_install
gate_start || { cat /tmp/gate.log; exit 1; }
ROLE=%s
pid=$(gate_role $ROLE)
# inject: the calls of stdin, made by the role
inject() {
	sed "s/@self/$pid/g; s/@parent/$GATE/g; s/@keeper/$(gate_role keeper)/g" | "$BUILD/tests/inject" "$pid"
}
"""
# It answers as before: a knock is granted.
AFTER = r"""
lab_in client "$BUILD/tests/knock" /etc/ssh/ssh_host_ed25519_key.pub "$LAB_KEYS/anna" anna 10.83.0.1 22
lab_wait 5 gate_open
[ "$(gate_role $ROLE)" = "$pid" ]
gate_stop
"""

FINE = "fine"
# Arguments are such that the kernel has another answer where seccomp lets the call pass: nobody is 4194303.
NOBODY = 4194303
# sockaddr_in 10.83.0.2:22, sockaddr_un /dev/log, and sockaddr_ll of the first interface, for IPv4
TCP, LOG, FRAME = "x:020000160a530002", "x:01002f6465762f6c6f6700", "x:110008000100000000000000000000000000000000"
COMMON = {line: "EPERM" for line in f"""
ptrace 16 {NOBODY}
process_vm_readv {NOBODY} 0 0 0 0 0
process_vm_writev {NOBODY} 0 0 0 0 0
pidfd_getfd 99 0 0
bind 5 {LOG} 11
listen 5 1
mount 0 0 0 0
umount2 0 0
pivot_root 0 0
move_mount -1 0 -1 0 0
open_tree -1 0 0
fsopen 0 0
unshare 0
setns 99 0
chroot 0
bpf 99 0 0
io_uring_setup 1 0
io_uring_enter 99 1 0 0
perf_event_open 0 0 0 0 0
userfaultfd 99
keyctl 99
add_key 0 0 0 0 0
request_key 0 0 0 0
init_module 0 0 0
finit_module 99 0 0
delete_module 0 0
kexec_load 0 0 0 0
kexec_file_load 99 0 0 0 0
reboot 0 0 0 0
swapon 0 0
swapoff 0
syslog 99
acct 0
quotactl 99 0 0 0
open_by_handle_at -100 0 0
name_to_handle_at -100 0 0 0 0
fanotify_init 0 0
settimeofday 0 0
clock_settime 99 0
sethostname 0 0
iopl 9
ioperm 0 0 9
modify_ldt 99
personality 0xffffffff
seccomp 99
landlock_create_ruleset 0 0 99
mknod 0 0 0
mknodat -100 0 0 0
setxattr 0 0 0 0 0
lsetxattr 0 0 0 0 0
fsetxattr 99 0 0 0 0
""".split("\n") if line}
# Also those that index has. What stands for a file of others, a process of others, and more of oneself.
NARROW = {line: "EPERM" for line in f"""
open s:/etc/passwd 0
socket 2 1 0
socket 2 2 0
socket 1 1 0
socket 10 3 58
socket 16 3 12
socket 17 3 0
socketpair 1 1 0 m
connect 5 {TCP} 8
connect 5 {LOG} 11
execve s:/bin/true 0 0
execveat -100 s:/bin/true 0 0 0
fork
vfork
clone 17 0 0 0 0
clone3 m 88
kill 1 0
kill @self 0
tkill @self 0
tgkill @self @self 0
pidfd_open @self 0
prctl 3 0 0 0 0
prctl 4 1 0 0 0
memfd_create s:x 0
dup 0
ioctl 0 0 0
mkdirat -100 s:/tmp/x 0700
linkat -100 s:/etc/passwd -100 s:/tmp/x 0
symlinkat s:/etc/passwd -100 s:/tmp/x
fchmodat -100 s:/etc/passwd 0666
fchownat -100 s:/etc/passwd 0 0 0
getdents64 0 m 256
setuid 0
setgid 0
setresuid 0 0 0
setgroups 0 0
capset m m
setrlimit 4 m
prlimit64 0 4 0 m
mmap 0 4096 5 0x22 -1 0
mmap 0 4096 7 0x22 -1 0
mprotect p 4096 5
mprotect p 4096 7
shmget 0 4096 0
process_madvise 99 0 0 0 0
""".split("\n") if line}
FILELESS = NARROW | {
    "openat -100 s:/etc/passwd 0": "EPERM",
    "openat -100 s:/tmp/x 0101 0600": "EPERM",
    "openat2 -100 s:/etc/passwd m 24": "EPERM",
    "unlinkat -100 s:/etc/passwd 0": "EPERM",
    "renameat2 -100 s:/etc/passwd -100 s:/tmp/x 0": "EPERM",
    "newfstatat -100 s:/etc/passwd m 0": "EPERM",
    "mmap 0 4096 1 2 3 0": "EPERM",
    "mmap 0 4096 3 0x22 -1 0": FINE,
    "munmap $ 4096": FINE,
    "adjtimex m": "EPERM",
}
STATE = "/var/lib/sallyport/gate"
CALLS = {
    "net": COMMON | FILELESS | {
        "getpid": FINE,
        "clock_gettime 0 m": FINE,
        # its packet socket has an empty ring to send from, and nothing else goes out by it
        f"sendto 8 s:from-a-role 11 0 {FRAME} 20": "0",
        "write 8 s:from-a-role 11": "ENXIO",
        "setsockopt 8 1 36 m 4": "EPERM",
    },
    "keeper": {line: "EPERM" if line.startswith(("mmap", "munmap")) and what == FINE else what
               for line, what in (COMMON | FILELESS).items() if not line.startswith("munmap")} | {
        "getpid": FINE,
        "clock_gettime 0 m": FINE,
        "read 7 m 1": "EPERM",
        "lseek 7 0 0": "EPERM",
    },
    "grant": COMMON | NARROW | {
        "getpid": FINE,
        f"openat -100 s:{STATE}/replay 0": FINE,
        "close $": FINE,
        f"openat -100 s:{STATE}/own 0101 0600": FINE,
        "close $ ": FINE,
        f"unlinkat -100 s:{STATE}/own 0": FINE,
        "openat -100 s:/etc/passwd 0": "EACCES",
        "openat -100 s:/tmp/x 0101 0600": "EACCES",
        f"openat -100 s:{STATE}/../../../../../etc/passwd 0": "EACCES",
        "unlinkat -100 s:/tmp/program 0": "EACCES",
        f"renameat2 -100 s:{STATE}/replay -100 s:/var/lib/own 0": "EACCES",
        "openat2 -100 s:/etc/passwd m 24": "EPERM",
        "mmap 0 4096 3 0x22 -1 0": FINE,
        "munmap $ 4096": FINE,
        "adjtimex x:01": "EPERM",  # with something to set
        "clock_adjtime 0 x:01": "EPERM",
    },
    "index": COMMON | {
        "getpid": FINE,
        "openat -100 s:/etc/shadow 0": FINE,
        "close $": FINE,
        "openat -100 s:/tmp/own 0101 0600": FINE,
        "close $ ": FINE,
        "openat -100 s:/dev/null 1": FINE,
        "close $  ": FINE,
        "open s:/etc/passwd 1": "EACCES",
        "openat -100 s:/etc/passwd 2": "EACCES",
        "openat -100 s:/etc/passwd 01001": "EACCES",
        "openat -100 s:/etc/own 0101 0600": "EACCES",
        "openat -100 s:/root/.profile 0101 0600": "EACCES",
        "openat -100 s:/home/anna/.ssh/authorized_keys 02001": "EACCES",
        f"openat -100 s:{STATE}/replay 1": "EACCES",
        "openat -100 s:/proc/sys/kernel/core_pattern 1": "EACCES",
        "openat -100 s:/proc/@keeper/mem 0": "EACCES",
        "openat -100 s:/proc/@parent/mem 2": "EACCES",
        "openat -100 s:/dev/lab-disk 1": "EACCES",
        "truncate s:/etc/passwd 0": "EACCES",
        "unlink s:/etc/passwd": "EACCES",
        "rename s:/etc/passwd s:/etc/x": "EACCES",
        "rename s:/var/log/wtmp s:/var/lib/wtmp": "EACCES",
        "link s:/var/log/wtmp s:/var/lib/wtmp": "EACCES",
        "symlink s:/tmp/own s:/etc/own": "EACCES",
        "mkdir s:/etc/own 0700": "EACCES",
        # with which others would do what it may not
        "chmod s:/etc/passwd 0666": "EPERM",
        "chmod s:/etc/passwd 04755": "EPERM",
        "fchmodat -100 s:/etc/passwd 0622": "EPERM",
        "fchmod 0 02755": "EPERM",
        "fchmodat -100 s:/etc/passwd 0644": FINE,
        "chmod s:/tmp/own 0640": FINE,
        "chown s:/etc/passwd 1001 1001": "EPERM",
        "kill 1 0": "EPERM",
        "kill @parent 0": "EPERM",
        "kill @keeper 0": "EPERM",
        "socket 17 3 0": "EPERM",
        "socket 2 3 1": "EPERM",
        "accept4 5 0 0 0": "EPERM",
        "prctl 38 0 0 0 0": "EINVAL",  # there are new privileges again
        "capset x:2205082000000000 x:ffffffffffffffffffffffffffffffffffffffffffffffff": "EPERM",
    },
}


def landlock():
    """Its version in this kernel; 0: it has none."""
    libc = ctypes.CDLL(None)
    return max(0, libc.syscall(444, None, 0, 1))  # landlock_create_ruleset, LANDLOCK_CREATE_RULESET_VERSION


def calls_of(role):
    """Without what only a newer Landlock keeps from a role that is root: signals from 6 on, truncate(2) from 3."""
    version = landlock()
    return {line: what for line, what in CALLS[role].items() if role != "index" or
            not (line.startswith("kill") and version < 6 or line.startswith("truncate") and version < 3 or what == "EACCES" and not version)}


@pytest.mark.parametrize("role", CALLS)
def test_a_running_role_can_do_nothing_but_its_task(world, role):
    calls = calls_of(role)
    got = world(SETUP % role + 'inject <<<"$CALLS" >/tmp/said\n' + AFTER + "cat /tmp/said\n",
                env={"CALLS": "\n".join(calls)})
    assert got.returncode == 0, got.stdout[-3000:] + got.stderr[-3000:]
    said = got.stdout.splitlines()
    assert len(said) == len(calls), said
    wrong = [(line, what, found) for (line, what), found in zip(calls.items(), said)
             if (found.isdigit() if what == FINE else found == what) is False]
    assert not wrong


@pytest.mark.parametrize("role", CALLS)
def test_a_call_of_another_architecture_is_the_end_of_a_role(world, role):
    got = world(SETUP % role + r"""
printf '%s\n' x32:39 getpid | inject >/tmp/said
gate_serves
[ "$(gate_role $ROLE)" != "$pid" ]
gate_stop
tail -1 /tmp/said
""")
    assert got.returncode == 0, got.stdout[-3000:] + got.stderr[-3000:]
    assert got.stdout == "signal 31\n"  # SIGSYS
