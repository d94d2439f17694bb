# SPDX-License-Identifier: GPL-3.0-or-later
# test_jail_account.py - the account that a jail was made for goes with it, and nobody else's: whoever else has its name stays.
import pytest

START = """
lab_account anna 1001; lab_key anna; lab_sshd_start || exit 9
FILES="passwd group shadow"
keep() { for file in $FILES; do cp /etc/$file /tmp/$file; done; }
as_kept() { for file in $FILES; do diff /tmp/$file /etc/$file || return 1; done; }
keep
make="sallyport jail create bert --sftp-only --create-account --key $LAB_KEYS/anna.pub -y -q"
M=/var/lib/sallyport/jails/bert/manifest.json
useradd_is() { cp /usr/sbin/useradd /root/useradd; cat >/root/instead; chmod 755 /root/instead; mount --bind /root/instead /usr/sbin/useradd; }
"""


def run(world, snippet):
    got = world(START + snippet)
    assert got.returncode == 0, got.stdout + got.stderr
    return got


@pytest.mark.parametrize("who, message", [
    ("/root/useradd -u 5001 -c Bert bert", "user 'bert' already exists"),
    ("groupadd -g 5001 bert", "group bert exists"),
    ("/root/useradd -u 1002 carl", "UID 1002 is not unique"),
], ids=["account", "group", "uid"])
def test_what_somebody_makes_just_before_us_stays(world, who, message):
    got = run(world, f"""
useradd_is <<'END'
#!/bin/sh
{who}
for file in passwd group shadow; do cp /etc/$file /tmp/$file; done
exec /root/useradd "$@"
END
$make && exit 1
as_kept && [ ! -e /home/chroot ] && [ ! -e $M ] || exit 2
""")
    assert message in got.stderr and "stays" not in got.stderr, got.stderr


@pytest.mark.parametrize("what", [
    '/root/useradd "$@"; exit 10',
    '/root/useradd "$@"; sed -i /^bert/d /etc/group /etc/shadow; exit 1',
    'groupadd -g 1002 carl; /root/useradd "$@"; groupdel carl',
], ids=["all", "passwd", "other-group"])
def test_what_a_useradd_that_fails_has_made_goes(world, what):
    got = run(world, f"""
useradd_is <<'END'
#!/bin/sh
{what}
END
$make && exit 1
umount /usr/sbin/useradd; as_kept && [ ! -e /home/chroot ] && [ ! -e $M ] || exit 2
""")
    assert "the account 'bert' " in got.stderr, got.stderr


# The state of the jail that is cut off, what became of the account meanwhile, and why that stays.
LEFT = {
    "made": ("making", "bert:x:1002:1002:jail:/home/bert:/usr/sbin/nologin", None),
    "made-group": ("making", "bert:x:1002:100:jail:/home/bert:/usr/sbin/nologin", None),
    "by-hand": ("making", "bert:x:1002:1002::/home/bert:/bin/sh", "its comment is '', and that one's 'jail'"),
    "named": ("making", "bert:x:1002:1002:Bert\t:/home/bert:/bin/sh", "its comment is 'Bert\\x09', and that one's 'jail'"),
    "elsewhere": ("making", "bert:x:1002:1002:jail:/srv/bert:/bin/sh", "its home is '/srv/bert', and that one's '/home/bert'"),
    "other": ("making", "bert:x:5000:5000:jail:/home/bert:/bin/sh", "it has the uid 5000, and that one 1002"),
    "swept": ("making", "bert:x:1700:100:jail:/nonexistent:/bin/sh", None),
    "system": ("making", "bert:x:998:100:a service:/nonexistent:/usr/sbin/nologin", "it has the uid 998, and that one 1002"),
    "changed": ("removing", "bert:x:1002:100:jail:/srv/bert:/bin/sh", None),
    "removed-by-hand": ("removing", "bert:x:1002:1002::/home/bert:/bin/sh", "its comment is '', and that one's 'jail'"),
    "removed-other": ("removing", "bert:x:5000:1002:jail:/home/bert:/usr/sbin/nologin", "it has the uid 5000, and that one 1002"),
}


@pytest.mark.parametrize("state, line, why", LEFT.values(), ids=LEFT)
def test_recover_takes_the_account_of_the_jail_and_no_other_of_its_name(world, state, line, why):
    got = run(world, f"""
$make >/dev/null && sallyport rollback -y -q --override lockout >/dev/null || exit 1
sed -i 's/"state": *"[a-z]*"/"state": "{state}"/; s/"account_made": *true/&, "account_goes": {str(state == "removing").lower()}/' $M
grep -q '"account_goes"' $M && sed -i 's|^bert:.*|{line}|' /etc/passwd || exit 2
{"keep" if why else "FILES='passwd shadow'"} # a group that is nobody's first is left as userdel leaves it
sallyport recover; [ ! -e /home/chroot/bert ] && [ ! -e $M ] && as_kept || exit 3
""")
    assert f"the jail of bert was half {'made' if state == 'making' else 'removed'}: taken away" in got.stdout, got.stdout
    stays = f"warning: the account 'bert' stays: it is not the one that was made for its jail: {why}\n"
    stays += "hint: if it is to go, too: sudo userdel bert\n" if state == "removing" else ""
    assert stays in got.stderr if why else "stays" not in got.stderr, got.stderr


@pytest.mark.parametrize("line, goes", [("bert:x:1002:", True), ("bert:x:5000:", False), ("bert:x:1002:anna", False)])
def test_a_group_that_is_left_goes_where_it_is_ours_and_nobody_is_in_it(world, line, goes):
    run(world, f"""
$make >/dev/null && sallyport rollback -y -q --override lockout >/dev/null || exit 1
sed -i 's/"state": *"[a-z]*"/"state": "making"/' $M; sed -i '/^bert:/d' /etc/passwd /etc/shadow; sed -i 's/^bert:.*/{line}/' /etc/group
sallyport recover; [ ! -e /home/chroot/bert ] && [ ! -e $M ] || exit 2
[ "$(grep ^bert: /etc/group)" = "{'' if goes else line}" ] || exit 3
""")


def test_what_userdel_leaves_in_any_of_its_files_goes(world):
    """As it is where there are the files that not every system has, too."""
    run(world, r"""
touch /etc/gshadow /etc/subuid /etc/subgid; FILES="$FILES gshadow subuid subgid"; keep
for left in '' shadow group gshadow subuid subgid; do
    $make >/dev/null && sallyport rollback -y -q --override lockout >/dev/null && grep -q ^bert: /etc/gshadow && grep -q ^bert: /etc/subuid || exit 1
    sed -i 's/"state": *"[a-z]*"/"state": "making"/' $M
    for file in $FILES; do [ $file = "$left" ] || sed -i /^bert:/d /etc/$file; done
    sallyport recover; as_kept || { echo "what is left of $left stays"; exit 2; }
done
""")


def test_somebody_else_of_the_name_is_not_removed_with_the_jail(world):
    got = run(world, """
state() { find /etc/ssh /etc/passwd /etc/group /etc/shadow /home /var/lib/sallyport/jails -type f -exec md5sum {} + | sort; }
$make >/dev/null && userdel bert && useradd -m -u 5000 -c 'another Bert' bert || exit 1
state >/tmp/before
sallyport jail remove bert --remove-account -y -q; echo "refused: $?"; sallyport jail remove bert --remove-account -n; echo "look: $?"
state | cmp - /tmp/before || exit 2
sallyport jail remove bert -y -q >/dev/null; echo "jail: $?"; id -u bert
""")
    assert got.stdout.split("\n") == ["refused: 1", "look: 1", "jail: 0", "5000", ""], got.stdout + got.stderr
    assert got.stderr.count("the account 'bert' is not the one that was made for its jail: it has the uid 5000, and that one 1002\n"
                            "hint: nothing was changed; leave --remove-account out; afterwards, if it is to go: sudo userdel bert") == 2, got.stderr


def test_the_running_system_keeps_its_account_when_a_jail_goes_in_another_systems_files(world):
    got = run(world, """
$make >/dev/null; cd /srv; mkdir -p r/etc r/home r/var r/usr; cp -a /etc/. r/etc; cp -a /home/. r/home; cp -a /var/lib r/var; mount --bind /usr r/usr
for folder in bin sbin lib lib64; do ln -s usr/$folder r/$folder; done
keep
for how in -y -n; do sallyport jail remove bert --remove-account --root /srv/r -q $how; echo $?; done
[ -e r/home/chroot/bert ] && as_kept && sallyport jail remove bert --root /srv/r -y -q >/dev/null || exit 1
[ ! -e r/home/chroot/bert ] && as_kept && diff /etc/passwd r/etc/passwd || exit 2
""")
    assert got.stdout.split() == ["2", "2"] and got.stderr.count("no account can be removed in another system's files") == 2, got.stdout + got.stderr


def test_an_account_that_was_changed_since_goes_with_its_jail(world):
    run(world, """
FILES="passwd shadow"
$make >/dev/null && usermod -s /bin/sh -c 'Bert the Great' -g users -aG games bert || exit 1
sallyport jail remove bert --remove-account --with-home -y -q >/dev/null || exit 2
as_kept && [ ! -e /home/chroot ] || exit 3
# and one that is gone already
groupdel bert; $make >/dev/null && userdel bert && sallyport jail remove bert --remove-account --with-home -y -q >/dev/null || exit 4
as_kept && [ ! -e /home/chroot ] || exit 5
""")
