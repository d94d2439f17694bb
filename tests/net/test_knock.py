# SPDX-License-Identifier: GPL-3.0-or-later
# test_knock.py - what sallyport knock sends, made with the real ssh, ssh-agent and ssh-keygen, opens as a server opens it.
import json
import pathlib
import re
import time

import pytest

SK_DUMMY = pathlib.Path("/usr/lib/openssh/regress/misc/sk-dummy/sk-dummy.so")

# A host at 127.0.0.1 and ::1, known by its Ed25519 key, which keeps what comes to its UDP port 22.
PROLOGUE = r"""
mkdir -p /tmp/knock ~/.ssh && cd /tmp/knock && mkdir got && chmod 700 ~/.ssh
ssh-keygen -q -t ed25519 -N '' -C '' -f host
known() { sed "s/^/$1 /" "${2:-host.pub}" >>~/.ssh/known_hosts; }
known '127.0.0.1,::1,localhost'
ip link set lo up
python3 "$LAB_SOURCE/tests/lab/datagrams.py" 22 got >ready & listener=$!
lab_wait 10 grep -qs ready ready || exit 9
trap 'kill $listener ${SSH_AGENT_PID:-}' EXIT
agent() { eval "$(ssh-agent -a "$PWD/agent.sock" "$@")" >/dev/null; }
key() { # NAME TYPE [OPTION...]
	ssh-keygen -q -t "$2" -N '' -C "$1" -f "$1" "${@:3}"
}
taken=0
# The first datagram that was not looked at, by whom it should be: opened KEY.pub [ca=...]
opened() {
	taken=$((taken + 1))
	lab_wait 5 test -e got/$taken || { echo '{"stage": "nothing"}'; return; }
	"$BUILD/tests/knock_open" host got/$taken "$@"
}
knock() { sallyport knock "$@" </dev/null; }
"""


def objects(text):
    at = 0
    while (at := text.find("{", at)) >= 0:
        value, at = json.JSONDecoder().raw_decode(text, at)
        yield value


@pytest.fixture
def lab(world):
    """Runs a snippet beside such a host: (exit status, the JSON that it printed, stderr)."""

    def run(snippet, env=None):
        got = world(PROLOGUE + snippet, env=env)
        # nothing listens for TCP there
        said = "".join(line for line in got.stderr.splitlines(True) if "has not opened; what may be" not in line)
        return got.returncode, list(objects(got.stdout)), said

    return run


KEYS = {
    "ed25519": ("ed25519", "", "ssh-ed25519"),
    "rsa-2048": ("rsa", "-b 2048", "rsa-sha2-512"),
    "rsa-3072": ("rsa", "-b 3072", "rsa-sha2-512"),
    "rsa-3072-pem": ("rsa", "-b 3072 -m PEM", "rsa-sha2-512"),
    "ecdsa-256": ("ecdsa", "-b 256", "ecdsa-sha2-nistp256"),
    "ecdsa-384": ("ecdsa", "-b 384", "ecdsa-sha2-nistp384"),
    "ecdsa-521": ("ecdsa", "-b 521", "ecdsa-sha2-nistp521"),
}


@pytest.mark.parametrize("name", KEYS)
def test_a_key_of_each_type_knocks_from_agent_and_file(lab, name):
    kind, options, algorithm = KEYS[name]
    begun = time.time()
    status, lines, said = lab(f"""
        key anna {kind} {options}
        knock -l anna -i anna -4 localhost >/dev/null || exit 1
        opened anna.pub || exit 2
        cmp got/1 got/2 && cmp got/1 got/3 || exit 3 # the copies
        taken=3
        agent && ssh-add -q anna && mv anna away
        knock -l anna -4 127.0.0.1 --from 192.0.2.7 --for 45s >/dev/null || exit 4
        opened anna.pub || exit 5
        [ $(ls got | wc -l) = 6 ] || exit 6
        stat -c %s got/*  | sort -u""")
    assert (status, said) == (0, "")
    file, agent = lines
    assert file["stage"] == agent["stage"] == "accepted"
    assert file["algorithm"] == agent["algorithm"] == algorithm
    assert file["user"] == agent["user"] == "anna"
    assert file["gate"] and agent["gate"] and file["kind"] == agent["kind"] == 1
    # this host has no address that the internet could come to
    assert (file["addr_type"], file["addr"], file["duration"]) == (0, "0" * 32, 0)
    assert (agent["addr_type"], agent["addr"], agent["duration"]) == (4, "c0000207" + "0" * 24, 45)
    assert begun - 1 <= file["ts"] / 1000 <= time.time() + 1
    assert file["ports"] == agent["ports"] == []


def test_a_passphrase_is_asked_for_by_ssh_keygen(lab):
    status, lines, said = lab(r"""
        ssh-keygen -q -t ed25519 -N 'a long one' -C anna -f anna && rm anna.pub.bak 2>/dev/null
        printf '#!/bin/sh\necho asked >>asked\necho "a long one"\n' >askpass && chmod +x askpass
        export SSH_ASKPASS=$PWD/askpass SSH_ASKPASS_REQUIRE=force
        knock -l anna -i anna -4 localhost >/dev/null || exit 1
        opened anna.pub || exit 2
        [ "$(cat asked)" = asked ] || exit 3
        mv anna.pub public # the file itself tells its public half, too
        taken=3
        knock -l anna -i anna -4 localhost >/dev/null || exit 4
        opened public || exit 5
        printf '#!/bin/sh\necho wrong\n' >askpass
        knock -l anna -i anna -4 localhost --format json""")
    assert status == 2
    assert [line["stage"] for line in lines[:2]] == ["accepted"] * 2
    assert lines[2]["error"] == "cannot-sign" and lines[2]["sent"] == 0
    assert "incorrect passphrase" in said and "ssh-keygen does not sign with SHA256:" in said


@pytest.mark.skipif(not SK_DUMMY.exists(), reason="no sk-dummy.so (openssh-tests) is installed")
@pytest.mark.parametrize("kind", ["ed25519-sk", "ecdsa-sk"])
def test_a_security_key_knocks_where_it_is_named(lab, kind):
    status, lines, said = lab(f"""
        export SSH_SK_PROVIDER={SK_DUMMY}
        key anna {kind} || exit 9
        knock -q -l anna -i anna -4 localhost >/dev/null || exit 1
        opened anna.pub || exit 2
        agent -P '/usr/lib/*' && ssh-add -q anna || exit 9
        taken=3
        knock -q -l anna -i anna -4 localhost >/dev/null || exit 3
        opened anna.pub || exit 4
        knock -l anna -4 localhost --format json; exit $?""")
    assert [line.get("stage") for line in lines[:2]] == ["accepted"] * 2
    assert lines[0]["algorithm"] == f"sk-{'ssh-ed25519' if kind == 'ed25519-sk' else 'ecdsa-sha2-nistp256'}@openssh.com"
    # it is not asked for a touch where nobody named it
    assert (status, lines[2]["error"]) == (2, "cannot-sign")
    assert "security keys are asked for a touch only where they are named" in said


def test_certificates_go_along_and_a_big_one_gives_way_to_its_key(lab):
    status, lines, said = lab("""
        key ca ed25519 && key bigca rsa -b 4096
        key anna ed25519 && key berta rsa -b 3072
        ssh-keygen -q -s ca -I anna -n anna anna.pub && ssh-keygen -q -s bigca -I berta -n anna berta.pub
        knock -l anna -i anna -4 localhost --format json || exit 1
        opened anna.pub; opened anna.pub ca=ca.pub
        agent && ssh-add -q anna && mv anna away && rm anna-cert.pub anna.pub
        ssh-keygen -y -f away >anna.pub
        taken=6
        knock -l anna -4 localhost --format json || exit 2
        taken=7; opened anna.pub ca=ca.pub
        ssh-add -qD; taken=12
        knock -l anna -i berta -4 localhost --format json || exit 3
        opened berta.pub
        # a CA that signs with RSA is not too big for a small key
        mv away berta2; ssh-keygen -q -s bigca -I b -n anna -O clear anna.pub && mv anna-cert.pub berta2-cert.pub
        cp anna.pub berta2.pub; taken=15
        knock -l anna -i berta2 -4 localhost --format json || exit 4
        taken=16; opened anna.pub ca=bigca.pub""")
    assert status == 0
    sent, plain, cert, sent_agent, cert_agent, sent_big, big, sent_small, small = lines
    assert sent["sent"] == 2 and plain["kind"] == 1 and cert["kind"] == 2
    assert cert["stage"] == "accepted" and cert["authority"] == "signed" and cert["used"] > 500
    assert cert_agent["kind"] == 2 and cert_agent["authority"] == "signed" and sent_agent["sent"] == 2
    assert sent_big["sent"] == 1 and big["kind"] == 1 and big["stage"] == "accepted"
    assert "too big for a knock" in said
    assert small["kind"] == 2 and small["authority"] == "signed" and 800 < small["used"] <= 1176


def test_the_agent_is_asked_in_the_order_of_ssh_and_four_keys_at_most(lab):
    status, lines, said = lab("""
        for name in a b c d e f; do key $name ed25519; done
        agent && ssh-add -q a b c d e
        echo "IdentityFile $PWD/e" >config
        echo "IdentityFile $PWD/f" >>config
        knock -F config -4 localhost --format json || exit 1
        for name in e a b c; do opened $name.pub; done
        echo IdentitiesOnly yes >>config
        taken=12
        knock -F config -4 localhost --format json || exit 2
        opened e.pub; opened f.pub; ls got | wc -l
        ssh-keygen -l -f e.pub; [ $(ls got | wc -l) = 18 ]""")
    assert (status, said) == (0, "")
    assert lines[0]["sent"] == 4 and lines[5]["sent"] == 2
    assert all(line["stage"] == "accepted" for line in lines[1:5] + lines[6:])
    assert len(lines[0]["keys"]) == 4 and lines[0]["key"] == lines[1]["keyid"] == lines[5]["key"]


def test_two_families_get_a_knock_each(lab):
    status, lines, said = lab("""
        key anna ed25519
        printf '127.0.0.1 both\\n::1 both\\n' >>/etc/hosts
        known both
        knock -i anna both --format json || exit 1
        opened anna.pub; opened anna.pub
        cmp -s got/1 got/2 && exit 2
        knock -i anna -6 both --format json""")
    assert (status, said) == (0, "")
    assert lines[0]["sent"] == 2 and lines[3]["sent"] == 1
    assert lines[1]["stage"] == lines[2]["stage"] == "accepted"


def test_an_address_of_the_internet_is_claimed(lab):
    status, lines, said = lab("""
        key anna ed25519
        ip link add lan type veth peer name far && ip link set lan up && ip link set far up &&
            ip addr add 8.8.8.9/24 dev lan && ip addr add 2a00::9/64 dev lan nodad || exit 9
        known 8.8.8.9 && known 2a00::9
        knock -i anna 8.8.8.9 --format json || exit 1
        opened anna.pub; taken=3
        knock -i anna 2a00::9 --for 1m --format json || exit 2
        opened anna.pub""")
    assert (status, said) == (0, "")
    assert lines[0]["address"] == "8.8.8.9" and lines[1]["addr"] == "08080809" + "0" * 24 and lines[1]["addr_type"] == 4
    assert lines[2]["address"] == "2a00::9" and lines[3]["addr_type"] == 6 and lines[3]["duration"] == 60


def test_the_site_secret_is_in_gate_and_seal(lab):
    status, lines, said = lab("""
        key anna ed25519
        printf '%064d\\n' 7 >secret && printf '%064d\\n' 0 >zero && echo short >short
        knock -i anna -4 localhost --site-secret secret >/dev/null || exit 1
        opened anna.pub secret=secret || exit 2
        taken=0; opened anna.pub && exit 3
        for bad in zero short none; do knock -i anna localhost --site-secret $bad --format json && exit 4; done; true""")
    assert status == 0
    assert lines[0]["stage"] == "accepted" and lines[0]["gate"]
    assert lines[1]["stage"] == "open"
    assert [line["error"] for line in lines[2:]] == ["trouble"] * 3
    assert said.count("no site secret in") == 2


HOST_KEYS = {
    "none": ("rm ~/.ssh/known_hosts", ["looked for localhost in"]),
    "other types": ("key rsa rsa; rm ~/.ssh/known_hosts; known localhost rsa.pub", ["keys of other types are known"]),
    "an authority": ("sed -i 's/^/@cert-authority /' ~/.ssh/known_hosts", ["@cert-authority does not help"]),
    "revoked": ("sed -i 's/^/@revoked /' ~/.ssh/known_hosts", []),
    "revoked elsewhere": ("sed 's/^[^ ]*/@revoked */' host.pub >x; sed -i 's/^/@revoked * /' host.pub; known ''",
                          ["marked as @revoked"]),
    "another port": ("O='-p 2222'; sed -i 's/^[^ ]*/[localhost]:22222/' ~/.ssh/known_hosts",
                     ["looked for [localhost]:2222 or localhost in"]),
}


@pytest.mark.parametrize("case", HOST_KEYS)
def test_says_why_there_is_no_host_key(lab, case):
    spoil, hints = HOST_KEYS[case]
    status, lines, said = lab(f"key anna ed25519; {spoil}\nknock -i anna localhost $O --format json")
    assert (status, lines[0]["error"], lines[0]["sent"]) == (2, "no-host-key", 0)
    assert "no Ed25519 host key of 'localhost' is known" in said
    for hint in hints:
        assert hint in said


def test_finds_the_host_key_as_ssh_does(lab):
    status, lines, said = lab("""
        key anna ed25519 && key old ed25519
        try() { knock -i anna -4 localhost "$@" >/dev/null || exit 1; opened anna.pub; taken=$((taken + 2)); }
        ssh-keygen -q -H -f ~/.ssh/known_hosts 2>/dev/null; rm -f ~/.ssh/known_hosts.old
        try                                             # hashed
        rm ~/.ssh/known_hosts; known '[localhost]:2222'
        try -p 2222 --knock-port 22                     # of a port
        rm ~/.ssh/known_hosts; known 'local*'
        try -p 2222 --knock-port 22                     # without the port, as ssh falls back
        rm ~/.ssh/known_hosts; known alias
        printf 'HostKeyAlias alias\\nUserKnownHostsFile ~/.ssh/known_hosts\\n' >config
        try -F config
        rm ~/.ssh/known_hosts; known localhost old.pub; known localhost
        sed 's/^/@revoked * /' old.pub >>~/.ssh/known_hosts
        try                                             # the first is revoked
        """)
    assert (status, said) == (0, "")
    assert [line["stage"] for line in lines] == ["accepted"] * 5


def test_agents_that_refuse_are_told_apart(lab):
    status, lines, said = lab("""
        key anna ed25519; key berta ed25519
        agent
        ssh-add -q -h localhost anna || exit 9
        mv anna away
        knock -l anna -i anna.pub -4 localhost --format json; echo "[$?]"
        rm agent.sock
        knock -l anna -i anna.pub -4 localhost --format json; echo "[$?]"
        unset SSH_AUTH_SOCK
        knock -l anna -4 localhost --format json
        mv away anna; knock -l 'an na' -i anna -4 localhost --format json""")
    assert status == 2
    assert [line["error"] for line in lines] == ["cannot-sign"] * 4
    assert "the agent does not sign with SHA256:" in said and "added with a destination (ssh-add -h)" in said
    assert "no agent answers at" in said and "SSH_AUTH_SOCK is not set" in said
    assert "account name may hold no" in said


def test_no_name_and_no_route(lab):
    status, lines, said = lab("""
        key anna ed25519; known 192.0.2.77; known nowhere.invalid
        knock -i anna 192.0.2.77 --format json; knock -i anna nowhere.invalid --format json""")
    assert (status, [line["error"] for line in lines]) == (2, ["no-address"] * 2)
    assert "no route to '192.0.2.77'" in said and "cannot find 'nowhere.invalid'" in said


def test_a_knock_is_made_here_and_sent_there(lab):
    status, lines, said = lab("""
        key anna ed25519
        knock -l anna -i anna localhost --print --from 2001:db8::7 >carried || exit 1
        [ ! -e got/1 ] && [ "$(wc -c <carried)" = 1674 ] || exit 2
        mv anna away
        knock -4 localhost --carry carried >/dev/null || exit 3
        opened anna.pub || exit 4
        taken=3
        sallyport knock -4 localhost --carry - <carried >/dev/null || exit 5
        opened anna.pub || exit 6
        cmp got/1 got/4 || exit 7
        knock --carry carried >/dev/null || exit 10 # where the knock itself says
        cmp got/1 got/7 || exit 11
        head -c 1000 carried >cut; knock localhost --carry cut; [ $? = 2 ] || exit 8
        mv away anna; knock -l anna -i anna localhost --print --format json
        cmp carried <(knock -l anna -i anna localhost --print) && exit 9; true""")
    assert status == 0
    assert [line["stage"] for line in lines[:2]] == ["accepted"] * 2 and lines[0]["addr_type"] == 6
    assert lines[2]["sent"] == 0 and len(lines[2]["knocks"]) == 1 and lines[2]["address"] is None
    assert said == "sallyport: there is no knock in 'cut': wants what --print wrote\n"


def test_check_exits_as_a_monitoring_plug_in(lab):
    status, lines, said = lab("""
        key anna ed25519; key old ed25519
        serve() { python3 -c '
import socket, sys, time
s = socket.create_server(("127.0.0.1", int(sys.argv[1])))
while True:
    c, _ = s.accept()
    c.sendall(sys.argv[2].encode())
    c.close()' "$1" "$2" & servers+=" $!"; lab_wait 10 lab_listening $1; }
        trap 'kill $listener $servers' EXIT
        serve 2201 "a line before
SSH-2.0-test
" && serve 2202 "220 mail
"
        check() { local line status=0; line=$(knock "$@" --check) || status=$?; echo "{\\"exit\\": $status, \\"line\\": \\"$line\\"}"; }
        for port in 2201 2202 2203; do known "[localhost]:$port"; done
        for port in 2201 2202 2203; do
            check -i anna -4 localhost -p $port --knock-port 22
        done
        check -i none -4 localhost
        check
        check -i anna -4 'odd|name'
        knock -i anna -4 localhost -p 2201 --knock-port 22 --check --format json """)
    checks, answer = lines[:-1], lines[-1]
    assert [line["exit"] for line in checks] == [0, 1, 2, 3, 3, 3]
    line = [check["line"] for check in checks]
    figures = r" \| time=[01]\.\d{3}s;;;0;6 knocks=1"
    assert re.fullmatch(r"OK - localhost opened \d+ ms after the knock, and SSH answers" + figures, line[0]), line
    assert re.fullmatch("WARNING - localhost opened, but no SSH server speaks there" + figures, line[1]), line
    assert line[2] == "CRITICAL - localhost did not open | knocks=1", line
    assert line[3] == "UNKNOWN - no knock could be sent to localhost", line
    assert line[4] == "UNKNOWN - this is not how a knock is asked for", line
    assert line[5] == "UNKNOWN - no knock could be sent to odd?name", line
    assert answer["open"] is True and answer["error"] is None and answer["milliseconds"] < 2000
    assert answer["check"] == "OK"
    assert "a server that refuses says nothing" in said and "clock" in said and "--from ADDRESS" in said
