# SPDX-License-Identifier: GPL-3.0-or-later
# test_rescue.py - sshd is dead or broken, and who is let in by a knock logs in all the same; nobody else does.
import os

import pytest

pytestmark = pytest.mark.skipif("ASAN_OPTIONS" in os.environ, reason="the roles' sandboxes leave no room for a sanitizer's own calls")

SETUP = r"""
set -eu
. "$LAB_SOURCE/tests/lab/gate.sh"
LIST=/var/lib/sallyport/confirmed/list
# A binary of its own, which can be replaced: /usr is read-only here.
mkdir -p /mnt/sbin /run/sallyport && cp /usr/sbin/sshd /mnt/sbin/sshd && mount --bind /mnt/sbin/sshd /usr/sbin/sshd
: >/etc/ssh/revoked_keys
printf 'RevokedKeys /etc/ssh/revoked_keys\n' >/etc/ssh/sshd_config.d/revoked.conf
gate_lab %(settings)s
lab_client stranger 3
keep() { sallyport harden --yes --keep anna --confirm-within 0 >/tmp/harden 2>&1 || { cat /tmp/harden; exit 1; }; }
knock() { lab_in client sallyport knock -q -F /root/ssh_config server >/dev/null 2>&1; }
login() { lab_in client ssh -F /root/ssh_config ${SSH_MORE:-} server "$@" </dev/null; }
said() { grep -q "$1" /tmp/gate.log; }
now_ms() { echo $(($(date +%%s%%N) / 1000000)); }
greets() { answers "$@" | grep -q SSH-2.0; }
# A session that lasts from begin_session to end_session.
BUSY='echo begun; until [ -e /tmp/enough ]; do sleep 0.1; done; echo enough'
begin_session() { rm -f /tmp/enough; : >/tmp/session; login "$BUSY" >/tmp/session & session=$!; lab_wait 10 grep -q begun /tmp/session; }
end_session() { touch /tmp/enough; wait $session; grep enough /tmp/session; }
answers() { lab_in "$1" timeout 2 /bin/bash -c "exec 3<>/dev/tcp/10.83.0.1/$2 && read -t 1 line <&3 && echo \$line" 2>/dev/null; }
# The port of the rescue on loopback, from its table.
detour() { nft list table inet sallyport-rescue 2>/dev/null | sed -n 's/.*127\.0\.0\.1:\([0-9]*\).*/\1/p' | head -1; }
# rescued COMMAND...: knocks, and logs in as soon as that is possible; says how long it took.
rescued() {
	local begin end
	begin=$(now_ms) end=$((begin + 40000))
	knock &
	until SSH_MORE="-o ConnectTimeout=3" login "$@" 2>/dev/null; do
		[ "$(now_ms)" -lt $end ] || { cat /tmp/gate.log; return 1; }
		sleep 0.05
	done
	echo "took $(($(now_ms) - begin)) ms"
	wait $!
}
"""

STOPPED = "lab_sshd_stop"
# The listener is there and starts for each connection what is installed.
REPLACED = r"""
printf '#!/bin/sh\nexit 1\n' >/mnt/sbin/sshd.new && chmod 755 /mnt/sbin/sshd.new
umount -l /usr/sbin/sshd && mount --bind /mnt/sbin/sshd.new /usr/sbin/sshd
"""
BACK = "umount -l /usr/sbin/sshd && mount --bind /mnt/sbin/sshd /usr/sbin/sshd"
FAULTS = {
    "killed": (STOPPED, ":"),
    "configuration broken": (STOPPED + "\necho Rubbish yes >>/etc/ssh/sshd_config\n/usr/sbin/sshd 2>/dev/null && exit 1 || :",
                             "sed -i '/Rubbish/d' /etc/ssh/sshd_config"),
    "configuration gone": (STOPPED + "\nmv /etc/ssh/sshd_config /root/", "mv /root/sshd_config /etc/ssh/"),
    "binary replaced under the listener": (REPLACED, "lab_sshd_stop; " + BACK),
    "binary replaced": (STOPPED + REPLACED, BACK),
    "hangs": ("kill -STOP $(cat /run/sshd.pid)", "kill -KILL $(cat /run/sshd.pid); rm /run/sshd.pid"),
}


def run(world, body, settings="", timeout=300):
    got = world(SETUP % {"settings": settings} + body, timeout=timeout)
    assert got.returncode == 0, got.stdout + got.stderr
    return got.stdout


def took(out):
    return int(out.split("took ")[1].split()[0])


@pytest.mark.parametrize("fault", FAULTS)
def test_a_granted_knock_gets_a_login_and_a_stranger_nothing(world, fault, figure):
    broken, mended = FAULTS[fault]
    out = run(world, f"""
keep
gate_start
{broken}
rescued 'echo in as $(whoami) by ${{SSH_CONNECTION##* }}'
said 'rescue-started reason='
port=$(detour)
[ "$port" ]
lab_wait 10 greets client 22
for at in 22 $port; do ! answers stranger $at || {{ echo a stranger at $at; exit 1; }}; done
! answers client $port || {{ echo at the port of the rescue; exit 1; }}

# what was revoked since then counts
knock
ssh-keygen -q -t ed25519 -N '' -f /root/other
cat /root/other.pub >>/home/anna/.ssh/authorized_keys
lab_in client ssh -F /root/ssh_config -i /root/other -o IdentitiesOnly=yes server true </dev/null
cat /root/other.pub >>/etc/ssh/revoked_keys
! lab_in client ssh -F none -l anna -i /root/other -o IdentitiesOnly=yes -o UserKnownHostsFile=/root/known_hosts -o BatchMode=yes \\
	10.83.0.1 true </dev/null 2>/dev/null

# an open session stays when it ends
begin_session
{mended}
/usr/sbin/sshd
lab_wait 5 said 'rescue-ended why="sshd answers again"'
! nft list table inet sallyport-rescue 2>/dev/null
! grep -q enough /tmp/session
end_session
knock
[ "$(login echo real)" = real ] || {{ cat /tmp/gate.log /var/log/auth.log; ss -ltnp; exit 1; }}
gate_stop
""")
    assert "in as anna by 22" in out
    assert "enough" in out
    # 3 s on a machine that does nothing else
    figure(f"rescue: {fault}: a login {took(out)} ms after the knock began")


def test_it_answers_over_ipv6_where_unused_ports_are_reset_and_the_table_is_plain(world):
    out = run(world, """
keep
gate_plain
cp "$SALLYPORT_BUILD/src/gate/sallyport-rescue" $GATE_ROLES
gate_client anna "$LAB_KEYS/anna" fd83::1
gate_start
lab_sshd_stop
rescued 'echo ${SSH_CONNECTION}'
! lab_in stranger timeout 2 /bin/bash -c 'exec 3<>/dev/tcp/fd83::1/22' 2>/dev/null
nft flush ruleset
! lab_in stranger timeout 2 /bin/bash -c 'exec 3<>/dev/tcp/fd83::1/22' 2>/dev/null
gate_stop
""", settings="'Answer reset'")
    assert "fd83::2 " in out and "fd83::1 22" in out


def test_without_a_confirmed_configuration_nothing_is_started_and_it_is_said(world):
    run(world, """
gate_start
lab_sshd_stop
knock
lab_wait 5 said 'sshd-dead rescue=none why="no configuration was confirmed on this host"'
! said rescue-started
! nft list table inet sallyport-rescue 2>/dev/null
gate_stop
""")


def test_what_others_could_have_written_is_not_relied_on(world):
    run(world, """
keep
chmod 666 /var/lib/sallyport/confirmed/sshd_config
gate_start
lab_sshd_stop
knock
lab_wait 5 said 'sshd-dead rescue=none why="what was confirmed is damaged'
gate_stop
""")


def test_it_is_switched_off_and_ends_with_the_daemon(world):
    run(world, """
keep
sed -i '$a Rescue no' /etc/sallyport/sallyportd.conf
gate_start
lab_sshd_stop
knock
sleep 2
! said rescue-started
sed -i 's/^Rescue no/Rescue yes/' /etc/sallyport/sallyportd.conf
kill -HUP $GATE
gate_serves
rescued true
begin_session
# also when it is killed: what it leaves is not in the way
kill -KILL $GATE
wait $GATE || :
lab_wait 5 said 'rescue-ended why="sallyportd ended it"'
! nft list table inet sallyport-rescue 2>/dev/null
end_session
/usr/sbin/sshd
gate_start
rescued true
gate_stop
""")


def test_a_working_sshd_is_looked_at_once_a_second_at_most_and_no_rescue_is_started(world):
    run(world, """
keep
gate_start
begin=$(now_ms)
for i in 1 2 3 4 5 6 7 8; do knock & done
wait $(jobs -p | grep -v "$GATE" | tail -8)
login true
sleep 2
! said rescue-started
looks=$(grep -c 'Connection closed by \\(127.0.0.1\\|::1\\) ' /var/log/auth.log)
seconds=$((($(now_ms) - begin) / 1000))
echo $looks looks in $seconds s
[ $looks -ge 1 ] && [ $looks -le $((seconds + 3)) ]
gate_stop
""")


def test_what_is_kept_is_what_sshd_reads_and_goes_with_an_undo(world):
    run(world, r"""
mkdir /etc/ssh/more
printf 'Match User bob\n\tInclude /etc/ssh/more/*.conf none.conf\nMatch all\n' >>/etc/ssh/sshd_config
printf 'AllowTcpForwarding no\n' >/etc/ssh/more/a.conf
printf 'X11Forwarding no\n' >/etc/ssh/more/b.conf
lab_account bob 1002
kill -HUP "$(cat /run/sshd.pid)"
lab_wait 5 lab_listening 22
keep
first=$(readlink /var/lib/sallyport/confirmed)
for user in anna bob; do
	/usr/sbin/sshd -T -C user=$user,host=x,addr=10.0.0.1 >/tmp/live
	rm -rf /tmp/ssh && mv /etc/ssh/sshd_config.d /etc/ssh/more /tmp/
	/usr/sbin/sshd -T -C user=$user,host=x,addr=10.0.0.1 -f /var/lib/sallyport/confirmed/sshd_config >/tmp/kept
	mv /tmp/sshd_config.d /tmp/more /etc/ssh/
	diff /tmp/live /tmp/kept
done
grep -q '^allowtcpforwarding no' /tmp/live
sallyport rollback --yes >/dev/null
[ "$(readlink /var/lib/sallyport/confirmed)" != "$first" ]
[ "$(ls -d /var/lib/sallyport/confirmed.* | wc -l)" = 1 ]
/usr/sbin/sshd -T -C user=bob,host=x,addr=10.0.0.1 >/tmp/live
/usr/sbin/sshd -T -C user=bob,host=x,addr=10.0.0.1 -f /var/lib/sallyport/confirmed/sshd_config | diff /tmp/live -
""")


def test_a_login_by_the_rescue_confirms_nothing(world):
    run(world, """
keep
gate_start
lab_account bert 1002
sallyport access deny bert --yes --keep anna >/tmp/deny 2>&1 || { cat /tmp/deny; exit 1; }
lab_sshd_stop
rescued true
begin_session
! sallyport confirm >/tmp/confirm 2>&1
grep 'no new login' /tmp/confirm
end_session
/usr/sbin/sshd
lab_wait 5 said rescue-ended
begin_session
sallyport confirm || { cat /tmp/gate.log; exit 1; }
end_session
gate_stop
""", settings="'GrantTime 2m'")


def test_what_sshd_was_started_with_counts_too(world):
    out = run(world, """
lab_sshd_stop
lab_sshd_start -o DenyUsers=bob -o PermitTTY=no
keep
cat $LIST
""")
    assert "argument -o\nargument DenyUsers=bob\nargument -o\nargument PermitTTY=no\n" in out
