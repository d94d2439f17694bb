# SPDX-License-Identifier: GPL-3.0-or-later
# test_enroll.py - after one 'sallyport enroll' plain ssh to a hidden server works, with the real ssh, agent and sshd.
import json
import os
import re

import pytest

pytestmark = pytest.mark.skipif("ASAN_OPTIONS" in os.environ, reason="the roles' sandboxes leave no room for a sanitizer's own calls")

SETUP = r"""
set -eu
. "$LAB_SOURCE/tests/lab/gate.sh"
lab_account anna 1001
lab_client client
lab_sshd_start
gate_laptop
enroll() { lab_in client sallyport enroll "$@" </dev/null; }
login() { lab_in client ssh server "$@" </dev/null; }
hide() { gate_install "$@"; gate_start || { cat /tmp/gate.log; exit 1; }; gate_shut; }
"""


def run(world, body, timeout=300):
    got = world(SETUP + body, timeout=timeout)
    assert got.returncode == 0, got.stdout + got.stderr
    return got


def objects(text):
    at = 0
    while (at := text.find("{", at)) >= 0:
        value, at = json.JSONDecoder().raw_decode(text, at)
        yield value


def test_before_it_is_hidden_and_plain_ssh_after(world):
    got = run(world, r"""
cp -p /root/.ssh/config /root/before
chmod 640 /root/.ssh/config
login 'echo plain'
enroll server
hide
login 'echo knocked'
login 'echo knocked'
enroll server --format json
stat -c %a /root/.ssh/config /root/.ssh/sallyport /root/.ssh/sallyport/config
head -n 1 /root/.ssh/config; tail -n +2 /root/.ssh/config | cmp - /root/before && echo as-before
grep -c . /root/.ssh/sallyport/config
enroll --undo server
cat /root/.ssh/sallyport/config
enroll --undo server
sallyport close 10.83.0.2 >/dev/null
! login true 2>/dev/null
gate_stop
""")
    text = got.stdout
    head, _, rest = text.partition("{")
    body, _, tail = rest.partition("\n}\n")
    answer = json.loads("{" + body + "}")
    assert head.startswith("plain\nssh server knocks by itself, with SHA256:"), text + got.stderr
    assert "A knock was sent: the port is open to us.\nUndo: sallyport enroll --undo server\n" in head
    assert head.endswith("knocked\nknocked\n")
    assert answer["schema"] == "sallyport.enroll.v1" and not answer["changed"] and answer["open"] is True
    assert answer["identity"] == "/root/.ssh/id_ed25519" and answer["host"] == "server"
    assert tail.splitlines() == ["640", "700", "600", "Include sallyport/config", "as-before", "5",
                                 "server is taken out of /root/.ssh/sallyport/config.",
                                 "server is not in /root/.ssh/sallyport/config."], tail


def test_two_at_once_are_both_written_down(world):
    got = run(world, r"""
for i in 1 2 3 4 5 6; do
    printf 'Host h%s\n\tHostName 10.83.0.1\n\tUser anna\n\tBatchMode yes\n' $i >>/root/.ssh/config
done
for i in 1 2 3 4 5 6; do enroll h$i >/dev/null & pids="${pids:-} $!"; done
for pid in $pids; do wait $pid; done
grep -c '^Host h' /root/.ssh/sallyport/config; grep -c '^Include' /root/.ssh/config
""")
    assert got.stdout.split() == ["6", "1"], got.stdout + got.stderr


def test_a_hidden_server_is_knocked_at_to_enroll(world):
    got = run(world, r"""
hide
enroll -i /root/.ssh/id_ed25519 anna@server --knock-port 9,22
grep -c -- '--knock-port 9,22' /root/.ssh/sallyport/config
login 'echo in'
gate_stop
""")
    assert got.stdout.splitlines()[-2:] == ["1", "in"], got.stdout + got.stderr


def test_a_key_that_only_the_agent_has_is_pinned_by_its_public_half(world):
    got = run(world, r"""
eval "$(ssh-agent)" >/dev/null
for i in 1 2 3 4 5 6; do ssh-keygen -q -t ed25519 -N '' -f /root/other$i; ssh-add -q /root/other$i; done
mv /root/.ssh/id_ed25519 /root/key; rm /root/.ssh/id_ed25519.pub; ssh-add -q /root/key
echo 'MaxAuthTries 20' >>/etc/ssh/sshd_config; lab_sshd_reload
ssh-add -d /root/other5 /root/other6 2>/dev/null; ssh-add -d /root/other4 2>/dev/null
enroll server
ssh-keygen -lf /root/.ssh/sallyport/server.pub | cut -d' ' -f2; ssh-keygen -lf /root/key.pub 2>/dev/null | cut -d' ' -f2 || :
hide
login 'echo in'
gate_stop
kill $SSH_AGENT_PID
""")
    lines = got.stdout.splitlines()
    assert lines[-1] == "in"
    assert f"with {lines[-2]}." in got.stdout, got.stdout + got.stderr


def test_the_host_key_comes_through_a_login_that_ssh_verified(world):
    """The host is known by its ECDSA key alone, to which no knock can be sealed."""
    got = run(world, r"""
echo "10.83.0.1 $(cut -d' ' -f1,2 /etc/ssh/ssh_host_ecdsa_key.pub)" >/root/.ssh/known_hosts
printf '\tHostKeyAlgorithms ecdsa-sha2-nistp256\n\tUpdateHostKeys no\n' >>/root/.ssh/config
enroll server --dry-run || echo "status $?"
wc -l </root/.ssh/known_hosts; ls -d /root/.ssh/sallyport 2>/dev/null || :
enroll server
hide
login 'echo in'
gate_stop
""")
    assert "status 1\n1\n" in got.stdout and "would be added to known_hosts" in got.stdout, got.stdout + got.stderr
    assert "was added to known_hosts" in got.stdout and got.stdout.endswith("in\n")
    assert "no Ed25519 host key" not in got.stderr


def test_other_accounts_log_in_as_before(world):
    """Bob has another key, which no configuration names."""
    got = run(world, r"""
lab_account bob 1002
ssh-keygen -q -t ecdsa -N '' -C bob -f /root/.ssh/id_ecdsa
install -d -m 700 -o bob -g bob /home/bob/.ssh
install -m 600 -o bob -g bob /root/.ssh/id_ecdsa.pub /home/bob/.ssh/authorized_keys
enroll server
hide
lab_in client ssh bob@server whoami </dev/null
sallyport close 10.83.0.2 >/dev/null
login whoami
enroll bob@server
sallyport close 10.83.0.2 >/dev/null
lab_in client ssh bob@server whoami </dev/null
gate_stop
""")
    assert [line for line in got.stdout.splitlines() if " " not in line] == ["bob", "anna", "bob"], got.stdout + got.stderr


HOST_KEYS = {
    # a file that is there and that sshd does not use
    "stale": r"""
mkdir /etc/ssh/keys; ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/keys/e
printf 'HostKey /etc/ssh/keys/e\nHostKey /etc/ssh/ssh_host_ecdsa_key\n' >/etc/ssh/sshd_config.d/k.conf
lab_sshd_reload
echo "10.83.0.1 $(cut -d' ' -f1,2 /etc/ssh/ssh_host_ecdsa_key.pub)" >/root/.ssh/known_hosts
printf '\tHostKeyAlgorithms ecdsa-sha2-nistp256\n\tUpdateHostKeys no\n' >>/root/.ssh/config
""",
    # ssh warns, and goes on because it is told to
    "changed": r"""
ssh-keygen -q -t ecdsa -N '' -f /root/other
echo "10.83.0.1 $(cut -d' ' -f1,2 /root/other.pub)" >/root/.ssh/known_hosts
printf '\tHostKeyAlgorithms ecdsa-sha2-nistp256\n\tUpdateHostKeys no\n\tStrictHostKeyChecking no\n' >>/root/.ssh/config
""",
    "revoked": r"""
echo "10.83.0.1 $(cut -d' ' -f1,2 /etc/ssh/ssh_host_ecdsa_key.pub)" >/root/.ssh/known_hosts
echo "@revoked 10.83.0.1 $(cut -d' ' -f1,2 /etc/ssh/ssh_host_ed25519_key.pub)" >>/root/.ssh/known_hosts
printf '\tHostKeyAlgorithms ecdsa-sha2-nistp256\n\tUpdateHostKeys no\n' >>/root/.ssh/config
""",
}


@pytest.mark.parametrize("case", HOST_KEYS)
def test_a_host_key_that_is_not_proven_is_not_noted_down(world, case):
    got = run(world, HOST_KEYS[case] + r"""
login true 2>/dev/null
before=$(lab_snapshot /root/.ssh)
! enroll server
[ "$before" = "$(lab_snapshot /root/.ssh)" ] && echo unchanged
""")
    assert got.stdout == "unchanged\n", got.stdout + got.stderr
    assert "no Ed25519 host key of 'server' is known" in got.stderr
    assert ("REMOTE HOST IDENTIFICATION HAS CHANGED" in got.stderr) == (case == "changed")


def test_nothing_is_changed_where_it_cannot_work(world):
    got = run(world, r"""
before=$(lab_snapshot /root/.ssh)
try() { "$@" && echo wrong; [ "$before" = "$(lab_snapshot /root/.ssh)" ] || echo changed; }
rm /home/anna/.ssh/authorized_keys
try enroll server
install -m 600 -o anna -g anna /root/.ssh/id_ed25519.pub /home/anna/.ssh/authorized_keys
try enroll -F /root/none server
try enroll 'two words'
try enroll ssh://anna@server:22
try enroll 10.83.0.1 --knock-port x
cp -p /root/.ssh/config /root/kept
printf '\tProxyCommand nc %%h %%p\n' >>/root/.ssh/config
before=$(lab_snapshot /root/.ssh)
try enroll server
sed -i 's/ProxyCommand.*/ProxyJump %r@other/' /root/.ssh/config
before=$(lab_snapshot /root/.ssh)
try enroll server
cp -p /root/kept /root/.ssh/config
mkdir -m 700 /root/.ssh/sallyport
echo '# sallyport enroll: begin server' >/root/.ssh/sallyport/config
before=$(lab_snapshot /root/.ssh)
try enroll server
""")
    assert got.stdout == "", got.stdout + got.stderr
    said = [line for line in got.stderr.splitlines() if line.startswith("sallyport: ")]
    assert said == [
        "sallyport: the login at 'server' failed, so nothing was changed (ssh ended with 255)",
        "sallyport: cannot tell where your ssh_config is: there is no such thing",
        "sallyport: the host is 'two words': wants one name as ssh takes it, without blanks, patterns or quotes",
        "sallyport: the host is 'server:22': wants one name as ssh takes it, without blanks, patterns or quotes",
        "sallyport: --knock-port is 'x': wants ports between 1 and 65535",
        "sallyport: ssh goes to 'server' by a ProxyCommand already: nc %h %p",
        "sallyport: ssh goes to 'server' through '%r@other': wants hosts as ssh -J takes them, without tokens",
        "sallyport: /root/.ssh/sallyport/config: the lines for 'server' begin and do not end: wants the line that ends them, or none of them",
    ], got.stderr
    assert "Permission denied (publickey" in got.stderr


# ---- what the server tells within the login ----


def test_the_secret_of_the_site_comes_through_the_login(world):
    """Taken before it is required; unreadable for an account; changed; taken back. A knock by hand uses it, too."""
    got = run(world, r"""
mkdir -p /etc/sallyport
printf '%064d\n' 7 >/etc/sallyport/site-secret; chmod 600 /etc/sallyport/site-secret
gate_install "SiteSecret /etc/sallyport/site-secret" "SiteSecretMode require"
enroll server >/root/first
echo "unreadable $(ls /root/.ssh/sallyport | tr '\n' ' ')"
chgrp anna /etc/sallyport/site-secret; chmod 640 /etc/sallyport/site-secret
enroll server --dry-run | grep -c 'would be kept'
enroll server --format json
cmp /etc/sallyport/site-secret /root/.ssh/sallyport/server.secret; stat -c %a /root/.ssh/sallyport/server.secret
gate_start || { cat /tmp/gate.log; exit 1; }
gate_shut
login 'echo in'
sallyport close 10.83.0.2 >/dev/null; gate_shut
lab_in client sallyport knock server
enroll server --format json
mv /root/.ssh/sallyport/server.secret /root/away
sallyport close 10.83.0.2 >/dev/null; gate_shut
! login true 2>/root/said
cat /root/said >&2
mv /root/away /root/.ssh/sallyport/server.secret
gate_stop
nft flush ruleset
sed -i /SiteSecret/d /etc/sallyport/sallyportd.conf
enroll server | grep 'no secret any more'
[ ! -e /root/.ssh/sallyport/server.secret ]
""")
    lines = got.stdout.splitlines()
    answers = list(objects(got.stdout))
    assert lines[0] == "unreadable config " and lines[1] == "1", got.stdout + got.stderr
    assert answers[0]["siteSecret"] == "taken" and answers[0]["changed"] is True
    assert answers[1]["siteSecret"] == "taken" and answers[1]["changed"] is False and answers[1]["open"] is True
    assert "640" not in lines and "600" in lines and "in" in lines
    assert any(line.startswith("Knocked at server") and line.endswith("it is open.") for line in lines)
    assert lines[-1] == "Its site has no secret any more: the one from before was removed."
    assert "has a secret, '/etc/sallyport/site-secret', which 'anna' may not read there" in got.stderr
    assert "hint: whoever administers it can let a group read it: sudo chgrp GROUP /etc/sallyport/site-secret" in got.stderr
    assert "hint: has its site a secret?" in got.stderr


def test_a_clock_that_is_off_is_said(world):
    got = run(world, r"""
real=$(readlink -f /usr/bin/date); cp "$real" /root/date; chmod 755 /root/date; chmod 711 /root
lab_program date <<<'#!/bin/sh
echo $(($(/root/date +%s) - 600))'
enroll server --format json
""")
    answer = next(objects(got.stdout))
    assert -602 <= answer["clockAhead"] <= -598 and answer["siteSecret"] == "none"
    assert re.search(r"warning: the clock of 'server' is 10 min [0-2] s behind ours: it takes no knock", got.stderr), got.stderr


# ---- what users have ----

CONFIGS = {
    "quotes": 'Host "server" "other one"\n  HostName="10.83.0.1"\n  User "anna"\n  IdentityFile "/root/.ssh/my keys/id"\n',
    "equals": "hostname = 10.83.0.9\nHOST=server\n\tUser=anna\n\tIDENTITYFILE = \"~/.ssh/my keys/id\"\n",
    "match": "Match host server exec \"test 'a b' = 'a b'\"\n\tHostName 10.83.0.1\n\tUser anna\n\tIdentityFile '%d/.ssh/my keys/id'\n",
    "carriage returns": "Host server\r\n\tHostName 10.83.0.1\r\n\tUser anna\r\n\tIdentityFile \"/root/.ssh/my keys/id\"\r\n",
}


@pytest.mark.parametrize("case", CONFIGS)
def test_unusual_quoting_is_no_obstacle(world, case):
    got = run(world, f"""
cat >/root/.ssh/config <<'END'
{CONFIGS[case]}END
""" + r"""
sed -i 's/^hostname.*//' /root/.ssh/config; grep -qi hostname /root/.ssh/config || printf '	HostName 10.83.0.1
' >>/root/.ssh/config
mkdir "/root/.ssh/my keys"; mv /root/.ssh/id_ed25519 "/root/.ssh/my keys/id"; mv /root/.ssh/id_ed25519.pub "/root/.ssh/my keys/id.pub"
enroll server --format json
cp /root/.ssh/config /root/before
hide
login whoami
sallyport close 10.83.0.2 >/dev/null; gate_shut
enroll server --format json
cmp /root/.ssh/config /root/before
login whoami
gate_stop
""")
    first, second = objects(got.stdout)
    assert first["identity"] == second["identity"] == "/root/.ssh/my keys/id", got.stdout
    assert first["changed"] and not second["changed"] and second["open"]
    assert got.stdout.count("\nanna\n") == 2, got.stdout + got.stderr


def test_lines_of_others_for_the_same_host_stay(world):
    """A stanza of the user's own, in their file and outside of our marks in ours."""
    got = run(world, r"""
mkdir -m 700 /root/.ssh/sallyport
printf 'Host server
	Compression yes
' >/root/.ssh/sallyport/config
enroll server >/dev/null
enroll server >/dev/null
hide
login whoami
ssh -G server | grep -c '^compression yes'
enroll --undo server >/dev/null
cat /root/.ssh/sallyport/config
gate_stop
""")
    assert got.stdout.splitlines() == ["anna", "1", "Host server", "\tCompression yes"], got.stdout + got.stderr


def test_a_host_that_was_installed_anew(world):
    """Its lines are there and its key is another: ssh says so while it is open, and connect when it is hidden."""
    got = run(world, r"""
enroll server >/dev/null
ssh-keygen -q -t ed25519 -N '' -f /root/new; cp /root/new /etc/ssh/ssh_host_ed25519_key; cp /root/new.pub /etc/ssh/ssh_host_ed25519_key.pub
rm /etc/ssh/ssh_host_{rsa,ecdsa}_key*
lab_sshd_reload
old=$(ssh-keygen -lf /root/.ssh/known_hosts | cut -d' ' -f2)
! enroll server
hide
sed -i 's/ConnectTimeout 30/ConnectTimeout 60/' /root/.ssh/config
! login true
echo "$old"
gate_stop
""")
    old = got.stdout.split()[-1]
    assert "REMOTE HOST IDENTIFICATION HAS CHANGED" in got.stderr
    assert "the login at 'server' failed, so nothing was changed" in got.stderr
    assert f"hint: the knock was sealed to {old} of known_hosts: is its Ed25519 key still that one?" in got.stderr, got.stderr


# ---- for the machines of others ----


def test_a_bundle_spares_the_first_contact(world):
    """Exported by somebody who is enrolled; dropped in as files where nobody has ever seen the server."""
    got = run(world, r"""
printf 'Host port\n\tHostName 10.83.0.1\n\tPort 2222\n\tHostKeyAlias other\nHost unknown\n\tHostName 10.83.0.9\n' >>/root/.ssh/config
echo "other $(cut -d' ' -f1,2 /etc/ssh/ssh_host_ed25519_key.pub)" >>/root/.ssh/known_hosts
enroll --knock-port 9,22 server >/dev/null
enroll --bundle | sed 's/ AAAA.*/ KEY/'
mkdir /root/out
enroll --bundle --into /root/out server port
enroll --bundle --format json server unknown port || echo "status $?"
cmp <(sed -n 's/^#known_hosts //p' <<<"$(enroll --bundle server port)") /root/out/known_hosts
hide
mv /root/.ssh/id_ed25519 /root/key; rm -r /root/.ssh; ssh-keygen -R x 2>/dev/null || :
install -m 644 /root/out/ssh_config /etc/ssh/ssh_config.d/50-sallyport.conf
install -m 644 /root/out/known_hosts /etc/ssh/ssh_known_hosts
lab_in client ssh -o BatchMode=yes -o StrictHostKeyChecking=yes -i /root/key anna@server whoami </dev/null
gate_stop
""")
    head, _, rest = got.stdout.partition("{")
    assert head == """# by sallyport enroll --bundle
Host server
\tHostName 10.83.0.1
\tProxyCommand sallyport connect --alias %n --user %r --knock-port 9,22 %h %p
\tProxyUseFdpass yes
#known_hosts 10.83.0.1 ssh-ed25519 KEY
2 of 2 hosts: /root/out/ssh_config, known_hosts, bundle.json.
""", head
    answer = next(objects(got.stdout))
    assert answer["schema"] == "sallyport.bundle.v1"
    server, unknown, port = answer["hosts"]
    assert server["knockPorts"] == [9, 22] and server["jump"] is None and server["siteSecret"] is False and server["error"] is None
    assert unknown == {"host": "unknown", "error": "no-host-key"}
    assert port["port"] == 2222 and port["hostKeyAlias"] == "other" and port["knownHosts"][0].startswith("other ssh-ed25519 AAAA")
    assert "\tPort 2222\n\tHostKeyAlias other\n" in port["sshConfig"]
    assert rest.endswith("status 1\nanna\n"), rest


# ---- Ansible ----

PLAYBOOK = """
- hosts: all
  gather_facts: false
  tasks:
    - ansible.builtin.ping:
    - ansible.builtin.setup: {gather_subset: [min]}
    - ansible.builtin.copy: {content: "by {{ inventory_hostname }}", dest: "/home/anna/{{ inventory_hostname }}"}
    - ansible.builtin.command: cat /home/anna/{{ inventory_hostname }}
      register: said
    - ansible.builtin.assert: {that: said.stdout == "by " + inventory_hostname}
    - ansible.builtin.file: {path: "/home/anna/{{ inventory_hostname }}", state: absent}
"""


def test_ansible_does_not_notice(world):
    """Plain inventory, ten hosts at once without connections that are kept; then a playbook as Ansible comes."""
    got = run(world, r"""
eval "$(ssh-agent)" >/dev/null
ssh-add -q /root/.ssh/id_ed25519
enroll server >/dev/null
mv /root/.ssh/id_ed25519 /root/away
python3 "$LAB_SOURCE/tests/lab/agent_count.py" /root/counted /root/signed >/root/ready & counter=$!
lab_wait 10 grep -q ready /root/ready
export SSH_AUTH_SOCK=/root/counted ANSIBLE_NOCOLOR=1 ANSIBLE_FORKS=10 ANSIBLE_TIMEOUT=60 ANSIBLE_LOCAL_TEMP=/root/.ansible/tmp
sed -i 's/^#*MaxStartups.*//' /etc/ssh/sshd_config; echo 'MaxStartups 100' >>/etc/ssh/sshd_config
lab_sshd_reload
hide 'GrantTime 300'
sallyport close 10.83.0.2 >/dev/null || :; gate_shut
echo 'server' >/root/one
for i in 1 2 3 4 5 6 7 8 9 10; do echo "web$i ansible_host=server"; done >/root/ten
cat >/root/playbook.yml <<'END'
""" + PLAYBOOK + r"""
END
lab_in client env ANSIBLE_SSH_ARGS= ansible -i /root/ten all -m raw -a 'echo in' </dev/null | grep -c '^in'
echo "knocks $(grep -c knock /root/signed)"
sallyport close 10.83.0.2 >/dev/null; gate_shut
lab_in client ansible -i /root/one all -m ping </dev/null | head -n 1
lab_in client ansible-playbook -i /root/one /root/playbook.yml </dev/null | tail -n 2
kill $counter $SSH_AGENT_PID
gate_stop
""", timeout=600)
    lines = [" ".join(line.split()) for line in got.stdout.splitlines() if line.strip()]
    assert lines[:3] == ["10", "knocks 1", "server | SUCCESS => {"], got.stdout + got.stderr
    assert lines[3].startswith("server : ok=6 changed=3 unreachable=0 failed=0"), got.stdout + got.stderr
