# SPDX-License-Identifier: GPL-3.0-or-later
# test_revoke_lasting.py - a key that was shut out stays out: entries that end, lists that others made, keys that are not known.
START = """
for name in anna bert carl; do lab_account $name $((n++ + 1001)); lab_key $name; done
cp $LAB_KEYS/*.pub /tmp
who() { local name said=; for name in anna bert carl; do said="$said $(lab_login $name id -un 2>/dev/null)"; done; echo "$1:" $said; }
"""


def run(world, snippet):
    return world(START + snippet)


def test_what_ends_earlier_does_not_stand_for_what_is_to_last(world):
    got = run(world, """
lab_sshd_start || exit 9
add() { sallyport revoke add /tmp/bert.pub -y -q "$@" >/dev/null || exit 1; }
add --until 2099-01-01
add --until 2098-01-01
grep -c ^key: /etc/sallyport/revoked.d/local.list
add
add
grep -c ^key: /etc/sallyport/revoked.d/local.list
grep -c until: /etc/sallyport/revoked.d/local.list
sallyport revoke remove /tmp/bert.pub -y -q >/dev/null || exit 2
who removed
""")
    assert got.returncode == 0, got.stdout + got.stderr
    assert got.stdout.splitlines() == ["1", "2", "1", "removed: anna bert carl"]


def test_a_key_that_this_ssh_keygen_does_not_know_stops_no_list(world):
    """As ssh-dss since OpenSSH 10: ssh-keygen -Q gives up at it, and says nothing of the others."""
    got = run(world, """
lab_sshd_start || exit 9
real=$(command -v ssh-keygen)
cat >/tmp/newer <<'END'
#!/bin/sh
for word; do
	if grep -qs "^ssh-rsa" "$word"; then echo "Cannot load public key $word" >&2; exit 255; fi
done
exec /tmp/real "$@"
END
chmod 755 /tmp/newer && cp $real /tmp/real || exit 1
/tmp/real -q -t rsa -b 2048 -N '' -f /tmp/old && mount --bind /tmp/newer $real || exit 1
sallyport revoke add /tmp/bert.pub /tmp/old.pub -y -q >/dev/null || exit 2
who old
/tmp/real -Q -f /etc/ssh/revoked_keys /tmp/old.pub >/dev/null && exit 3
sallyport revoke remove /tmp/bert.pub -y -q >/dev/null || exit 4
who alone
""")
    assert got.returncode == 0, got.stdout + got.stderr
    assert got.stdout.splitlines() == ["old: anna carl", "alone: anna bert carl"]


def test_an_entry_that_has_ended_does_not_let_in_whom_another_list_shuts_out(world):
    got = run(world, """
lab_sshd_start || exit 9
mkdir -p /etc/sallyport/revoked.d
printf 'key: %s\\n\\tuntil: 2020-01-01\\n' "$(cat /tmp/bert.pub)" >/etc/sallyport/revoked.d/mine.list
sallyport revoke add /tmp/carl.pub -y -q >/dev/null || exit 1
who ended
cat /tmp/bert.pub >>/tmp/spec; cat /tmp/carl.pub >>/tmp/spec
ssh-keygen -q -k -f /etc/ssh/revoked_keys /tmp/spec || exit 2
who theirs
sallyport revoke build -y -q >/dev/null || exit 3
who ours
""")
    assert got.returncode == 0, got.stdout + got.stderr
    assert got.stdout.splitlines() == ["ended: anna bert", "theirs: anna", "ours: anna"]


def test_what_ssh_keygen_added_to_our_list_stays(world):
    """ssh-keygen -k -u keeps the comment of a list: by that alone it would still look like ours."""
    got = run(world, """
lab_sshd_start || exit 9
sallyport revoke add /tmp/carl.pub -y -q >/dev/null || exit 1
ssh-keygen -q -k -u -f /etc/ssh/revoked_keys /tmp/bert.pub || exit 2
sallyport revoke list | tail -n 1 | cut -d. -f1
who added
sallyport revoke build -y -q >/dev/null || exit 3
sallyport revoke list | tail -n 1 | cut -d, -f1
who built
grep -c ^key: /etc/sallyport/revoked.d/imported.list
""")
    assert got.returncode == 0, got.stdout + got.stderr
    assert got.stdout.splitlines() == ["/etc/ssh/revoked_keys says something else than what is written down", "added: anna",
                                       "In force: /etc/ssh/revoked_keys", "built: anna", "1"]
