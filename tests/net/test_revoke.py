# SPDX-License-Identifier: GPL-3.0-or-later
# test_revoke.py - keys are shut out by revoke add and let in again, with real logins; a broken list is refused.
import os

import pytest

from conftest import LONG, SEED

START = """
for name in anna bert carl; do lab_account $name $((n++ + 1001)); lab_key $name; done
cp $LAB_KEYS/*.pub /tmp
who() { local name said=; for name in anna bert carl; do said="$said $(lab_login $name id -un 2>/dev/null)"; done; echo "$1:" $said; }
"""


def run(world, snippet):
    got = world(START + snippet)
    return got, [line for line in got.stdout.splitlines() if ":" in line]


def test_a_revoked_key_is_dead_at_once_and_others_are_not(world):
    got, _ = run(world, """
lab_sshd_start || exit 9
sallyport revoke add /tmp/bert.pub --reason lost -y -q >/dev/null || exit 1
who added
ssh-keygen -Q -f /etc/ssh/revoked_keys /tmp/bert.pub >/dev/null && exit 2
ssh-keygen -Q -f /etc/ssh/revoked_keys /tmp/anna.pub >/dev/null || exit 3
lab_log_settle; grep -c sallyport-proof /var/log/auth.log
first=$(ssh-keygen -Q -l -f /etc/ssh/revoked_keys | awk '/version/ { print $4 }')
sallyport revoke build -y -q >/dev/null && sallyport revoke add /tmp/bert.pub -y -q >/dev/null || exit 4
sallyport history | wc -l
sallyport revoke add "$(ssh-keygen -lf /tmp/carl.pub | cut -d' ' -f2)" -y -q >/dev/null || exit 5
who fingerprint
[ "$(ssh-keygen -Q -l -f /etc/ssh/revoked_keys | awk '/version/ { print $4 }')" -gt "$first" ] || exit 6
sallyport revoke remove /tmp/carl.pub /tmp/bert.pub -y -q >/dev/null || exit 7
who removed
sallyport rollback -y -q >/dev/null || exit 8
who back
""")
    assert got.returncode == 0, got.stdout + got.stderr
    assert got.stdout.splitlines() == ["added: anna carl", "0", "1", "fingerprint: anna", "removed: anna bert carl", "back: anna"]


def test_what_was_in_another_list_stays_revoked(world):
    got, said = run(world, """
echo 'RevokedKeys /srv/keys/list' >/etc/ssh/sshd_config.d/5.conf
mkdir /srv/keys && cp /tmp/bert.pub /srv/keys/list
lab_sshd_start || exit 9
sallyport revoke add /tmp/carl.pub -y -q >/dev/null || exit 1
who text
printf 'key: %s\n' "$(cat /tmp/carl.pub)" >/tmp/spec && ssh-keygen -q -k -f /srv/keys/list /tmp/spec && rm -r /etc/sallyport
sallyport revoke add /tmp/bert.pub -y -q >/dev/null || exit 2
who krl
cat /etc/sallyport/revoked.d/imported.list | grep -c ^key:
rm /srv/keys/list # now sshd refuses everybody, until it is made anew
who missing
sallyport revoke build -y -q >/dev/null || exit 3
who anew
""")
    assert got.returncode == 0, got.stdout + got.stderr
    assert said == ["text: anna", "krl: anna", "missing:", "anew: anna"]


def test_a_broken_list_or_source_changes_nothing(world):
    got, said = run(world, """
lab_sshd_start || exit 9
mkdir -p /etc/sallyport/revoked.d
printf 'ca: any\nserial: 0\n' >/etc/sallyport/revoked.d/a.list
sallyport revoke add /tmp/bert.pub -y; echo "source: $?"
[ ! -e /etc/ssh/revoked_keys ] && [ ! -e /etc/sallyport/revoked.d/local.list ] || exit 1
who then
rm /etc/sallyport/revoked.d/a.list
printf 'SSHKRL\\n\\0\\0' >/etc/ssh/revoked_keys
sallyport revoke add /tmp/bert.pub -y; echo "list: $?"
who then
""")
    assert got.returncode == 0, got.stdout + got.stderr
    assert said == ["source: 2", "then: anna bert carl", "list: 1", "then: anna bert carl"]
    assert "a.list:2: serial is '0': wants a serial from 1" in got.stderr
    assert "/etc/ssh/revoked_keys: it is a KRL that ends too early" in got.stderr


def test_nobody_shuts_themselves_out(world):
    got, said = run(world, """
lab_sshd_start || exit 9
lab_login anna sleep 100 &
lab_wait 10 eval '[ "$(sallyport harden -n --step revoked 2>/dev/null | grep "Keeps: anna")" ]' || exit 8
sallyport revoke add /tmp/anna.pub -y >/dev/null; echo "own: $?"
who then
ssh-keygen -q -t ed25519 -N '' -f /tmp/ca && echo 'TrustedUserCAKeys /tmp/ca.pub' >/etc/ssh/sshd_config.d/6.conf
sallyport revoke add /tmp/ca.pub --no-build -y >/dev/null; echo "ca: $?"
""")
    assert got.returncode == 0, got.stdout + got.stderr
    assert said == ["own: 1", "then: anna bert carl", "ca: 0"]
    assert "lockout guard: anna from 127.0.0.1 would be locked out" in got.stderr
    assert "warning: this is the key of a CA that /tmp/ca.pub trusts" in got.stderr


def test_two_builds_at_once_wait_for_each_other_or_say_so(world):
    got, _ = run(world, """
lab_sshd_start || exit 9
for name in bert carl; do (sallyport revoke add /tmp/$name.pub -y -q >/dev/null 2>/tmp/$name.said; echo "$name $?" >/tmp/$name.rc) & pids="$pids $!"; done
wait $pids
cat /tmp/*.rc /tmp/*.said
sallyport revoke test /tmp/anna.pub >/dev/null || exit 1
""")
    assert got.returncode == 0, got.stdout + got.stderr
    lines = got.stdout.splitlines()
    assert sorted(line.split()[1] for line in lines[:2]) in (["0", "0"], ["0", "2"]), got.stdout
    refused = any(line.endswith(" 2") for line in lines[:2])
    assert ("sallyport: another sallyport is at work; try again when it is done" in lines) == refused, got.stdout


# after each cut: all of the change or nothing of it, whoever has a good key gets in, and bert where he is not in the list
CUTS = """
lab_sshd_start || exit 9
files() { find /etc/ssh /etc/sallyport -type f -exec md5sum {} + 2>/dev/null | sort; }
files >/tmp/before
n=@FIRST@ none=0 all=0 report=
while [ "${report%% *}" != done ]; do
    "$SALLYPORT_BUILD/tests/cut" -o /tmp/report --leave --changing $n -- sallyport revoke add /tmp/bert.pub -y -q >/tmp/said 2>&1
    report=$(cat /tmp/report)
    sallyport recover >/dev/null || { echo "cut $n ($report): recover fails"; exit 1; }
    if files | cmp -s - /tmp/before; then
        wanted="then: anna bert carl" none=$((none + 1))
    elif [ -s /etc/sallyport/revoked.d/local.list ] && grep -qs '^RevokedKeys' /etc/ssh/sshd_config.d/*.conf &&
        ! ssh-keygen -Q -f /etc/ssh/revoked_keys /tmp/bert.pub >/dev/null; then
        wanted="then: anna carl" all=$((all + 1))
    else
        echo "cut $n ($report): half of it is there"; files; exit 1
    fi
    [ "$(who then)" = "$wanted" ] || { echo "cut $n ($report): $(who then), not $wanted"; exit 1; }
    [ -z "$(find /etc/ssh /etc/sallyport -name '.*' 2>/dev/null)" ] || { echo "cut $n ($report): temporary files stay"; exit 1; }
    [ "$wanted" = "then: anna bert carl" ] || sallyport rollback -y -q >/dev/null || { echo "cut $n ($report): no way back"; exit 1; }
    files | cmp - /tmp/before || exit 1
    rm -rf /var/lib/sallyport
    n=$((n + @EVERY@))
done
echo "revoke: cuts before changes, every @EVERY@ from @FIRST@: $none none, $all all"
[ $none -gt 2 ] && [ $all -ge 1 ] || { cat /tmp/said; exit 1; }
"""


def test_after_a_cut_anywhere_a_key_is_shut_out_or_not_and_others_get_in(world, figure):
    if "ASAN_OPTIONS" in os.environ:
        pytest.skip("the leak checker does not work in a process that is traced")
    every = 10 if LONG else 150
    got = world(START + CUTS.replace("@EVERY@", str(every)).replace("@FIRST@", str(1 + SEED % every)), timeout=3600 if LONG else 900)
    assert got.returncode == 0, got.stdout + got.stderr
    figure(got.stdout.splitlines()[-1])


@pytest.mark.parametrize("where", ["/var/lib", "/etc/ssh", "/etc/sallyport"])
def test_a_full_disk_shuts_out_nobody_else(world, where):
    got, said = run(world, """
mkdir -p /etc/sallyport /tmp/etc && cp -a /etc/ssh /tmp/etc
mount -t tmpfs -o size=2m,mode=755 none %(where)s
[ %(where)s != /etc/ssh ] || cp -a /tmp/etc/ssh/. /etc/ssh
lab_sshd_start || exit 9
dd if=/dev/zero of=%(where)s/full bs=4k 2>/dev/null
sallyport revoke add /tmp/bert.pub -y -q >/dev/null; echo "full: $?"
sallyport recover >/dev/null || exit 1
[ ! -s /etc/ssh/revoked_keys ] && [ ! -s /etc/sallyport/revoked.d/local.list ] || exit 2
who then
rm %(where)s/full
sallyport revoke add /tmp/bert.pub -y -q >/dev/null || exit 3
who after
""" % {"where": where})
    assert got.returncode == 0, got.stdout + got.stderr
    assert said[1:] == ["then: anna bert carl", "after: anna carl"]
    assert said[0] in ("full: 1", "full: 2")
    assert "KiB free" in got.stderr or "No space left on device" in got.stderr


def test_remove_says_what_still_shuts_it_out(world):
    got, said = run(world, """
ssh-keygen -q -t ed25519 -N '' -f /tmp/ca && ssh-keygen -q -s /tmp/ca -I bert -z 5 -n bert /tmp/bert.pub || exit 9
sallyport revoke add /tmp/bert-cert.pub /tmp/carl.pub --no-build -q && sallyport revoke add --serial 1-10 --ca /tmp/ca.pub --no-build -q || exit 1
sallyport revoke remove /tmp/carl.pub --no-build >/dev/null; echo "carl: $?"
sallyport revoke remove /tmp/bert-cert.pub --no-build >/dev/null; echo "bert: $?"
sallyport revoke remove --serial 5 --ca /tmp/ca.pub --no-build >/dev/null; echo "serial: $?"
sallyport revoke remove --serial 1-10 --ca /tmp/ca.pub --no-build >/dev/null; echo "range: $?"
""")
    assert got.returncode == 0, got.stdout + got.stderr
    assert said == ["carl: 0", "bert: 0", "serial: 1", "range: 0"]
    warnings = [line for line in got.stderr.splitlines() if "stays shut out" in line]
    assert len(warnings) == 2, got.stderr
    assert "key id 'bert' of CA" in warnings[0] and "by /etc/sallyport/revoked.d/local.list:" in warnings[0]
    assert warnings[0].split(": ")[-1].startswith("serial 1-10 of CA")
    assert "it is not written down by itself" in got.stderr


def test_a_change_that_waits_is_named_with_what_to_do(world):
    got, said = run(world, """
lab_sshd_start || exit 9
sallyport harden -y -q --keep anna --step timeouts >/dev/null || exit 1
sallyport revoke add /tmp/bert.pub -y -q >/dev/null; echo "waits: $?"
sallyport rollback -y -q >/dev/null && sallyport revoke add /tmp/bert.pub -y -q >/dev/null || exit 2
who then
""")
    assert got.returncode == 0, got.stdout + got.stderr
    assert said == ["waits: 1", "then: anna carl"]
    assert "hint: nothing is shut out or let in yet: sudo sallyport rollback" in got.stderr
