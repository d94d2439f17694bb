# SPDX-License-Identifier: GPL-3.0-or-later
# test_jail_check.py - each kind of trouble is planted in a jail made by hand and found, and nothing is in a clean one; sshd is the judge.
import os
import re

import pytest

# /home/chroot/anna: bash, id and what they need, a script, a device, a home.
JAIL = r"""
j=/home/chroot/anna
lab_account anna 1001
mkdir -p $j/bin $j/lib $j/etc $j/dev $j/home/anna
chown 1001:1001 $j/home/anna
chmod 700 $j/home/anna
cp /bin/bash /usr/bin/id /usr/bin/env $j/bin/
for lib in $(ldd /bin/bash /usr/bin/id | grep -o '/[^ )]*' | grep '\.so' | sort -u); do install -D "$lib" "$j$lib"; done
ln -s bash $j/bin/sh
echo 'root:x:0:0::/:/bin/sh' >$j/etc/passwd
mknod -m 666 $j/dev/null c 1 3
printf '#!/bin/sh\necho hi\n' >$j/bin/greet-here
chmod 755 $j/bin/greet-here
mkdir -p /mnt/lab && cp /usr/bin/id /mnt/lab/own
check() { "$SALLYPORT_BUILD/tests/jail_check" "$@"; echo "exit $?"; }
around() { check around $j 1001:1001 /home/anna "j=$j; $1"; }
cp -a /home/chroot /root/stock
# a new jail, whatever was done to the last one
fresh() {
    local place
    for place in $(grep -o " /home/chroot/[^ ]*" /proc/mounts); do umount "$place"; done
    rm -rf /home/chroot /home/outside /srv/*
    chmod 755 /home
    cp -a /root/stock /home/chroot
}
"""

# what is done to it, and what is found by its manifest and by looking for ways out alone
PLANTS = [
    ("true", "", ""),
    ("sed -i s/root/toor/ $j/etc/passwd", "changed /etc/passwd: its content", ""),
    ("chmod 640 $j/etc/passwd", "changed /etc/passwd: its mode is 0640, and was 0644", ""),
    ("chgrp 1001 $j/etc/passwd", "changed /etc/passwd: it belongs to 0:1001, and was of 0:0", ""),
    ("rm $j/bin/sh; ln -s id $j/bin/sh", "changed /bin/sh: it leads to id, and led to bash", ""),
    ("rm $j/dev/null; touch $j/dev/null; chmod 644 $j/dev/null", "changed /dev/null: it is a file, and was a device", ""),
    ("rm $j/bin/id", "missing /bin/id", ""),
    ("rm -r $j/lib/*/", "missing /lib/", ""),
    ("rm -r $j/home/anna", "missing /home/anna", ""),
    ("touch $j/bin/new", "foreign /bin/new: a file", ""),
    ("mkdir -p $j/srv/a/b", "foreign /srv: a folder", ""),
    ("ln -s / $j/out", "foreign /out: a link", ""),
    ("chmod u+s $j/bin/id", "setuid /bin/id: it is setuid, of uid 0", "setuid /bin/id: it is setuid"),
    ("chmod g+s $j/bin/id", "setuid /bin/id: it is setgid", "setuid /bin/id: it is setgid"),
    ("setcap cap_net_raw+ep $j/bin/id", "setuid /bin/id: it has capabilities", "setuid /bin/id: it has capabilities"),
    ("cp $j/bin/id $j/home/anna/x; chmod 4755 $j/home/anna/x", "setuid /home/anna/x", "setuid /home/anna/x"),
    ("cp $j/bin/id $j/home/anna/x; chown 1002 $j/home/anna/x; chmod 4755 $j/home/anna/x", "setuid /home/anna/x", "setuid /home/anna/x"),
    ("cp $j/bin/id $j/home/anna/x; chown 1001:27 $j/home/anna/x; chmod 6755 $j/home/anna/x", "setuid /home/anna/x", "setuid /home/anna/x"),
    # what he can do himself at any time, and gives nobody anything
    ("cp $j/bin/id $j/home/anna/x; chown 1001:1001 $j/home/anna/x; chmod 6755 $j/home/anna/x", "", ""),
    ("cp $j/bin/id $j/bin/own; chown 1001 $j/bin/own; chmod 4755 $j/bin/own", ("foreign /bin/own", "setuid /bin/own", "writable /bin/own"),
     ("setuid /bin/own", "writable /bin/own")),
    ("cp $j/bin/id $j/home/anna/x; setcap cap_net_raw+ep $j/home/anna/x", "setuid /home/anna/x", "setuid /home/anna/x"),
    ("mknod $j/dev/mem c 1 1", "device /dev/mem: the device 1:1", "device /dev/mem"),
    ("mknod $j/home/anna/disk b 8 0", "device /home/anna/disk: the block device 8:0", "device /home/anna/disk"),
    ("rm $j/dev/null; mknod -m 666 $j/dev/null c 1 1", "device /dev/null: the device 1:1", "device /dev/null"),
    ("chmod o+w $j/etc", "writable /etc: everybody may write to it (mode 0757)", "writable /etc"),
    ("chmod g+w $j/bin/bash", "writable /bin/bash: its group may write to it", "writable /bin/bash"),
    ("chown 1001 $j/lib", "writable /lib: it belongs to uid 1001", "writable /lib"),
    ("/usr/bin/python3 -c \"import os, struct; os.setxattr('$j/etc', 'system.posix_acl_access', struct.pack('<I' + 'HHI' * 5, 2, "
     "1, 7, 2**32 - 1, 2, 7, 1001, 4, 5, 2**32 - 1, 16, 7, 2**32 - 1, 32, 5, 2**32 - 1))\"",
     "writable /etc: an access control list", "writable /etc: an access control list"),
    ("chown 1001 $j", "path /home/chroot/anna: it belongs to uid 1001", "path /home/chroot/anna: it belongs to uid 1001"),
    ("chmod 1777 /home/chroot", "path /home/chroot: everybody may write to it (mode 1777)", "path /home/chroot"),
    ("/usr/bin/python3 -c \"import socket; socket.socket(socket.AF_UNIX).bind('$j/etc/s')\"", "socket /etc/s: a socket of uid 0",
     "socket /etc/s"),
    ("/usr/bin/python3 -c \"import socket; socket.socket(socket.AF_UNIX).bind('$j/dev/log')\"", "", ""),
    ("mkfifo $j/etc/f", "socket /etc/f: a FIFO", "socket /etc/f"),
    ("/usr/bin/python3 -c \"import socket; socket.socket(socket.AF_UNIX).bind('$j/home/anna/docker.sock')\"",
     "socket /home/anna/docker.sock", "socket /home/anna/docker.sock"),
    ("mkfifo $j/home/anna/f; chown 1001 $j/home/anna/f", "", ""),
    ("mkdir $j/proc; mount -t proc none $j/proc", "mount /proc: something", "mount /proc"),
    ("mkdir $j/home/anna/host; mount --bind /etc $j/home/anna/host", "mount /home/anna/host", "mount /home/anna/host"),
    ("touch $j/home/anna/a; chown 1001 $j/home/anna/a; ln $j/home/anna/a /home/outside", "linked /home/anna/a: the file has 1 more",
     "linked /home/anna/a"),
    ("touch $j/home/anna/a; chown 1001 $j/home/anna/a; ln $j/home/anna/a $j/home/anna/b", "", ""),
    ("d=$j/home/anna; for i in $(seq 120); do d=$d/d; mkdir $d; done; chown -R 1001:1001 $j/home/anna",
     "unknown /home/anna/d/", "unknown /home/anna/d/"),
    (r"touch $j/etc/$'a\e[31m\n'", r"foreign /etc/a\x1B[31m\x0A: a file", ""),
]


def quoted(word):
    return "'" + word.replace("'", "'\\''") + "'"


def parts(text, n):
    """What was said under each line "== I"."""
    said = [part.splitlines() for part in re.split(r"(?m)^== \d+\n", text)[1:]]
    assert len(said) == n, text
    return said


def expect(what, lines, wanted, most):
    """A status of 0 and nothing, or 1 and lines that begin as wanted; returns what is wrong."""
    if not wanted:
        return [] if lines == ["exit 0"] else [f"{what}: wants nothing, got {lines}"]
    good = lines[-1:] == ["exit 1"] and 0 < len(lines) - 1 <= most and all(line.startswith(wanted) for line in lines[:-1])
    return [] if good else [f"{what}: wants {wanted!r}, got {lines}"]


def test_what_is_planted_is_found_and_nothing_else(world, figure):
    script = JAIL
    for i, (planted, _, _) in enumerate(PLANTS):
        script += f"echo '== {2 * i}'; fresh; around {quoted(planted)}\necho '== {2 * i + 1}'; check escapes $j\n"
    got = world(script)
    said = parts(got.stdout, 2 * len(PLANTS))
    wrong = []
    for i, (planted, by_manifest, way_out) in enumerate(PLANTS):
        for what, lines, wanted in ((planted, said[2 * i], by_manifest), ("escapes: " + planted, said[2 * i + 1], way_out)):
            most = len(wanted) if isinstance(wanted, tuple) else 5 if wanted == "missing /lib/" else 1
            wrong += expect(what, lines, wanted, most)
    assert not wrong, "\n".join(wrong) + got.stderr
    figure(f"{len(PLANTS)} things planted in a jail, each found alone")


def test_what_the_host_has_otherwise_is_stale_with_its_package(world):
    got = world(JAIL + """
mkdir -p $j/mnt/lab && cp /mnt/lab/own $j/mnt/lab/own
mount -t tmpfs none /var/lib/dpkg && mkdir /var/lib/dpkg/info && printf '/.\n/mnt\n/mnt/lab\n/mnt/lab/own\n' >/var/lib/dpkg/info/lab-own:amd64.list
around 'echo more >>/mnt/lab/own'
""")
    assert got.stdout.splitlines() == ["stale /mnt/lab/own: /mnt/lab/own was changed since (package lab-own)", "exit 1"], got.stderr


def test_a_flood_of_troubles_is_cut(world):
    got = world(JAIL + r"""
for i in $(seq 300); do touch $j/home/anna/s$i; done; chmod 4755 $j/home/anna/s*
check escapes $j >/tmp/said; grep -c 'there may be more like this' /tmp/said; wc -l </tmp/said
check escapes $j 0
""")
    lines = got.stdout.splitlines()
    assert lines[:2] == ["1", "101"]
    assert re.match(r"unknown /home/anna.*: there is more here than is looked at", lines[2]), got.stdout


def test_a_user_at_work_neither_stops_nor_leads_it_astray(world):
    got = world(JAIL + r"""
mkdir $j/home/anna/w && chown 1001:1001 $j/home/anna/w
cat >/tmp/churn.py <<'END'
import os, sys
os.chdir(sys.argv[1])
os.setgid(1001); os.setuid(1001)
open("go", "w").close()
while True:
    for i in range(200):
        name = f"w/{i % 7}"
        for undo in (os.unlink, os.rmdir):
            try: undo(name)
            except OSError: pass
        try:
            (lambda: os.symlink("/etc", name), lambda: os.mkdir(name), lambda: os.mkfifo(name), lambda: open(name, "w").close())[i % 4]()
        except OSError: pass
END
/usr/bin/python3 /tmp/churn.py $j/home/anna & churn=$!
lab_wait 10 test -e $j/home/anna/go
for i in $(seq 200); do "$SALLYPORT_BUILD/tests/jail_check" escapes $j || echo "round $i: $?"; done
kill $churn
echo done
""")
    assert got.stdout.splitlines() == ["done"], got.stdout + got.stderr


def test_a_lease_of_the_users_hides_nothing_and_makes_no_noise(world):
    """Whoever holds a write lease on his file keeps others from opening it, for as long as he answers the kernel."""
    got = world(JAIL + r"""
cat >/tmp/lease.py <<'END'
import fcntl, os, signal, sys
os.setgid(1001); os.setuid(1001)
signal.signal(signal.SIGIO, signal.SIG_IGN)
held = [os.open(path, os.O_RDWR | os.O_CREAT, 0o600) for path in sys.argv[1:]]
for fd in held:
    fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_WRLCK)
open("/tmp/held", "w").close()
signal.pause()
END
chmod 1777 /tmp
chown 1001:1001 /home/chroot/anna/etc/passwd
/usr/bin/python3 /tmp/lease.py $j/home/anna/mine $j/etc/passwd & holder=$!
lab_wait 10 test -e /tmp/held || exit 9
check escapes $j
kill $holder
""")
    assert got.stdout.splitlines() == ["writable /etc/passwd: it belongs to uid 1001, not to root", "exit 1"], got.stdout + got.stderr


def test_hard_links_cannot_be_hidden_by_what_is_not_looked_at(world):
    got = world(JAIL + r"""
d=$j/home/anna; for i in $(seq 120); do d=$d/d; mkdir $d; done; chown -R 1001:1001 $j/home/anna
touch $j/home/anna/a; chown 1001 $j/home/anna/a; ln $j/home/anna/a /home/outside
touch $j/etc/b; chmod 666 $j/etc/b; ln $j/etc/b /home/outside-b
check escapes $j
""")
    lines = got.stdout.splitlines()
    wanted = ("unknown /: not all names of 1 files of the user's were met", "linked /etc/b: the file has 1 more names",
              "writable /etc/b: everybody", "unknown /home/anna/d/")
    assert len(lines) == len(wanted) + 1 and all(any(line.startswith(begin) for line in lines) for begin in wanted), got.stdout + got.stderr


def test_its_memory_is_not_the_users_to_spend_and_what_is_not_kept_is_counted(world, figure):
    """98 folders in each other, and at the bottom what takes paths of 8000 bytes: folders too deep to enter, and files of two names."""
    got = world(JAIL + r"""
mount -t tmpfs -o mode=755 none /srv
mkdir /srv/away
cat >/tmp/fill.py <<'END'
import os, sys
os.chdir(sys.argv[1])
os.setgroups([]); os.setgid(1001); os.setuid(1001)
deep = int(sys.argv[2])
for i in range(deep):
    os.mkdir("x" * 80)
    os.chdir("x" * 80)
if sys.argv[3] == "folders":
    for i in range(20000):
        os.mkdir(f"d{i}")
else:
    # whichever way it is read, one of the two first comes behind all others
    for name in ("first", *(f"f{i}" for i in range(10000)), "last"):
        open(name, "w").close()
        if name[0] == "f" and name[1:].isdigit():
            os.link(name, "g" + name[1:])
END
cat >/tmp/measure.py <<'END'
import resource, subprocess, sys
got = subprocess.run(sys.argv[1:], capture_output=True, text=True, errors="replace")
for line in got.stdout.splitlines():
    print(len(line) if len(line) > 1000 else "", line if len(line) < 1000 else line[:30] + "..." + line[line.rindex(":"):])
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024, "MB", got.stderr)
END
measure() { /usr/bin/python3 -I /tmp/measure.py "$SALLYPORT_BUILD/tests/jail_check" "$@"; }
j2=/srv/jail
for kind in folders files; do
	rm -rf $j2; cp -a $j $j2
	/usr/bin/python3 -I /tmp/fill.py $j2/home/anna 98 $kind || exit 8
	if [ $kind = files ]; then # where nothing is too deep to look at, each name is missed that is elsewhere
		find $j2/home/anna \( -name first -o -name last \) -execdir ln {} /srv/away/ ';'
	fi
	echo "== $kind"
	measure escapes $j2
	measure around $j2 1001:1001 /home/anna true
done
""")
    sizes = [int(mb) for mb in re.findall(r"(?m)^(\d+) MB", got.stdout)]
    figure(f"20000 folders too deep to enter, 10000 files of two names, paths of 8000 bytes: {sizes} MB")
    assert len(sizes) == 4 and ("ASAN_OPTIONS" in os.environ or max(sizes) < 80), got.stdout + got.stderr
    folders, files = got.stdout.split("== files\n")
    assert folders.count("unknown /home/anna/x") == 200 and folders.count("there may be more like this") == 2, got.stdout
    # of the one of which the path is not kept it is said that there is one
    for told in files.split(" MB")[:2]:
        assert re.search(r"\d+ linked /home/anna/x+\.\.\.: the file has 1 more of its names outside of the jail", told), got.stdout + got.stderr
        assert "linked /: 1 more files of the user's have names outside of the jail" in told, got.stdout + got.stderr


STARTS = [
    ("true", ""),
    ("rm $j/lib/*/libselinux.so.1", "starts-not /bin/id: /bin/id: error while loading shared libraries: libselinux.so.1"),
    ("rm $j/lib/*/libc.so.6", "starts-not /bin/"),
    ("chmod a-x $j/lib64/ld-linux-x86-64.so.2", "starts-not /"),
    ("cp /bin/bash $j/bin/cut; truncate -s 3000 $j/bin/cut", "starts-not /bin/cut: "),
    (r"printf '#!/bin/gone\n' >$j/bin/s; chmod 755 $j/bin/s",
     "starts-not /bin/s: /bin/s or the interpreter it names is not there: No such file or directory"),
    (r"printf '#!/bin/env gone\n' >$j/bin/s; chmod 755 $j/bin/s", "starts-not /bin/s: gone, which it is a script of, is not in the jail"),
    (r"printf '#!/bin/env sh\n' >$j/bin/s; chmod 755 $j/bin/s", ""),
    ("cp /bin/bash $j/bin/mine; chmod 700 $j/bin/mine", "starts-not /bin/mine: /bin/mine: Permission denied"),
    ("echo text >$j/bin/text; chmod 755 $j/bin/text", ""),
]


def test_a_program_that_does_not_start_is_told_in_the_loaders_words(world):
    script = JAIL
    for i, (planted, _) in enumerate(STARTS):
        script += f"echo '== {i}'; fresh; {planted}\ncheck starts $j 1001:1001 /home/anna\n"
    got = world(script)
    wrong = []
    for (planted, wanted), lines in zip(STARTS, parts(got.stdout, len(STARTS))):
        wrong += expect(planted, lines, wanted, 1 if len(wanted) > 20 else 9)
    assert not wrong, "\n".join(wrong) + got.stderr


def test_no_instruction_of_a_program_runs_and_nothing_is_changed(world):
    got = world(JAIL + r"""
cat >/tmp/p.c <<'END'
#include <fcntl.h>
#include <unistd.h>
int main(void) { int fd = open("/home/anna/ran", O_CREAT | O_WRONLY, 0600); return fd < 0; }
__attribute__((constructor)) static void first(void) { (void)open("/home/anna/constructed", O_CREAT | O_WRONLY, 0600); }
END
cc -o $j/bin/p /tmp/p.c || exit 9
chroot --userspec=1001:1001 $j /bin/p && rm $j/home/anna/ran $j/home/anna/constructed || exit 8
lab_snapshot $j >/tmp/before
check starts $j 1001:1001 /home/anna
lab_snapshot $j | cmp - /tmp/before || exit 7
[ -z "$(grep $j /proc/mounts)" ] || exit 6
""")
    if got.returncode == 9:
        pytest.skip("no compiler")
    assert (got.returncode, got.stdout) == (0, "exit 0\n"), got.stdout + got.stderr


def test_who_takes_over_a_program_that_is_tried_has_nothing_of_the_host(world):
    """The loader is one that tells what it sees, and waits to be looked at from outside."""
    got = world(JAIL + r"""
cat >/tmp/ld.c <<'END'
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>
static volatile sig_atomic_t seen;
static void looked_at(int sig) { seen = sig; }
int main(void)
{
	int fds = 0;
	signal(SIGUSR1, looked_at);
	for (int fd = 0; fd < 4096; fd++)
		fds += fcntl(fd, F_GETFD) >= 0;
	printf("error while loading: uid %d, %d descriptors, %s new privileges\n", (int)getuid(), fds,
	       prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) ? "no" : "with");
	fflush(stdout);
	for (int i = 0; !seen && i < 900; i++) /* until it was looked at */
		usleep(10000);
	return 1;
}
END
echo 'int main(void) { return 0; }' | cc -static -x c - -o /tmp/none || exit 9
cc -static -o $j/lib64/ld-linux-mine.so /tmp/ld.c || exit 8
echo 'int main(void) { return 0; }' | cc -x c - -Wl,--dynamic-linker=/lib64/ld-linux-mine.so -o $j/bin/p || exit 8
exec 7</root 8</etc/passwd
cat >/tmp/look.py <<'END'
import ctypes, os, signal, sys, time
print("looking", flush=True)
until = time.monotonic() + 120
def loader():
    # not the one that is held before its first instruction, which has no output of its own; and not before it listens to us
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.readlink(f"/proc/{pid}/exe").endswith("ld-linux-mine.so") and os.readlink(f"/proc/{pid}/fd/1").startswith("pipe:") and \
                    any(row.startswith("SigCgt:") and int(row.split()[1], 16) >> signal.SIGUSR1 - 1 & 1 for row in open(f"/proc/{pid}/status")):
                return pid
        except OSError:
            pass
while not (pid := loader()):
    if time.monotonic() > until: sys.exit("no loader was seen")
    time.sleep(0.02)
status = dict(row.split(":", 1) for row in open(f"/proc/{pid}/status"))
print("capabilities", {status[name].strip().strip("0") for name in ("CapInh", "CapPrm", "CapEff", "CapAmb")}, "groups", status["Groups"].split())
# not its own root, which it cannot leave, but that of its namespace
ns = os.open(f"/proc/{pid}/ns/mnt", os.O_RDONLY)
if ctypes.CDLL(None).setns(ns, 0x20000): sys.exit("setns")
print("root", sorted(os.listdir("/")))
print("writable", os.access("/etc", os.W_OK))
os.kill(int(pid), signal.SIGUSR1)
END
/usr/bin/python3 /tmp/look.py >/tmp/seen & looking=$!
lab_wait 30 grep -q looking /tmp/seen
check starts $j 1001:1001 /home/anna >/tmp/said
wait $looking
cat /tmp/seen
cat /tmp/said
""")
    if got.returncode == 9:
        pytest.skip("no compiler, or no static library")
    assert got.stdout.splitlines() == [
        "looking", "capabilities {''} groups []", "root ['bin', 'dev', 'etc', 'home', 'lib', 'lib64']", "writable False",
        "starts-not /bin/p: /lib64/ld-linux-mine.so ends with 1: error while loading: uid 1001, 3 descriptors, no new privileges", "exit 1"], got.stdout + got.stderr


def test_who_keeps_a_fork_of_what_is_tried_keeps_nobody_waiting(world):
    """Its namespace does not end as long as somebody traces what is in it and does not let go."""
    got = world(JAIL + r"""
cat >/tmp/ld.c <<'END'
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
static volatile sig_atomic_t seen;
static void taken(int sig) { seen = sig; }
int main(void)
{
	sigset_t ends;
	sigemptyset(&ends);
	sigaddset(&ends, SIGCHLD); /* else it stops for whoever traces it */
	sigprocmask(SIG_BLOCK, &ends, NULL);
	signal(SIGUSR1, taken);
	for (int i = 0; !seen && i < 900; i++) { /* until one of them was taken */
		if (fork() == 0)
			_exit(0);
		usleep(10000);
	}
	return 0;
}
END
echo 'int main(void) { return 0; }' | cc -static -x c - -o /tmp/none || exit 9
cc -static -o $j/lib64/ld-linux-mine.so /tmp/ld.c || exit 8
echo 'int main(void) { return 0; }' | cc -x c - -Wl,--dynamic-linker=/lib64/ld-linux-mine.so -o $j/bin/p || exit 8
cat >/tmp/take.py <<'END'
import ctypes, errno, os, signal, sys, time
SEIZE, FORKS, MESSAGE, DETACH, CONT = 0x4206, 2, 0x4201, 17, 7
c = ctypes.CDLL(None, use_errno=True)
c.ptrace.argtypes = [ctypes.c_long] * 2 + [ctypes.c_void_p] * 2
os.setgroups([]); os.setgid(1001); os.setuid(1001)
print("looking", flush=True)
until = time.monotonic() + 120
def loader():
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.readlink(f"/proc/{pid}/exe").endswith("ld-linux-mine.so") and \
                    any(row.startswith("SigCgt:") and int(row.split()[1], 16) >> signal.SIGUSR1 - 1 & 1 for row in open(f"/proc/{pid}/status")):
                return int(pid)
        except OSError:
            pass
while True:
    if time.monotonic() > until: sys.exit("no loader was seen")
    if (pid := loader()) and c.ptrace(SEIZE, pid, None, FORKS) == 0:
        break
    if pid and ctypes.get_errno() == errno.EPERM:
        print("not allowed", flush=True)
        sys.exit()
    time.sleep(0.01)
status = os.waitpid(pid, 0)[1]
if status >> 8 != signal.SIGTRAP | 1 << 8: sys.exit(f"the loader stops with {status:x}")
kid = ctypes.c_ulong()
c.ptrace(MESSAGE, pid, None, ctypes.addressof(kid))
os.kill(pid, signal.SIGUSR1)
c.ptrace(DETACH, pid, None, None)
os.waitpid(kid.value, 0)
c.ptrace(CONT, kid.value, None, None) # to its end, of which nobody is told
print("taken", flush=True)
signal.pause()
END
/usr/bin/python3 /tmp/take.py >/tmp/seen 2>&1 & taker=$!
lab_wait 30 grep -q looking /tmp/seen
before=$SECONDS
check starts $j 1001:1001 /home/anna >/tmp/said & checking=$!
lab_wait 20 grep -q 'exit ' /tmp/said || echo "it does not end"
echo "$((SECONDS - before)) s" >&2
sed 1d /tmp/seen
cat /tmp/said
# what he keeps goes when he does
keepers() { pgrep -x jail_check | wc -l; }
[ "$(head -n 2 /tmp/seen | tail -n 1)" != taken ] || echo "$(keepers) kept"
kill $taker; wait $taker
none() { [ "$(keepers)" = 0 ]; }
lab_wait 30 none && wait $checking && echo all gone
""")
    if got.returncode == 9:
        pytest.skip("no compiler, or no static library")
    if "not allowed" in got.stdout:
        pytest.skip("the kernel does not let users trace what they did not start: kernel.yama.ptrace_scope")
    assert got.stdout.splitlines() == ["taken", "exit 0", "1 kept", "all gone"], got.stdout + got.stderr


# sshd is asked with each mistake on the way, and must say what we say
MISTAKES = [
    ("true", True),
    ("chmod g+w $j", False),
    ("chmod o+w /home/chroot", False),
    ("chmod 1777 /home/chroot", False),
    ("chown anna $j", False),
    ("chown anna /home/chroot", False),
    ("chgrp anna $j; chmod 750 $j; chown :1001 $j", True),
    ("mv $j /srv/real && ln -s /srv/real $j", True),
    ("mkdir -m 777 /srv/open && mv $j /srv/open/real && ln -s /srv/open/real $j", True),
    ("mv $j /srv/real && ln -s /srv/real $j && chmod g+w /srv/real", False),
    ("chmod g+w /home", False),
    ("chmod 2755 $j", True),
]


def test_sshd_refuses_exactly_the_ways_that_we_call_unsafe(world, figure):
    script = JAIL + """
lab_key anna
printf 'PerSourcePenalties no\n' >/tmp/no && sshd -t -f /tmp/no 2>/dev/null && cp /tmp/no /etc/ssh/sshd_config.d/0.conf
printf 'Match User anna\n ChrootDirectory /home/chroot/%%u\n AuthorizedKeysFile /root/keys/%%u.pub\n' >/etc/ssh/sshd_config.d/j.conf
chmod 755 /root /root/keys
lab_sshd_start || exit 9
"""
    for i, (mistake, _) in enumerate(MISTAKES):
        script += f"echo '== {i}'; fresh; {mistake}\nlab_login anna echo in; check escapes $j\n"
    got = world(script)
    wrong = []
    for (mistake, lets_in), lines in zip(MISTAKES, parts(got.stdout, len(MISTAKES))):
        refused = any(line.startswith("path ") for line in lines)
        if ("in" in lines) != lets_in or refused == lets_in:
            wrong.append(f"{mistake}: {lines}")
        if "open" in mistake and not any(line.startswith("writable /srv/open: everybody may write to it") for line in lines):
            wrong.append(f"{mistake}: {lines}")
    assert not wrong, "\n".join(wrong) + got.stderr
    figure(f"{len(MISTAKES)} ways to a jail: sshd and we say the same of each")
