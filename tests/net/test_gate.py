# SPDX-License-Identifier: GPL-3.0-or-later
# test_gate.py - sallyportd with the real sshd, ssh, ssh-agent and kernel: who gets in, who does not, and what survives what.
import json
import os
import re

import pytest

pytestmark = pytest.mark.skipif("ASAN_OPTIONS" in os.environ, reason="the roles' sandboxes leave no room for a sanitizer's own calls")

SETUP = r"""
set -eu
. "$LAB_SOURCE/tests/lab/gate.sh"
gate_lab %s
gate_start || { cat /tmp/gate.log; exit 1; }
HOST=/etc/ssh/ssh_host_ed25519_key.pub
# it is open when that is back
opens() { ours --check >/dev/null; }
ours() { lab_in client sallyport knock -q -F /root/ssh_config "$@" server; }
login() { lab_in client ssh -F /root/ssh_config server "$@" </dev/null; }
hand() { lab_in client "$BUILD/tests/knock" "$HOST" "$LAB_KEYS/anna" "$@"; }
"""


def run(world, body, settings="", timeout=300):
    got = world(SETUP % settings + body + "\ngate_stop\n", timeout=timeout)
    assert got.returncode == 0, got.stdout + got.stderr
    return got.stdout


@pytest.mark.parametrize("address, seen", [("10.83.0.1", "10.83.0.2"), ("fd83::1", "fd83::2")])
def test_a_knock_opens_the_port_for_one_address_and_a_time(world, address, seen):
    out = run(world, f"""
gate_client anna "$LAB_KEYS/anna" {address}
gate_shut {address}
opens
sallyport who
login 'echo in; until [ -e /tmp/over ]; do sleep 0.5; done; echo still-in' >/tmp/session & session=$!
lab_wait 10 grep -q in /tmp/session
lab_wait 15 gate_shut {address}
touch /tmp/over
wait $session
cat /tmp/session
nobody() {{ sallyport who | grep 'Nobody is let in now'; }}
lab_wait 5 nobody
""", settings="'GrantTime 15'")
    assert f"{seen} " in out and "anna SHA256:" in out
    assert "still-in" in out and "Nobody is let in now." in out


def test_the_state_of_the_host_has_the_gate_in_it(world):
    """Serving, silent with the table loaded, and with nothing left of it."""
    out = run(world, """
gate() { sallyport status --format json | /usr/bin/python3 -c 'import json, sys; print(json.dumps(json.load(sys.stdin)["gate"]))'; }
opens
gate
sallyport status | grep '^gate '
sallyport | head -3
gate_stop
gate
sallyport status | grep -A1 '^gate '
sallyport | tail -1
sallyport who --format prometheus | grep -v '^#'
nft delete table inet sallyport
rm /etc/sallyport/sallyportd.conf
gate
! sallyport status | grep '^gate '
printf 'Port 22\n' >/etc/sallyport/sallyportd.conf
gate_start
""").splitlines()
    serving, line, short, gate = json.loads(out[0]), out[1], out[2], out[3]
    assert serving["ports"] == [22] and serving["hidden"] and serving["running"] and serving["error"] is None, serving
    assert (serving["grants"], serving["granted"], serving["replay"]["lost"]) == (1, 1, False), serving
    assert line.startswith("gate         port 22 hidden, serving since ") and ", 1 let in, 1 knock granted" in line
    assert ", port 22 hidden, " in short and gate.startswith("Gate: port 22 hidden, serving since "), out
    silent = json.loads(out[5])
    assert silent["hidden"] and not silent["running"] and silent["error"] == "sallyportd does not run here", silent
    assert out[6] == "gate         port 22 hidden, sallyportd does not run here", out
    assert out[7].endswith("the port is shut and nobody hears a knock: only who is let in already gets in"), out
    assert out[8] == "Next: sudo systemctl start sallyportd", out
    assert out[9:11] == ["sallyport_up 0", "sallyport_table_loaded 1"], out
    assert out[11] == "null", out


def test_who_counts_the_sessions_of_who_was_let_in_and_their_bytes(world):
    out = run(world, """
opens
login 'head -c 3000000 /dev/zero; sleep 600' >/dev/null & session=$!
moved() { sallyport who --format json | grep -Eq '"sent": [0-9]{7}'; }
lab_wait 10 moved
sallyport who --format json
/usr/bin/python3 - "$LAB_SOURCE/tests/lab" "$BUILD/sallyport" <<'END'
import sys
sys.path.insert(0, sys.argv[1])
from terminal import Terminal
with Terminal([sys.argv[2], "who", "--watch"], 100, 24) as terminal:
    terminal.wait_for("M ")
    print([line.split() for line in terminal.lines() if "10.83.0.2" in line])
    terminal.send(b"q")
    assert terminal.wait() == 0 and terminal.is_restored()
END
kill $session
""", settings="'GrantTime 300'")
    text, screen = out.rsplit("\n", 2)[:2]
    grant = json.loads(text[text.index("{"):])["grants"][0]
    assert grant["sessions"] == 1 and grant["sent"] > 3_000_000 and 500 < grant["received"] < 100_000, grant
    assert re.match(r"\[\['anna', 'SHA256:.*', '10.83.0.2', '22', '\w+', '1', '\S+K', '\S+M'\]\]$", screen), screen


KINDS = {
    "ed25519": "lab_key anna ed25519",
    "rsa-3072": "lab_key anna rsa 3072",
    "ecdsa-256": "lab_key anna ecdsa 256",
    "ecdsa-384": "lab_key anna ecdsa 384",
    "ecdsa-521": "lab_key anna ecdsa 521",
    "certificate": """
ssh-keygen -q -t ed25519 -N '' -f /root/ca
cp /root/ca.pub /etc/ssh/ca.pub
echo 'TrustedUserCAKeys /etc/ssh/ca.pub' >>/etc/ssh/sshd_config
lab_sshd_reload
rm -f /home/anna/.ssh/authorized_keys
ssh-keygen -q -s /root/ca -I anna -n anna "$LAB_KEYS/anna.pub"
""",
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_key_knocks(world, kind):
    """By its file, then by an agent that has it alone."""
    run(world, KINDS[kind] + """
gate_shut
opens
[ "$(login whoami)" = anna ]
sallyport close 10.83.0.2 >/dev/null
gate_shut
eval "$(ssh-agent)" >/dev/null
ssh-add -q "$LAB_KEYS/anna"
mv "$LAB_KEYS/anna" /root/away
opens
[ "$(login whoami)" = anna ]
kill "$SSH_AGENT_PID"
""")


def test_a_passphrase_is_asked_for_by_ssh_keygen(world):
    run(world, """
ssh-keygen -q -p -P '' -N 'correct horse' -f "$LAB_KEYS/anna"
printf '#!/bin/sh\\necho correct horse\\n' >/root/askpass
chmod 755 /root/askpass
SSH_ASKPASS=/root/askpass SSH_ASKPASS_REQUIRE=force ours --check
""")


def test_a_security_key_knocks_when_it_is_named(world):
    run(world, """
export SSH_SK_PROVIDER=/usr/lib/openssh/regress/misc/sk-dummy/sk-dummy.so
[ -e $SSH_SK_PROVIDER ]
ssh-keygen -q -t ed25519-sk -N '' -f /root/sk
install -m 600 -o anna -g anna /root/sk.pub /home/anna/.ssh/authorized_keys
gate_client anna /root/sk
! ours --check
gate_shut
ours --check -i /root/sk
""")


@pytest.mark.parametrize("address", ["10.83.0.1", "fd83::1"])
def test_through_a_published_container_port(world, address):
    """sshd in a third namespace, published as port 2222 of this host; the knock goes to the host, the login to the container."""
    out = run(world, f"""
. "$LAB_SOURCE/tests/lab/services.sh"
services_box
nft -f - <<-END
	table ip nat {{
		chain prerouting {{ type nat hook prerouting priority dstnat; fib daddr type local tcp dport 2222 dnat to 172.18.0.2:22
		}}
	}}
	table ip6 nat {{
		chain prerouting {{ type nat hook prerouting priority dstnat; fib daddr type local tcp dport 2222 dnat to [fd18::2]:22
		}}
	}}
END
lab_in box /usr/sbin/sshd -D -e -o PidFile=none 2>/tmp/box.log & box=$!
box_listens() {{ lab_in box ss -Hltn 'sport = :22' | grep -q .; }}
lab_wait 10 box_listens
gate_client anna "$LAB_KEYS/anna" {address}
published() {{ lab_in client timeout 3 /bin/bash -c "exec 3<>/dev/tcp/{address}/2222" 2>/dev/null; }}
sed "s/^{address} /[{address}]:2222 /" /root/known_hosts >>/root/known_hosts
! published; gate_shut {address}
! lab_in client sallyport knock -q -F /root/ssh_config -p 2222 --knock-port 62201 --check nobody@server
! published
lab_in client sallyport knock -q -F /root/ssh_config -p 2222 --knock-port 62201 --check server
lab_in client ssh -F /root/ssh_config -p 2222 server 'ip -br addr show eth0' </dev/null
kill $box; wait $box || :
""", settings="'Port 2222' 'KnockPort 62201'")
    assert "172.18.0.2/24" in out


def test_one_account_with_a_hundred_keys(world):
    """Each knocks, the first and the last, and who has none of them does not."""
    run(world, """
for i in 1 50 100; do ssh-keygen -q -t ed25519 -N '' -C "$i" -f /root/key$i; done
# those between them are of nobody
/usr/bin/python3 -IS - >/home/anna/.ssh/authorized_keys <<'END'
import base64, os
for i in range(1, 101):
    if i in (1, 50, 100):
        print(open(f"/root/key{i}.pub").read(), end="")
    else:
        print("ssh-ed25519", base64.b64encode(b"\\0\\0\\0\\x0bssh-ed25519\\0\\0\\0\\x20" + os.urandom(32)).decode(), i)
END
for i in 1 50 100; do
    ours --check -i /root/key$i
    [ "$(lab_in client ssh -F /root/ssh_config -o IdentityFile=none -i /root/key$i server whoami </dev/null)" = anna ]
    sallyport who | grep -q "$(ssh-keygen -lf /root/key$i.pub | cut -d' ' -f2)"
    sallyport close /root/key$i.pub; gate_shut
done
! ours --check; gate_shut
""")


# Each must leave the port shut; what is said of it stands in the log, where the signature holds.
REFUSED = {
    "replay": ("hand anna 10.83.0.1 22 out=/root/k; lab_in client $BUILD/tests/knock send /root/k 10.83.0.1 22\n"
               "lab_wait 5 gate_open; sallyport close 10.83.0.2; gate_shut\n"
               "lab_in client $BUILD/tests/knock send /root/k 10.83.0.1 22", ""),
    "other-host": ("ssh-keygen -q -t ed25519 -N '' -f /root/other; HOST=/root/other.pub; hand anna 10.83.0.1 22", ""),
    "too-old": ("hand anna 10.83.0.1 22 age=301", ""),
    "not-listed": ("rm /home/anna/.ssh/authorized_keys; hand anna 10.83.0.1 22", ""),
    "nobody": ("hand nosuchuser 10.83.0.1 22", ""),
    "other-account": ("lab_account bob 1002; hand bob 10.83.0.1 22", ""),
    "not-from-there": ("echo 'AllowUsers anna@192.0.2.*' >>/etc/ssh/sshd_config; hand anna 10.83.0.1 22",
                       "stage=policy user=anna addr=10.83.0.2 source=10.83.0.2 why="),
    "revoked-now": ("hand anna 10.83.0.1 22; lab_wait 5 gate_open; sallyport close 10.83.0.2\n"
                    "cp $LAB_KEYS/anna.pub /etc/ssh/revoked; echo 'RevokedKeys /etc/ssh/revoked' >>/etc/ssh/sshd_config\n"
                    "hand anna 10.83.0.1 22", "stage=revoked user=anna addr=10.83.0.2 source=10.83.0.2"),
    "broken-revocations": ("echo nonsense >/etc/ssh/revoked; echo 'RevokedKeys /etc/ssh/revoked' >>/etc/ssh/sshd_config\n"
                           "hand anna 10.83.0.1 22", "stage=revoked user=anna"),
    "other-port": ("hand anna 10.83.0.1 22 from=10.83.0.2 port=80", "stage=policy"),
    "loopback": ("hand anna 10.83.0.1 22 from=127.0.0.1", ""),
    "the-server-itself": ("hand anna 10.83.0.1 22 from=10.83.0.1", ""),
    "junk": ("lab_in client /usr/bin/python3 -c 'import os, socket\n"
             "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
             "for n in range(0, 1473): s.sendto(os.urandom(n), (\"10.83.0.1\", 22))'", ""),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_must_not_open_the_port_does_not(world, name):
    how, said = REFUSED[name]
    out = run(world, f"""
gate_shut
before=$(gate_ended '.*')
{how}
lab_wait 10 gate_ends $((before + 1)) '.*'
gate_shut
! sallyport who | grep -q '^10\\.83\\.0\\.2 '
sallyport who
cat /tmp/gate.log
""")
    assert said in out


@pytest.mark.parametrize("name", ["net", "keeper", "index", "grant"])
def test_a_role_that_dies_comes_back_and_nothing_opens(world, name):
    run(world, f"""
opens
kill -9 "$(gate_role {name})"
sallyport who >/dev/null || :
gate_serves
sallyport who | grep '^10\\.83\\.0\\.2 '
gate_open
sallyport close 10.83.0.2
gate_shut
opens
gate_open
""")


def test_nothing_is_lost_with_the_parent_or_a_reload(world):
    run(world, """
ours --check --for 600
hand anna 10.83.0.1 22 out=/root/k
lab_in client "$BUILD/tests/knock" send /root/k 10.83.0.1 22
# not lost on its way when the roles are renewed, as a single datagram may be
twice() { [ "$(grep -c 'granted user=anna' /tmp/gate.log)" = 2 ]; }
lab_wait 5 twice
gate_open
kill -HUP "$GATE"
gate_serves
sallyport who | grep '^10\\.83\\.0\\.2 '
kill -9 "$GATE"
wait "$GATE" || :
gate_open
gate_start
sallyport who | grep '^10\\.83\\.0\\.2 '
sallyport close 10.83.0.2
# what was granted before is remembered
before=$(gate_ended '.*')
lab_in client "$BUILD/tests/knock" send /root/k 10.83.0.1 22
lab_wait 5 gate_ends $((before + 1)) '.*'
gate_shut
twice
nft flush ruleset
gate_shut
""")


def test_nobody_can_flush_the_table_while_grant_is_dead(world):
    run(world, """
kill -STOP "$GATE"
kill -9 "$(gate_role grant)"
nft flush ruleset
nft list table inet sallyport >/tmp/table
gate_shut
kill -CONT "$GATE"
gate_serves
nft flush ruleset
gate_shut
opens
gate_open
""")


OTHERS = """table ip filter {
	chain ufw-user-input {
		tcp dport 22 accept
	}
	chain INPUT {
		type filter hook input priority filter; policy drop;
		ct state established accept
		jump ufw-user-input
	}
	chain DOCKER-USER {
	}
}
table inet firewalld {
	chain filter_INPUT {
		type filter hook input priority filter + 10; policy accept;
	}
}
table inet mine {
	chain input {
		type filter hook input priority filter; policy accept;
	}
	chain helper {
	}
}"""


def test_other_firewalls_are_named(world):
    out = run(world, """
sallyportd -t 2>&1
grep -c 'beside=none' /tmp/gate.log
nft -f - <<<"$OTHERS"
sallyportd -t 2>&1
kill -HUP "$GATE"
gate_serves
sed -n 's/.*beside=//p' /tmp/gate.log | tail -1
opens
gate_open
""".replace("$OTHERS", OTHERS))
    lines = out.splitlines()
    names = ["ufw", "iptables (drops)", "Docker", "firewalld", "table inet mine"]
    assert lines[0] == "1"
    assert sorted(lines[1:6]) == sorted(f"sallyport: warning: {name} is at work here, too: "
                                        "a port that it shuts stays shut, also for who has knocked"
                                        for name in names)
    assert sorted(lines[6].strip('"').split(", ")) == sorted(names)


def test_each_role_is_locked_in(world):
    out = run(world, """
for role in net keeper index grant; do
	pid=$(gate_role $role)
	echo "$role $(sed -n 's/^Uid:\\t\\([0-9]*\\).*/\\1/p; s/^CapEff:\\t//p; s/^NoNewPrivs:\\t//p; s/^Seccomp:\\t//p' /proc/$pid/status | paste -sd' ')"
done
""")
    rows = {line.split()[0]: line.split()[1:] for line in out.splitlines() if line.split()[:1] in (["net"], ["keeper"], ["index"], ["grant"])}
    assert set(rows) == {"net", "keeper", "index", "grant"}
    for role, (uid, caps, no_new, seccomp) in rows.items():
        assert (no_new, seccomp) == ("1", "2"), role
        assert (uid == "0") == (role == "index")
    assert rows["net"][1] == rows["keeper"][1] == "0" * 16
    assert int(rows["grant"][1], 16) == 1 << 12  # CAP_NET_ADMIN


def test_only_root_may_ask(world):
    out = run(world, """
setpriv --reuid 1001 --regid 1001 --clear-groups sallyport who 2>&1 || echo "exit $?"
sallyport grant 10.83.0.9 --for 1m
sallyport who
sallyport close 10.83.0.9
sallyport close 10.83.0.9 || echo "exit $?"
""")
    assert "only root can ask the daemon" in out and "exit 2" in out
    assert "by hand" in out and "exit 1" in out


def test_a_hundred_thousand_accounts_in_one_group(world, figure):
    out = run(world, """
gate_stop
seq 100000 199999 >/tmp/n
sed 's|.*|u&:x:&:&::/home/u&:/bin/bash|' /tmp/n >>/etc/passwd
sed 's|.*|u&:*:19000:0:99999:7:::|' /tmp/n >>/etc/shadow
{ sed 's|.*|u&:x:&:|' /tmp/n; printf 'crowd:x:99999:'; sed 's/^/u/' /tmp/n | paste -sd,; } >>/etc/group
install -d -m 700 -o 199999 -g 199999 /home/u199999 /home/u199999/.ssh
install -m 600 -o 199999 -g 199999 "$LAB_KEYS/anna.pub" /home/u199999/.ssh/authorized_keys
echo 'AllowGroups crowd' >>/etc/ssh/sshd_config
lab_sshd_stop
lab_sshd_start
gate_start
gate_client u199999 "$LAB_KEYS/anna"
start=$(date +%s%3N)
ours
lab_wait 10 gate_open
echo "open after $(($(date +%s%3N) - start)) ms"
login true
sallyport close 10.83.0.2
# one that is no member, and one that lists no key
for name in anna u150000; do
	gate_client $name "$LAB_KEYS/anna"
	before=$(gate_ended '.*')
	ours
	lab_wait 10 gate_ends $((before + 1)) '.*'
	gate_shut
done
sed -n 's/VmHWM:[ \\t]*/memory of index: /p' "/proc/$(gate_role index)/status"
""")
    figure("100,000 accounts: " + ", ".join(line for line in out.splitlines() if line.startswith(("open after", "memory"))))


def test_an_interface_that_goes_and_one_that_comes_back_change_nothing(world):
    run(world, """
lab_client other 3
opens
ip link del lab3
sallyport close 10.83.0.2; gate_shut
opens
ip link del lab2; sleep 1
ip netns del client
lab_client client
sallyport close 10.83.0.2; gate_shut
opens
[ "$(login whoami)" = anna ]
""", settings="'Interface lab2 lab3'")
