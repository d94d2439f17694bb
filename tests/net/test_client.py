# SPDX-License-Identifier: GPL-3.0-or-later
# test_client.py - the client alone, one static program, against the real sallyportd, sshd and ssh.
import os
import pathlib
import subprocess

import pytest

SOURCE = pathlib.Path(__file__).resolve().parent.parent.parent
CLIENT = pathlib.Path(os.environ.get("SALLYPORT_CLIENT", SOURCE / "build-client" / "sallyport"))

pytestmark = [
    pytest.mark.skipif(not CLIENT.exists(), reason=f"no static client is built ({CLIENT.parent.name}): make client-static"),
    pytest.mark.skipif("ASAN_OPTIONS" in os.environ, reason="the roles' sandboxes leave no room for a sanitizer's own calls"),
]

SETUP = r"""
set -eu
. "$LAB_SOURCE/tests/lab/gate.sh"
lab_account anna 1001
lab_client client
lab_sshd_start
gate_laptop
gate_install
gate_start || { cat /tmp/gate.log; exit 1; }
whole=$SALLYPORT_BUILD/sallyport
close() { "$whole" close 10.83.0.2 >/dev/null; rm -rf $XDG_RUNTIME_DIR/sallyport; gate_shut; }
client() { lab_in client "$CLIENT" "$@" </dev/null; }
login() { lab_in client ssh "$@" </dev/null; }
gate_shut
"""


@pytest.fixture
def run(world):
    def run(body):
        got = world(SETUP + body + "\ngate_stop\n", env={"CLIENT": CLIENT}, keep=[CLIENT.parent])
        assert got.returncode == 0, got.stdout + got.stderr
        return got.stdout

    return run


def test_needs_no_library_and_no_loader():
    """Neither an interpreter nor a needed library stands in the file."""
    said = subprocess.run(["readelf", "--wide", "--program-headers", "--dynamic", str(CLIENT)], capture_output=True, text=True)
    assert said.returncode == 0 and "LOAD" in said.stdout
    assert "INTERP" not in said.stdout and "NEEDED" not in said.stdout


def test_has_the_commands_of_who_logs_in_and_no_others():
    said = subprocess.run([str(CLIENT), "__complete"], capture_output=True, text=True)
    assert said.stdout.split() == ["knock", "connect", "enroll"]
    for words, status in ([[], 0], [["audit"], 2], [["--root", "/"], 2]):
        got = subprocess.run([str(CLIENT), *words], capture_output=True, text=True)
        assert got.returncode == status, got.stdout + got.stderr


def test_knocks_with_each_kind_of_key_by_file_and_by_agent(run):
    said = run("""
for kind in ed25519 ecdsa rsa; do
    key=/root/.ssh/$kind
    ssh-keygen -q -t $kind -N '' -f $key
    cat $key.pub >>/home/anna/.ssh/authorized_keys
    client knock server -i $key --check
    close
    eval "$(ssh-agent)" >/dev/null
    ssh-add -q $key
    mv $key /root/away
    client knock server -i $key.pub
    kill $SSH_AGENT_PID
    close
done
client knock server --print --from 10.83.0.2 >/root/carried
client knock --carry /root/carried
lab_wait 5 gate_open && echo "opened to what was carried"
""")
    assert said.count("OK - server opened") == 3 and said.count(": it is open.") == 3, said
    assert said.endswith("opened to what was carried\n")


def test_enrolls_and_plain_ssh_knocks_by_it(run):
    """The connection is handed over, then carried; then it is undone."""
    said = run("""
client enroll server
close
echo "1 $(login server 'echo $SSH_CONNECTION')"
close
echo "2 $(login -o ProxyUseFdpass=no server whoami)"
client enroll --undo server
""")
    assert "ssh server knocks by itself" in said and "the port is open to us" in said
    assert "\n1 10.83.0.2 " in said and "\n2 anna\n" in said and "is taken out of" in said
