# SPDX-License-Identifier: GPL-3.0-or-later
# test_jail.py - jails by the commands: made, lived in by real logins, checked, rolled back, removed, refused.
import json
import os

import pytest

LONG = os.environ.get("SALLYPORT_LONG") == "1"
START = """
lab_account anna 1001; lab_key anna
ssh-keygen -q -t ed25519 -N '' -f $LAB_KEYS/bert
J=/home/chroot/anna B=/home/chroot/bert
sftp_as() { lab_known_hosts; sftp -q -F none -b - -i $LAB_KEYS/$1 -o IdentitiesOnly=yes -o BatchMode=yes -o LogLevel=ERROR \
    -o UserKnownHostsFile=$LAB_KNOWN_HOSTS -o GlobalKnownHostsFile=none "$1@127.0.0.1"; }
everything() { find /etc/ssh /etc/passwd /etc/group /etc/shadow /etc/gshadow /home/chroot /var/lib/sallyport/jails -type f -exec md5sum {} + 2>/dev/null |
    grep -v '/\\.lock$' | sort; find /home/chroot /etc/ssh 2>/dev/null | sort; }
"""


def run(world, snippet, **more):
    got = world(START + snippet, **more)
    return got, got.stdout.splitlines()


def test_a_shell_in_a_jail_has_its_programs_and_sees_nothing_of_the_host(world):
    got, said = run(world, """
echo secret >/home/anna/secret; echo shared >/srv/shared; chmod 644 /srv/shared
lab_sshd_start || exit 9
sallyport jail create anna --with basic,git -y >/tmp/out || exit 1
grep -c "^Proven by logins: /bin/bash runs commands in /home/anna; / is the jail" /tmp/out
lab_login anna 'pwd; id -un; echo one >file && cat file && ls / | tr "\\n" " "; echo; git init -q repo && git -C repo status | head -1' || exit 2
lab_login anna 'for f in /srv/shared /home/anna/secret /etc/shadow /etc/ssh /proc/1 /sys/kernel /root /home/chroot; do [ -e $f ] && echo "seen: $f"; done; cat /etc/passwd | wc -l'
lab_login anna 'touch /x /etc/x /usr/bin/x /lib/x' 2>/dev/null && exit 3
[ "$(cat $J/home/anna/file)" = one ] || exit 4
LAB_SSH_OPTIONS="-W 127.0.0.1:22" lab_login anna 2>/dev/null && exit 5
sallyport jail list --format json >/tmp/list; sallyport jail create anna --with basic,git -y
echo "again: $?"; sallyport history | wc -l; cat /tmp/list
""")
    assert got.returncode == 0, got.stdout + got.stderr
    assert said[:5] == ["1", "/home/anna", "anna", "one", "bin dev etc home lib lib64 usr "], got.stdout + got.stderr
    assert said[5].startswith("On branch ")
    assert said[6] == "2", got.stdout
    assert said[7:10] == ["Nothing to change: the jail is there and in force.", "again: 0", "1"]
    row = json.loads("\n".join(said[10:]))["jails"][0]
    assert row["in_force"] and row["state"] == "ready" and row["with"] == ["basic", "git"] and row["files"] > 50


def test_the_file_for_the_keys_goes_with_the_jail_where_there_is_none_in_it(world):
    got, said = run(world, """
K=/etc/ssh/authorized_keys.d; lab_account carl 1003; lab_sshd_start || exit 9
for user in anna carl; do sallyport jail create $user --sftp-only -y -q >/dev/null 2>&1 || exit 1; done
chmod 640 $K/carl; touch -d '2021-03-04 05:06:07' $K/carl $K; stat -c '%n %a %u %g %Y' $K $K/carl >/tmp/stat; cp $K/carl /tmp/carl
sallyport jail remove carl -n | grep "^# remove $K/carl"; sallyport jail remove carl -y -q >/dev/null || exit 2
ls $K; grep -c . /var/lib/sallyport/transactions/0003/old/1; ls /var/lib/sallyport/transactions/0003/new
sallyport rollback -y -q --override lockout >/dev/null || exit 3
cmp $K/carl /tmp/carl && stat -c '%n %a %u %g %Y' $K $K/carl | diff /tmp/stat - || exit 4
cp $K/anna /tmp/keys; sallyport jail remove anna -y 2>&1 | grep -o 'the keys in .* stay; those that let anna in by then count again'; cmp $K/anna /tmp/keys || exit 5
sallyport jail create anna --sftp-only -y 2>&1 | grep 'already let'
echo '# by hand' >$K/anna; sallyport jail remove anna -y -q >/dev/null; cat $K/anna
""")
    assert got.returncode == 0, got.stdout + got.stderr
    assert said == ["# remove /etc/ssh/authorized_keys.d/carl", "anna", "1", "0", "the keys in /etc/ssh/authorized_keys.d/anna stay; those that let anna in by then count again",
                    "  the keys that stand in /etc/ssh/authorized_keys.d/anna already let anna in", "# by hand"], got.stdout + got.stderr


def test_a_look_before_a_change_says_what_comes_and_goes_and_refuses_as_the_change_would(world):
    got, said = run(world, """
lab_account carl 1003; lab_sshd_start || exit 9
sallyport jail create anna --with ls -y -q >/tmp/out 2>/tmp/err || exit 1
grep -v 'brought up to date' /tmp/err; grep -c 'lives in' /tmp/out
sallyport jail create anna --with cat,id -n >/tmp/look; echo "look: $?"; grep -E '^  [+-] /usr/bin/' /tmp/look
sallyport jail create anna --with cat,id -n --format json | /usr/bin/python3 -c 'import json, sys; j = json.load(sys.stdin)["jail"]
print([p for p in j["comes"] if "/usr/bin/" in p], [p for p in j["goes"] if "/usr/bin/" in p])'
sallyport jail create anna --with basic,git -n | grep -c '^  + /'; sallyport jail create anna --with basic,git -n | grep -c '^  + and [0-9]* more'
mkdir -m 777 /srv/open; everything >/tmp/before
for how in -n -y; do sallyport jail create carl --sftp-only --dir /srv/open/deep/carl $how; echo "open: $?"; done
setpriv --reuid 1003 --regid 1003 --clear-groups "$(command -v sallyport)" jail create carl --sftp-only --dir /srv/open/carl -n; echo "not root: $?"
everything | cmp - /tmp/before
sallyport audit --step chroot --all 2>/dev/null | grep -c ' jail-upkeep: '
""")
    assert got.returncode == 0, got.stdout + got.stderr
    assert said[:5] == ["1", "look: 1", "  + /usr/bin/cat", "  + /usr/bin/id", "  - /usr/bin/ls"], got.stdout + got.stderr
    assert said[5] == "['/usr/bin/cat', '/usr/bin/id'] ['/usr/bin/ls']", got.stdout
    assert said[6:] == ["20", "1", "open: 1", "open: 1", "not root: 1", "1"], got.stdout + got.stderr
    assert got.stderr.count("/srv/open: ") == 3 and got.stderr.count("name another place with --dir") == 3, got.stderr


FORWARDING = """
for ways in "-N -L 7001:127.0.0.1:22" "-N -D 7002" "-N -R 0:127.0.0.1:22"; do
    (LAB_SSH_OPTIONS="-o ExitOnForwardFailure=yes $ways" timeout 20 ssh -F none -i $LAB_KEYS/bert -l bert -o IdentitiesOnly=yes -o BatchMode=yes \
        -o LogLevel=ERROR -o UserKnownHostsFile=$LAB_KNOWN_HOSTS -o ExitOnForwardFailure=yes $ways 127.0.0.1 </dev/null >/dev/null 2>&1) & p=$!
    if [ "${ways#*-R}" = "$ways" ]; then
        lab_wait 10 lab_listening $(echo $ways | grep -o '700[12]') || exit 31
    fi
    case $ways in
    *-L*) timeout 5 /usr/bin/python3 -c 'import socket; s = socket.create_connection(("127.0.0.1", 7001)); s.settimeout(4); print("local:", s.recv(9))' ;;
    *-D*) timeout 5 /usr/bin/python3 -c 'import socket; s = socket.create_connection(("127.0.0.1", 7002)); s.settimeout(4)
s.sendall(b"\\x05\\x01\\x00"); s.recv(2); s.sendall(b"\\x05\\x01\\x00\\x01\\x7f\\x00\\x00\\x01\\x00\\x16"); print("socks:", s.recv(10) + s.recv(9))' 2>/dev/null || echo "socks: b''" ;;
    *-R*) wait $p; echo "remote: $?" ;;
    esac
    kill $p 2>/dev/null; wait $p 2>/dev/null
done
"""


def test_sftp_only_uploads_and_downloads_and_nothing_else(world):
    got, said = run(world, """
lab_sshd_start || exit 9
echo hello >/tmp/up
sallyport jail create bert --sftp-only --create-account --key $LAB_KEYS/bert.pub -y >/tmp/out || exit 1
getent passwd bert | cut -d: -f5-; grep ^bert: /etc/shadow | cut -d: -f2
grep -o 'Proven by logins: upload, download and removal of a file in /home/bert; no command is run' /tmp/out
# as syslog would, had it been told to
rm $B/dev/log && { "$BUILD/tests/syslog" $B/dev/log /var/log/sftp.log </dev/null >/dev/null & } && lab_wait 10 test -S $B/dev/log
printf 'pwd\\nput /tmp/up up\\nget up /tmp/down\\n-put /tmp/up /x\\n-ls /etc\\n' | sftp_as bert 2>/dev/null | grep Remote || exit 2
cmp /tmp/up /tmp/down && [ "$(cat $B/home/bert/up)" = hello ] && [ ! -e $B/x ] || exit 3
lab_log_settle $B/dev/log /var/log/sftp.log; grep -c 'internal-sftp.*open "/home/bert/up" flags WRITE' /var/log/sftp.log
lab_login bert 'echo got a shell' | grep shell
lab_login bert </dev/null | grep -a bash
""" + FORWARDING + """
eval "$(ssh-agent)" >/dev/null; ssh-add -q $LAB_KEYS/bert
LAB_SSH_OPTIONS="-A -v" lab_login bert true 2>&1 | grep -c 'Remote: .*gent forwarding'
find /tmp -name 'agent.*' -user bert 2>/dev/null
kill $SSH_AGENT_PID
DISPLAY=:9 ssh -Y -F none -i $LAB_KEYS/bert -l bert -o IdentitiesOnly=yes -o BatchMode=yes -o UserKnownHostsFile=$LAB_KNOWN_HOSTS 127.0.0.1 true </dev/null 2>&1 |
    grep -o 'X11 forwarding request failed'
sallyport jail check bert; echo "check: $?"
""")
    assert got.returncode == 0, got.stdout + got.stderr
    assert said[:5] == ["jail:/home/bert:/usr/sbin/nologin", "*",
                        "Proven by logins: upload, download and removal of a file in /home/bert; no command is run",
                        "Remote working directory: /home/bert", "1"], got.stdout + got.stderr
    assert said[5:8] == ["local: b''", "socks: b''", "remote: 255"], got.stdout + got.stderr
    assert said[8:10] == ["0", "X11 forwarding request failed"] and said[-1] == "check: 0", got.stdout


# What systemctl(1) would do with a mount unit; the unit itself is read by the real systemd-analyze.
SYSTEMD = """
mkdir -p /run/systemd/system /run/systemd/journal
"$BUILD/tests/syslog" /run/systemd/journal/dev-log /var/log/journal.log </dev/null >/dev/null &
lab_wait 10 test -S /run/systemd/journal/dev-log
lab_program systemctl <<'X'
#!/bin/bash
[ "${*%.mount}" != "$*" ] || exit 0
echo "$*" >>/tmp/systemctl
unit=/etc/systemd/system/${@: -1}
what=$(sed -n s/^What=//p $unit 2>/dev/null) where=$(sed -n s/^Where=//p $unit 2>/dev/null)
case $1 in
enable) systemd-analyze verify --man=no $unit 2>/tmp/verified || exit; [ "$(systemd-escape --path --suffix=mount "$where")" = "${@: -1}" ] && mount --bind "$what" "$where" ;;
disable) umount "$where" ;;
esac
X
"""


def test_the_journals_socket_is_laid_into_a_jail_for_sftp(world):
    got, said = run(world, SYSTEMD + """
lab_sshd_start || exit 9
sallyport jail create bert --sftp-only --create-account --key $LAB_KEYS/bert.pub --dir /srv/jails-1/bert -y >/tmp/out 2>/tmp/err || { cat /tmp/err; exit 1; }
grep -o 'sshd tells uploads and downloads at its /dev/log' /tmp/out; grep 'not logged' /tmp/err; cat /tmp/verified
cat /tmp/systemctl; [ -S /srv/jails-1/bert/dev/log ] || exit 2
echo hello >/tmp/up; echo "put /tmp/up up" | sftp_as bert >/dev/null || exit 3
lab_log_settle /run/systemd/journal/dev-log /var/log/journal.log; grep -c 'internal-sftp.*open "/home/bert/up" flags WRITE' /var/log/journal.log
sallyport jail check bert >/tmp/checked || { cat /tmp/checked; exit 4; }
chmod 777 /srv/jails-1/bert/dev; sallyport jail update bert; [ -S /srv/jails-1/bert/dev/log ] || exit 6
umount /srv/jails-1/bert/dev/log; sallyport jail update bert -q; [ -S /srv/jails-1/bert/dev/log ] || exit 5
# cut off behind the roll-back of the block, before the tree
sed -i 's/"state": *"ready"/"state": "removing"/' /var/lib/sallyport/jails/bert/manifest.json; rm /etc/ssh/sshd_config.d/00-sallyport-jails.conf
sallyport recover; ls /srv/jails-1; ls /etc/systemd/system | grep -c mount; grep -c jails-1 /proc/self/mounts
true
""")
    assert got.returncode == 0, got.stdout + got.stderr
    unit = "srv-jails\\x2d1-bert-dev-log.mount"
    assert said == ["sshd tells uploads and downloads at its /dev/log", "enable --now " + unit, "1",
                    "bert: 0 added, 1 replaced, 0 removed", "  ~ /dev",
                    "the jail of bert was half removed: taken away", "bert.home", "0", "0"], got.stdout + got.stderr


def test_what_systemd_says_against_the_log_is_told(world):
    got, said = run(world, SYSTEMD + r"""
lab_sshd_start || exit 9
for name in bert carl; do
	sallyport jail create $name --sftp-only --create-account --key $LAB_KEYS/bert.pub --dir /srv/jails-1/$name -y >/tmp/out 2>/tmp/err || { cat /tmp/err; exit 1; }
done
sed -i '/^echo/a[ ! -e /tmp/ill ] || { printf "is %s\\033 masked\\nmore\\n" $1 >\&2; exit 1; }' /usr/bin/systemctl
umount /srv/jails-1/bert/dev/log
touch /tmp/ill
sallyport jail update bert 2>&1
echo = unfinished
sed -i 's/"state": *"ready"/"state": "making"/' /var/lib/sallyport/jails/carl/manifest.json
sallyport recover 2>&1 | sort -u
echo = removed
sallyport jail remove bert -y 2>&1 | grep warning:
ls /srv/jails-1; grep jails-1/bert /proc/self/mounts
echo = half removed
sed -i 's/"state": *"ready"/"state": "removing"/' /var/lib/sallyport/jails/carl/manifest.json; rm /etc/ssh/sshd_config.d/00-sallyport-jails.conf
sallyport recover 2>&1
true
""")
    assert got.returncode == 0, got.stdout + got.stderr
    unlogged = r"sallyport: warning: what bert does by sftp is not logged: systemctl enable: is enable\x1B masked"
    assert said == [unlogged, "bert: nothing to change", "= unfinished", unlogged, "the jail of carl was made: kept", "= removed",
                    r"sallyport: warning: the mount unit of bert's log: systemctl disable: is disable\x1B masked", "bert.home", "carl", "= half removed",
                    r"sallyport: warning: the mount unit of carl's log: systemctl disable: is disable\x1B masked",
                    "the jail of carl was half removed: taken away"], got.stdout + got.stderr


def test_an_account_that_cannot_be_looked_up_is_unknown(world):
    """A name service that has trouble, and one that hangs."""
    got, said = run(world, r"""
lab_sshd_start || exit 9
sallyport jail create bert --sftp-only --create-account --key $LAB_KEYS/bert.pub -y >/tmp/out 2>/tmp/err || { cat /tmp/err; exit 1; }
sallyport jail check bert
cat >/root/nss.c <<'END'
#include <errno.h>
#include <nss.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>
enum nss_status _nss_ill_getpwnam_r(const char *name, struct passwd *p, char *to, size_t len, int *number)
{
	(void)p; (void)to; (void)len;
	if (strcmp(name, "bert") == 0 && access("/run/hangs", F_OK) == 0)
		for (;;)
			pause();
	*number = EIO;
	return strcmp(name, "bert") == 0 ? NSS_STATUS_UNAVAIL : NSS_STATUS_NOTFOUND;
}
END
mkdir /root/nss; cc -shared -fPIC -o /root/nss/libnss_ill.so.2 /root/nss.c || exit 77
printf 'passwd: ill [UNAVAIL=return] files\ngroup: files\nshadow: files\n' >/etc/nsswitch.conf
export LD_LIBRARY_PATH=/root/nss
sallyport jail check bert >/tmp/check; status=$?; grep -v "^  Next: " /tmp/check; echo $status
touch /run/hangs
sallyport jail check bert --format json | tr -d ' \n' | grep -o '"kind":"unknown".*intime"'
true
""")
    if got.returncode == 77:
        pytest.skip("no compiler")
    assert got.returncode == 0, got.stdout + got.stderr
    unsure = "whether its account is as it was cannot be found out: "
    where = "bert in /home/chroot/bert"
    assert said == [where, "  all is well: it holds, is current, and what is in it starts", where, f"  unknown     {unsure}Input/output error", "1",
                    '"kind":"unknown","escape":false,"path":null,"detail":"' + (unsure + "there was no answer in time").replace(" ", "") + '"'], \
        got.stdout + got.stderr


def test_keys_move_out_of_the_users_reach(world):
    got, said = run(world, """
ssh-keygen -q -t ed25519 -N '' -f /tmp/more
chmod 666 /home/anna/.ssh/authorized_keys; lab_account carl 1003; lab_key carl; lab_sshd_start || exit 9
sallyport jail create carl --with basic --key /tmp/more.pub -y -q >/dev/null || exit 1
stat -c '%U %a' /etc/ssh/authorized_keys.d /etc/ssh/authorized_keys.d/carl; grep -c ^ssh- /etc/ssh/authorized_keys.d/carl
lab_login carl id -un
cp /tmp/more $LAB_KEYS/carl && cp /tmp/more.pub $LAB_KEYS/carl.pub && lab_login carl id -un
sallyport jail create anna --with basic -y >/dev/null; echo "open to all: $?"; grep -c ^ssh- /etc/ssh/authorized_keys.d/anna
true
""")
    assert got.returncode == 0, got.stdout + got.stderr
    assert said == ["root 755", "root 644", "2", "carl", "carl", "open to all: 0", "0"], got.stdout + got.stderr
    assert "StrictModes" in got.stderr and "no key can log in yet" in got.stderr


def test_after_a_roll_back_it_is_not_in_force_and_can_be_again(world):
    got, said = run(world, """
lab_sshd_start || exit 9
everything | grep /etc/ssh >/tmp/before
sallyport jail create anna --with basic -y -q >/dev/null && lab_login anna 'echo mine >here' || exit 1
sallyport rollback -y -q >/dev/null || exit 2
everything | grep /etc/ssh | cmp - /tmp/before || exit 3
sallyport jail list | grep -c 'NOT in force'
sallyport jail check anna | grep -c '^  not-in-force'
lab_login anna '[ -e /etc/shadow ] && echo sees the host'
sallyport jail create anna --with basic,rsync -y -q >/dev/null || exit 4
lab_login anna 'cat here; type rsync'
sallyport jail create anna --with basic -y -q || exit 5
lab_login anna 'type rsync || cat here' 2>/dev/null
sallyport rollback -y -q >/dev/null || exit 6
sallyport jail remove anna </dev/null 2>/dev/null; sallyport jail remove anna -n >/dev/null; [ -d $J ] || exit 7
sallyport jail remove anna -y --format json | tee /tmp/json | grep -c '"changed": true'
grep -o '"[a-z_]*_kept": .*' /tmp/json
[ ! -e /etc/ssh/sshd_config.d/00-sallyport-jails.conf ] && [ "$(sallyport history | wc -l)" = 2 ] || exit 8
cat /home/chroot/anna.home/here; sallyport jail list
""")
    assert got.returncode == 0, got.stdout + got.stderr
    assert said[:6] == ["1", "1", "sees the host", "mine", "rsync is /usr/bin/rsync",
                        said[5]], got.stdout + got.stderr
    assert said[5].startswith("/home/chroot/anna is changed: 0 added, ") and said[5].endswith(" removed") and " 0 removed" not in said[5]
    assert said[6:11] == ["mine", "1", '"home_kept": "/home/chroot/anna.home",', '"other_kept": null', "mine"] and said[11].startswith("There is no jail."), got.stdout + got.stderr


def test_it_is_not_removed_under_anybody(world):
    got, said = run(world, """
lab_sshd_start || exit 9
sallyport jail create anna --with basic -y -q >/dev/null || exit 1
everything >/tmp/before
lab_login anna sleep 100 & login=$!
lab_wait 10 eval 'ps -eo args | grep -q "^sleep 100"' || exit 2
lab_wait 10 eval 'sallyport jail remove anna -y >/dev/null 2>/tmp/said; grep -q "in use: anna is logged in" /tmp/said' || { cat /tmp/said; exit 2; }
everything | cmp - /tmp/before || exit 3
kill $(ps -eo pid,args | awk '$2 == "sleep" && $3 == 100 { print $1 }'); wait $login
lab_wait 10 eval '! ps -eo args | grep -q "^sshd: anna"'
chroot $J /bin/bash -c 'while :; do sleep 1; done' & inmate=$!
sallyport jail remove anna -y; echo "process: $?"
kill $inmate; wait $inmate 2>/dev/null; sleep 1.2
lab_login anna 'echo mine >here'
sallyport jail remove anna -y -q; echo "left: $?"
cat /home/chroot/anna.home/here; [ ! -e $J ] && [ ! -e /var/lib/sallyport/jails/anna ] || exit 4
lab_login anna '[ -e /etc/shadow ] && echo out of jail'
sallyport jail create anna --with basic -y -q >/dev/null && sallyport jail remove anna --with-home -y -q >/dev/null && ls /home/chroot
sallyport jail remove anna -y; echo "none: $?"
""")
    assert got.returncode == 0, got.stdout + got.stderr
    assert "in use: process " in got.stderr and "there is no jail of 'anna'" in got.stderr
    assert said[0] == "process: 1" and "left: 0" in said and said[-4:] == ["mine", "out of jail", "anna.home", "none: 1"], got.stdout + got.stderr


def test_an_account_that_was_made_goes_with_its_jail_and_no_other(world):
    got, said = run(world, """
lab_sshd_start || exit 9
cp /etc/passwd /tmp/passwd; cp /etc/group /tmp/group; cp /etc/shadow /tmp/shadow
sallyport jail create bert --sftp-only --create-account --key $LAB_KEYS/bert.pub -y -q >/dev/null || exit 1
sallyport jail remove bert --remove-account --with-home -y -q >/dev/null || exit 2
cmp /etc/passwd /tmp/passwd && cmp /etc/group /tmp/group && cmp /etc/shadow /tmp/shadow && [ ! -e /home/chroot ] || exit 3
sallyport jail create anna --with basic -y -q >/dev/null || exit 4
sallyport jail remove anna --remove-account -y; echo "not ours: $?"
# what comes to nothing takes the account with it
mkdir -m 777 /srv/open
sallyport jail create bert --sftp-only --create-account --dir /srv/open/bert -y; echo "open folder: $?"
getent passwd bert; cmp /etc/shadow /tmp/shadow && ls /var/lib/sallyport/jails
""")
    assert got.returncode == 0, got.stdout + got.stderr
    assert said[0] == "not ours: 1" and said[-2:] == ["open folder: 1", "anna"], got.stdout + got.stderr
    assert "was there before its jail" in got.stderr and "/srv/open" in got.stderr


NAMES = ["-anna", ".anna", "an/na", "an na", "an%na", "an*", "a?na", "!anna", "anna,bert", "an\tna", "an\x01na", "a\"b", "a\\b", "änna", "", "root"]


def test_a_removal_is_not_rolled_back_into_a_lockout(world):
    got, said = run(world, """
lab_sshd_start || exit 9
sallyport jail create anna --with ls -y -q >/dev/null && sallyport jail remove anna -y -q >/dev/null || exit 1
everything >/tmp/before
sallyport rollback -n >/dev/null; echo "look: $?"; sallyport rollback -y; echo "refused: $?"
everything | cmp - /tmp/before || exit 2
lab_login anna true && sallyport rollback -y -q --override lockout >/dev/null || exit 3
grep -c "^Match User anna" /etc/ssh/sshd_config.d/00-sallyport-jails.conf
""")
    assert got.returncode == 0, got.stdout + got.stderr
    assert said == ["look: 1", "refused: 1", "1"], got.stdout + got.stderr
    assert "lockout guard: the jail of 'anna' is gone" in got.stderr and "sudo sallyport jail create anna" in got.stderr


def test_no_jail_stands_in_another_or_among_our_own_state(world):
    got, said = run(world, """
lab_account carl 1003; lab_sshd_start || exit 9
sallyport jail create anna --sftp-only -y -q >/dev/null || exit 1
everything >/tmp/before
for dir in $J/home/x $J/home/anna/x $J/dev/../x /var/lib/sallyport/jails/carl /var/lib/sallyport/x; do sallyport jail create carl --sftp-only --dir $dir -y; echo $?; done
everything | cmp - /tmp/before || exit 2
sallyport jail create carl --sftp-only --dir ${J}x -y -q >/dev/null; echo $?
""")
    assert got.returncode == 0, got.stdout + got.stderr
    assert said == ["1", "1", "2", "2", "2", "0"], got.stdout + got.stderr
    assert "is in the jail of 'anna'" in got.stderr and "where sallyport keeps what it knows" in got.stderr


def test_no_jail_stands_in_the_place_of_another_whose_tree_is_lost(world):
    got, said = run(world, """
lab_account carl 1003; lab_key carl; lab_sshd_start || exit 9
sallyport jail create anna --sftp-only --dir /srv/x/j -y -q >/dev/null || exit 1
everything >/tmp/before
try() { sallyport jail create carl --sftp-only --dir $1 -y; echo "$1 $?"; everything | cmp - /tmp/before || exit 2; }
try /srv/x/j; rm -r /srv/x; for dir in /srv/x/j /srv/x /srv/x/j/in; do try $dir; done
rm /var/lib/sallyport/jails/anna/manifest.json; everything >/tmp/before; for dir in /srv/x/j /srv/x; do try $dir; done
sallyport jail create carl --sftp-only --dir /srv/x/jj -y -q >/dev/null; echo "beside $?"
""")
    assert got.returncode == 0, got.stdout + got.stderr
    assert said == ["/srv/x/j 1", "/srv/x/j 1", "/srv/x 1", "/srv/x/j/in 1", "/srv/x/j 1", "/srv/x 1", "beside 0"], got.stdout + got.stderr
    told = [line for line in got.stderr.splitlines() if "outside of it" in line]
    assert told == [f"sallyport: {what} the jail of 'anna': wants a place outside of it" for what in
                    ["/srv/x/j is", "/srv/x/j is", "/srv/x has in it", "/srv/x/j/in is in", "/srv/x/j is", "/srv/x has in it"]], got.stderr


def test_once_more_takes_further_keys_and_leaves_the_rest(world):
    got, said = run(world, """
lab_sshd_start || exit 9
for user in anna bert; do sallyport jail create $user --with ls -y -q ${made:-} >/dev/null || exit 1; made="--create-account --key $LAB_KEYS/bert.pub"; done
everything >/tmp/before
for user in anna bert; do sallyport jail create $user --with ls -y; done; everything | cmp - /tmp/before || exit 2
sallyport jail create anna --with ls,cat --key $LAB_KEYS/bert.pub -y -q >/dev/null || exit 3
cp $LAB_KEYS/bert $LAB_KEYS/anna; cp $LAB_KEYS/bert.pub $LAB_KEYS/anna.pub; lab_login anna 'type cat'
lab_login anna 'echo mine >here'; everything >/tmp/before
sed -i 's|:/home/anna:|:/home/moved:|' /etc/passwd
sallyport jail check anna | grep other-home; sallyport jail create anna --with ls,cat -y; echo "moved: $?"
sed -i 's|:/home/moved:|:/home/anna:|' /etc/passwd; sallyport jail check anna; everything | cmp - /tmp/before || exit 4
""")
    assert got.returncode == 0, got.stdout + got.stderr
    assert said[:3] == ["Nothing to change: the jail is there and in force."] * 2 + ["cat is /usr/bin/cat"], got.stdout + got.stderr
    assert said[3].startswith("  other-home") and said[4] == "moved: 1" and "all is well" in said[6], got.stdout + got.stderr
    assert "'/home/moved' by now" in got.stderr


def test_a_tree_that_is_gone_and_a_torn_manifest_are_told(world):
    got, said = run(world, """
lab_sshd_start || exit 9
sallyport jail create anna --sftp-only -y -q >/dev/null || exit 1
exec 2>&1; setpriv --reuid 1001 --regid 1001 --clear-groups "$(command -v sallyport)" jail create anna --sftp-only -n; echo "not root: $?"
rm -rf $J
sallyport jail update anna; echo "update: $?"; sallyport jail create anna --sftp-only -y; echo "create: $?"
sallyport jail remove anna -y -q >/dev/null && sallyport jail create anna --sftp-only -y -q >/dev/null || exit 2
echo garbage >/var/lib/sallyport/jails/anna/manifest.json
for what in "check" "update --all" list; do sallyport jail $what; echo "$what: $?"; done; sallyport recover; echo "recover: $?"; [ -d $J ]
""")
    assert got.returncode == 0, got.stdout + got.stderr
    assert "not root: 2" in said and "only root can tell whether" in got.stdout and "no jail of ours" not in got.stdout, got.stdout
    assert "hint: what to do: sudo sallyport jail check anna" in said, got.stdout
    assert "update: 2" in said and "create: 1" in said and "the configuration is wrong" not in got.stdout, got.stdout
    assert "'/home/chroot/anna' is not there" in got.stdout and "There is no jail" not in got.stdout, got.stdout
    assert all(line in said for line in ("check: 1", "update --all: 2", "list: 0", "recover: 2")), got.stdout
    torn = "/var/lib/sallyport/jails/anna/manifest.json: manifest: '[' or '{' expected near 'garbage'"
    for line in (f"  damaged     {torn}", f"  DAMAGED: {torn}; what to do: sudo sallyport jail check anna", "hint: what to do: sudo sallyport jail check anna",
                 f"the jail of anna was found without a manifest that can be read, and is left as it is: {torn}; sallyport jail check anna tells what to do"):
        assert line in said, got.stdout


LOSE = """
M=/var/lib/sallyport/jails/anna/manifest.json
lose() { case $1 in torn) head -c 300 $M >/tmp/torn; cat /tmp/torn >$M ;; gone) rm $M ;; all) rm -r ${M%/*} ;; esac; }
"""


@pytest.mark.parametrize("how", ["torn", "all"] + ["gone"] * LONG)
def test_a_jail_without_its_manifest_is_made_sound_again(world, how):
    got, said = run(world, LOSE + """
lab_sshd_start || exit 9
sallyport jail create anna --with basic,git -y -q >/dev/null && lab_login anna 'echo mine >here' || exit 1
echo welcome >$J/etc/motd; echo old >$J/usr/lib/libold.so.1; lose @HOW@; exec 2>/tmp/err
everything >/tmp/before
sallyport jail list --format json >/tmp/list; grep -c '"state": "damaged"' /tmp/list
sallyport jail check >/tmp/checked; echo "check: $?"; grep -c '^  damaged ' /tmp/checked; grep -c '^  Next: sudo sallyport jail create anna --with' /tmp/checked
sallyport recover | grep -c 'half made'; sallyport jail create anna --with basic -n | grep 'somebody'; everything | cmp - /tmp/before || exit 2
lab_login anna cat here
sallyport jail create anna --with basic -y >/tmp/out || { cat /tmp/err; exit 3; }
grep -c '^Proven by logins: /bin/bash runs' /tmp/out; (cd /home/chroot/anna.kept && find . -type f | sort); stat -c %a /home/chroot/anna.kept
cat /home/chroot/anna.kept/etc/motd; lab_login anna 'cat here; type git || ls /etc/motd /usr/lib/libold.so.1' 2>/dev/null
sallyport jail check anna; echo "check: $?"; sallyport jail update anna; sallyport recover
""".replace("@HOW@", how))
    assert got.returncode == 0, got.stdout + got.stderr
    assert said[:5] == ["1", "check: 1", "1", "1", "0"], got.stdout
    assert "/etc/motd" in said[5] and "/usr/lib/libold.so.1" in said[5] and "/usr/bin" not in said[5], got.stdout
    assert said[6:8] == ["mine", "1"], got.stdout
    # what is made for a jail with git in it is none of this one's
    kept = [line for line in said[8:] if line.startswith("./") and "nsswitch.conf" not in line]
    assert kept == ["./etc/motd", "./usr/lib/libold.so.1"], got.stdout
    assert said[-8:] == [
        "700", "welcome", "mine", "anna in /home/chroot/anna", "  all is well: it holds, is current, and what is in it starts", "check: 0",
        "anna: nothing to change", "Nothing was left unfinished."], got.stdout


@pytest.mark.parametrize("kind, how", [("--with ls", "gone"), ("--sftp-only", "torn"), ("--sftp-only", "all")])
def test_a_jail_without_its_manifest_is_taken_away_and_nothing_is_lost(world, kind, how):
    got, said = run(world, LOSE + """
lab_sshd_start || exit 9
sallyport jail create anna @KIND@ -y -q >/dev/null || exit 1
echo mine >$J/home/anna/here; mkdir $J/etc 2>/dev/null; echo welcome >$J/etc/motd; lose @HOW@; everything >/tmp/before; exec 2>/tmp/err
sallyport jail remove anna --remove-account -y; echo "account: $?"; sallyport jail remove anna -n >/dev/null; echo "look: $?"
everything | cmp - /tmp/before || exit 2
if [ -e $J/bin/bash ]; then
    chroot $J /bin/bash -c 'kill -STOP $$' & inmate=$!
    lab_wait 10 eval '[ "$(readlink /proc/$inmate/root)" = $J ]'
    sallyport jail remove anna -y >/dev/null; echo "inmate: $?"; everything | cmp - /tmp/before || exit 3
    kill -KILL $inmate; wait $inmate 2>/dev/null
fi
sallyport jail remove anna -y >/dev/null || { cat /tmp/err; exit 4; }
(cd /home/chroot && find . | sort); cat /home/chroot/anna.home/here /home/chroot/anna.kept/etc/motd; ls -A ${M%/*/*}
lab_login anna '[ -e /etc/shadow ] && echo out of jail'; sallyport jail list; sallyport jail remove anna -y; echo "once more: $?"
""".replace("@HOW@", how).replace("@KIND@", kind))
    assert got.returncode == 0, got.stdout + got.stderr
    assert said == ["account: 1", "look: 1"] + ["inmate: 1"] * (kind == "--with ls") + [
        ".", "./anna.home", "./anna.home/here", "./anna.kept", "./anna.kept/etc", "./anna.kept/etc/motd",
                    "mine", "welcome", ".lock", "out of jail", "There is no jail. One is made with: sudo sallyport jail create USER",
                    "once more: 1"], got.stdout


def test_no_tree_of_its_users_is_in_the_way_of_ending_a_lost_manifest(world, figure):
    got, said = run(world, LOSE + """
lab_sshd_start || exit 9
sallyport jail create anna --with basic,tmp -y -q >/dev/null || exit 1
lab_login anna 'cd /tmp; echo x >file; mkdir many; printf -v d %0200d 7; for i in {1..30}; do mkdir $d && cd $d || exit; done; echo secret >secret' || exit 2
/usr/bin/python3 -Ic 'import os
for n in range(10000):
    os.mkdir(f"'$J'/tmp/many/{n}")
    os.link("'$J'/tmp/file", f"'$J'/tmp/many/f{n}")'
chown -R anna: $J/tmp/many; lose torn; exec 2>/tmp/err
begun=$(date +%s%N)
sallyport jail create anna --with basic -n | grep 'somebody'; sallyport jail remove anna -n | grep 'somebody'
echo $((($(date +%s%N) - begun) / 1000000)) ms
cp $M /tmp/lost; sallyport jail create anna --with basic -y -q >/dev/null || { cat /tmp/err; exit 3; }
ls $J/tmp | wc -l; lab_login anna 'cat /tmp/file'; cp /tmp/lost $M; sallyport jail remove anna -y -q >/dev/null || { cat /tmp/err; exit 4; }
cd /home/chroot/anna.kept/tmp; ls many | wc -l; find . -name secret | wc -c; stat -c %U .; ls -A /home/chroot; sallyport recover
""")
    assert got.returncode == 0, got.stdout + got.stderr
    plans = [line for line in said if "somebody" in line]
    assert len(plans) == 1 and plans[0].endswith(" kept beside it: /tmp/") and " 1 thing in it may be somebody's own and is " in plans[0], got.stdout
    deep = str(len("./secret\n") + 30 * 201)
    assert said[-8:] == ["3", "x", "20000", deep, "anna", "anna.home", "anna.kept", "Nothing was left unfinished."], got.stdout
    figure("both plans in " + said[1])


def test_a_file_of_somebody_elses_in_its_state_is_in_nobodys_way(world):
    got, said = run(world, """
lab_sshd_start || exit 9
S=/var/lib/sallyport/jails/anna; sallyport jail create anna --with ls -y -q >/dev/null || exit 1
echo mine >$S/notes; sallyport jail update anna; echo "update: $?"; sallyport recover
mv $S/manifest.json $S/manifest.json.bak; sallyport recover; mv $S/manifest.json.bak $S/manifest.json
sallyport jail remove anna --with-home -y -q >/dev/null || exit 2
sallyport recover; sallyport jail list 2>&1; cat $S/notes; ls -A $S
sallyport jail create anna --with ls -y -q >/dev/null || exit 3
sallyport jail check anna; sallyport recover
""")
    assert got.returncode == 0, got.stdout + got.stderr
    nothing = "Nothing was left unfinished."
    assert said[:3] == ["anna: nothing to change", "update: 0", nothing], got.stdout
    assert "left as it is: " in said[3], got.stdout
    assert said[4:] == [nothing, "There is no jail. One is made with: sudo sallyport jail create USER", "mine", "notes", "anna in /home/chroot/anna",
                        "  all is well: it holds, is current, and what is in it starts", nothing], got.stdout


def test_what_cannot_be_told_to_be_a_jail_of_ours_is_left_alone(world):
    got, said = run(world, LOSE + """
lab_account carl 1003; lab_sshd_start || exit 9
sallyport jail create anna --with ls -y -q >/dev/null || exit 1
B=/etc/ssh/sshd_config.d/00-sallyport-jails.conf; lose torn; cp $B /tmp/block; cp -a $J /srv/copy
mkdir -p /srv/other/home && mkdir /srv/other/home/carl && chown carl: /srv/other/home/carl; echo precious >/srv/other/file
try() { everything >/tmp/before; for what in "remove anna" "create anna --with ls$1"; do sallyport jail $what -y >/tmp/out 2>&1; echo "$? $(grep -v warning: /tmp/out | tail -2 | head -1)"; done
    everything | cmp - /tmp/before && cat /srv/other/file >/dev/null || exit 3; cp /tmp/block $B; }
sed -i 's|/home/chroot/anna|/srv/other|' $B; try ' --dir /srv/other'
sed -i 's|/home/chroot/anna|/srv|' $B; try ' --dir /srv'
sallyport jail create carl --sftp-only -y -q >/dev/null 2>&1 || exit 4
sed -i 's|ChrootDirectory /home/chroot/anna|ChrootDirectory /home/chroot/carl|' $B; try ' --dir /home/chroot/carl'
sallyport jail remove carl --with-home -y -q >/dev/null 2>&1; cp /tmp/block $B
sed -i '/end of the jail/d' $B; try
sed -i 's|ChrootDirectory.*|ChrootDirectory %h|' $B; try
rm $B; try
chmod 666 $B; try; chmod 644 $B
chmod 777 $J; try; chmod 755 $J
mv $J/home/anna $J/home/moved; try; mv $J/home/moved $J/home/anna
mount --bind /srv/other $J/usr; try; umount $J/usr
sallyport jail check anna >/tmp/out; echo $?; sallyport jail remove anna -y -q >/dev/null 2>&1; echo $?
""")
    assert got.returncode == 0, got.stdout + got.stderr
    reasons = ["/srv/other: it cannot be told to be a jail of ours: the home of its user is not in it",
               "/srv: it cannot be told to be a jail of ours: ", "/home/chroot/carl is the jail of 'carl'", "its last line is missing in it", "its ChrootDirectory cannot be ours: ",
               "no Match block of ours in sshd's configuration says where it is", "can be written by others than root",
               "others than root may write to it", "the home of its user is not in it"]
    for n, reason in enumerate(reasons):
        for line in said[2 * n:2 * n + 2]:
            assert line.startswith("1 sallyport: the jail of 'anna' cannot be told to be ours: ") and reason in line, (reason, got.stdout + got.stderr)
    assert all("mounted there" in line for line in said[-4:-2]) and said[-2:] == ["1", "0"], got.stdout + got.stderr


def test_a_forced_command_is_told_as_such(world):
    got, _ = run(world, """
printf 'Match User anna\\n\\tForceCommand /bin/echo forced\\n' >>/etc/ssh/sshd_config
lab_sshd_start || exit 9
sallyport jail create anna -y -q; echo $?; ls /home/chroot
""")
    assert got.stdout == "1\n" and ": ForceCommand /bin/echo forced: " in got.stderr, got.stdout + got.stderr


def test_odd_names_are_refused_with_a_reason(world):
    quoted = " ".join("$'%s'" % "".join("\\x%02x" % b for b in name.encode()) for name in NAMES)
    got, said = run(world, """
everything >/tmp/before
for name in %s; do for what in create remove check update; do sallyport jail $what -q -- "$name" 2>>/tmp/said; echo $?; done; done | sort | uniq -c
everything | cmp - /tmp/before; grep -c "'%s'\\|uid 0" /tmp/said; cat /tmp/said
""" % (quoted, "anna"))
    assert said[0].split() == [str(4 * len(NAMES)), "2"], got.stdout
    assert got.stdout.count("cannot have a jail: ") == 4 * len(NAMES), got.stdout
    assert "it has '%'" in got.stdout and "it has '*'" in got.stdout and "\\x01" in got.stdout and "begins with '-'" in got.stdout


BAD = [
    ("create nobody-there", 2, "there is no account 'nobody-there'"),
    ("create anna --with nonsense", 2, "'nonsense'"),
    ("create anna --with basic,/usr/bin/none", 2, "/usr/bin/none"),
    ("create anna --shell /bin/zsh-none", 2, "the shell of 'anna' is '/bin/bash'"),
    ("create dora --create-account --shell /bin/none", 2, "there is no shell '/bin/none'"),
    ("create eva", 2, "which lets nobody in"),
    ("create toor", 2, "uid 0"),
    ("create fred", 1, "in the group sudo"),
    ("create anna --dir relative", 2, "--dir is 'relative'"),
    ("create anna --dir /srv/../etc", 2, "'.' or '..'"),
    ("create anna --dir /", 2, "root of all"),
    ("create anna --dir '/srv/a b'", 2, "--dir is '/srv/a b'"),
    ("create anna --dir /srv/taken", 1, "is there already, and is no jail of ours"),
    ("create anna --dir /srv/file", 1, "is there already"),
    ("create anna --sftp-only --with git", 2, "--sftp-only has neither"),
    ("create anna --key /etc/passwd", 2, "/etc/passwd"),
    ("create anna --with /srv/foreign", 2, "/srv/foreign"),
    ("create anna --with /srv/short", 2, "/srv/short"),
    ("create anna --with /srv/loop", 2, "/srv/loop"),
    ("create anna --with /srv/data", 2, "/srv/data"),
    ("create anna --with loop", 2, "'loop' has the name of a program"),
    ("create anna --with ../../bin/ls", 2, "../../bin/ls"),
    ("create anna bert", 2, "one user at a time"),
    ("create", 2, "wants the name of the user"),
    ("create anna --override nonsense", 2, "--override is 'nonsense'"),
    ("remove anna", 1, "there is no jail of 'anna'"),
    ("check anna", 1, "there is no jail of 'anna'"),
    ("update anna", 1, "there is no jail of 'anna'"),
    ("update", 2, "--all"),
]


def test_bad_input_is_named_and_changes_nothing(world):
    lines = "\n".join(f"try {number} jail {words} -y" if not words.startswith("check") else f"try {number} jail {words}"
                      for number, (words, _, _) in enumerate(BAD))
    got, _ = run(world, """
lab_account eva 1005 /usr/sbin/nologin; lab_account fred 1006; sed -i 's/^sudo:.*/&fred/' /etc/group; grep -q ^sudo: /etc/group || lab_group sudo 27 fred
echo 'toor:x:0:0::/root:/bin/bash' >>/etc/passwd
mkdir /srv/taken; echo x >/srv/file; head -c 70 /bin/ls >/srv/short; cp /bin/ls /srv/foreign; printf '\\x02\\x00\\x08' | dd of=/srv/foreign bs=1 seek=17 conv=notrunc 2>/dev/null
ln -s loop2 /srv/loop; ln -s loop /srv/loop2; mount -t tmpfs -o mode=755 none /usr/local/bin; ln -s loop /usr/local/bin/loop; echo data >/srv/data; chmod 755 /srv/*
lab_sshd_start || exit 9
everything >/tmp/before
try() { local n=$1; shift; sallyport "$@" >/tmp/out 2>&1; echo "$n $? $(tr '\\n' ' ' </tmp/out)"; }
""" + lines + "\neverything | cmp - /tmp/before\n")
    assert got.returncode == 0, got.stdout + got.stderr
    rows = got.stdout.splitlines()
    wrong = [(BAD[int(row.split()[0])], row) for row in rows
             if int(row.split()[1]) != BAD[int(row.split()[0])][1] or BAD[int(row.split()[0])][2] not in row]
    assert not wrong and len(rows) == len(BAD), wrong


def test_what_cannot_be_proven_is_said_and_what_is_before_it_is_named(world):
    got, said = run(world, """
lab_sshd_start || exit 9
echo 'AllowUsers anna@192.0.2.*' >/etc/ssh/sshd_config.d/50.conf
sallyport jail create anna --with basic -y -q; echo "elsewhere: $?"
sallyport jail remove anna --with-home -y -q >/dev/null || exit 1
rm /etc/ssh/sshd_config.d/50.conf
printf 'Match User anna\\n\\tChrootDirectory /srv\\n' >/etc/ssh/sshd_config.d/00-first.conf
everything >/tmp/before
sallyport jail create anna --with basic -y -q; echo "before ours: $?"
everything | cmp - /tmp/before || exit 2
rm /etc/ssh/sshd_config.d/00-first.conf
SUDO_USER=anna sallyport jail create anna --with basic -y -q; echo "own: $?"
""")
    assert got.returncode == 0, got.stdout + got.stderr
    assert "Not proven: a login by the whole configuration, from here: User anna from 127.0.0.1 not allowed because not listed in AllowUsers" in got.stdout
    assert [line for line in said if line.split(":")[0] in ("elsewhere", "before ours", "own")] == ["elsewhere: 0", "before ours: 1", "own: 1"]
    assert "00-first.conf:2: ChrootDirectory /home/chroot/anna cannot be made to hold for anna here" in got.stderr


def test_a_main_file_without_include_and_a_match_of_its_own(world):
    got, said = run(world, """
sed -i '/^Include/d' /etc/ssh/sshd_config; sed -i '/^Subsystem/d' /etc/ssh/sshd_config
printf 'Match User bert\\n\\tX11Forwarding yes\\n\\tChrootDirectory none\\n' >>/etc/ssh/sshd_config
lab_sshd_start || exit 9
everything | grep /etc/ssh >/tmp/before
sallyport jail create bert --sftp-only --create-account --key $LAB_KEYS/bert.pub -y -q >/dev/null || exit 1
head -1 /etc/ssh/sshd_config
sshd -T -C user=bert,host=x,addr=127.0.0.1 2>/dev/null | grep -i -E '^(chrootdirectory|x11forwarding|subsystem|disableforwarding)'
sshd -T -C user=anna,host=x,addr=127.0.0.1 2>/dev/null | grep -i chroot
echo pwd | sftp_as bert | grep Remote
sallyport rollback -y -q >/dev/null && everything | grep /etc/ssh | cmp - /tmp/before
""")
    assert got.returncode == 0, got.stdout + got.stderr
    assert said[0].startswith("Include /etc/ssh/sshd_config.d/00-sallyport")
    assert sorted(said[1:5]) == ["chrootdirectory /home/chroot/bert", "disableforwarding yes", "subsystem sftp internal-sftp", "x11forwarding no"]
    assert said[5:] == ["chrootdirectory none", "Remote working directory: /home/bert"]


def test_a_full_disk_in_the_middle_leaves_nothing(world):
    got, said = run(world, """
lab_sshd_start || exit 9
mkdir -p /home/chroot && mount -t tmpfs -o size=200m,nr_inodes=90,mode=755 none /home/chroot
everything >/tmp/before
sallyport jail create anna --with basic,git -y -q; echo "full: $?"
sallyport recover >/dev/null; everything | cmp - /tmp/before; echo "same: $?"
mount -o remount,nr_inodes=0 /home/chroot
sallyport jail create anna --with basic,git -y -q >/dev/null; echo "room: $?"
""")
    assert got.returncode == 0, got.stdout + got.stderr
    assert said == ["full: 2", "same: 0", "room: 0"], got.stdout + got.stderr
    assert "No space left on device" in got.stderr


def test_what_keeps_jails_current_is_there_as_long_as_they_are_after_a_cut_too(world):
    if "ASAN_OPTIONS" in os.environ:
        pytest.skip("the leak checker does not work in a process that is traced")
    got, said = run(world, """
lab_sshd_start || exit 9
hooks() { find /etc -path /etc/ssh -prune -o -name '*sallyport*' -print | sort; }
make="sallyport jail create anna --sftp-only -y -q" gone="sallyport jail remove anna -y -q"
cut() { # N COMMAND...: in the N-th state of the hooks
    local n=$1; shift
    "$SALLYPORT_BUILD/tests/cut" -o /tmp/report --leave --changing --state /etc/apt --state /etc/dpkg --state /etc/cron.daily \
        --state /etc/periodic --state /etc/dnf $n -- "$@" >/tmp/said 2>&1
    grep -q '^cut' /tmp/report || { cat /tmp/report /tmp/said; exit 8; }
}
$make >/dev/null && hooks >/tmp/hooks && $gone >/dev/null && [ -s /tmp/hooks ] && [ ! "$(hooks)" ] || exit 1
rm -rf /home/chroot
cut 2 $make; [ "$(hooks)" != "$(cat /tmp/hooks)" ] || exit 2
cut 2 sallyport recover; sallyport recover >/dev/null && hooks | cmp - /tmp/hooks || exit 3
cut 1 $gone; [ "$(hooks)" ] || exit 4
cut 1 sallyport recover; sallyport recover >/dev/null || exit 5
hooks
sallyport jail list | wc -l
""")
    assert got.returncode == 0 and said == ["1"], got.stdout + got.stderr


def test_an_account_that_is_half_removed_by_a_recover_that_was_cut_off_goes_whole(world):
    got, said = run(world, """
lab_sshd_start || exit 9
for file in passwd group shadow; do cp /etc/$file /tmp; done
sallyport jail create bert --sftp-only --create-account --key $LAB_KEYS/bert.pub -y -q >/dev/null || exit 1
sallyport rollback -y -q --override lockout >/dev/null || exit 2
# as userdel leaves it that is killed behind passwd, and the useradd for another userdel
sed -i 's/"state": *"[a-z]*"/"state": "making"/' /var/lib/sallyport/jails/bert/manifest.json
sed -i 's|^bert:.*|bert:x:1700:100:jail:/nonexistent:/bin/sh|' /etc/passwd
getent group bert | cut -d: -f1
sallyport recover; for file in passwd group shadow; do cmp /tmp/$file /etc/$file || exit 3; done
""")
    assert got.returncode == 0 and said == ["bert", "the jail of bert was half made: taken away"], got.stdout + got.stderr
