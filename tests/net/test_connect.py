# SPDX-License-Identifier: GPL-3.0-or-later
# test_connect.py - plain ssh, scp, sftp, rsync and git to a hidden server, by ProxyCommand, with the real programs.
import os
import pathlib

import pytest

pytestmark = pytest.mark.skipif("ASAN_OPTIONS" in os.environ, reason="the roles' sandboxes leave no room for a sanitizer's own calls")

SK_DUMMY = pathlib.Path("/usr/lib/openssh/regress/misc/sk-dummy/sk-dummy.so")

SETUP = r"""
set -eu
. "$LAB_SOURCE/tests/lab/gate.sh"
gate_lab %s
printf '\tProxyCommand sallyport connect --alias %%%%n --user %%%%r %s %%%%h %%%%p\n' >>/root/ssh_config
export XDG_RUNTIME_DIR=/run/user-0
mkdir -m 700 $XDG_RUNTIME_DIR
handed() { printf '\tProxyUseFdpass yes\n' >>/root/ssh_config; }
# An agent that has the key, which is there no more; what it signs stands in /root/signed.
agent() {
    eval "$(ssh-agent)" >/dev/null
    ssh-add -q "$LAB_KEYS/anna" && mv "$LAB_KEYS/anna" /root/away && sed -i /IdentityFile/d /root/ssh_config
    python3 "$LAB_SOURCE/tests/lab/agent_count.py" /root/counted /root/signed >/root/ready & counter=$!
    lab_wait 10 grep -q ready /root/ready
    export SSH_AUTH_SOCK=/root/counted
}
agent_end() { kill $counter $SSH_AGENT_PID; }
signed() { grep -c "$1" /root/signed || :; }
sed -i 's/ConnectTimeout 20/ConnectTimeout 30/' /root/ssh_config # the knock is within that time
login() { lab_in client ssh -F /root/ssh_config server "$@" </dev/null; }
gate_start || { cat /tmp/gate.log; exit 1; }
gate_shut
"""


def run(world, body, settings="", options="", timeout=300):
    got = world(SETUP % (settings, options) + body + "\ngate_stop\n", timeout=timeout)
    assert got.returncode == 0, got.stdout + got.stderr
    return got


@pytest.mark.parametrize("mode", ["handed", "carried"])
def test_a_login_knocks_and_the_next_one_needs_not(world, mode):
    """What ssh sees tells the two apart: the server's address on the connection, or none. By a file, by an agent."""
    got = run(world, f"""
{mode if mode == "handed" else ":"}
echo "1 $(login 'echo $SSH_CONNECTION')"
agent
echo "2 $(login whoami)"
sallyport close 10.83.0.2 >/dev/null; gate_shut
echo "3 $(login whoami)"
echo "knocks $(signed knock) logins $(signed login)"
lab_in client ssh -F /root/ssh_config -v server true </dev/null 2>&1 | grep '^Authenticated to'
agent_end
""")
    lines = got.stdout.splitlines()
    assert lines[0].startswith("1 10.83.0.2 ") and lines[0].endswith(" 10.83.0.1 22")
    assert lines[1:4] == ["2 anna", "3 anna", "knocks 1 logins 2"], got.stdout + got.stderr
    via = "via proxy" in got.stdout
    assert via == (mode == "carried"), got.stdout


def test_ten_at_once_cost_one_signature(world):
    """sshd's own limit is out of the way: from the eleventh on, and a try of ours may be one, it drops some at random."""
    got = run(world, """
handed
sed -i 's/^#*MaxStartups.*//' /etc/ssh/sshd_config; echo 'MaxStartups 100' >>/etc/ssh/sshd_config
lab_sshd_reload
agent
for i in 1 2 3 4 5 6 7 8 9 10; do login "echo in $i" & pids="${pids:-} $!"; done
wait $pids
echo "knocks $(signed knock) logins $(signed login)"
agent_end
""", "'GrantTime 300'")
    *logins, counts = got.stdout.splitlines()
    assert sorted(logins) == sorted(f"in {i}" for i in range(1, 11)), got.stdout + got.stderr
    assert counts == "knocks 1 logins 10"


TOOLS = {
    "scp": "scp -q -F /root/ssh_config /root/file server:copy",
    "scp-3": "scp -3 -q -F /root/ssh_config server:/etc/ssh/sshd_config server:copy2 && scp -q -F /root/ssh_config /root/file server:copy",
    "sftp": "sftp -q -F /root/ssh_config -b - server <<<'put /root/file copy' >/dev/null",
    "rsync": "rsync -e 'ssh -F /root/ssh_config' /root/file server:copy",
    "git": """GIT_SSH_COMMAND='ssh -F /root/ssh_config' git -c init.defaultBranch=main clone -q server:repository /root/repository
(cd /root/repository && git config user.email a@example.org && git config user.name a && cp ../file . && git add file &&
    git commit -q -m one && GIT_SSH_COMMAND='ssh -F /root/ssh_config' git push -q origin HEAD:main)
ssh -F /root/ssh_config server 'git -C repository show main:file >copy'""",
}


def test_programs_over_ssh_do_not_notice(world):
    """Each from a shut port on; what is stored comes back the same."""
    each = "\n".join(f"""
cat >/root/work <<'END'
{work}
END
sallyport close 10.83.0.2 >/dev/null || :
gate_shut
lab_in client /bin/bash -eu /root/work
cmp /root/file /home/anna/copy
rm /home/anna/copy
echo {tool}""" for tool, work in TOOLS.items())
    got = run(world, """
handed
head -c 300000 /dev/urandom | base64 >/root/file
su anna -s /bin/sh -c 'git init -q --bare /home/anna/repository'
""" + each)
    assert got.stdout.split() == list(TOOLS), got.stdout + got.stderr


def test_what_ssh_was_told_counts_here_too(world):
    """The key that -i names, a file of -F, options of -o: nothing of it is in what ssh passes on."""
    got = run(world, """
sed -i '/IdentityFile/d; /HostName/d; /UserKnownHostsFile/d' /root/ssh_config
for how in fdpass relay; do
    sallyport close 10.83.0.2 >/dev/null || :
    gate_shut
    lab_in client ssh -i "$LAB_KEYS/anna" -F /root/ssh_config -o UserKnownHostsFile=/root/known_hosts -4 \
        -oHostName=10.83.0.1 server -o LogLevel=ERROR whoami </dev/null
    handed
done
""")
    assert got.stdout.split() == ["anna", "anna"], got.stderr


def test_of_several_knock_ports_one_that_is_heard_will_do(world):
    got = run(world, "handed; login whoami", "'KnockPort 22 62201'", "--knock-port 9,62201")
    assert got.stdout == "anna\n"


def test_where_nothing_is_hidden_nobody_knocks(world):
    got = run(world, """
gate_stop; nft delete table inet sallyport 2>/dev/null || nft flush ruleset
lab_wait 5 gate_open
handed
agent
login 'echo 1'
login 'echo 2'
# no host key, no key: no knock could be made
lab_in client ssh -F /root/ssh_config -o UserKnownHostsFile=/root/none -o StrictHostKeyChecking=no server 'echo 3' </dev/null
echo "knocks $(signed knock)"
agent_end
gate_start
""")
    assert got.stdout.splitlines() == ["1", "2", "3", "knocks 0"], got.stderr


def test_one_login_is_one_connection(world):
    """The try from before the knock is dropped; the stack would repeat it after a second, and come through."""
    got = run(world, """
login 'touch here; until [ -e over ]; do sleep 0.5; done; echo in' & pid=$!
lab_wait 10 test -e /home/anna/here
sleep 2
ss -Htn state established '( sport = :22 )' | wc -l
touch /home/anna/over
wait $pid
""")
    assert got.stdout.split() == ["1", "in"], got.stdout


def test_the_refusal_of_one_account_is_none_of_another(world):
    got = run(world, """
handed
lab_account bob 1002
install -d -m 700 -o bob -g bob /home/bob/.ssh
install -m 600 -o bob -g bob /home/anna/.ssh/authorized_keys /home/bob/.ssh/authorized_keys
rm /home/anna/.ssh/authorized_keys
login true 2>/dev/null & pid=$!
lab_wait 10 gate_ends 1 '.*'
lab_in client ssh -F /root/ssh_config bob@server whoami </dev/null
wait $pid || :
""")
    assert got.stdout == "bob\n", got.stdout + got.stderr


def test_no_signature_is_asked_for_ten_times(world):
    """An agent that says no to the first says it to all who wait for that one."""
    got = run(world, """
handed
agent
ssh-add -q -x <<<secret 2>/dev/null || python3 - <<'END'
import os, socket
s = socket.socket(socket.AF_UNIX); s.connect(os.environ["SSH_AUTH_SOCK"])
s.sendall(bytes([0, 0, 0, 11, 22, 0, 0, 0, 6]) + b"secret"); s.recv(5)
END
for i in 1 2 3; do login true 2>/root/said$i & pids="${pids:-} $!"; done
for pid in $pids; do ! wait $pid || echo "no failure"; done
cat /root/said1 /root/said2 /root/said3
agent_end
""")
    assert "no failure" not in got.stdout
    assert "there is no key to knock with" in got.stdout, got.stdout
    assert got.stdout.count("sallyport: another connection could not knock at 'server', just now") == 2, got.stdout


def test_a_server_that_stays_silent_is_said_once_for_all_who_wait(world):
    got = run(world, """
handed
rm /home/anna/.ssh/authorized_keys
start=$SECONDS
for i in 1 2 3; do login true 2>/root/said$i & pids="${pids:-} $!"; done
for pid in $pids; do ! wait $pid || echo "no failure"; done
[ $((SECONDS - start)) -le 25 ] || echo slow
cat /root/said1 /root/said2 /root/said3
""")
    assert "no failure" not in got.stdout and "slow" not in got.stdout
    said = got.stdout
    assert said.count("sallyport: 'server' has not opened to our knock") == 1, said
    assert said.count("sallyport: 'server' has not opened to the knock of another connection, just now") == 2, said
    assert said.count("hint: is the clock here right?") == 1


def test_the_end_of_either_side_ends_it(world):
    """Carried bytes: what is sent before an end arrives, and nobody hangs."""
    got = run(world, """
gone() { ! pgrep -x sallyport >/dev/null; }
login 'cat >copy; echo done'
head -c 5000000 /dev/urandom >/root/file
lab_in client ssh -F /root/ssh_config server 'cat' </root/file | cmp - /root/file && echo same
lab_in client timeout 90 ssh -F /root/ssh_config server 'kill -9 $PPID' </dev/null 2>/dev/null || echo "status $?"
lab_in client timeout -s KILL 2 ssh -F /root/ssh_config server 'sleep 30' </dev/null || :
lab_wait 5 gone && echo gone
""")
    assert got.stdout.split("\n")[:4] == ["done", "same", "status 255", "gone"], got.stdout + got.stderr


# ---- addresses ----

SECOND_ADDRESS = """
ip -n client addr add 10.83.0.22/24 dev eth0
ip route add 10.83.0.22 dev lab2
"""


def test_a_name_with_several_addresses_is_tried_at_each(world):
    """The first one is dead, the second refuses; one signature does for all of them."""
    got = run(world, """
handed
agent
ip netns add other; ip link add lab5 type veth peer name eth0 netns other
ip addr add 10.85.0.1/24 dev lab5; ip link set lab5 up; ip -n other addr add 10.85.0.2/24 dev eth0; ip -n other link set eth0 up
ip -n client route add default via 10.83.0.1; ip -n other route add default via 10.85.0.1; echo 1 >/proc/sys/net/ipv4/ip_forward
printf '%s many\n' 10.83.0.77 10.85.0.2 10.83.0.1 >>/etc/hosts
sed -i 's/^10.83.0.1 /many /' /root/known_hosts; sed -i 's/HostName .*/HostName many/' /root/ssh_config
start=$SECONDS
login whoami
[ $((SECONDS - start)) -le 20 ] || echo slow
echo "knocks $(signed knock)"
agent_end
""")
    assert got.stdout.splitlines() == ["anna", "knocks 1"], got.stdout + got.stderr


def test_knock_and_connection_leave_by_the_same_address(world):
    """UDP and TCP would take different ones; then one that ssh is told."""
    got = run(world, SECOND_ADDRESS + """
handed
ip -n client route add 10.83.0.0/24 dev eth0 src 10.83.0.22 table 100
ip -n client rule add ipproto udp lookup 100
login 'echo ${SSH_CONNECTION%% *}'
ip -n client rule del ipproto udp lookup 100
lab_in client ssh -F /root/ssh_config -b 10.83.0.22 server 'echo ${SSH_CONNECTION%% *}' </dev/null
sallyport close 10.83.0.22 >/dev/null; gate_shut
lab_in client ssh -F /root/ssh_config -b 10.83.0.22 server 'echo ${SSH_CONNECTION%% *}' </dev/null
login 'echo ${SSH_CONNECTION%% *}'
""")
    assert got.stdout.split() == ["10.83.0.22"] * 3 + ["10.83.0.2"], got.stdout + got.stderr


def test_behind_a_nat_that_changes_ports(world):
    got = run(world, """
handed
ip netns add inner; ip -n client link add lan0 type veth peer name eth0 netns inner
ip -n client addr add 192.168.7.1/24 dev lan0; ip -n client link set lan0 up
ip -n inner addr add 192.168.7.2/24 dev eth0; ip -n inner link set eth0 up; ip -n inner route add default via 192.168.7.1
lab_in client /bin/bash -c 'echo 1 >/proc/sys/net/ipv4/ip_forward
nft add table ip nat; nft "add chain ip nat out { type nat hook postrouting priority 100; }"
nft add rule ip nat out oifname eth0 masquerade fully-random'
lab_in inner ssh -F /root/ssh_config server 'echo ${SSH_CONNECTION%% *}' </dev/null
""")
    assert got.stdout == "10.83.0.2\n", got.stdout + got.stderr


# ---- what can be known of why it stays shut ----


def test_a_clock_that_was_set_is_said(world):
    """The server took our time before; now we are ten minutes off, as it would be if its own were."""
    got = run(world, """
python3 -c 'import struct; open("/run/lab-clock", "wb").write(struct.pack("=qq", 0, 1))'
export LD_PRELOAD=$BUILD/tests/clock_shift.so
login whoami
python3 -c 'import struct; open("/run/lab-clock", "r+b").write(struct.pack("=qq", 600, 1))'
sallyport close 10.83.0.2 >/dev/null; gate_shut
! login true
unset LD_PRELOAD
""")
    assert got.stdout == "anna\n"
    assert "hint: the clock here was set forward by 10 minutes since it last opened to us" in got.stderr, got.stderr


AGENTS = {
    "none": ("unset SSH_AUTH_SOCK", ["there is no key to knock with", "SSH_AUTH_SOCK is not set"]),
    "gone": ("export SSH_AUTH_SOCK=/root/nowhere", ["no agent answers at '/root/nowhere'"]),
    "locked": ("""python3 - <<'END'
import os, socket
s = socket.socket(socket.AF_UNIX); s.connect(os.environ["SSH_AUTH_SOCK"])
s.sendall(bytes([0, 0, 0, 11, 22, 0, 0, 0, 6]) + b"secret"); s.recv(5)
END""", ["there is no key to knock with", "one that is locked shows none either: ssh-add -X"]),
    "not confirmed": ("ssh-add -qD; ssh-add -q -c /root/away", ["the agent does not sign with SHA256:", "when -c asks and nobody confirms"]),
    "with a destination": ("ssh-add -qD; ssh-add -q -H /root/known_hosts -h 10.83.0.1 /root/away", ["added with a destination (ssh-add -h)"]),
}


@pytest.mark.parametrize("case", AGENTS)
def test_what_an_agent_refuses_is_said(world, case):
    spoil, said = AGENTS[case]
    got = run(world, f"""
handed
agent
export SSH_ASKPASS=/bin/false
{spoil}
! login true
agent_end
""")
    for words in said:
        assert words in got.stderr, got.stderr


THIRTY_KEYS = """
handed
agent
echo 'MaxAuthTries 40' >>/etc/ssh/sshd_config; lab_sshd_reload
ssh-add -qD
for i in $(seq 29); do ssh-keygen -q -t ed25519 -N '' -C $i -f /root/k$i; keys+=" /root/k$i"; done
ssh-add -q $keys /root/away
"""


def test_thirty_keys_in_the_agent(world):
    """Four are tried, and that there are more is said; with the right one pinned one knock does."""
    got = run(world, THIRTY_KEYS + r"""
! login true
echo "knocks $(signed knock)"
cp "$LAB_KEYS/anna.pub" /root/anna.pub
sed -i 's,%h %p,--pin anna=/root/anna.pub %h %p,' /root/ssh_config
login whoami
echo "knocks $(signed knock)"
agent_end
""")
    assert got.stdout.splitlines() == ["knocks 4", "anna", "knocks 5"], got.stdout + got.stderr
    assert "hint: 26 more keys were not tried: name the right one by -i" in got.stderr, got.stderr


def test_a_security_key_is_touched_once_for_ten_connections(world):
    """One made of software: connect asks for the touch, and the others go through what it opened."""
    got = run(world, f"""
handed
export SSH_SK_PROVIDER={SK_DUMMY}
lab_key anna ed25519-sk; printf '\tSecurityKeyProvider %s\n' $SSH_SK_PROVIDER >>/root/ssh_config
sed -i 's,%h %p,--pin anna=/root/keys/anna %h %p,' /root/ssh_config
for i in 1 2 3 4 5; do login "echo in" 2>>/root/said & pids="${{pids:-}} $!"; done
wait $pids
grep -c 'touch the security key for the knock' /root/said
""") if SK_DUMMY.exists() else pytest.skip("no sk-dummy.so (openssh-tests) is installed")
    assert got.stdout.split() == ["in"] * 5 + ["1"], got.stdout + got.stderr


def test_a_firewall_that_drops_udp(world):
    got = run(world, """
handed
lab_in client nft add table netdev lab; lab_in client nft 'add chain netdev lab out { type filter hook egress device eth0 priority 0; }'
lab_in client nft add rule netdev lab out meta l4proto udp drop
! login true
""")
    assert "sallyport: 'server' has not opened to our knock\n" in got.stderr
    assert "hint: does the knock arrive? UDP of 1232 bytes, to the port that the server listens for: --knock-port PORT" in got.stderr
    assert 4 <= got.stderr.count("hint: ") <= 8, got.stderr
