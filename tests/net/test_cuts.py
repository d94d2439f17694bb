# SPDX-License-Identifier: GPL-3.0-or-later
# test_cuts.py - no half-applied change: an apply, a roll-back and a recover, each cut in state after state of its files. Between two
# calls that change something all cuts are alike (--watch shows that the files stay as they are there). A sample of the states, other ones
# in each run (those of SALLYPORT_SEED=N again), and one watch here; all of them with SALLYPORT_LONG=1.
import os
import random

import pytest

LONG = os.environ.get("SALLYPORT_LONG") == "1"
SEED = int(os.environ.get("SALLYPORT_SEED", random.randint(1, 9999)))
SETUP = r"""
set -eu
lab_account anna 1001
lab_key anna
lab_sshd_start
setfattr -n security.selinux -v system_u:object_r:etc_t:s0 /etc/ssh/sshd_config
touch -d '2021-03-04 05:06:07.089' /etc/ssh/sshd_config /etc/ssh/sshd_config.d
"""
KINDS = ["apply", "rollback", "recover"]
EVERY = {"apply": 24, "rollback": 24, "recover": 12}
CASES = [(kind, how) for kind in KINDS for how in ("cuts", "watch")] if LONG else [("apply", "watch"), *((kind, "cuts") for kind in KINDS)]


def options(kind, how):
    if how == "watch":
        return "--watch"
    kills = 12 if LONG else int(KINDS[SEED % len(KINDS)] == kind)
    return f"--every {1 if LONG else EVERY[kind]} --kills {kills} --seed {SEED}"


@pytest.mark.parametrize("kind, how", CASES)
def test_after_a_cut_anywhere_recover_gives_the_old_or_the_new_state(world, figure, kind, how):
    if "ASAN_OPTIONS" in os.environ:
        pytest.skip("the leak checker does not work in a process that is traced")
    got = world(SETUP + f'/usr/bin/python3 -B "$LAB_SOURCE/tests/lab/cuts.py" {kind} {options(kind, how)}', timeout=3600 if LONG else 600)
    assert got.returncode == 0, got.stdout + got.stderr
    figure(got.stdout.strip())
    assert " states, " in got.stdout or "watched at" in got.stdout
