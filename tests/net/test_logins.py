# SPDX-License-Identifier: GPL-3.0-or-later
# test_logins.py - random configurations, accounts and keys: our decision is that of the real sshd at real logins.
#
# Fifty logins, others in each run; with SALLYPORT_LONG=1 two thousand, at least fifty for each reason.
# What they are made of stands in tests/lab/login_rounds.py; tests/lab/logins.py also runs by hand.
import os
import re
import subprocess

import pytest

from conftest import CANNOT, LAB, LONG, SEED


def logins(build, *arguments):
    if os.geteuid():
        pytest.skip("needs root for a private world")
    version = subprocess.run(["/usr/sbin/sshd", "-V"], capture_output=True, text=True)
    if "OpenSSH_9.2" not in version.stderr + version.stdout:
        pytest.skip("compares with OpenSSH 9.2 only")
    got = subprocess.run([str(LAB / "logins.py"), *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace",
                         env=dict(os.environ, SALLYPORT_BUILD=str(build)))
    if got.returncode == CANNOT:
        pytest.skip(got.stderr.strip().splitlines()[-1])
    print(got.stdout + got.stderr)
    return got


def test_random_logins_end_as_we_say(build, figure):
    how = ["--logins", "2000", "--each", "50"] if LONG else ["--logins", "50"]
    got = logins(build, "--seed", str(SEED), *how)
    differ = "".join(line + "\n" for line in got.stdout.splitlines() if line.startswith("==="))
    assert got.returncode == 0, differ + got.stdout[-8000:] + got.stderr
    figure(got.stdout.strip() if LONG else got.stdout.strip().splitlines()[-1])
    assert re.search(r" \d+ logins in \d+ rounds, \d+ unknown, \d+ s, 0 differ$", got.stdout.strip())


def test_a_wrong_answer_is_noticed(build, tmp_path):
    """The comparison itself: with a program that lets everybody in for every reason, it fails."""
    liar = tmp_path / "decide"
    liar.write_text("#!/bin/sh\nwhile read -r line; do\n"
                    """echo '{"config": "taken", "verdict": "allowed", "reason": "accepted"}'\ndone\n""")
    liar.chmod(0o755)
    got = logins(build, "--seed", "1", "--round", "1", "--theme", "unknown-user", "--decide", str(liar), "--keep", str(tmp_path))
    assert got.returncode == 1
    assert "=== ours allowed accepted, theirs denied ['unknown-user']" in got.stdout
