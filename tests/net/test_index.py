# SPDX-License-Identifier: GPL-3.0-or-later
# test_index.py - the gate's index on a running system: commands that hang, files that change between two questions.
import json
import os

import pytest

PRELUDE = r"""
set -eu
mkdir -p /etc/ssh/bin
program() { cat >"/etc/ssh/bin/$1"; chmod 755 "/etc/ssh/bin/$1"; }
ask() { local key; read -r _ key _ <"/root/keys/$2.pub"; printf '{"user": "%s", "from": "%s", "key": "%s"%s}\n' "$1" "${3:-198.51.100.7}" "$key" "${4-}"; }
# until all that was asked is answered
await() { local f=/tmp/await.$BASHPID.$((++awaited)); echo "{\"await\": \"$f\"}"; lab_wait 10 test -e "$f"; }
awaited=0
# the loop alone, or the role as sallyportd executes it, with its sandbox
index() { "$BUILD/tests/index" 902 /etc/ssh/sshd_config $PROGRAM; }
lab_account anna 1001; lab_key anna
lab_account berta 1002; lab_key berta
lab_account helper 2400
lab_account sallyport-index 2401 /usr/sbin/nologin
install -m 666 /dev/null /tmp/runs
"""


@pytest.fixture(params=["loop", "role"])
def program(request):
    return "$BUILD/src/gate/sallyport-index" if request.param == "role" else ""


def answers(world, program, snippet):
    if program and "ASAN_OPTIONS" in os.environ:
        pytest.skip("the role's sandbox leaves no room for a sanitizer's own calls")
    got = world(f"PROGRAM={program}\n" + PRELUDE + snippet)
    assert got.returncode == 0, got.stdout[-2000:] + got.stderr[-2000:]
    rows = [json.loads(line) for line in got.stdout.splitlines() if line.startswith("{")]
    return {row["id"]: row for row in rows}, got


def test_each_question_sees_the_files_of_the_moment(world, program):
    said, _ = answers(world, program, r"""
echo >/etc/ssh/sshd_config
{
	ask anna anna; await; ask anna berta; ask nobody anna; await
	pub=/home/anna/.ssh/authorized_keys; mv $pub $pub.away; ask anna anna; await
	mv $pub.away $pub; ask anna anna; await
	cp /root/keys/anna.pub /etc/ssh/revoked; echo 'RevokedKeys /etc/ssh/revoked' >/etc/ssh/sshd_config; ask anna anna; ask berta berta; await
	rm /etc/ssh/revoked; ask berta berta; await
	echo 'AllowUsers anna@203.0.113.0/24' >/etc/ssh/sshd_config; ask anna anna; ask anna anna 203.0.113.9; await
	echo Nonsense >/etc/ssh/sshd_config; ask anna anna; await
	echo >/etc/ssh/sshd_config; ask anna anna 2001:db8::1 ', "grant": true'
} | index
""")
    stages = [said[i]["stage"] for i in range(len(said))]
    assert stages == ["accepted", "key", "user", "user", "accepted", "revoked", "accepted", "revoked", "policy", "accepted", "unknown",
                      "accepted"], said


def test_a_command_is_run_once_for_many_questions_and_revocation_counts_at_once(world, program):
    said, got = answers(world, program, r"""
program keys <<'END'
#!/bin/sh
echo "$1 $(id -un)" >>/tmp/runs
cat /etc/ssh/listed
END
cp /root/keys/berta.pub /etc/ssh/listed
printf '%s\n' 'AuthorizedKeysCommand /etc/ssh/bin/keys %u' 'AuthorizedKeysCommandUser helper' 'RevokedKeys /etc/ssh/revoked' >/etc/ssh/sshd_config
echo '#' >/etc/ssh/revoked
{
	for i in 1 2 3 4 5; do ask anna berta; await; ask anna berta 203.0.113.5 ', "grant": true'; await; done
	cp /root/keys/berta.pub /etc/ssh/revoked; ask anna berta; await
	: >/etc/ssh/revoked; ask anna berta; await
} | index
echo "runs: $(cat /tmp/runs)"
""")
    assert [said[i]["stage"] for i in range(12)] == ["accepted"] * 10 + ["revoked", "accepted"], said
    assert "runs: anna helper\n" in got.stdout


def test_a_command_that_hangs_costs_its_account_alone_and_is_ended(world, program):
    said, got = answers(world, program, r"""
program keys <<'END'
#!/bin/sh
[ "$1" = anna ] || exit 0
echo started >>/tmp/runs
sleep 4711
END
printf '%s\n' 'AuthorizedKeysCommand /etc/ssh/bin/keys %u' 'AuthorizedKeysCommandUser helper' >/etc/ssh/sshd_config
{
	ask anna berta; ask anna anna; echo '{"sleep": 300}'
	for i in 1 2 3; do ask berta berta; done
	await
} | index
ended() { ! pgrep -x 'sleep|keys' >/dev/null; }
lab_wait 5 ended || :
echo "left: $(pgrep -xc sleep) $(pgrep -xc keys)"
""")
    # what is in the file is found, however the command fares
    assert said[0]["stage"] == "unknown" and said[1]["stage"] == "accepted", said
    assert 3000 <= said[0]["ms"] <= 60000, said
    assert [said[i]["stage"] for i in (2, 3, 4)] == ["accepted"] * 3 and all(said[i]["ms"] < said[0]["ms"] for i in (1, 2, 3, 4)), said
    assert "left: 0 0\n" in got.stdout, got.stdout


def test_commands_are_run_only_so_often(world, program):
    said, got = answers(world, program, r"""
program keys <<'END'
#!/bin/sh
echo run >>/tmp/runs
exit 1
END
printf '%s\n' 'AuthorizedKeysFile none' 'AuthorizedKeysCommand /etc/ssh/bin/keys %u' 'AuthorizedKeysCommandUser helper' >/etc/ssh/sshd_config
SECONDS=0
for i in $(seq 30); do ask anna anna; await; done | index
echo "runs: $(wc -l </tmp/runs) $SECONDS"
""")
    runs, seconds = map(int, got.stdout.split("runs: ")[1].split())
    refused = [row for row in said.values() if row["stage"] == "unknown"]
    # three at once, and one more in each second; a clock of whole seconds may be one behind
    assert 3 <= runs <= 3 + seconds + 1, got.stdout
    assert len(refused) == len(said) - runs and not [row for row in said.values() if row["stage"] == "accepted"], said


def test_odd_homes_are_answered_at_once(world, program):
    said, _ = answers(world, program, r"""
echo >/etc/ssh/sshd_config
lab_account fifo 1010; install -d -o fifo /home/fifo/.ssh; mkfifo /home/fifo/.ssh/authorized_keys
lab_account huge 1011; install -d -o huge /home/huge/.ssh; truncate -s 10G /home/huge/.ssh/authorized_keys; chown huge: /home/huge/.ssh/*
lab_account device 1012; install -d -o device /home/device/.ssh; ln -s /dev/zero /home/device/.ssh/authorized_keys
lab_account closed 1013; lab_key closed; chmod 000 /home/closed/.ssh/authorized_keys
lab_account open 1014; lab_key open; chmod 666 /home/open/.ssh/authorized_keys
{ for u in fifo huge device closed open; do ask $u anna; done; ask closed closed; ask open open; ask berta berta; } | index
""")
    assert [said[i]["stage"] for i in range(8)] == ["key", "unknown", "key", "key", "key", "key", "key", "accepted"], said
    assert all(row["ms"] < 3000 for row in said.values()), said


def test_the_role_keeps_no_right_that_it_does_not_need(world):
    _, got = answers(world, "$BUILD/src/gate/sallyport-index", r"""
program keys <<'END'
#!/bin/sh
# as somebody else, and from inside
grep -E '^(Uid|Groups|NoNewPrivs|Seccomp):' /proc/self/status | tr -s '\t ' '  ' >>/tmp/runs
unshare -Ur true 2>/dev/null && echo unshared >>/tmp/runs
python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 4711))' 2>/dev/null && echo bound >>/tmp/runs
echo x 2>/dev/null >/srv/open/new && echo written >>/tmp/runs
echo done >>/tmp/runs
END
mkdir -m 1777 /srv/open
printf '%s\n' 'AuthorizedKeysFile none' 'AuthorizedKeysCommand /etc/ssh/bin/keys %u' 'AuthorizedKeysCommandUser helper' >/etc/ssh/sshd_config
{
	ask anna anna; await
	grep -E '^(Cap|NoNewPrivs|Seccomp:)' "/proc/$(pgrep -o sallyport-index)/status" | tr -s '\t ' '  ' >/tmp/status
} | index
sed 's/^/status: /' /tmp/status; sed 's/^/run: /' /tmp/runs
""")
    lines = got.stdout.splitlines()
    # CAP_DAC_READ_SEARCH, KILL, SETGID, SETUID
    for name in ("CapPrm", "CapEff", "CapBnd"):
        assert f"status: {name}: 00000000000000e4" in lines, got.stdout
    for name in ("CapInh", "CapAmb"):
        assert f"status: {name}: 0000000000000000" in lines, got.stdout
    assert "status: NoNewPrivs: 1" in lines and "status: Seccomp: 2" in lines, got.stdout
    written = ["run: written"] if "landlock-missing" in got.stderr else []
    assert [line for line in lines if line.startswith("run: ")] == [
        "run: Uid: 2400 2400 2400 2400", "run: Groups: 2400 ", "run: NoNewPrivs: 1", "run: Seccomp: 2", *written,
        "run: done"], got.stdout


def test_files_of_accounts_are_taken_apart_without_rights(world):
    said, got = answers(world, "$BUILD/src/gate/sallyport-index", r"""
cat >/root/watch.py <<'END'
import os
seen = set()
while not os.path.exists("/tmp/enough"):
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            rows = dict(line.split(":\t", 1) for line in open(f"/proc/{pid}/status") if ":\t" in line)
        except OSError:
            continue
        if rows["Name"].startswith("sallyport-index"):
            seen.add(" ".join(rows[name].split()[0] for name in ("Uid", "Gid", "CapPrm", "CapEff")) + f" {len(rows['Groups'].split())}")
print("seen:", *sorted(seen), sep="\n")
END
yes "$(cat /root/keys/berta.pub)" | head -4000 >/home/anna/.ssh/authorized_keys
cat /root/keys/anna.pub >>/home/anna/.ssh/authorized_keys
python3 -I /root/watch.py >/tmp/seen & watch=$!
for with in none /bin/true; do
	printf '%s\n' "AuthorizedKeysCommand $with" 'AuthorizedKeysCommandUser helper' >/etc/ssh/sshd_config
	for i in 1 2 3; do ask anna anna; await; done | index
done
touch /tmp/enough
wait $watch
cat /tmp/seen
""")
    assert [row["stage"] for row in said.values()] == ["accepted"] * 3, said
    seen = got.stdout.split("seen:\n")[1].splitlines()
    assert "2401 2401 0000000000000000 0000000000000000 0" in seen, seen
    assert all(line.startswith(("0 ", "2401 2401 0000000000000000 0000000000000000 0")) for line in seen), seen
