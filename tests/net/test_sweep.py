# SPDX-License-Identifier: GPL-3.0-or-later
# test_sweep.py - revoked keys are found wherever sshd would look for keys, and taken out with every other byte left in place.
import json
import re

import pytest

CARL = "/home/carl"
# anna and bob log in with good keys; stolen.pub is revoked, and so is the CA gone.pub.
SETUP = r"""
set -eu
CARL=/home/carl
lab_account anna 1001; lab_account bob 1002; lab_account carl 1003
lab_key anna; lab_key bob
cd /root
ssh-keygen -q -t ed25519 -N '' -C 'stolen laptop' -f stolen
ssh-keygen -q -t ed25519 -N '' -C 'old CA' -f gone
cat stolen.pub gone.pub >/etc/ssh/revoked_keys
sed -i '1i RevokedKeys /etc/ssh/revoked_keys' /etc/ssh/sshd_config
keys() { install -d -m 700 -o "$1" -g "$1" "/home/$1/.ssh"; cat >"/home/$1/.ssh/authorized_keys"; chown "$1:" "/home/$1/.ssh/authorized_keys"; }
sweep() { sallyport revoke sweep "$@" </dev/null || echo "status $?"; }
remove() { sweep --remove -y --keep anna --confirm-within 0 "$@"; }
"""


def run(world, body, timeout=300):
    got = world(SETUP + body, timeout=timeout)
    assert got.returncode == 0, got.stdout + got.stderr
    return got


def test_lines_go_and_every_other_byte_stays_and_comes_back(world):
    got = run(world, r"""
{ printf '# hers\r\n\n\t \n'; printf 'from="10.0.0.0/8",no-pty %s\r\n' "$(cat stolen.pub)"; cat keys/anna.pub
  echo 'no key at all'; printf '\0\377 bytes\n'; cat stolen.pub; cat bob.pub 2>/dev/null || :; printf '%s' "$(cat stolen.pub)"; } | keys anna
{ cat stolen.pub; cat keys/bob.pub; echo "cert-authority $(cat gone.pub)"; printf '# no newline at the end'; } | keys bob
setfattr -n user.note -v kept /home/anna/.ssh/authorized_keys
chmod 640 /home/bob/.ssh/authorized_keys
touch -d 2020-01-01T00:00:00 /home/*/.ssh /home/*/.ssh/authorized_keys
lab_sshd_start
cp -a /home /root/before
cat >without.py <<-'END'
	import sys
	stolen = open("stolen.pub", "rb").read().split()[1]
	lines = open(sys.argv[1], "rb").readlines()
	sys.stdout.buffer.write(b"".join(line for line in lines if stolen not in line))
END
lab_snapshot /home >before.list
sweep
sweep --format json >found.json; sed -i '/^status/d' found.json
sweep --remove -n >/dev/null
lab_snapshot /home | cmp - before.list
remove >/dev/null
for user in anna bob; do
	/usr/bin/python3 -I without.py before/$user/.ssh/authorized_keys | cmp - /home/$user/.ssh/authorized_keys
	stat -c '%a %U' /home/$user/.ssh/authorized_keys
done
getfattr --only-values -n user.note /home/anna/.ssh/authorized_keys; echo
lab_login anna echo in
sweep
sallyport rollback -y >/dev/null
lab_snapshot /home | cmp - before.list && echo the same again
echo ---
cat found.json
""")
    text, _, found = got.stdout.partition("---\n")
    assert text.count(" (revoked by key in /etc/ssh/revoked_keys)\n") == 4, text
    assert "/home/anna/.ssh/authorized_keys:4: ssh-ed25519 SHA256:" in text
    assert "/home/bob/.ssh/authorized_keys:3: ssh-ed25519 " in text
    assert "5 lines with a revoked key, 1 of them of CAs in 2 files\nstatus 1\n" in text
    # the last line of hers had no newline, and went
    assert "600 anna\n640 bob\nkept\nin\n" in text
    assert "1 line with a revoked key in 2 files\nstatus 1\nthe same again\n" in text, text
    report = json.loads(found)
    assert report["keys"] == 4 and report["looked"] == 2 and report["unknown"] == []
    assert [line["kind"] for line in report["files"][1]["lines"]] == ["key", "cert-authority"]


def test_files_are_found_wherever_the_configuration_puts_them(world):
    got = run(world, r"""
cat >>/etc/ssh/sshd_config <<-END
	AuthorizedKeysFile .ssh/authorized_keys /etc/ssh/keys/%u /etc/ssh/everybody .ssh/%U-%%
	TrustedUserCAKeys /etc/ssh/cas
	Match User bob
		AuthorizedKeysFile %h/special
	Match Group carl Address 192.0.2.0/24
		AuthorizedKeysFile /srv/far/%u
	Match User nobody-else
		AuthorizedKeysFile .ssh/not-in-use
	Match User bob Address 192.0.2.0/24
		RevokedKeys none
END
mkdir -p /etc/ssh/keys /srv/far
for file in /etc/ssh/keys/anna /etc/ssh/everybody /home/bob/special /srv/far/carl; do cat stolen.pub >$file; done
cat stolen.pub >/home/anna/.ssh/1001-%
cat stolen.pub >>/home/bob/.ssh/authorized_keys # not looked at by sshd
cat stolen.pub >/home/anna/.ssh/not-in-use
{ cat keys/bob.pub; cat gone.pub; } >/etc/ssh/cas
lab_sshd_start
sweep
sweep --user bob
remove >/dev/null
sweep
cat /etc/ssh/cas | wc -l
""")
    found = re.findall(r"^(/\S+):\d+: ", got.stdout.split("status")[0], re.M)
    assert sorted(found) == ["/etc/ssh/cas", "/etc/ssh/everybody", "/etc/ssh/keys/anna", "/home/anna/.ssh/1001-%",
                             "/home/bob/special", "/srv/far/carl"], got.stdout
    assert re.findall(r"^(/\S+):\d+: ", got.stdout.split("status 1")[1], re.M) == ["/home/bob/special", "/etc/ssh/cas"]
    assert re.findall(r"^(/\S+):\d+: ", got.stdout.split("status 1")[2], re.M) == ["/etc/ssh/cas"], got.stdout
    assert got.stdout.endswith("\nstatus 1\n2\n")
    assert "/etc/ssh/cas:2 lists a revoked CA: take it out by hand" in got.stderr


def test_what_cannot_be_read_is_never_clean(world):
    got = run(world, r"""
lab_sshd_start
sweep
head -c 17M /dev/zero | tr '\0' '\n' >/home/bob/.ssh/authorized_keys
truncate -s 100M $CARL/large && sed -i 's,^AuthorizedKeysFile.*,,; 1i AuthorizedKeysFile .ssh/authorized_keys large' /etc/ssh/sshd_config
# a sanitizer takes more address space than there is
( [ "${ASAN_OPTIONS:-}" ] || ulimit -v 2000000; sweep )
rm /home/bob/.ssh/authorized_keys $CARL/large
mkfifo /home/bob/.ssh/authorized_keys
ln -s /dev/zero $CARL/large
sweep
setpriv --reuid 1003 --regid 1003 --clear-groups sallyport revoke sweep || echo "status $?"
echo nonsense >>/etc/ssh/revoked_keys
sweep
rm /etc/ssh/revoked_keys
sweep
sed -i /RevokedKeys/d /etc/ssh/sshd_config
sweep
sweep --krl stolen.pub
sweep --krl /etc/passwd
sweep --user nobody-here
""")
    blocks = re.split(r"(?:^|\n)status (\d)\n", got.stdout)
    assert got.stdout.startswith("No revoked key is listed in 2 files\n")
    assert "/home/bob/.ssh/authorized_keys is larger than 16 MiB or has too many lines, and was not read" in got.stderr
    assert f"{CARL}/large is larger than 16 MiB" in got.stderr
    assert blocks[1] == "2" and "None found in 1 file, and not all could be looked at" in blocks[0]
    assert "No revoked key is listed in 1 file\n" in got.stdout  # devices and pipes are no files of keys for sshd
    assert "/home/anna/.ssh/authorized_keys cannot be read: Permission denied" in got.stderr
    assert "RevokedKeys /etc/ssh/revoked_keys cannot be read as a list of keys (line 3)" in got.stderr
    assert "RevokedKeys /etc/ssh/revoked_keys is not there; sshd refuses every key" in got.stderr
    assert "no RevokedKeys is set here, so nothing is revoked" in got.stderr
    assert "--krl is '/etc/passwd', which cannot be read as a list of keys" in got.stderr
    assert "there is no account 'nobody-here'" in got.stderr
    assert re.findall(r"^status (\d)$", got.stdout, re.M) == ["2"] * 7, got.stdout + got.stderr


def test_a_home_that_does_not_answer_holds_nothing_up(world):
    """A file system whose server never says a word, as that of a dead network mount."""
    got = run(world, r"""
[ -e /dev/fuse ] || mknod /dev/fuse c 10 229 || { echo "no fuse"; exit 0; }
cat >dead.py <<-'END'
	import ctypes, os, sys, time
	try:
	    fd = os.open("/dev/fuse", os.O_RDWR)
	except OSError:
	    sys.exit("no fuse")
	options = f"fd={fd},rootmode=40000,user_id=0,group_id=0,allow_other".encode()
	if ctypes.CDLL(None).mount(b"dead", sys.argv[1].encode(), b"fuse", 0, options):
	    sys.exit("no fuse")
	print("mounted", flush=True)
	time.sleep(1000)
END
cat stolen.pub | keys bob
lab_sshd_start
/usr/bin/python3 -I dead.py $CARL >dead 2>&1 &
lab_wait 10 grep -q . dead
cat dead
grep -q mounted dead || exit 0
timeout -s KILL 240 sallyport revoke sweep </dev/null || echo "status $?"
# what wants to know everything of the system
timeout -s KILL 240 sallyport revoke sweep --remove -n --keep anna </dev/null >/dev/null || echo "status $?"
""", timeout=600)
    if "no fuse" in got.stdout:
        pytest.skip("no FUSE here")
    assert re.search(r"mounted\n/home/bob/.ssh/authorized_keys:1: .*\n1 line with a revoked key in 2 files, and not all could be "
                     r"looked at\nstatus 2\nstatus 2\n$", got.stdout), got.stdout
    assert f"sallyport: {CARL}/.ssh/authorized_keys does not answer\n" in got.stderr


def test_links_and_second_names_are_left_to_a_person(world):
    got = run(world, r"""
cat stolen.pub | keys bob
cat stolen.pub | keys carl
mv /home/bob/.ssh/authorized_keys /home/bob/elsewhere; ln -s ../elsewhere /home/bob/.ssh/authorized_keys
ln $CARL/.ssh/authorized_keys $CARL/second
mv /home/anna /srv/anna; ln -s /srv/anna /home/anna # a link of root's own
cat stolen.pub >>/srv/anna/.ssh/authorized_keys
install -d /root/.ssh; cat keys/anna.pub stolen.pub >/root/.ssh/authorized_keys
lab_sshd_start
remove
wc -l </srv/anna/.ssh/authorized_keys; wc -l </root/.ssh/authorized_keys; wc -l </home/bob/elsewhere; wc -l <$CARL/second
""")
    assert "'/home/bob/.ssh/authorized_keys' stays as it is: a link leads there that others than root can change" in got.stderr
    assert f"'{CARL}/.ssh/authorized_keys' stays as it is: it has several names" in got.stderr
    assert got.stdout.endswith("status 1\n1\n1\n1\n1\n"), got.stdout


SWAP = r"""
cat keys/bob.pub stolen.pub | keys bob
install -d /root/.ssh; { cat keys/anna.pub; cat stolen.pub; } >/root/.ssh/authorized_keys
mkdir /home/bob/real; cp -a /home/bob/.ssh/. /home/bob/real
lab_sshd_start
sum=$(sha256sum </root/.ssh/authorized_keys)
"""


def test_a_folder_that_is_swapped_for_a_link_leads_nowhere(world):
    """bob exchanges ~/.ssh for a link to root's, and back, all the time: at no moment may root's file change."""
    got = run(world, SWAP + r"""
cat >swap.py <<-'END'
	import ctypes, os, time
	os.setgid(1002); os.setuid(1002)
	os.chdir("/home/bob")
	os.symlink("/root/.ssh", "link")
	libc = ctypes.CDLL(None, use_errno=True)
	while True:
	    for _ in range(49):
	        libc.renameat2(-100, b"link", -100, b".ssh", 2)
	    time.sleep(0.001)
END
chmod 711 /root
/usr/bin/python3 -I swap.py & swapper=$!
lab_wait 10 test -L /home/bob/.ssh
for i in $(seq 12); do
	sallyport revoke sweep --remove -y --user bob --keep anna --confirm-within 0 </dev/null >>log 2>&1 || echo "status $?" >>log
	[ "$(sha256sum </root/.ssh/authorized_keys)" = "$sum" ] || echo "root's keys were changed"
	[ -z "$(find /root/.ssh -newer swap.py)" ] || echo "something was made in root's folder"
done
kill $swapper; wait $swapper || :
sallyport recover || :
sallyport history | grep -c . || :
sort log | uniq -c | sort -rn | head -n 20
""")
    assert "changed\n" not in got.stdout.split("\n")[0] and "root's keys" not in got.stdout and "something was made" not in got.stdout
    assert not re.search(r"(applying|rolling-back)", got.stdout)


def test_a_link_in_the_way_of_a_roll_back_stays_and_ends_it(world):
    got = run(world, SWAP + r"""
remove --user bob >/dev/null
mv /home/bob/.ssh /home/bob/kept
ln -s /root/.ssh /home/bob/.ssh
sallyport rollback -y || echo "status $?"
sallyport rollback -y --override changed || echo "status $?"
[ "$(sha256sum </root/.ssh/authorized_keys)" = "$sum" ] && echo "root's keys are as they were"
wc -l </home/bob/kept/authorized_keys
sallyport history
""")
    assert "status 1\n" in got.stdout, got.stdout + got.stderr
    assert "root's keys are as they were\n1\n" in got.stdout
    assert re.search(r"rolled-back +revoke sweep", got.stdout)


def test_a_list_that_is_not_in_force_may_not_lock_out_who_is_kept(world):
    got = run(world, r"""
cat keys/anna.pub >list
lab_sshd_start
sallyport revoke sweep --remove -y --krl list --keep anna </dev/null || echo "status $?"
grep -c . /home/anna/.ssh/authorized_keys
lab_login anna echo in
sallyport revoke sweep --remove -y --krl list --keep bob --confirm-within 0 </dev/null >/dev/null || echo "status $?"
grep -c . /home/anna/.ssh/authorized_keys || :
lab_login anna echo in || echo out
""")
    assert "lockout guard: anna would be locked out" in got.stderr, got.stderr
    assert got.stdout == "status 1\n1\nin\n0\nout\n", got.stdout


@pytest.mark.parametrize("count", [60, 130, 200])
def test_after_a_cut_the_lines_are_all_there_or_all_gone(world, count):
    got = run(world, rf"""
for user in anna bob carl; do cat stolen.pub keys/bob.pub | keys $user; done
lab_snapshot /home >old.list
lab_sshd_start
"$BUILD/tests/cut" -o cut.log --only sallyport --changing {count} -- sallyport revoke sweep --remove -y --keep bob --confirm-within 0 </dev/null >/dev/null 2>&1 || :
cat cut.log
sallyport recover >/dev/null 2>&1 || :
if lab_snapshot /home | cmp -s - old.list; then echo old; else grep -L "$(cut -d' ' -f2 stolen.pub)" /home/*/.ssh/authorized_keys | wc -l; fi
find /home -name '.*sallyport*'
""")
    assert got.stdout.splitlines()[-1] in ("old", "3"), got.stdout
