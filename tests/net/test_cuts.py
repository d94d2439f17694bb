# SPDX-License-Identifier: GPL-3.0-or-later
# test_cuts.py - no half-applied change: an apply, a roll-back and a recover, each killed before system call after system
# call over the whole process tree. SALLYPORT_LONG=1 tries every call; else every one that changes something, and a sample
# of the rest.
import os

import pytest

LONG = os.environ.get("SALLYPORT_LONG") == "1"
SETUP = r"""
set -eu
lab_account anna 1001
lab_key anna
lab_sshd_start
setfattr -n security.selinux -v system_u:object_r:etc_t:s0 /etc/ssh/sshd_config
touch -d '2021-03-04 05:06:07.089' /etc/ssh/sshd_config /etc/ssh/sshd_config.d
"""


@pytest.mark.parametrize("how", ["--every 1"] if LONG else ["--changing", "--every 499"])
@pytest.mark.parametrize("kind", ["apply", "rollback", "recover"])
def test_after_a_cut_anywhere_recover_gives_the_old_or_the_new_state(world, kind, how):
    got = world(SETUP + f'/usr/bin/python3 -I "$LAB_SOURCE/tests/lab/cuts.py" {kind} {how}', timeout=6 * 3600 if LONG else 300)
    assert got.returncode == 0, got.stdout + got.stderr
    print(got.stdout)
    assert " cuts" in got.stdout
