# SPDX-License-Identifier: GPL-3.0-or-later
# test_jump.py - hidden servers behind other hosts, and hosts in between that are hidden, with the real ssh on all of them.
import os

import pytest

pytestmark = pytest.mark.skipif("ASAN_OPTIONS" in os.environ, reason="the roles' sandboxes leave no room for a sanitizer's own calls")

# 'server' (10.83.0.1) is this host; 'bastion' (10.83.0.3) has an sshd of its own, and its accounts are those of this host.
SETUP = r"""
set -eu
. "$LAB_SOURCE/tests/lab/gate.sh"
lab_account anna 1001
lab_account jumper 1002
lab_client client
lab_client bastion 3
echo 1 >/proc/sys/net/ipv4/ip_forward
ip -n client route add 10.83.0.3 via 10.83.0.1
ip -n bastion route add 10.83.0.2 via 10.83.0.1
lab_sshd_start -o MaxStartups=100 # else it drops some of ten at once, a try of ours being the eleventh
export XDG_RUNTIME_DIR=/run/user-0 HOME=/root
mkdir -m 700 $XDG_RUNTIME_DIR
mkdir -p -m 700 /root/.ssh
ssh-keygen -q -t ed25519 -N '' -C anna -f /root/.ssh/id_ed25519
for name in anna jumper; do
    install -d -m 700 -o $name -g $name /home/$name/.ssh
    install -m 600 -o $name -g $name /root/.ssh/id_ed25519.pub /home/$name/.ssh/authorized_keys
done
ssh-keygen -q -t ed25519 -N '' -f /root/bastion_key
bastion_start() {
    printf '%s\n' 'HostKey /root/bastion_key' 'PidFile /run/bastion.pid' "$@" >/root/bastion_config
    : >/run/bastion.pid
    lab_in bastion /usr/sbin/sshd -f /root/bastion_config
    lab_wait 10 test -s /run/bastion.pid
}
bastion_stop() { local pid; read -r pid </run/bastion.pid; kill "$pid"; lab_wait 10 lab_gone "$pid"; }
cat >/root/.ssh/config <<'END'
Host server
	HostName 10.83.0.1
	User anna
Host bastion
	HostName 10.83.0.3
	User jumper
Host *
	BatchMode yes
	ConnectTimeout 30
	LogLevel ERROR
END
{ gate_known_host 10.83.0.1
  echo "10.83.0.3 $(cut -d' ' -f1,2 /root/bastion_key.pub)"; } >/root/.ssh/known_hosts
cp /root/.ssh/config /root/plain
# The stanza for the server behind the bastion.
behind() { printf 'Host server\n\tProxyCommand sallyport connect --jump bastion --alias %%n --user %%r %s %%h %%p\n\tProxyUseFdpass %s\n' "${2:-}" "$1" |
    cat - /root/plain >/root/.ssh/config; }
enroll() { lab_in client sallyport enroll "$@" </dev/null; }
login() { lab_in client ssh "$@" </dev/null; }
hide() { gate_install "$@"; gate_start || { cat /tmp/gate.log; exit 1; }; gate_shut; }
# Nobody is left but the connection that is shared for a while.
gone() { [ "$(pgrep -xc ssh)" -le 1 ] && ! pgrep -x sallyport >/dev/null; }
# An agent that has the key, which is there no more; what it signs stands in /root/signed.
agent() {
    eval "$(ssh-agent)" >/dev/null
    ssh-add -q /root/.ssh/id_ed25519 && mv /root/.ssh/id_ed25519 /root/away
    python3 "$LAB_SOURCE/tests/lab/agent_count.py" /root/counted /root/signed >/root/ready & counter=$!
    lab_wait 10 grep -q ready /root/ready
    export SSH_AUTH_SOCK=/root/counted
}
agent_end() { kill $counter $SSH_AGENT_PID; }
signed() { grep -c "$1" /root/signed || :; }
"""


def run(world, body, timeout=300):
    got = world(SETUP + body, timeout=timeout)
    assert got.returncode == 0, got.stdout + got.stderr
    return got


SENDERS = {
    "sallyport": "ln -s $SALLYPORT_BUILD/sallyport .; chmod 711 /root",
    "python3": "ln -s /usr/bin/python3 .",
    "perl": "ln -s /usr/bin/perl .",
    "bash": "ln -s /bin/bash .",
}


@pytest.mark.parametrize("sender", SENDERS)
def test_the_knock_is_sent_by_what_the_host_in_between_has(world, sender):
    got = run(world, f"""
mkdir /srv/bin; cd /srv/bin; ln -s /bin/sh /usr/bin/base64 /bin/dd /bin/sleep .; {SENDERS[sender]}; cd /
bastion_start 'SetEnv PATH=/srv/bin'
hide
behind yes
login server 'echo ${{SSH_CONNECTION%% *}}'
login server whoami
behind no
login server whoami
head -c 3000000 /dev/urandom >/root/file
login server 'cat >copy' <<<x; lab_in client ssh server cat </root/file | cmp - /root/file && echo same
lab_wait 10 gone && echo gone
gate_stop
""")
    assert got.stdout.split() == ["10.83.0.3", "anna", "anna", "same", "gone"], got.stdout + got.stderr
    assert got.stderr == ""


def test_ten_at_once_cost_one_knock_and_one_login_in_between(world):
    got = run(world, """
bastion_start
hide 'GrantTime 300'
behind yes
agent
for i in 1 2 3 4 5 6 7 8 9 10; do login server "echo in $i" & pids="${pids:-} $!"; done
wait $pids
echo "knocks $(signed knock) logins $(signed login)"
agent_end
gate_stop
""")
    *logins, counts = got.stdout.splitlines()
    assert sorted(logins) == sorted(f"in {i}" for i in range(1, 11)), got.stdout + got.stderr
    assert counts == "knocks 1 logins 11"


def test_an_address_may_be_asked_for(world):
    """A server that takes no knock without one: that of the host in between, as the server sees it."""
    got = run(world, """
bastion_start
hide 'PacketSource no'
behind yes
! login server true
behind yes '--from 10.83.0.3'
login server 'echo ${SSH_CONNECTION%% *}'
gate_stop
""")
    assert got.stdout == "10.83.0.3\n", got.stdout + got.stderr
    assert "has not opened to our knock" in got.stderr and "--from ADDRESS" in got.stderr


def test_where_nothing_is_hidden_nobody_knocks(world):
    got = run(world, """
bastion_start
behind yes
agent
login server whoami
login server whoami
echo "knocks $(signed knock)"
agent_end
""")
    assert got.stdout.split() == ["anna", "anna", "knocks", "0"], got.stdout + got.stderr


TROUBLE = {
    "no shell": ("bastion_start 'ForceCommand /usr/sbin/nologin'", "'bastion' lets nobody run a shell, so no knock for 'server' can be sent from there"),
    "no sender": ("mkdir /srv/bin; ln -s /bin/sh /srv/bin; bastion_start 'SetEnv PATH=/srv/bin'", "'bastion' could not send the knock for 'server'"),
    "no channels": ("bastion_start 'AllowTcpForwarding no'", "'server' has not opened to our knock"),
    "no login": ("bastion_start 'DenyUsers jumper'", "ssh cannot log in at 'bastion', on the way to 'server'"),
    "nobody there": (":", "ssh cannot log in at 'bastion', on the way to 'server'"),
}


@pytest.mark.parametrize("case", TROUBLE)
def test_what_is_wrong_in_between_is_said(world, case):
    spoil, said = TROUBLE[case]
    got = run(world, f"""
{spoil}
hide
behind yes
! login server true
gate_stop
""")
    assert f"sallyport: {said}\n" in got.stderr, got.stderr
    assert case != "no channels" or "AllowTcpForwarding and PermitOpen of its sshd" in got.stderr, got.stderr


def test_a_host_in_between_may_itself_be_hidden(world):
    """ProxyJump through a server that is enrolled: its own lines knock."""
    got = run(world, """
bastion_start
enroll server
hide
printf 'Host inner\\n\\tHostName 10.83.0.3\\n\\tUser jumper\\n\\tProxyJump server\\n' >>/root/.ssh/config
login inner 'echo ${SSH_CONNECTION%% *}'
sallyport close 10.83.0.2 >/dev/null; gate_shut
login -J anna@server jumper@bastion whoami
gate_stop
""")
    assert got.stdout.split()[-2:] == ["10.83.0.1", "jumper"], got.stdout + got.stderr


@pytest.mark.parametrize("when", ["before", "after"])
def test_enroll_goes_the_way_of_proxyjump(world, when):
    """Before it is hidden or after; again; and back."""
    got = run(world, f"""
bastion_start
sed -i 's/User anna/User anna\\n\\tProxyJump jumper@bastion:22/' /root/.ssh/config
cp /root/.ssh/config /root/plain
[ {when} = before ] || hide
enroll server --format json
[ {when} = after ] || hide
""" + """
login server 'echo ${SSH_CONNECTION%% *}'
sallyport close 10.83.0.3 >/dev/null
enroll server
grep -c -- '--jump jumper@bastion:22' /root/.ssh/sallyport/config
sallyport close 10.83.0.3 >/dev/null
login server whoami
enroll --undo server >/dev/null
grep -c ProxyCommand /root/.ssh/sallyport/config || :
gate_stop
""")
    body, _, rest = got.stdout.partition("\n}\n")
    assert '"jump": "jumper@bastion:22"' in body and '"open": true' in body and '"changed": true' in body, got.stdout + got.stderr
    lines = rest.splitlines()
    assert lines[0] == "10.83.0.3" and lines[1].endswith("(as before)."), got.stdout + got.stderr
    assert "It was reached through jumper@bastion:22." in lines
    assert lines[-3:] == ["1", "anna", "0"]


def test_enroll_may_be_told_the_way(world):
    got = run(world, """
bastion_start
hide
enroll -J bastion server >/dev/null
login server whoami
gate_stop
""")
    assert got.stdout == "anna\n", got.stdout + got.stderr


def test_both_may_be_hidden(world):
    """Each is enrolled by itself, and the one behind goes through the one before."""
    got = run(world, """
bastion_start
enroll bastion >/dev/null
enroll -J bastion server >/dev/null
hide
install -d -m 700 -o sallyport-grant -g sallyport-grant /var/lib/sallyport/gate2
install -m 600 -o sallyport-grant -g sallyport-grant /dev/null /var/lib/sallyport/gate2/replay
printf '%s\n' 'Port 22' 'HostKey /root/bastion_key' 'SshdConfig /root/bastion_config' 'StateDirectory /var/lib/sallyport/gate2' \
    'ControlSocket /run/sallyport2/control' >/root/second
chmod 600 /root/bastion_key
lab_in bastion sallyportd -D -f /root/second --libexec "$SALLYPORT_BUILD/src/gate" </dev/null >/tmp/second.log 2>&1 & second=$!
lab_wait 10 grep -q ': serving' /tmp/second.log || cat /tmp/second.log
! gate_open 10.83.0.3
find $XDG_RUNTIME_DIR/sallyport -type s -delete # nobody shares the connection from before
login server 'echo ${SSH_CONNECTION%% *}'
grep -c granted /tmp/second.log
kill $second
gate_stop
""")
    assert got.stdout.split() == ["10.83.0.3", "1"], got.stdout + got.stderr


def test_addresses_of_ipv6_on_the_way(world):
    """In brackets, so the word stands in quotes in our lines, and is read back from there."""
    got = run(world, """
ip -n client -6 route add fd83::3 via fd83::1
ip -n bastion -6 route add fd83::2 via fd83::1
echo 1 >/proc/sys/net/ipv6/conf/all/forwarding
bastion_start
sed -i 's/10.83.0/fd83:/; s/^fd83:[.]/fd83::/' /root/.ssh/known_hosts
sed -i 's/HostName 10.83.0.1/HostName fd83::1/; s/User anna/User anna\\n\\tProxyJump jumper@[fd83::3]:22/' /root/.ssh/config
hide
enroll server >/dev/null
enroll server | grep -c 'as before'
grep -c -- "--jump 'jumper@\\[fd83::3\\]:22'" /root/.ssh/sallyport/config
sallyport close fd83::3 >/dev/null
login server 'echo ${SSH_CONNECTION%% *}'
gate_stop
""")
    assert got.stdout.split() == ["1", "1", "fd83::3"], got.stdout + got.stderr
