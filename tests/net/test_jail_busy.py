# SPDX-License-Identifier: GPL-3.0-or-later
# test_jail_busy.py - jails while somebody else is at work on them, or while something of the account still runs.
import pytest

SETUP = r"""
set -eu
mkdir -p /mnt/local/libexec/sallyport /mnt/local/bin
install -m 755 "$BUILD/conf/update-jails" /mnt/local/libexec/sallyport/
ln -s "$BUILD/sallyport" /mnt/local/bin/sallyport
mount --bind /mnt/local /usr/local
hook=/usr/local/libexec/sallyport/update-jails
lab_account anna 1001; lab_key anna
ssh-keygen -q -t ed25519 -N '' -f $LAB_KEYS/bert
lab_sshd_start
jail() { sallyport jail "$@" </dev/null; }
for n in 1 2; do cp /usr/bin/tee /mnt/tee-$n; echo "number $n" >>/mnt/tee-$n; done
mount -t tmpfs -o mode=755 opt /opt
put() { cp /mnt/tee-$1 /opt/new && mv /opt/new /opt/tee; }
has() { tail -c 9 /home/chroot/anna/opt/tee; }
waits() { [ "$(cat "$@" | grep -c 'at work on the jails; this one waits for it')" = $# ]; }
"""


@pytest.fixture
def run(done):
    return lambda body: done(SETUP + body)


def test_updates_take_turns_and_all_end_well(run):
    got = run(r"""
put 1
jail create anna --with basic,/opt/tee -y >/dev/null 2>&1
jail create bert --sftp-only --create-account --key $LAB_KEYS/bert.pub -y >/dev/null 2>&1
# all of them find somebody at work, who then takes one of the jails away
exec 7</var/lib/sallyport/jails/.lock
flock 7
put 2
for n in 1 2 3; do jail update --all >/root/out-$n 2>&1 7<&- & pids="${pids:-} $!"; done
jail update bert >/root/named 2>&1 7<&- & named=$!
$hook >/root/hook 2>&1 7<&- & hooked=$!
lab_wait 10 waits /root/out-1 /root/out-2 /root/out-3 /root/named
rm -r /var/lib/sallyport/jails/bert
flock -u 7
for pid in $pids $hooked; do wait $pid; done
wait $named || echo "named $?"
cat /root/hook
grep -h ^anna: /root/out-* | sort
tail -n 2 /root/named | head -n 1
has
jail check anna
""")
    # whoever came first has brought it, which may be the hook, that says nothing
    first, *lines = got.splitlines()
    assert first == "named 1", got
    same, new = "anna: nothing to change", "anna: 0 added, 1 replaced, 0 removed"
    assert lines[:3] in ([same, same, same], [new, same, same]), got
    assert "sallyport: there is no jail of 'bert'\nnumber 2\nanna in /home/chroot/anna\n  all is well" in got, got


@pytest.mark.parametrize("force", ["in force", "rolled back"])
def test_what_an_update_brings_in_while_create_asks_is_known_and_goes_again(run, force):
    got = run(r"""
mkdir -p /opt/data /etc/sallyport/jail.d; echo 1 >/opt/data/one
printf 'summary data\ntree /opt/data\n' >/etc/sallyport/jail.d/data.set
jail create anna --with ls,data -y -q >/dev/null 2>&1
""" + ("sallyport rollback -y -q --override lockout >/dev/null 2>&1\n" if force == "rolled back" else "") + r"""
cat >/root/meanwhile <<'END'
set -e
mv /opt/data/one /opt/data/three; echo 2 >/opt/data/two; sallyport jail update anna </dev/null >/root/updated; rm /opt/data/two
END
cat >/root/ask.py <<'END'
import os, pty, subprocess, sys
pid, fd = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
seen = b""
try:
    while more := os.read(fd, 4096):
        seen += more
        if seen.endswith(b"[y/N] "):
            subprocess.run(["bash", "/root/meanwhile"], check=True)
            os.write(fd, b"yes\n")
except OSError:
    pass
print(seen.decode().replace("\r", ""))
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
END
/usr/bin/python3 -I /root/ask.py sallyport jail create anna --with ls,data,gzip >/root/said || { cat /root/said; exit 1; }
cat /root/updated; grep -o 'brought up to date meanwhile' /root/said
ls /home/chroot/anna/opt/data
chroot /home/chroot/anna /usr/bin/gzip --version | grep -c ^gzip
jail update anna
jail check anna
""")
    assert got.splitlines() == ["anna: 2 added, 0 replaced, 1 removed", "  + /opt/data/three", "  + /opt/data/two", "  - /opt/data/one", "brought up to date meanwhile", "three", "1", "anna: nothing to change",
                                "anna in /home/chroot/anna", "  all is well: it holds, is current, and what is in it starts"], got


def test_a_jail_goes_with_its_account_once_its_last_process_has_ended(run):
    """As with a user manager of systemd's, which stays for a while behind the last login."""
    got = run(r"""
jail create bert --sftp-only --create-account --key $LAB_KEYS/bert.pub -y >/dev/null 2>&1
setpriv --reuid bert --regid bert --clear-groups sleep 600 & stays=$!
jail remove bert --remove-account --with-home -y >/root/out 2>&1 & removes=$!
lab_wait 20 grep -q 'waiting until it has ended' /root/out
getent passwd bert | cut -d: -f1
kill $stays
wait $removes || { cat /root/out; exit 1; }
grep waiting /root/out
getent passwd bert || echo gone
""")
    assert got.startswith("bert\nuserdel: user bert is currently used by process "), got
    assert got.endswith("; waiting until it has ended\ngone\n"), got
