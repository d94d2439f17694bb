# SPDX-License-Identifier: GPL-3.0-or-later
# test_cuts.py - no half-applied change: an apply, a roll-back and a recover, each killed before system call after system
# call over the whole process tree. Between two calls that change something all cuts are alike (--watch shows that the
# files stay as they are there), so those are what matters: a sample of them and one watch here, every one with
# SALLYPORT_LONG=1 (20 minutes). Every single call: tests/lab/cuts.py by hand, hours.
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
KINDS = ["apply", "rollback", "recover"]
CASES = [(kind, how) for kind in KINDS for how in ("--watch", "--changing")] if LONG else [
    ("apply", "--watch"), *((kind, "--changing --every 36") for kind in KINDS)]


@pytest.mark.parametrize("kind, how", CASES)
def test_after_a_cut_anywhere_recover_gives_the_old_or_the_new_state(world, figure, kind, how):
    if "ASAN_OPTIONS" in os.environ:
        pytest.skip("the leak checker does not work in a process that is traced")
    got = world(SETUP + f'/usr/bin/python3 -I "$LAB_SOURCE/tests/lab/cuts.py" {kind} {how}', timeout=3600 if LONG else 400)
    assert got.returncode == 0, got.stdout + got.stderr
    figure(got.stdout.strip())
    assert " cuts" in got.stdout or "watched at" in got.stdout
