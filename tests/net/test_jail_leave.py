# SPDX-License-Identifier: GPL-3.0-or-later
# test_jail_leave.py - a jail does not go under anybody, nor while sshd still leads there, nor for want of knowing.
import pytest

SETUP = r"""
set -eu
lab_account anna 1001; lab_key anna
lab_sshd_start
J=/home/chroot/anna M=/var/lib/sallyport/jails/anna/manifest.json BLOCKS=/etc/ssh/sshd_config.d/00-sallyport-jails.conf
jail() { sallyport jail "$@" </dev/null; }
look() { find /home/chroot /etc/ssh /var/lib/sallyport/jails -type f ! -name .lock -exec md5sum {} + 2>/dev/null | sort; find /home/chroot; }
# refused STATUS WORDS COMMAND...: and nothing is otherwise than before
refused() {
    local wants=$1 words=$2 rc=0
    shift 2; look >/tmp/before
    "$@" >/tmp/said 2>&1 || rc=$?
    grep -qF -- "$words" /tmp/said && [ $rc = "$wants" ] || { echo "$*: $rc"; cat /tmp/said; return 1; }
    look | cmp - /tmp/before
}
jail create anna --with coreutils -y -q >/dev/null
"""

# Each process makes the next one and ends. The first that sees the host's passwd through the parent of its folder writes that down.
CHAIN = r"""
cat >/root/chain.c <<'C'
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
static void look_out(void)
{
    static char text[65536];
    int up = open("..", O_RDONLY | O_DIRECTORY), fd = openat(up, "../../etc/passwd", O_RDONLY);
    close(up);
    if (fd < 0)
        return;
    if (read(fd, text, sizeof text - 1) > 0 && strstr(text, ":/root:")) /* which is not in the jail's own */
        close(open("ESCAPED", O_WRONLY | O_CREAT, 0644));
    close(fd);
}
int main(void)
{
    const struct timespec moment = { .tv_nsec = 300000 };
    const time_t end = time(NULL) + 60;
    signal(SIGCHLD, SIG_IGN);
    while (time(NULL) < end && access("stop", F_OK)) {
        look_out();
        nanosleep(&moment, NULL);
        if (fork() > 0)
            _exit(0);
    }
    return 0;
}
C
gcc -static -O1 -o /root/chain /root/chain.c
"""


STOP = """
stop() { /usr/bin/python3 -B "$LAB_SOURCE/tests/lab/stop.py" "$@"; }
"""


@pytest.fixture
def run(done):
    return lambda body: done(SETUP + body)


def test_a_chain_of_short_processes_does_not_step_out_with_the_home(run):
    run(CHAIN + r"""
install -m 755 -o anna /root/chain $J/home/anna/chain
lab_login anna './chain </dev/null >/dev/null 2>&1 &'
lab_wait 10 eval '! ps -eo args | grep -q "^sshd: anna"'; lab_wait 10 eval 'ps -eo args | grep -q "^./chain"'; [ ! -e $J/home/anna/ESCAPED ]
for n in $(seq 8); do refused 1 'runs in it' jail remove anna -y; done
# and where the commands came to nothing in the middle
cp $BLOCKS /tmp/blocks; : >$BLOCKS; sed -i 's/"state": "ready"/"state": "removing"/' $M
refused 2 'runs in it' sallyport recover
refused 0 'runs in it' jail list
touch $J/home/anna/stop
lab_wait 10 eval 'sallyport recover >/tmp/said 2>&1'
[ ! -e $J ] && [ ! -e $M ] && [ -e /home/chroot/anna.home/chain ] && [ ! -e /home/chroot/anna.home/ESCAPED ]
""")


def test_what_cannot_be_told_takes_no_jail_away(run):
    run(r"""
lab_login anna 'echo precious >mine'
C=/etc/ssh/sshd_config
for state in making removing; do
    sed -i "s/\"state\": \"[a-z]*\"/\"state\": \"$state\"/" $M
    mv $C /tmp/away; refused 2 "cannot be told: $C" sallyport recover
    refused 2 'is left as it is' jail list; mv /tmp/away $C
    cp $C /tmp/kept; echo 'Nonsense yes' >>$C; refused 2 "cannot be told: $C" sallyport recover; cp /tmp/kept $C
    refused 2 'cannot be told: /etc/ssh/sshd_cofnig' sallyport recover --config /etc/ssh/sshd_cofnig
    # one that knows of no jail is not the only one
    echo 'Port 22' >/tmp/other; sallyport recover --config /tmp/other >/tmp/said
    grep -q "the jail of anna was .*: kept" /tmp/said
    lab_login anna 'cat mine' | grep -qx precious
done
# nobody knows how: the home was lived in, and does not go with what was half made
sed -i 's/"state": "[a-z]*"/"state": "making"/' $M; : >$BLOCKS
sallyport recover | grep 'half made: taken away'
[ ! -e $J ] && [ "$(cat /home/chroot/anna.home/mine)" = precious ]
""")


def test_a_block_that_is_not_ours_keeps_the_jail(run):
    run(r"""
cp $BLOCKS /tmp/blocks
sed -i '$d' $BLOCKS; lab_sshd_reload
refused 1 "$BLOCKS:$(grep -n ChrootDirectory $BLOCKS | cut -d: -f1): " jail remove anna -y
refused 1 'take its Match block out first' jail remove anna -n
grep -v '^#' $BLOCKS >/etc/ssh/sshd_config.d/01-mine.conf; rm $BLOCKS; lab_sshd_reload
refused 1 '/etc/ssh/sshd_config.d/01-mine.conf:2: ' jail remove anna -y
lab_login anna 'ls /' >/dev/null
rm /etc/ssh/sshd_config.d/01-mine.conf; cp /tmp/blocks $BLOCKS; lab_sshd_reload
jail remove anna -y -q >/dev/null; [ ! -e $J ]
""")


def test_what_is_mounted_is_seen_before_anything_changes(run):
    run(r"""
mkdir $J/home/anna/www /srv/www; echo page >/srv/www/page
for at in home/anna/www home/anna; do
    mount --bind /srv/www $J/$at
    refused 1 "$J/$at: something is mounted there" jail remove anna -n
    refused 1 "$J/$at: something is mounted there" jail remove anna --with-home -y
    umount $J/$at
done
# and when it is half gone
cp $BLOCKS /tmp/blocks; : >$BLOCKS; sed -i 's/"state": "ready"/"state": "removing"/' $M
mount --bind /srv/www $J/home/anna/www
refused 2 "$J/home/anna/www: something is mounted there" sallyport recover
umount $J/home/anna/www; sallyport recover
[ ! -e $J ] && [ -d /home/chroot/anna.home/www ] && [ -e /srv/www/page ]
""")


def test_what_could_not_be_taken_away_is_not_said_to_be_gone(run):
    """userdel fails once the jail is out of force: the answer comes after that."""
    run(r"""
printf '#!/bin/sh\necho "userdel: cannot lock /etc/passwd; try again later." >&2; exit 1\n' >/root/userdel; chmod 755 /root/userdel
for format in text json; do
    jail create bert --with ls --create-account -y -q >/dev/null 2>&1
    mount --bind /root/userdel "$(command -v userdel)"
    status=0; jail remove bert --remove-account -y --format $format >/tmp/out 2>/tmp/said || status=$?
    umount "$(command -v userdel)"
    cat /tmp/out /tmp/said >/tmp/all
    [ $status = 2 ] && grep -q 'cannot lock /etc/passwd' /tmp/said && grep -q 'sudo sallyport recover tries again' /tmp/said || { cat /tmp/all; exit 3; }
    if grep -q -e 'in no jail any more' -e 'home is kept:' /tmp/out; then cat /tmp/all; exit 4; fi
    [ $format = text ] || grep -q '"home_kept": null' /tmp/out || { cat /tmp/all; exit 5; }
    [ -d /home/chroot/bert ] && ! grep -q 'User bert' $BLOCKS && id bert >/dev/null
    sallyport recover | grep -q 'the jail of bert was half removed: taken away'
    [ ! -e /home/chroot/bert ] && [ -d /home/chroot/bert.home ] && ! id bert 2>/dev/null
    rm -r /home/chroot/bert.home
done
""")


def test_what_others_have_put_there_is_named_and_kept(run):
    run(r"""
mkdir $J/upload $J/srv $J/home/x; chown anna $J/upload; echo data >$J/upload/f; echo admin >$J/srv/README; echo changed >>$J/etc/nsswitch.conf
mv $J/home/anna $J/home/x/real; ln -s x/real $J/home/anna; echo precious >$J/home/x/real/mine
refused 1 'in it may be somebody' jail remove anna -n
for what in /upload/ /srv/README /home/x/ /etc/nsswitch.conf; do grep -qF "$what" /tmp/said || { cat /tmp/said; exit 3; }; done
jail remove anna -y >/tmp/said 2>&1
grep -qF "What may be somebody's own is kept: /home/chroot/anna.kept" /tmp/said
cd /home/chroot/anna.kept; [ ! -e $J ] && [ "$(cat upload/f srv/README home/x/real/mine)" = "$(printf 'data\nadmin\nprecious')" ]
tail -1 etc/nsswitch.conf | grep -qx changed; [ $(find . -type f | wc -l) = 4 ] && [ $(stat -c %a .) = 700 ]
# of one that is as it was nothing is kept, whichever way its files came in
cd /; rm -r /home/chroot/anna.*
for how in '' --copy; do
    jail create anna --with coreutils,tmp $how -y -q >/dev/null; jail remove anna --with-home -y -q >/dev/null 2>&1
    [ -z "$(ls -A /home/chroot)" ] || { find /home/chroot; exit 4; }
done
""")


def test_control_c_leaves_each_jail_updated_or_as_it_was(run):
    run(STOP + r"""
lab_account bert 1002; jail create bert --with coreutils,perl -y -q >/dev/null
broken() { ! sallyport jail update $1 -n >/tmp/would; }
for n in $(seq 4); do
    for user in anna bert; do find /home/chroot/$user/usr -type f -delete; done; broken anna; broken bert
    stop "[ $n -gt 2 ] && [ -e /home/chroot/bert/.sallyport-update ] || [ $n -le 2 -a -e /home/chroot/anna/.sallyport-update ]" sallyport jail update --all >/tmp/status
    if broken bert; then grep -qx 2 /tmp/status && grep -q interrupted /tmp/said && sallyport recover >/dev/null; fi || { cat /tmp/status /tmp/said; exit 3; }
    for user in anna bert; do
        [ ! -e /home/chroot/$user/.sallyport-update ] && [ ! -e /var/lib/sallyport/jails/$user/update.json ]
        if broken $user; then [ -z "$(find /home/chroot/$user/usr -type f)" ]; fi
    done
done
jail update --all -q; jail check >/dev/null
""")


def test_control_c_leaves_all_of_it_or_nothing(run):
    run(STOP + r"""
cp $BLOCKS /tmp/blocks; lab_login anna 'echo precious >mine'
for when in "grep -q removing $M" "! grep -q ChrootDirectory $BLOCKS" "! [ -e $J ]" "[ -e /home/chroot/anna.home ]"; do
    stop "$when" sallyport jail remove anna -y >/tmp/status
    sallyport recover >/tmp/left; grep -qx 'Nothing was left unfinished.' /tmp/left || { cat /tmp/said /tmp/left; exit 3; }
    if [ -e $M ]; then # it went back
        grep -qx 2 /tmp/status && grep -q 'interrupted' /tmp/said && cmp $BLOCKS /tmp/blocks && lab_login anna 'cat mine' | grep -qx precious
    else
        grep -qx 0 /tmp/status && [ ! -e $J ] && [ "$(cat /home/chroot/anna.home/mine)" = precious ]
        jail create anna --with coreutils -y -q >/dev/null; rm -r /home/chroot/anna.home; lab_login anna 'echo precious >mine'
    fi || { cat /tmp/status /tmp/said; exit 4; }
done
""")
