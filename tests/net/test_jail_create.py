# SPDX-License-Identifier: GPL-3.0-or-later
# test_jail_create.py - what jail create takes over, keeps, refuses beforehand and takes away again.
START = """
lab_account anna 1001; lab_key anna; lab_account carl 1003; lab_key carl
K=/etc/ssh/authorized_keys.d; ssh-keygen -q -t ed25519 -N '' -C new -f /tmp/new
# enters FILE USER: whether the key lets the user in
enters() { lab_known_hosts; ssh -F none -i $1 -l $2 -o IdentitiesOnly=yes -o BatchMode=yes -o LogLevel=ERROR \\
    -o UserKnownHostsFile=$LAB_KNOWN_HOSTS 127.0.0.1 true </dev/null >/dev/null 2>&1 && echo "${1##*/} enters" || echo "${1##*/} does not"; }
"""


def run(world, snippet, **more):
    got = world(START + snippet, **more)
    return got, got.stdout.splitlines()


def test_a_key_that_was_exchanged_does_not_count_again(world):
    got, said = run(world, """
lab_sshd_start || exit 9
sallyport jail create carl -y -q >/dev/null && sallyport jail remove carl --with-home -y -q >/dev/null || exit 1
cat /tmp/new.pub >/home/carl/.ssh/authorized_keys; was=$(ssh-keygen -lf $LAB_KEYS/carl.pub | cut -d' ' -f2)
sallyport jail create carl -n | grep -c "does not let carl in now and stays out, as a comment in $K/carl: $was carl"
sallyport jail create carl -n --format json | grep -A1 keys_left_out | grep -c "$was carl"
setpriv --reuid 1001 --regid 1001 --clear-groups "$(command -v sallyport)" jail create carl -n | grep -c 'only root can tell'
sallyport jail create carl -y >/tmp/out 2>&1 || { cat /tmp/out; exit 2; }
grep -c 'already let' /tmp/out; enters $LAB_KEYS/carl carl; enters /tmp/new carl
sallyport jail create carl --key $LAB_KEYS/carl.pub -y -q >/dev/null || exit 3
enters $LAB_KEYS/carl carl; enters /tmp/new carl
cp $K/carl /tmp/keys; sallyport jail create carl --with basic,jq -y -q >/dev/null; cmp /tmp/keys $K/carl || exit 4
""")
    assert got.returncode == 0, got.stdout + got.stderr
    assert said == ["1", "1", "1", "0", "carl does not", "new enters", "carl enters", "new enters"], got.stdout + got.stderr


def test_keys_that_stand_in_the_file_and_let_in_stay(world):
    got, said = run(world, """
mkdir $K; echo 'AuthorizedKeysFile .ssh/authorized_keys /etc/ssh/authorized_keys.d/%u' >/etc/ssh/sshd_config.d/50-keys.conf
{ echo '# mine'; cat /tmp/new.pub; } >$K/carl; lab_sshd_start || exit 9
enters /tmp/new carl; enters $LAB_KEYS/carl carl
sallyport jail create carl -y >/tmp/out 2>&1 || { cat /tmp/out; exit 1; }
grep -c 'keys that stand in .* already let carl in' /tmp/out; enters /tmp/new carl; enters $LAB_KEYS/carl carl; head -1 $K/carl
# the same key with other rights is another
sallyport jail remove carl -y -q >/dev/null; rm /etc/ssh/sshd_config.d/50-keys.conf; lab_sshd_reload
sed 's/^/restrict /' /tmp/new.pub >/home/carl/.ssh/authorized_keys
sallyport jail create carl -y -q >/dev/null || exit 2
grep -c '^ssh-' $K/carl; grep -c '^restrict ssh-' $K/carl; grep -c '^# sallyport: this let nobody in when the jail was made: ssh-' $K/carl
# nor does the account of today get the keys of somebody who had the name before
cat /tmp/new.pub >$K/nina; sallyport jail create nina --create-account --key $LAB_KEYS/anna.pub -y -q >/dev/null || exit 3
enters /tmp/new nina; enters $LAB_KEYS/anna nina
cat /tmp/new.pub >$K/olga; sallyport jail create olga --create-account --key $K/olga -y -q >/dev/null || exit 4
enters /tmp/new olga
""")
    assert got.returncode == 0, got.stdout + got.stderr
    assert said == ["new enters", "carl enters", "1", "new enters", "carl enters", "# mine", "0", "1", "2", "new does not", "anna enters",
                    "new enters"], got.stdout + got.stderr


def test_what_is_not_asked_for_anew_stays(world):
    got, said = run(world, """
lab_sshd_start || exit 9
sallyport jail create carl --with basic,jq --copy --dir /srv/jails/carl -y -q >/dev/null || exit 1
sallyport jail create anna --sftp-only --dir /srv/jails/anna -y -q >/dev/null || exit 2
for user in carl anna; do sallyport jail create $user -n; sallyport jail create $user --key /tmp/new.pub -y -q >/dev/null || exit 3; enters /tmp/new carl; done
sallyport jail list --format json | /usr/bin/python3 -c 'import json, sys
for j in json.load(sys.stdin)["jails"]: print(j["user"], j["dir"], j["sftp_only"], j["with"])'
grep -c '"copies": true' /var/lib/sallyport/jails/carl/manifest.json; [ -x /srv/jails/carl/usr/bin/jq ] || exit 4
sallyport jail create carl --with basic -y -q >/dev/null || exit 5; [ ! -e /srv/jails/carl/usr/bin/jq ] || exit 6
for how in "carl --dir /srv/jails/other" "carl --sftp-only" "anna --with ls"; do sallyport jail create $how -n; echo $?; done
# nor is more known of one whose manifest is gone
rm /var/lib/sallyport/jails/anna/manifest.json; sallyport jail create anna -y -q >/dev/null || exit 7
sallyport jail check >/dev/null; echo "check: $?"
""")
    assert got.returncode == 0, got.stdout + got.stderr
    nothing = "Nothing to change: the jail is there and in force."
    assert said == [nothing, "new enters", nothing, "new enters", "anna /srv/jails/anna True []", "carl /srv/jails/carl False ['basic', 'jq']", "1",
                    "1", "1", "1", "check: 0"], got.stdout + got.stderr
    assert "--dir is '/srv/jails/other', and the jail of 'carl' is '/srv/jails/carl' already\nhint: leave --dir out" in got.stderr, got.stderr
    assert "hint: leave --sftp-only out; or" in got.stderr and "hint: leave --with out; or" in got.stderr, got.stderr


def test_a_jail_is_current_when_its_account_was_made_for_it(world):
    got, said = run(world, """
lab_sshd_start || exit 9
sallyport jail create nina --create-account --with ls --key /tmp/new.pub -y -q >/dev/null || exit 1
sallyport jail check nina; getent passwd nina; grep ^nina /home/chroot/nina/etc/passwd; sallyport jail update nina -n
""")
    assert got.returncode == 0, got.stdout + got.stderr
    assert said[1].startswith("  all is well") and said[2] == said[3] and ":jail:" in said[2], got.stdout
    assert said[4] == "nina: nothing to change", got.stdout


STOP = r"""
cat >/tmp/stop.py <<'P'
import os, signal, subprocess, sys, time
# stop.py CONDITION COMMAND...: starts the command as a terminal would, types ^C once the condition holds; its exit status and what it said
end = time.monotonic() + 60
with open("/tmp/said", "w") as said:
    p = subprocess.Popen(sys.argv[2:], stdin=subprocess.DEVNULL, stdout=said, stderr=said, start_new_session=True)
    while subprocess.run(["/bin/bash", "-c", sys.argv[1]]).returncode and p.poll() is None and time.monotonic() < end:
        time.sleep(0.005)
    os.killpg(p.pid, signal.SIGINT)
    print(p.wait(60))
P
stop() { /usr/bin/python3 /tmp/stop.py "$@"; }
all() { { md5sum /etc/passwd /etc/group /etc/shadow; find /etc/ssh /home /var/lib/sallyport/jails 2>/dev/null | grep -v '/jails\(/.lock\)*$'; } | sort; }
"""


def test_control_c_leaves_nothing_half_done(world):
    got, said = run(world, STOP + """
lab_sshd_start || exit 9
all >/tmp/before; J=/var/lib/sallyport/jails/rex
for when in "[ -e $J/manifest.json ]" "[ -e /home/chroot/rex ]" "grep -q ^rex: /etc/passwd" "grep -q ^rex: /etc/passwd && ps -eo args | grep -q '[s]shd .*-D -e'"; do
    stop "$when" sallyport jail create rex --create-account --with git,python --key /tmp/new.pub -y || exit 1
    grep -c '^sallyport: interrupted$' /tmp/said; grep -o 'is gone again; run it again' /tmp/said; all | diff /tmp/before - || exit 2
done
sallyport recover
sallyport jail create carl --with basic -y -q >/dev/null || exit 3
stop '[ -e /home/chroot/carl/.sallyport-update ]' sallyport jail create carl --with basic,git,python,perl -y; cat /tmp/said
sallyport jail create carl --with basic -n; sallyport jail check carl >/dev/null; echo "check: $?"
""")
    assert got.returncode == 0, got.stdout + got.stderr
    assert said[:12] == ["2", "1", "is gone again; run it again"] * 4 and said[12] == "Nothing was left unfinished.", got.stdout + got.stderr
    assert said[-4] == "2" and said[-3] == "sallyport: interrupted: nothing was changed, run it again", got.stdout + got.stderr
    assert said[-2:] == ["Nothing to change: the jail is there and in force.", "check: 0"], got.stdout + got.stderr


def test_a_command_that_sshd_runs_in_place_of_the_shell_is_named_before_anything_is_made(world):
    got, said = run(world, """
lab_sshd_start || exit 9
printf 'Match User car*\\n ForceCommand /bin/echo forced\\n' >/etc/ssh/sshd_config.d/50-x.conf; lab_sshd_reload
for how in -n -y; do sallyport jail create carl --with basic $how; echo $?; done; ls -A /home/chroot /var/lib/sallyport/jails 2>/dev/null
sallyport jail create carl --sftp-only -y -q >/dev/null || exit 1
printf 'Match Address 127.0.0.0/8\\n ForceCommand /bin/false\\n' >/etc/ssh/sshd_config.d/50-x.conf; lab_sshd_reload
sallyport jail create anna --with basic -y; echo $?
printf 'Match User anna\\n ForceCommand none\\n' >/etc/ssh/sshd_config.d/49-x.conf; lab_sshd_reload
sallyport jail create anna --with basic -y -q >/dev/null; echo $?
""")
    assert got.returncode == 0 and said == ["1", "1", "1", "0"], got.stdout + got.stderr
    assert got.stderr.count("50-x.conf:2: ForceCommand /bin/echo forced: that runs for carl whatever is asked for") == 2, got.stderr
    assert "50-x.conf:2: ForceCommand /bin/false: that runs for anna" in got.stderr, got.stderr


def test_git_shell_is_shown_to_run_git_and_a_shell_that_runs_nothing_is_said_to(world):
    got, said = run(world, """
lab_account gil 1011 "$(command -v git-shell)"; lab_key gil; lab_account nop 1012 /usr/bin/tty; lab_key nop; lab_sshd_start || exit 9
sallyport jail create gil --with git -y -q | grep -o 'git-shell runs git; / is the jail: no repository of the host is seen; no port'
git init -q --bare /home/chroot/gil/home/gil/r.git && chown -R gil: /home/chroot/gil/home/gil/r.git || exit 1
GIT_SSH_COMMAND="ssh -F none -i $LAB_KEYS/gil -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null" git clone -q gil@127.0.0.1:r.git /tmp/r >/dev/null 2>&1
echo "clone: $?"; sallyport jail remove gil -y -q >/dev/null
# also where nobody gets in by the whole configuration
echo 'DenyUsers gil' >/etc/ssh/sshd_config.d/50-deny.conf; lab_sshd_reload
sallyport jail create gil --with git -y -q 2>/dev/null | grep -o 'git-shell runs git; / is the jail'; sallyport jail remove gil -y -q >/dev/null
rm /etc/ssh/sshd_config.d/50-deny.conf; lab_sshd_reload
for how in "gil --with ls" "nop --with git"; do sallyport jail create $how -y -q; echo $?; done
""")
    assert got.returncode == 0, got.stdout + got.stderr
    assert said == ["git-shell runs git; / is the jail: no repository of the host is seen; no port", "clone: 0", "git-shell runs git; / is the jail",
                    "1", "1"], got.stdout + got.stderr
    assert "git-shell does not run git in the jail, which wants --with git: it says nothing, and ends with 255\n" in got.stderr, got.stderr
    assert "/usr/bin/tty does not start in the jail, or is a shell that runs no commands: tty: " in got.stderr, got.stderr


def test_words_that_are_no_program_are_said_to_be_what_they_are(world):
    got, said = run(world, """
ln -s loop /tmp/loop; ln -s /nowhere /tmp/dangling; mkfifo /tmp/fifo; mkdir /srv/bin; cp /bin/true "/srv/bin/with space"; lab_sshd_start || exit 9
for word in '' , /etc /dev/null /tmp/loop /tmp/dangling /tmp/fifo /nothing "/srv/bin/with space" 'a$b' '~/x'; do
    sallyport jail create anna --with "$word" -n 2>&1 | head -1
done
""")
    plain = "wants a name without blanks, quotes and what else a command line takes for its own"
    assert said == ["sallyport: --with is '': wants <program>,...", "sallyport: --with is ',': wants <program>,...",
                    "sallyport: there is a folder at '/etc': wants a program", "sallyport: there is a device at '/dev/null': wants a program",
                    "sallyport: there is a link that leads in a circle or nowhere at '/tmp/loop': wants a program",
                    "sallyport: there is a link that leads in a circle or nowhere at '/tmp/dangling': wants a program",
                    "sallyport: there is a pipe or socket at '/tmp/fifo': wants a program", "sallyport: there is no program '/nothing'",
                    f"sallyport: --with has '/srv/bin/with space': {plain}", f"sallyport: --with has 'a$b': {plain}",
                    f"sallyport: --with has '~/x': {plain}"], got.stdout + got.stderr


def test_a_place_that_cannot_hold_the_jail_is_refused_before_anything_is_made(world):
    got, said = run(world, """
lab_sshd_start || exit 9
for dir in /proc/x /sys /dev/shm/x /run/x /srv/$(printf 'a%.0s' {1..250}); do
    for how in -n -y; do sallyport jail create carl --with ls --dir $dir $how; echo $?; done
done
mount -t tmpfs -o size=3M,mode=755 none /mnt
for how in -n -y; do sallyport jail create carl --with ls --dir /mnt/deep/carl $how; echo $?; done
mount -o remount,ro,size=30M /mnt; sallyport jail create carl --with ls --dir /mnt/carl -y; echo $?
mount -o remount,rw /mnt; ls -A /mnt
# what fails later is trouble, too, and no jail that does not hold
printf '#!/bin/sh\\necho useradd: no >&2; exit 3\\n' >/tmp/useradd; chmod 755 /tmp/useradd; mount --bind /tmp/useradd "$(command -v useradd)"
sallyport jail create mia --create-account --with ls --key /tmp/new.pub -y -q; echo $?; ls -A /home/chroot
sallyport jail create carl --with ls --dir /mnt/carl -y -q >/dev/null; echo $?
""")
    assert said == ["2"] * 14 + ["0"], got.stdout + got.stderr
    for part in ["--dir is '/proc/x': nothing in /proc outlasts a boot", "--dir is '/sys': ", "--dir is '/dev/shm/x': ", "--dir is '/run/x': ",
                 "--dir has a name of 250 bytes in it: wants at most ", "'/mnt/deep/carl' would be on a file system with 3.1 MB left: wants "]:
        assert got.stderr.count(part) == 2, got.stderr
    assert "'/mnt/carl' would be on a file system that is mounted read-only" in got.stderr and "'mia' cannot be made: useradd: no" in got.stderr, got.stderr


def test_the_plan_says_what_is_kept_what_is_not_in_there_and_what_runs_outside(world):
    got, said = run(world, r"""
lab_sshd_start || exit 9
sallyport jail create carl --with basic -y -q >/dev/null; lab_login carl 'echo mine >file' && sallyport jail remove carl -y -q >/dev/null || exit 1
sallyport jail create carl --with basic -n >/tmp/plan; grep -c '^  no sftp and no scp in there: --with scp adds them$' /tmp/plan
sallyport jail create carl --with scp -n | grep -c 'no sftp'; sallyport jail create carl --sftp-only -n | grep -c 'no sftp'
sallyport jail create carl --with basic -y -q >/dev/null; eval "$(sed -n 's/.*to have it in this one: sudo //p' /tmp/plan)"
stat -c '%U %n' /home/chroot/carl/home/carl/file; lab_login carl cat file
sallyport jail create carl --with ls -n | grep -c 'home of an earlier jail'
sed -i 's/^Subsystem.*/Subsystem sftp internal-sftp/' /etc/ssh/sshd_config; lab_sshd_reload; sallyport jail create anna --with basic -n | grep -c 'no sftp'
if [ "$(cat /proc/sys/kernel/yama/ptrace_scope 2>/dev/null || echo 0)" = 0 ]; then
    setpriv --reuid 1001 --regid 1001 --clear-groups sleep 100 & p=$!
    lab_wait 10 eval '[ "$(ps -o user= -p $p)" = anna ]' || exit 2
    sallyport jail create anna --sftp-only -n | grep -c "^  process $p (sleep) of anna runs outside, and can be taken over from inside$"; kill $p
else
    echo 1
fi
""")
    assert said == ["1", "0", "0", "carl /home/chroot/carl/home/carl/file", "mine", "0", "0", "1"], got.stdout + got.stderr
