# SPDX-License-Identifier: GPL-3.0-or-later
# test_harden.py - the main job against the real sshd: harden, prove, confirm, roll back; guards; the timer.
import json

import pytest

# An account with a key, Debian's stock files, things on them that a careless replacement would lose.
STOCK = r"""
set -eu
lab_account anna 1001
lab_key anna
lab_sshd_start
setfattr -n security.selinux -v system_u:object_r:etc_t:s0 /etc/ssh/sshd_config
setfattr -n security.selinux -v system_u:object_r:etc_t:s0 /etc/ssh/moduli
setfacl -m u:anna:r /etc/ssh/sshd_config
touch -d '2021-03-04 05:06:07.089' /etc/ssh/sshd_config /etc/ssh/sshd_config.d
chgrp adm /etc/ssh/sshd_config
snapshot() { lab_snapshot --folder-times /etc; }
# until the time for the confirm is over and what then happens is done
over() { local timer; read -r timer _ </run/sallyport/timer-1; lab_wait 20 lab_gone "$timer"; }
"""

# Keeps a session of anna open from before; its process is ended with the world.
SESSION = r"""
lab_login anna sleep 3600 &
lab_wait 10 pgrep -u anna sleep >/dev/null
"""


def ok(got):
    assert got.returncode == 0, got.stdout + got.stderr
    return got


def test_stock_debian_is_hardened_proven_and_put_back_bit_for_bit(world):
    got = ok(world(STOCK + r"""
        snapshot >/tmp/before
        sallyport audit --format json >/tmp/audit-before || true
        lab_login anna true
        sallyport harden --yes --keep anna@127.0.0.1 >/tmp/harden 2>&1
        lab_login anna true
        sallyport audit --format json >/tmp/audit-after || true
        sshd -T >/tmp/effective
        sallyport history --format json >/tmp/history
        snapshot >/tmp/hardened
        cmp -s /tmp/before /tmp/hardened && { echo "nothing was changed"; exit 1; }
        sallyport rollback --yes
        snapshot >/tmp/after
        diff /tmp/before /tmp/after
        lab_login anna true
        sallyport audit --format json >/tmp/audit-back || true
        cat /tmp/harden
        echo; echo ---; cat /tmp/audit-before; echo ---; cat /tmp/audit-after; echo ---; cat /tmp/audit-back; echo ---
        cat /tmp/effective; echo ---; cat /tmp/history
    """, timeout=300))
    said, before, after, back, effective, history = got.stdout.split("---\n")
    before, after, back, history = (json.loads(j) for j in (before, after, back, history))
    assert before["grade"] in "DF"
    assert after["grade"] in ("A", "A+"), after
    assert (back["grade"], back["score"]) == (before["grade"], before["score"])
    assert "seen on the wire" in said
    assert "passwordauthentication no" in effective
    assert "permitrootlogin no" in effective
    assert history["transactions"][0]["state"] == "waiting"
    wire = [f for f in after["findings"] if f["id"] == "wire-differs"][0]
    assert wire["status"] == "pass", wire


def test_a_second_run_changes_nothing(world):
    got = ok(world(STOCK + r"""
        sallyport harden --yes --confirm-within 0 --keep anna
        snapshot >/tmp/first
        sallyport harden --yes --confirm-within 0 --keep anna --format json
        snapshot | diff /tmp/first -
    """, timeout=300))
    assert '"changed": false' in got.stdout


def test_confirm_wants_a_new_login_by_somebody_kept(world):
    ok(world(STOCK + SESSION + r"""
        sallyport harden --yes
        sallyport confirm && exit 1
        lab_login anna sleep 3600 &
        lab_wait 10 sh -c '[ "$(pgrep -c -u anna sleep)" = 2 ]'
        sallyport confirm
        [ "$(sallyport history --format json | grep -c '"state": "confirmed"')" = 1 ]
        sallyport confirm && exit 1
        [ ! -e /run/sallyport/timer-1 ]
        sallyport rollback --yes
    """, timeout=300))


def test_an_earlier_file_a_match_block_and_a_last_wins_keyword_do_not_defeat_the_plan(world):
    got = ok(world(STOCK + r"""
        printf '%s\n' '# mine' 'PermitRootLogin   yes   # for the backup' 'MaxAuthTries=6' 'Match Address 10.83.0.0/24' \
            '    PasswordAuthentication yes # the office' >/etc/ssh/sshd_config.d/00-aaa.conf
        printf 'MaxStartups 100:30:200\r\nMaxStartups 90\n' >>/etc/ssh/sshd_config
        snapshot >/tmp/before
        sallyport harden --yes --keep anna
        sshd -T -C user=anna,host=x,addr=10.83.0.9,laddr=10.83.0.1,lport=22
        cat /etc/ssh/sshd_config.d/00-aaa.conf
        sallyport rollback --yes
        snapshot | diff /tmp/before -
    """, timeout=300))
    assert "\npasswordauthentication no\n" in got.stdout
    assert "\npermitrootlogin no\n" in got.stdout
    assert "\nmaxstartups 10:30:60\n" in got.stdout
    assert "PermitRootLogin   no   # for the backup" in got.stdout
    assert "    PasswordAuthentication no # the office" in got.stdout


def test_a_main_file_without_include_gets_one_as_its_first_line(world):
    ok(world(STOCK + r"""
        sed -i '/^Include/d' /etc/ssh/sshd_config
        rmdir /etc/ssh/sshd_config.d
        snapshot >/tmp/before
        sallyport harden --yes --keep anna
        [ "$(head -n1 /etc/ssh/sshd_config)" = 'Include /etc/ssh/sshd_config.d/00-sallyport.conf' ]
        sshd -T | grep -qx 'permitrootlogin no'
        sallyport rollback --yes
        snapshot | diff /tmp/before -
    """, timeout=300))


GUARDED = {
    "AllowUsers without the person logged in":
        ("lab_account bert 1002; echo 'AllowUsers bert' >>/etc/ssh/sshd_config", "--step timeouts", "anna"),
    "password login off when the only way in is a password":
        ("lab_account bert 1002; lab_password bert secret; : >/home/anna/.ssh/authorized_keys", "--keep bert", "bert"),
    "UsePAM no with a ! account":
        ("sed -i 's/^anna:[^:]*:/anna:!:/' /etc/shadow; sed -i 's/^UsePAM yes/UsePAM no/' /etc/ssh/sshd_config",
         "--step timeouts", "anna"),
    "a RevokedKeys file that is missing":
        ("echo 'RevokedKeys /etc/ssh/not-there' >>/etc/ssh/sshd_config", "--step timeouts", "anna"),
    "a password taken from a sudo caller who may come in from a pattern only":
        ("echo 'AllowUsers anna bert@10.0.*' >>/etc/ssh/sshd_config; lab_account bert 1002; lab_password bert secret; "
         "export SUDO_USER=bert", "--step access", "bert"),
    "a --keep of nobody":
        ("", "--keep nobody-of-that-name", "nobody-of-that-name"),
}


@pytest.mark.parametrize("case", GUARDED)
def test_the_lockout_guard_refuses_and_nothing_is_changed(world, case):
    prepare, options, who = GUARDED[case]
    got = ok(world(STOCK + SESSION + prepare + fr"""
        snapshot >/tmp/before
        sallyport harden --yes {options} && exit 1 || [ $? = 1 ]
        snapshot | diff /tmp/before -
        sallyport history
    """))
    assert "lockout" in got.stderr and who in got.stderr, got.stderr
    assert "Nothing was changed so far" in got.stdout


def test_an_override_passes_the_guard_it_names_and_no_other(world):
    got = ok(world(STOCK + r"""
        sallyport harden --yes --keep nobody-of-that-name --override space && exit 1 || [ $? = 1 ]
        sallyport harden --yes --keep nobody-of-that-name --override lockout --step timeouts
    """))
    assert "guard overridden" in got.stderr


def test_without_a_timer_somebody_must_be_looked_after(world):
    got = ok(world(STOCK + r"""
        snapshot >/tmp/before
        sallyport harden --yes --confirm-within 0 && exit 1 || [ $? = 1 ]
        snapshot | diff /tmp/before -
        sallyport harden --yes --confirm-within 0 --keep anna
    """))
    assert "Keeps nobody" in got.stderr and "could lock everybody out" in got.stderr


def test_a_configuration_that_sshd_rejects_is_left_alone(world):
    got = ok(world(STOCK + r"""
        echo 'PermitRootLogin perhaps' >>/etc/ssh/sshd_config
        snapshot >/tmp/before
        sallyport harden --yes && exit 1 || [ $? = 1 ]
        snapshot | diff /tmp/before -
    """))
    assert "sshd_config:" in got.stderr and "perhaps" in got.stderr


def test_two_runs_at_once_and_a_waiting_one(world):
    got = ok(world(STOCK + r"""
        exec 9>/run/lock/sallyport; flock 9
        sallyport harden --yes --keep anna && exit 1 || [ $? = 2 ]
        flock -u 9
        sallyport harden --yes --keep anna --step kex
        sallyport harden --yes --keep anna && exit 1 || [ $? = 1 ]
        sallyport harden --yes --keep anna --override pending && exit 1 || [ $? = 2 ]
    """))
    assert "another sallyport is at work" in got.stderr
    assert "pending" in got.stderr


def test_a_change_that_was_cut_off_is_not_skipped_by_a_roll_back(world):
    """Nor is the older one put back over its files."""
    got = ok(world(STOCK + r"""
        snapshot >/tmp/before
        sallyport harden --yes --keep anna --confirm-within 0 --step timeouts
        sallyport harden --yes --keep anna --confirm-within 0 --step kex
        sed -i 's/"confirmed"/"applying"/' /var/lib/sallyport/transactions/0002/state.json
        snapshot >/tmp/cut
        sallyport rollback --yes && exit 1 || [ $? = 1 ]
        snapshot | diff /tmp/cut -
        sallyport recover
        sallyport rollback --yes
        snapshot | diff /tmp/before -
    """))
    assert "transaction 2 was cut off" in got.stderr


def test_folders_that_were_made_for_a_file_go_with_it(world):
    ok(world(STOCK + r"""
        echo 'Banner /etc/deep/er/issue' >/etc/ssh/sshd_config.d/10.conf
        snapshot >/tmp/before
        sallyport banner set --yes --keep anna
        [ -s /etc/deep/er/issue ]
        sallyport rollback --yes
        snapshot | diff /tmp/before -
    """))


def test_a_lock_that_somebody_without_rights_holds_stops_nobody(world):
    """/run/lock is writable by all: who came first must not keep root, nor the timer, from working."""
    ok(world(STOCK + r"""
        as_anna() { setpriv --reuid anna --regid anna --clear-groups "$@"; }
        for kind in 'exec 9>/run/lock/sallyport; flock 9; exec sleep 100' 'exec mkdir -p /run/lock/sallyport/full' \
            'exec mkfifo /run/lock/sallyport' 'exec ln -s /etc/shadow /run/lock/sallyport'; do
            rm -rf /run/lock/sallyport*
            as_anna sh -c "$kind" &
            lab_wait 20 test -e /run/lock/sallyport -o -L /run/lock/sallyport
            sallyport recover
            [ "$(stat -c '%U %a %F' /run/lock/sallyport)" = 'root 600 regular empty file' ]
        done
        [ "$(stat -c %U:%G /etc/shadow)" = root:shadow ]
    """))


def test_a_file_changed_by_somebody_else_is_not_rolled_over(world):
    got = ok(world(STOCK + r"""
        snapshot >/tmp/before
        sallyport harden --yes --keep anna --confirm-within 0
        echo '# a colleague was here' >>/etc/ssh/sshd_config.d/00-sallyport.conf
        sallyport rollback --yes && exit 1 || [ $? = 1 ]
        grep -q colleague /etc/ssh/sshd_config.d/00-sallyport.conf
        sallyport rollback --yes --override changed
        grep -rq colleague /var/lib/sallyport/transactions/0001/found
        snapshot | diff /tmp/before -
    """))
    assert "+# a colleague was here" in got.stderr


def test_older_transactions_go_only_after_newer_ones(world):
    got = ok(world(STOCK + r"""
        snapshot >/tmp/before
        sallyport harden --yes --keep anna --confirm-within 0 --step timeouts
        sallyport harden --yes --keep anna --confirm-within 0 --step kex
        sallyport rollback --yes 1 && exit 1 || [ $? = 1 ]
        sallyport rollback --yes
        sallyport rollback --yes
        snapshot | diff /tmp/before -
        sallyport rollback --yes && exit 1 || [ $? = 1 ]
    """))
    assert "transaction 2 changed the same files later" in got.stderr


def test_a_full_disk_refuses_before_anything_is_touched(world):
    got = ok(world(STOCK + r"""
        mount -t tmpfs -o size=256k none /var/lib
        snapshot >/tmp/before
        sallyport harden --yes --keep anna && exit 1 || [ $? = 1 ]
        snapshot | diff /tmp/before -
    """))
    assert "space" in got.stderr


def test_a_read_only_etc_is_told_and_survived(world):
    got = ok(world(STOCK + r"""
        mount --bind /etc/ssh /etc/ssh && mount -o remount,bind,ro /etc/ssh
        sallyport harden --yes --keep anna && exit 1 || [ $? = 1 ]
    """))
    assert "read-only" in got.stderr


def test_a_service_manager_that_refuses_the_reload_means_going_back(world):
    got = ok(world(STOCK + r"""
        mkdir -p /run/systemd/system
        lab_program systemctl <<'END'
#!/bin/sh
case "$1" in
show) printf 'Id=ssh.service\nLoadState=loaded\nActiveState=active\nMainPID=%s\n' "$(cat /run/sshd.pid)" ;;
reload) echo "Job for ssh.service failed." >&2; exit 1 ;;
is-active) exit 0 ;;
esac
END
        printf '#!/bin/sh\nexit 0\n' | lab_program systemd-run
        snapshot >/tmp/before
        sallyport harden --yes --keep anna && exit 1 || [ $? = 2 ]
        snapshot | diff /tmp/before -
        sallyport history
    """))
    assert "Job for ssh.service failed" in got.stderr
    assert "rolled-back" in got.stdout


# Runs a command on a terminal and answers its questions: ask.py 'WORD OF THE QUESTION=ANSWER'... -- COMMAND
ASK = r"""
cat >/tmp/ask.py <<'END'
import os, pty, subprocess, sys
split = sys.argv.index("--")
pid, fd = pty.fork()
if pid == 0:
    os.execvp(sys.argv[split + 1], sys.argv[split + 1:])
seen = b""
for question in sys.argv[1:split]:
    word, answer = question.split("=", 1)
    while word.encode() not in seen:
        seen += os.read(fd, 4096)
    if answer.startswith("!"):
        subprocess.run(answer[1:], shell=True, check=True)
        answer = "y"
    os.write(fd, answer.encode() + b"\n")
try:
    while True:
        more = os.read(fd, 4096)
        if not more:
            break
        seen += more
except OSError:
    pass
print(seen.decode().replace("\r", ""))
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
END
"""


def test_a_file_changed_between_plan_and_apply_is_noticed(world):
    """The question is the moment in between: somebody edits, then the answer is yes."""
    got = ok(world(STOCK + ASK + r"""
        /usr/bin/python3 /tmp/ask.py 'names=' '[y/N]=!echo "# faster" >/etc/ssh/sshd_config.d/00-sallyport.conf' \
            -- sallyport harden --keep anna && exit 1 || [ $? = 2 ]
        [ "$(cat /etc/ssh/sshd_config.d/00-sallyport.conf)" = '# faster' ]
    """))
    assert "was changed while this was planned" in got.stdout


def test_a_file_changed_while_the_journal_was_written_is_left_as_it_is(world):
    """The service manager is slow to take the timer: the moment between the journal and the swap."""
    got = ok(world(STOCK + r"""
        mkdir -p /run/systemd/system
        printf '%s\n' '#!/bin/sh' 'echo "# faster" >>/etc/ssh/moduli' | lab_program systemd-run
        sallyport harden --yes --keep anna && exit 1 || [ $? = 2 ]
        tail -n1 /etc/ssh/moduli
        [ ! -e /etc/ssh/sshd_config.d/00-sallyport.conf ]
        [ ! -e /run/sallyport/timer-1 ]
        sallyport history
    """))
    assert "'/etc/ssh/moduli' was changed while this was planned; nothing was done" in got.stderr
    assert got.stdout.startswith("# faster\n") and "rolled-back" in got.stdout


def test_an_end_at_the_question_leaves_nothing_for_long(world):
    ok(world(STOCK + ASK + r"""
        snapshot >/tmp/before
        /usr/bin/python3 /tmp/ask.py 'names=' '[y/N]=!kill -TERM $(pgrep -x sallyport)' -- sallyport harden --keep anna && exit 1
        snapshot | diff /tmp/before -
        sallyport harden --dry-run --keep anna >/dev/null && exit 1 || [ $? = 1 ]
        ls /run/sallyport | grep stage- && exit 1
        true
    """))


def test_a_server_that_is_not_started_is_hardened_and_said_to_be_unproven(world):
    """Where systemd has stopped it, not even its folder in /run is there."""
    got = ok(world(STOCK + r"""
        lab_sshd_stop
        rmdir /run/sshd
        snapshot >/tmp/before
        sallyport harden --yes --keep anna
        mkdir /run/sshd
        sshd -T | grep -qx 'permitrootlogin no'
        sallyport rollback --yes
        snapshot | diff /tmp/before -
    """))
    assert "Not proven: sshd does not answer before it is started" in got.stdout


def test_who_may_log_in_is_asked_for_and_guarded(world):
    got = ok(world(STOCK + SESSION + ASK + r"""
        lab_account bert 1002
        /usr/bin/python3 /tmp/ask.py 'names=nobody-of-that-name' -- sallyport harden && exit 1 || [ $? = 2 ]
        /usr/bin/python3 /tmp/ask.py 'names=bert' -- sallyport harden && exit 1 || [ $? = 1 ]
        /usr/bin/python3 /tmp/ask.py 'names=anna, bert' '[y/N]=n' -- sallyport harden && exit 1 || [ $? = 1 ]
        /usr/bin/python3 /tmp/ask.py 'names=anna, bert' '[y/N]=y' -- sallyport harden
        sshd -T | grep allowusers
    """))
    assert "there is no account 'nobody-of-that-name'" in got.stdout
    assert "anna from 127.0.0.1 would be locked out" in got.stdout
    assert got.stdout.endswith("allowusers anna\nallowusers bert\n")


def test_without_confirm_everything_goes_back_by_itself(world):
    ok(world(STOCK + r"""
        snapshot >/tmp/before
        sallyport harden --yes --keep anna --confirm-within 10
        over
        sallyport history | grep -q rolled-back
        snapshot | diff /tmp/before -
        sshd -T | grep -qx 'permitrootlogin without-password'
        lab_login anna true
    """))


def test_without_confirm_everything_goes_back_also_when_sallyport_is_killed_in_the_middle(world):
    ok(world(STOCK + r"""
        snapshot >/tmp/before
        sallyport harden --yes --keep anna --confirm-within 10 >/dev/null 2>&1 &
        pid=$!
        lab_wait 10 test -e /etc/ssh/sshd_config.d/00-sallyport.conf
        kill -9 $pid 2>/dev/null || true
        over 2>/dev/null || :
        lab_wait 25 sh -c 'sallyport history | grep -q "rolled-back\|recovered"'
        snapshot | diff /tmp/before -
    """))


def test_an_interrupted_run_goes_back(world):
    """sshd is stopped, so that the proof takes its time and the signal comes in the middle of it."""
    got = ok(world(STOCK + r"""
        snapshot >/tmp/before
        kill -STOP "$(cat /run/sshd.pid)"
        sallyport harden --yes --keep anna &
        pid=$!
        lab_wait 10 test -e /etc/ssh/sshd_config.d/00-sallyport.conf
        kill -TERM $pid
        wait $pid && exit 1 || [ $? = 2 ]
        kill -CONT "$(cat /run/sshd.pid)"
        snapshot | diff /tmp/before -
        sallyport history
    """, timeout=300))
    assert "it was interrupted" in got.stderr
    assert "rolled-back" in got.stdout


def test_no_server_and_no_configuration(world):
    got = ok(world(r"""
        mv /etc/ssh /etc/was-ssh
        sallyport harden --yes && exit 1 || [ $? = 2 ]
        sallyport audit || true
        mkdir /tmp/none && mount --bind /tmp/none /usr/sbin
        PATH=$BUILD:/usr/bin
        sallyport harden --yes && exit 1 || [ $? = 2 ]
        sallyport audit && exit 1 || [ $? = 2 ]
        sallyport
    """))
    assert "cannot read '/etc/ssh/sshd_config'" in got.stderr
    assert "no sshd is installed here" in got.stderr
    assert "no SSH server" in got.stdout


def test_a_disk_that_filled_up_meanwhile_does_not_keep_the_old_configuration_from_coming_back(world):
    ok(world(STOCK + r"""
        mount -t tmpfs -o size=4m none /var/lib
        snapshot >/tmp/before
        sallyport harden --yes --keep anna --confirm-within 20
        dd if=/dev/zero of=/var/lib/full bs=4k 2>/dev/null || true
        lab_wait 20 test ! -e /etc/ssh/sshd_config.d/00-sallyport.conf
        lab_wait 5 grep -q 'could not be rolled back, which is tried again: No space left on device' /var/log/auth.log
        snapshot | diff /tmp/before -
        sshd -T | grep -qx 'permitrootlogin without-password'
        lab_login anna true
        rm /var/lib/full
        lab_wait 20 grep -q '"rolled-back"' /var/lib/sallyport/transactions/0001/state.json
        snapshot | diff /tmp/before -
    """, timeout=300))


def test_after_a_reboot_what_waited_is_put_back(world):
    ok(world(STOCK + r"""
        snapshot >/tmp/before
        sallyport harden --yes --keep anna
        read -r timer _ </run/sallyport/timer-1
        kill -9 "$timer"
        lab_sshd_stop
        rm -rf /run/sallyport /run/lock /run/sshd.pid
        sallyport recover --boot
        snapshot | diff /tmp/before -
        sallyport history | grep -q rolled-back
    """))


def test_a_timer_that_was_killed_is_armed_again(world):
    got = ok(world(STOCK + r"""
        sallyport harden --yes --keep anna --confirm-within 1h
        read -r timer _ </run/sallyport/timer-1
        kill -9 "$timer"
        lab_wait 5 lab_gone "$timer"
        sallyport status
        read -r again _ </run/sallyport/timer-1
        [ "$again" != "$timer" ] && kill -0 "$again"
        sallyport rollback --yes
        lab_wait 5 lab_gone "$again"
    """))
    assert "armed again" in got.stderr


def test_the_policy_of_the_guide(world):
    got = ok(world(STOCK + r"""
        lab_account bert 1002; lab_key bert
        printf '%s\n' '20120821045132 2 6 100 1023 2 D0A1' >>/etc/ssh/moduli
        snapshot >/tmp/before
        sallyport harden --yes --policy guide --keep anna --confirm-within 0
        sshd -T
        stat -c '%a %s' /etc/ssh/revoked_keys
        lab_login anna true
        lab_login bert true
        sallyport rollback --yes
        snapshot | diff /tmp/before -
    """, timeout=300))
    for line in ("clientaliveinterval 40", "clientalivecountmax 3", "logingracetime 30", "revokedkeys /etc/ssh/revoked_keys"):
        assert f"\n{line}\n" in got.stdout, line
    assert "\n644 " in got.stdout


def test_the_lockout_guard_sees_the_new_rules_of_another_system(world):
    got = ok(world(STOCK + r"""
        lab_account bert 1002; lab_password bert secret
        mkdir /srv/image && cp -a --parents /etc /srv/image/ && mkdir -p /srv/image/usr/sbin && cp /usr/sbin/sshd /srv/image/usr/sbin/
        lab_snapshot --folder-times /srv/image/etc >/tmp/before
        sallyport harden --yes --root /srv/image --step access --keep bert && exit 1 || [ $? = 1 ]
        lab_snapshot --folder-times /srv/image/etc | diff /tmp/before -
    """))
    assert "bert would be locked out" in got.stderr


def test_links_in_another_system_do_not_lead_into_this_one(world):
    """Its state lies behind an absolute link, where this system has the same folders."""
    ok(world(STOCK + r"""
        mkdir /srv/image && cp -a --parents /etc /srv/image/ && mkdir -p /srv/image/usr/sbin && cp /usr/sbin/sshd /srv/image/usr/sbin/
        mkdir -p /srv/image/var/lib /srv/image/srv/state/transactions/.new-0007 /srv/state/transactions/.new-0007
        ln -s /srv/state /srv/image/var/lib/sallyport
        lab_snapshot /srv/state >/tmp/host
        lab_snapshot --folder-times /srv/image/etc >/tmp/before
        sallyport harden --yes --root /srv/image
        [ -d /srv/image/srv/state/transactions/0001 ]
        [ ! -e /srv/image/srv/state/transactions/.new-0007 ]
        sallyport rollback --yes --root /srv/image
        lab_snapshot --folder-times /srv/image/etc | diff /tmp/before -
        lab_snapshot /srv/state | diff /tmp/host -
    """))


def test_another_system_under_root_is_changed_in_its_own_files_only(world):
    ok(world(STOCK + r"""
        mkdir /srv/image && cp -a --parents /etc /srv/image/ && mkdir -p /srv/image/usr/sbin && cp /usr/sbin/sshd /srv/image/usr/sbin/
        snapshot >/tmp/host
        lab_snapshot --folder-times /srv/image/etc >/tmp/before
        sallyport harden --yes --root /srv/image
        [ -e /srv/image/etc/ssh/sshd_config.d/00-sallyport.conf ]
        [ -d /srv/image/var/lib/sallyport/transactions/0001 ]
        [ ! -e /var/lib/sallyport ]
        [ ! -e /run/sallyport ]
        sallyport rollback --yes --root /srv/image
        lab_snapshot --folder-times /srv/image/etc | diff /tmp/before -
        snapshot | diff /tmp/host -
    """))


def test_rules_for_a_local_port_are_no_mistake(world):
    """sshd -t takes them, and sshd -T without a connection does not."""
    got = world("""
        lab_account anna 1001; lab_key anna
        printf 'Match LocalPort 2222\\n    X11Forwarding no\\nMatch User anna\\n    MaxSessions 3\\n' >>/etc/ssh/sshd_config
        lab_sshd_start
        sallyport audit --all --format json >/tmp/audit || :
        sallyport harden --yes --keep anna --confirm-within 0 >&2 || echo "harden ended with $?"
        lab_login anna true && echo in
        python3 -c 'import json; a = json.load(open("/tmp/audit"))
print(*[f["status"] for f in a["findings"] if f["id"] in ("config-refused", "views-differ")])'
    """)
    assert got.stdout.splitlines() == ["in", "pass pass"], got.stdout + got.stderr


def test_a_reload_that_hangs_keeps_nobody_from_going_back(world):
    """systemctl says nothing for longer than it is waited for; the old configuration comes into force all the same."""
    got = world(r"""
        lab_account anna 1001; lab_key anna
        lab_sshd_start
        sallyport harden --yes --keep anna --confirm-within 0 >&2
        lab_login anna true && echo in
        mkdir -p /run/systemd/system
        lab_program systemctl <<'END'
#!/bin/bash
case $1 in reload) echo asked >>/tmp/asked; sleep 100 ;; show) printf 'MainPID=%s\nLoadState=loaded\nActiveState=active\n' "$(cat /run/sshd.pid)" ;; esac
END
        sallyport rollback --yes >&2; echo "status $?"
        lab_login anna true && echo in
        sallyport history --format json | python3 -c 'import json, sys; print(json.load(sys.stdin)["transactions"][-1]["state"])'
        sort -u /tmp/asked
    """, timeout=300)
    assert got.stdout.splitlines() == ["in", "status 0", "in", "rolled-back", "asked"], got.stdout + got.stderr


def test_a_question_that_nobody_answers_does_not_stop_the_timer(world):
    got = world(r"""
        lab_account anna 1001; lab_key anna
        lab_sshd_start
        lab_snapshot /etc/ssh >/tmp/before
        sallyport harden --yes --keep anna --confirm-within 20s >&2
        python3 - <<'END' >/tmp/said
import os, pty, sys, time
pid, fd = pty.fork()
if pid == 0:
    os.execvp("sallyport", ["sallyport", "rollback"])
said = b""
while True:
    try:
        part = os.read(fd, 4096)
    except OSError:
        break
    if not part:
        break
    said += part
sys.stdout.write(said.decode())
print("status", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
END
        back() { lab_snapshot /etc/ssh | cmp -s - /tmp/before; }
        lab_wait 15 back && echo back
        grep -o 'no answer came before' /tmp/said; tail -n 1 /tmp/said
    """, timeout=300)
    assert got.stdout.splitlines() == ["back", "no answer came before", "status 1"], got.stdout + got.stderr


def test_an_sshd_that_ends_at_the_reload_is_started_again_with_the_old_configuration(world):
    got = world(r"""
        lab_account anna 1001; lab_key anna
        lab_sshd_start
        lab_snapshot /etc/ssh >/tmp/before
        mkdir -p /run/systemd/system
        lab_program systemctl <<'END'
#!/bin/bash
case $1 in
reload) kill -9 "$(cat /run/sshd.pid)"; rm -f /run/sshd.pid ;;
start) echo "$2" >>/tmp/started; exec /usr/sbin/sshd ;;
show) printf 'MainPID=%s\nLoadState=loaded\nActiveState=active\n' "$(cat /run/sshd.pid)" ;;
esac
END
        sallyport harden --yes --keep anna --confirm-within 0 >&2; echo "status $?"
        lab_snapshot /etc/ssh | cmp - /tmp/before && echo back
        lab_login anna true && echo in
        wc -l </tmp/started
    """, timeout=300)
    assert got.stdout.splitlines() == ["status 2", "back", "in", "1"], got.stdout + got.stderr
    assert "sshd had ended, and was started" in got.stderr


def test_a_rollback_after_which_the_server_offers_something_else_is_said(world):
    """The manager says that it reloaded, and did not."""
    got = world(r"""
        lab_account anna 1001; lab_key anna
        lab_sshd_start
        sallyport harden --yes --keep anna --confirm-within 0 >&2
        mkdir -p /run/systemd/system
        lab_program systemctl <<'END'
#!/bin/bash
[ $1 != show ] || printf 'MainPID=%s\nLoadState=loaded\nActiveState=active\n' "$(cat /run/sshd.pid)"
END
        sallyport rollback --yes >&2; echo "status $?"
    """, timeout=300)
    assert got.stdout == "status 2\n", got.stdout + got.stderr
    assert "sallyport: the files are back, but " in got.stderr


def test_the_history_tells_with_which_key_the_session_was_opened(world):
    """Of two keys of the same account from the same address it is the one of that session; by the console there is none."""
    got = ok(world(STOCK + r"""
        lab_key root
        cp "$LAB_KEYS/root" /root/first
        lab_key root
        lab_login root sleep 3600 &
        lab_wait 10 pgrep -f 'sleep 3600' >/dev/null
        ssh-keygen -lf "$LAB_KEYS/root.pub" | cut -d' ' -f2
        ssh-keygen -yf /root/first >/root/first.pub
        ssh-keygen -lf /root/first.pub | cut -d' ' -f2
        cp /root/first "$LAB_KEYS/root"; cp /root/first.pub "$LAB_KEYS/root.pub"
        lab_login root "PATH=$BUILD:\$PATH; sallyport harden --step banner --yes --confirm-within 0" >/dev/null
        sallyport harden --step timeouts --yes --confirm-within 0 --override lockout >/dev/null 2>&1
        sallyport history
        sallyport history --format json
    """))
    other, ours, text = got.stdout.split("\n", 2)
    lines, history = text.split("{", 1)
    newest, oldest = json.loads("{" + history)["transactions"]
    assert oldest["key"] == ours and oldest["from"] == "127.0.0.1", got.stdout
    assert newest["key"] is None, got.stdout
    assert f"by root from 127.0.0.1 with {ours}\n" in lines and other not in text, got.stdout


def test_why_the_configuration_could_not_be_tried_is_in_the_words_of_sshd(world):
    got = world("sallyport harden --step kex -y >/dev/null")
    assert got.returncode == 1
    assert "it could not be tried: sshd: no hostkeys available" in got.stderr
