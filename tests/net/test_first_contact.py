# SPDX-License-Identifier: GPL-3.0-or-later
# test_first_contact.py - the five minutes of docs/first-contact.md, typed into tmux over the real thing: ssh, sudo, sshd, the gate.
import os
import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif("ASAN_OPTIONS" in os.environ, reason="the roles' sandboxes leave no room for a sanitizer's own calls")

SETUP = r"""
set -eu
. "$LAB_SOURCE/tests/lab/gate.sh"
gate_clock 0
gate_programs
mkdir -p /usr/local/bin /usr/local/share/sallyport
cp "$BUILD/sallyport" /usr/local/bin
cp -r "$LAB_SOURCE"/conf/policies "$LAB_SOURCE"/conf/banners /usr/local/share/sallyport
lab_account anna 1001
lab_client laptop
hostname web1
echo '10.83.0.1 web1' >>/etc/hosts
echo 'anna ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/anna
lab_sshd_start
gate_install; rm -r /etc/sallyport
export HOME=/root XDG_RUNTIME_DIR=/run/user-0
mkdir -m 700 $XDG_RUNTIME_DIR /root/.ssh
ssh-keygen -q -t ed25519 -N '' -C anna -f /root/.ssh/id_ed25519
install -d -m 700 -o anna -g anna /home/anna/.ssh
install -m 600 -o anna -g anna /root/.ssh/id_ed25519.pub /home/anna/.ssh/authorized_keys
echo "web1,10.83.0.1 $(cut -d' ' -f1,2 /etc/ssh/ssh_host_ed25519_key.pub)" >/root/.ssh/known_hosts
: >/home/anna/.hushlogin
echo "PS1='anna@web1:~\$ '" >/home/anna/.bashrc
printf '[ -z "${BASH_VERSION:-}" ] || . ~/.bashrc\n' >/home/anna/.profile
cat >/root/laptop.rc <<-'END'
	PS1='laptop$ '
END
export PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin
/usr/bin/python3 -I "$LAB_SOURCE/tests/lab/first_contact.py" "ip netns exec laptop ssh anna@web1" \
	"ip netns exec laptop bash --rcfile /root/laptop.rc -i"
"""

PAGE = Path(__file__).parents[2] / "docs" / "first-contact.md"


def typed(text):
    """What does not change from one time to the next."""
    text = re.sub(r"SHA256:\S+", "SHA256:KEY", text)
    return [re.sub(r"\d+", "N", line).rstrip() for line in text.strip().splitlines()]


def test_the_page_shows_what_happens(world):
    got = world(SETUP)
    assert got.returncode == 0, got.stdout + got.stderr
    head, _, rest = PAGE.read_text().partition("```\n")
    shown, _, tail = rest.partition("```\n")
    if os.environ.get("SALLYPORT_UPDATE"):
        PAGE.write_text(f"{head}```\n{got.stdout.strip()}\n```\n{tail}")
        return
    assert typed(got.stdout) == typed(shown)
