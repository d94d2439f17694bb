# SPDX-License-Identifier: GPL-3.0-or-later
# test_jail_cuts.py - a jail is there as a whole or not at all: cut anywhere, on a full disk, beside a user who works against it,
# with a host that changes meanwhile. Each run takes other cuts (those of SALLYPORT_SEED=N again); all of them: SALLYPORT_LONG=1.
import os
import random
import re

import pytest

LONG = os.environ.get("SALLYPORT_LONG") == "1"
SEED = int(os.environ.get("SALLYPORT_SEED", random.randint(1, 9999)))
EVERY = {"create": 16, "update": 10, "remove": 10, "remove-home": 12, "recover-create": 6, "recover-update": 6, "recover-remove": 6,
         "again": 10, "remove-lost": 10, "recover-again": 6, "recover-remove-lost": 6}
START = r"""
tool=$SALLYPORT_BUILD/tests/jail_build
mkdir -p /srv/host /srv/jails; umask 022
for n in $(seq 20); do head -c 30000 /dev/urandom >/srv/host/$n; chmod 644 /srv/host/$n; done
{ echo 'his /home/anna 0700'; for n in $(seq 20); do echo "file /usr/$n /srv/host/$n 0644"; done; } >/tmp/list
create() { $tool create anna 1001 /srv/jails/anna /home/anna "${1-/tmp/list}"; }
look() { /usr/bin/python3 -I "$LAB_SOURCE/tests/lab/snapshot.py" "$@"; }
$tool recover && mkdir -p /var/lib/jail_build
"""


@pytest.mark.parametrize("kind", EVERY)
def test_after_a_cut_anywhere_recover_gives_all_or_nothing(world, figure, kind):
    if "ASAN_OPTIONS" in os.environ:
        pytest.skip("the leak checker does not work in a process that is traced")
    every = 1 if LONG else EVERY[kind]
    first = random.Random(f"{SEED} {kind}").randint(1, every)
    got = world(f'/usr/bin/python3 -I "$LAB_SOURCE/tests/lab/jail_cuts.py" {kind} --every {every} --first {first}',
                timeout=1800 if LONG else 300)
    assert got.returncode == 0, got.stdout + got.stderr
    figure(f"{got.stdout.strip()}; seed {SEED}")
    assert " cuts before changes" in got.stdout


# The whole commands, with sshd's configuration, the account, logins and all; every so many states by default, of one of each row.
COMMANDS = [{"create-sftp": 40, "create": 160}, {"update": 10}, {"remove": 60, "remove-account": 40, "remove-all": 40}]
PEOPLE = """
umask 022
touch /etc/gshadow /etc/subuid /etc/subgid; chmod 640 /etc/gshadow
lab_account anna 1001; lab_key anna
ssh-keygen -q -t ed25519 -N '' -f $LAB_KEYS/bert; cp $LAB_KEYS/bert.pub /tmp/key.pub
lab_sshd_start || exit 9
"""
# A program and its library in two versions, the second with another soname; and a program that the second does not have.
PACKAGES = r"""
for folder in /opt /usr/local/bin; do mount -t tmpfs -o mode=755 none $folder; done
build_hello() { # VERSION FOLDER
	mkdir -p "$2/bin" "$2/lib"
	printf 'const char *hello(void) { return "version %s"; }\n' $1 >/root/lib.c
	printf '#include <stdio.h>\nconst char *hello(void);\nint main(void)\n{\n\treturn puts(hello()) < 0;\n}\n' >/root/hello.c
	gcc -shared -fPIC -Wl,-soname,libhello.so.$1 -o "$2/lib/libhello.so.$1" /root/lib.c &&
		gcc -o "$2/bin/hello" /root/hello.c "$2/lib/libhello.so.$1" -Wl,-rpath,/opt/hello/lib
}
build_hello 1 /root/one && build_hello 2 /root/two && cp -a /root/one /opt/hello && cp /root/one/bin/hello /usr/local/bin/clear || exit 8
"""


@pytest.mark.parametrize("kinds", [{kind: 1} for row in COMMANDS for kind in row] if LONG else COMMANDS, ids="/".join)
def test_after_a_cut_anywhere_in_a_command_all_of_it_is_there_or_nothing(world, figure, kinds):
    if "ASAN_OPTIONS" in os.environ:
        pytest.skip("the leak checker does not work in a process that is traced")
    kind = sorted(kinds)[SEED % len(kinds)]
    often = 24 if LONG else COMMANDS.index(kinds) == SEED // 2 % len(COMMANDS)
    got = world(PEOPLE + (PACKAGES if kind == "update" else "") + f'/usr/bin/python3 -B "$LAB_SOURCE/tests/lab/command_cuts.py" {kind} '
                f'--every {kinds[kind]} --kills {int(often)} --recovers {int(often)} --seed {SEED}', timeout=7200 if LONG else 900)
    assert got.returncode == 0, got.stdout + got.stderr
    figure(got.stdout.strip())
    done = re.search(r": (\d+) of (\d+) states, .* recover (\d+) nothing, (\d+) all; ", got.stdout)
    taken, count, nothing, everything = (int(number) for number in done.groups())
    assert taken == nothing + everything > 0 and (not LONG or taken == count and nothing and everything), got.stdout


def run(world, snippet):
    got = world("set -e\n" + START + snippet, timeout=300)
    if got.returncode == 77:
        pytest.skip(got.stderr.strip().splitlines()[-1])
    assert got.returncode == 0, got.stdout + got.stderr
    return got


def test_a_full_disk_names_the_file_and_leaves_nothing(world):
    got = run(world, r"""
mount -t tmpfs -o size=400k,mode=755 none /srv/jails
look /srv/jails /var/lib/sallyport /var/lib/jail_build >/tmp/before
create && exit 3
look /srv/jails /var/lib/sallyport /var/lib/jail_build | diff /tmp/before -
head -5 /tmp/list >/tmp/short
create /tmp/short
look /srv/jails /var/lib/sallyport /var/lib/jail_build >/tmp/before
$tool update anna /tmp/list && exit 4
look /srv/jails /var/lib/sallyport /var/lib/jail_build | diff /tmp/before -
$tool unfinished && exit 5
mount -o remount,size=4m /srv/jails
$tool update anna /tmp/list
""")
    assert got.stderr.count("No space left on device") == 2
    assert "jail_build: /usr/" in got.stderr and "cannot be written in the jail" in got.stderr
    assert "added 16, replaced 0, removed 0, same 7" in got.stdout


def test_a_disk_that_is_full_for_the_manifest_or_read_only_leaves_nothing(world):
    got = run(world, r"""
mount -t tmpfs -o size=8k,mode=755 none /var/lib/sallyport
create && exit 3
[ "$(ls -A /srv/jails)" = "" ] && [ "$(ls -A /var/lib/sallyport/jails)" = .lock ]
umount /var/lib/sallyport
mount -t tmpfs -o ro,mode=755 none /srv/jails
look /var/lib/sallyport /var/lib/jail_build >/tmp/before
create && exit 5
look /var/lib/sallyport /var/lib/jail_build | diff /tmp/before -
""")
    assert "the manifest cannot be written: No space left on device" in got.stderr
    assert "/srv/jails/anna: the jail cannot be made: Read-only file system" in got.stderr


def test_what_is_mounted_inside_is_neither_removed_nor_entered(world):
    got = run(world, r"""
create
mkdir /srv/jails/anna/home/anna/mnt
mount --bind /srv/host /srv/jails/anna/home/anna/mnt
look /srv >/tmp/before
$tool remove anna home && exit 3
look /srv | diff /tmp/before -
umount /srv/jails/anna/home/anna/mnt
$tool remove anna home
[ "$(ls -A /srv/jails)" = "" ] && [ "$(ls /srv/host | wc -l)" = 20 ]
""")
    assert "something is mounted there: unmount it first" in got.stderr


def test_what_is_mounted_is_not_given_to_the_user(world):
    got = run(world, r"""
{ cat /tmp/list; echo 'folder /given 0755'; } >/tmp/folder
{ cat /tmp/list; echo 'his /given 0700'; } >/tmp/own
create /tmp/folder
mount -t tmpfs -o mode=755 none /srv/jails/anna/given
$tool update anna /tmp/own && exit 3
stat -c '%u %a' /srv/jails/anna/given
$tool unfinished && exit 4
umount /srv/jails/anna/given
$tool update anna /tmp/own
stat -c '%u %a' /srv/jails/anna/given
""")
    assert "/given: it cannot be brought up to date: something is mounted there" in got.stderr
    assert "\n0 755\n" in got.stdout and got.stdout.endswith("\n1001 700\n"), got.stdout


def test_files_that_must_not_change_go_all_the_same(world):
    run(world, r"""
create
touch /srv/jails/anna/home/anna/fixed && mkdir -p /srv/jails/anna/home/anna/folder/in
chattr +i /srv/jails/anna/home/anna/fixed || exit 77
chattr +i /srv/jails/anna/home/anna/folder
$tool remove anna home
[ "$(ls -A /srv/jails)" = "" ]
""")


def test_a_jail_on_a_file_system_of_its_own_is_brought_up_to_date(world):
    got = run(world, r"""
head -5 /tmp/list >/tmp/short
create /tmp/short
mkdir /tmp/new && mount -t tmpfs -o size=4m,mode=755 none /tmp/new
cp -a /srv/jails/anna/. /tmp/new && mount --move /tmp/new /srv/jails/anna
$tool update anna /tmp/list
cmp /srv/host/20 /srv/jails/anna/usr/20
[ "$(stat -c %d /srv/jails/anna/usr/20)" = "$(stat -c %d /srv/jails/anna)" ]
$tool remove anna home && exit 3
umount /srv/jails/anna
$tool remove anna home
[ "$(ls -A /srv/jails)" = "" ]
""")
    assert "added 16, replaced 0, removed 0, same 7" in got.stdout
    assert "something is mounted there: unmount it first" in got.stderr


HOSTILE = r"""
import os, random
os.setgid(1001); os.setuid(1001)
os.chdir("/srv/jails/anna/home/anna")
home = os.open(".", os.O_RDONLY)
for n in range(4):
    os.makedirs(f"d{n}/in/deeper", exist_ok=True)
os.symlink("/srv/host", "link")
os.symlink("../../../../host", "up")
print("ready", flush=True)
names = ["d0", "d1", "d2", "d3", "link", "up", "d0/in", "d1/in", "d2/in/deeper", "d3/in", "x"]
while True:
    a, b = random.sample(names, 2)
    try:
        os.rename(a, b, src_dir_fd=home, dst_dir_fd=home)
    except OSError:
        pass
    for call in (lambda: os.symlink("/srv/host", random.choice(names), dir_fd=home),
                 lambda: os.mkdir(random.choice(names), dir_fd=home),
                 lambda: os.unlink(random.choice(names), dir_fd=home)):
        try:
            call()
        except OSError:
            pass
"""


def test_a_user_who_swaps_folders_and_links_leads_nobody_out(world):
    run(world, f"cat >/tmp/hostile <<'EOF'\n{HOSTILE}\nEOF\n" + r"""
sed 's/0644$/0600/' /tmp/list >/tmp/other
look /srv/host >/tmp/host
for round in $(seq 6); do
    create >/dev/null
    /usr/bin/python3 -I /tmp/hostile >/tmp/ready &
    hostile=$!
    until [ -s /tmp/ready ]; do sleep 0.02; done
    $tool update anna /tmp/other >/dev/null
    $tool update anna /tmp/list >/dev/null
    $tool remove anna $([ $((round % 2)) = 0 ] || echo home)
    kill $hostile; wait $hostile || :
    rm -f /tmp/ready
    look /srv/host | diff /tmp/host -
    [ ! -e /srv/jails/anna ] && [ ! -e /srv/jails/.anna.sallyport-old ]
done
[ "$(ls -A /srv/jails | wc -l)" = 3 ] # the homes of every second round
""")


WRITER = r"""
import itertools, os
for n in itertools.count():
    letter = b"ab"[n % 2:n % 2 + 1]
    with open("/srv/host/.new", "wb") as f:
        f.write(letter * 3000000)
    os.chmod("/srv/host/.new", 0o644)
    os.rename("/srv/host/.new", "/srv/host/1")
    fd = os.open("/srv/host/2", os.O_WRONLY | os.O_TRUNC)
    for _ in range(3):
        os.write(fd, letter * 1000000)
    os.close(fd)
    print(n, flush=True)
"""
JUDGE = r"""
import hashlib, json, sys
rows = {e["path"]: e for e in json.load(open("/var/lib/sallyport/jails/anna/manifest.json"))["entries"]}
for path in "/usr/1", "/usr/2":
    content = open("/srv/jails/anna" + path, "rb").read()
    if hashlib.blake2b(content, digest_size=32).hexdigest() != rows[path]["digest"]:
        sys.exit(f"{path} has another digest than the manifest says")
    if path == "/usr/1" and (len(content) != 3000000 or content.strip(content[:1])):
        sys.exit(f"{path} is half old, half new")
"""


def test_a_source_that_changes_meanwhile_is_taken_as_a_whole_or_not_at_all(world, figure):
    got = run(world, f"cat >/tmp/writer <<'EOF'\n{WRITER}\nEOF\ncat >/tmp/judge <<'EOF'\n{JUDGE}\nEOF\n" + r"""
/usr/bin/python3 -I /tmp/writer >/tmp/written &
writer=$!
until [ -s /tmp/written ]; do sleep 0.02; done
made=0
for round in $(seq 8); do
    create >/dev/null || { [ "$(ls -A /srv/jails)" = "" ]; continue; }
    made=$((made + 1))
    /usr/bin/python3 -I /tmp/judge
    $tool remove anna home
done
kill $writer; wait $writer || :
echo "made $made of 8"
""")
    figure(got.stdout.strip())
    for line in got.stderr.splitlines():
        assert "again and again" in line or line.startswith("jail_build: create: "), got.stderr


def test_of_two_at_once_one_waits_for_nobody(world):
    got = run(world, r"""
flock /var/lib/sallyport/jails/.lock sleep 3 & holder=$!
while flock -n /var/lib/sallyport/jails/.lock true; do sleep 0.02; done
create && exit 3
[ "$(ls -A /srv/jails)" = "" ]
wait $holder
for n in $(seq 8); do create >/dev/null 2>&1 && echo made & done
wait
$tool update anna /tmp/list
""")
    assert "another run" in got.stderr
    assert got.stdout.count("made") == 1
    assert "same 23" in got.stdout
