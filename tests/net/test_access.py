# SPDX-License-Identifier: GPL-3.0-or-later
# test_access.py - access beside the real sshd: what it says, and what it changes, is what logins then meet.
import json

# Two accounts with keys, two hosts that they may come from: home 10.83.0.2, stranger 10.83.0.3.
HOST = r"""
set -eu
lab_account anna 1001; lab_account bert 1002; lab_group staff 2000 bert
lab_key anna; lab_key bert
lab_client home 2; lab_client stranger 3
snapshot() { lab_snapshot --folder-times /etc; }
from() { LAB_FROM=$1 lab_login "$2" true; }
gets_in() { from "$1" "$2" || { echo "$2 cannot log in from $1"; exit 1; }; }
kept_out() { from "$1" "$2" 2>/dev/null && { echo "$2 can log in from $1"; exit 1; } || true; }
"""


def ok(got):
    assert got.returncode == 0, got.stdout + got.stderr
    return got


def test_check_says_what_a_login_meets(world):
    got = ok(world(HOST + r"""
        cat >/etc/ssh/sshd_config.d/50-who.conf <<'END'
AllowUsers anna@10.83.0.2,fd83::/64 bert
Match Address 10.83.0.3
    AllowUsers nobody-else
END
        sed -i '1s/^/from="10.83.0.3" /' /home/bert/.ssh/authorized_keys
        lab_sshd_start
        compare() {
            if from "$1" "$2" 2>/dev/null; then wanted=0; else wanted=1; fi
            said=0; sallyport access check "$2" --from "$3" || said=$?
            [ $said = $wanted ] || { echo "$2 from $1: the login said $wanted"; exit 1; }
        }
        for user in anna bert root nobody-here; do
            cp -n /root/keys/anna /root/keys/$user
            compare home $user 10.83.0.2; compare stranger $user 10.83.0.3
        done
        cut -d' ' -f1-3 /root/keys/bert.pub >/tmp/bert.pub
        sallyport access check bert --from 10.83.0.3 --key /tmp/bert.pub && exit 1 || [ $? = 1 ]
        sallyport access check anna --from 10.83.0.2 --key /root/keys/anna --format json
        sallyport access check anna --from 10.83.0.2 --key /tmp/bert.pub --format json && exit 1 || [ $? = 1 ]
        sallyport access sources anna
        sallyport access explain anna --from 10.83.0.3 && exit 1 || [ $? = 1 ]
    """))
    answers = [json.loads(line) for line in got.stdout.splitlines() if line.startswith("{")]
    assert [(a["verdict"], a["reason"]) for a in answers] == [("allowed", "accepted"), ("denied", "key-not-listed")]
    assert "\n10.83.0.2\nfd83::/64\n" in got.stdout
    assert "sshd_config.d/50-who.conf:3: AllowUsers nobody-else   (Match in sshd_config.d/50-who.conf:2)" in got.stdout


def test_what_shadow_nologin_and_shared_group_ids_mean_is_what_sshd_makes_of_it(world):
    """pam_unix counts days of its own; a group is called what the first line of its id says."""
    got = ok(world(r"""
        today=$(($(date +%s) / 86400))
        account() { lab_account "$1" "$2"; lab_key "$1"; sed -i "s/^$1:.*/$1:*:$3/" /etc/shadow; }
        account fine 1001 '19000:0:99999:7:::'
        account old 1002 '19000:0:30:7:5::'          # long past its inactive days
        account inactive 1004 "$((today - 36)):0:30:7:5::" # since today
        account today 1005 "19000:0:99999:7::$today:"
        account tomorrow 1006 "19000:0:99999:7::$((today + 1)):"
        account yesterday 1007 "19000:0:99999:7::$((today - 1)):"
        lab_sshd_start
        compare() {
            local said=denied judged rooted
            lab_login "$1" true >/dev/null 2>&1 && said=allowed
            judged=$(sallyport access check "$1" --from 127.0.0.1 --format json || :)
            rooted=$(sallyport access check "$1" --from 127.0.0.1 --root /tmp/root --format json || :)
            echo "$2 $1 $said $(word verdict "$judged") $(word reason "$judged") $(word verdict "$rooted")"
        }
        word() { [[ $2 =~ \"$1\":\ *\"([^\"]*)\" ]] && echo "${BASH_REMATCH[1]}"; }
        shopt -s extglob
        copy() { rm -rf /tmp/root; mkdir -p /tmp/root/etc /tmp/root/bin; cp -a /etc/!(alternatives|ssl|fonts) /tmp/root/etc; cp -a /home /tmp/root; cp -L /bin/bash /tmp/root/bin; }
        copy
        for user in fine old inactive today tomorrow yesterday; do compare $user pam; done
        echo down >/etc/nologin; copy
        compare fine nologin
        rm /etc/nologin
        printf 'UsePAM no\n' >/etc/ssh/sshd_config.d/1.conf; lab_sshd_reload; copy
        for user in old today tomorrow yesterday; do compare $user without; done
        lab_group first 500; lab_group ops 500 fine
        for rule in 'AllowGroups ops' 'AllowGroups first' 'DenyGroups ops' 'DenyGroups first'; do
            echo "$rule" >/etc/ssh/sshd_config.d/2.conf; lab_sshd_reload; copy
            compare fine "${rule/ /-}"
            sallyport access matrix --format csv | grep '^"*fine' | grep -q 'allowed\|+\|publickey' && echo in || echo out
        done
    """))
    rows = [line.split() for line in got.stdout.splitlines()]
    assert [row[:2] for row in rows if row[2:] == "allowed allowed accepted allowed".split()] == [
        ["pam", "fine"], ["pam", "tomorrow"], ["without", "old"], ["without", "today"], ["without", "tomorrow"],
        ["AllowGroups-first", "fine"], ["DenyGroups-ops", "fine"]], got.stdout
    assert [row[:2] for row in rows if row[2:4] + row[5:] == 3 * ["denied"]] == [
        ["pam", "old"], ["pam", "inactive"], ["pam", "today"], ["pam", "yesterday"], ["nologin", "fine"], ["without", "yesterday"],
        ["AllowGroups-ops", "fine"], ["DenyGroups-first", "fine"]], got.stdout
    assert [row for row in rows if len(row) < 5] == [["out"], ["in"], ["in"], ["out"]], got.stdout  # the matrix
    assert len(rows) == 19


def test_deny_keeps_out_and_rollback_lets_in_again(world):
    got = ok(world(HOST + r"""
        lab_sshd_start
        gets_in home anna; gets_in home bert
        snapshot >/tmp/before
        sallyport access deny bert --dry-run && exit 1 || [ $? = 1 ]
        snapshot | diff /tmp/before -
        gets_in home bert
        sallyport access deny bert --yes --keep anna
        kept_out home bert; kept_out stranger bert; gets_in home anna
        sallyport access deny bert --yes --keep anna
        sallyport rollback --yes
        snapshot | diff /tmp/before -
        gets_in home bert
    """))
    assert "+DenyUsers bert" in got.stdout
    assert "swapped, reloaded, seen on the wire" in got.stdout
    assert "Nothing to change" in got.stdout


def test_deny_reaches_into_match_blocks_that_replace_the_list(world):
    ok(world(HOST + r"""
        cat >>/etc/ssh/sshd_config <<'END'
DenyUsers mallory   # an old story
Match Address 10.83.0.3
    DenyUsers eve
END
        lab_sshd_start
        gets_in home bert; gets_in stranger bert
        sallyport access deny bert --yes --keep anna
        kept_out home bert; kept_out stranger bert; gets_in stranger anna
        grep -qx 'DenyUsers mallory bert   # an old story' /etc/ssh/sshd_config
        grep -qx '    DenyUsers eve bert' /etc/ssh/sshd_config
    """))


def test_allow_adds_to_the_lists_that_are_set_and_no_more(world):
    got = ok(world(HOST + r"""
        sallyport access allow bert --yes --keep anna --dry-run
        printf 'AllowUsers anna\nMatch Address 10.83.0.3\n\tAllowUsers anna\n' >/etc/ssh/sshd_config.d/50-who.conf
        lab_sshd_start
        kept_out home bert; kept_out stranger bert
        sallyport access allow bert@10.83.0.2 --yes --keep anna
        gets_in home bert; kept_out stranger bert
        grep -qx 'AllowUsers anna bert@10.83.0.2' /etc/ssh/sshd_config.d/50-who.conf
        LAB_FROM=home lab_login anna sleep 3600 &
        lab_wait 10 sh -c 'pgrep -u anna sleep >/dev/null'
        sallyport confirm
        sallyport access allow bert --yes
        gets_in home bert; gets_in stranger bert
    """))
    assert "Nothing to change: bert is let in already, since no AllowUsers is set" in got.stdout


def test_a_group_is_kept_out_and_let_in_again(world):
    ok(world(HOST + r"""
        lab_sshd_start
        sallyport access deny --group staff --yes --keep anna --confirm-within 0
        kept_out home bert; gets_in home anna
        sallyport access allow bert --yes --keep anna && exit 1 || [ $? = 1 ]
        sallyport access allow --group staff --yes --keep anna --confirm-within 0
        gets_in home bert
        [ -z "$(grep -r '^Deny' /etc/ssh)" ]
    """))


def test_nobody_keeps_themselves_out(world):
    got = ok(world(HOST + r"""
        lab_sshd_start
        LAB_FROM=home lab_login anna sleep 3600 &
        lab_wait 10 sh -c 'pgrep -u anna sleep >/dev/null'
        snapshot >/tmp/before
        sallyport access deny anna --yes && exit 1 || [ $? = 1 ]
        sallyport access deny anna@10.83.0.0/24 --yes && exit 1 || [ $? = 1 ]
        snapshot | diff /tmp/before -
        sallyport access deny anna@10.83.0.3 --yes
        gets_in home anna; kept_out stranger anna
    """))
    assert got.stderr.count("lockout guard: anna from 10.83.0.2 would be locked out") == 2


def test_what_was_denied_goes_back_unless_confirmed(world):
    ok(world(HOST + r"""
        lab_sshd_start
        snapshot >/tmp/before
        sallyport access deny bert --yes --keep anna --confirm-within 30s
        kept_out home bert
        read -r timer _ </run/sallyport/timer-1
        lab_wait 30 lab_gone "$timer"
        sallyport history --format json | grep -q rolled-back
        snapshot | diff /tmp/before -
        gets_in home bert
    """))
