# SPDX-License-Identifier: GPL-3.0-or-later
# test_moduli.py - our reader of moduli drops a line exactly where the real sshd drops it, and for the same reason.
import pathlib
import re

import pytest

# What sshd logs, and our number for it (enum moduli_problem).
COMPLAINTS = [
    ("truncated", 1), ("type is not", 2), ("invalid moduli tests flag", 3), ("invalid primality trial count", 4),
    ("invalid prime length", 5), ("prime has wrong size", 5), ("could not parse generator", 6),
    ("generator is invalid", 6), ("could not parse prime", 7),
]
# What may differ, as (ours, sshd's): where a line ends early sshd speaks of the field that it wanted; we see odd
# generators and moduli that sshd uses, so the filter has to know them; None and 0 are an empty line or a comment.
ACCEPTED = {(1, 5), (1, 7), (6, 0), (7, 0), (None, 0)}

# Each line with G, P standing for a generator and modulus of 2048 bits.
LINES = [
    "", "#comment", "  # indented", "\t", "T 2 6 100 2047 G P", "  T 2 6 100 2047 G P", "\tT 2 6 100 2047 G P",
    "T  2 6 100 2047 G P", "T\t2 6 100 2047 G P", "T \t 2 6 100 2047 G P", "T=2 6 100 2047 G P",
    "T = 2 6 100 2047 G P", "T == 2 6 100 2047 G P", "T 2  6 100 2047 G P", "T 2\t6 100 2047 G P",
    "T 2 \t6 100 2047 G P", "T 2 6 \t100 2047 G P", "T 2 6 100 \t2047 G P", "T 2 6 100 2047 \tG P",
    "T 2 6 100 2047 G \tP", "T 2 6  100 2047 G P", "T 2 6 100  2047 G P", "T 2 6 100 2047  G P",
    "T 2 6 100 2047 G  P", "T 2 6 100 2047 G P ", "T 2 6 100 2047 G P\t", "T 2 6 100 2047 G P\r", "T 2 6 100 2047 G P#",
    "T 2 6 100 2047 G P #", "T 2 6 100 2047 G P\x00 x", "T 2 6 100 2047\x00 G P", "T", "T 2", "T 2 ", "T 2 6 100",
    "T 2 6 100 2047", "T 2 6 100 2047 ", "T 2 6 100 2047 G", "T 2 6 100 2047 G ", "T 4 6 100 2047 G P",
    "T 0 6 100 2047 G P", "T 3 6 100 2047 G P", "T 6 6 100 2047 G P", "T -2 6 100 2047 G P", "T +2 6 100 2047 G P",
    "T 02 6 100 2047 G P", "T 2x 6 100 2047 G P", "T 0x2 6 100 2047 G P", "T 2 0 100 2047 G P", "T 2 1 100 2047 G P",
    "T 2 2 100 2047 G P", "T 2 4 100 2047 G P", "T 2 7 100 2047 G P", "T 2 30 100 2047 G P", "T 2 31 100 2047 G P",
    "T 2 32 100 2047 G P", "T 2 x 100 2047 G P", "T 2 6 0 2047 G P", "T 2 6 1 2047 G P", "T 2 6 -1 2047 G P",
    "T 2 6 1073741824 2047 G P", "T 2 6 1073741825 2047 G P", "T 2 6 99999999999999999999 2047 G P",
    "T 2 6 x 2047 G P", "T 2 6 100 2048 G P", "T 2 6 100 2046 G P", "T 2 6 100 0 G P", "T 2 6 100 -2047 G P",
    "T 2 6 100 65536 G P", "T 2 6 100 65537 G P", "T 2 6 100 x G P", "T 2 6 100 2047x G P", "T 2 6 100 2047 0 P",
    "T 2 6 100 2047 1 P", "T 2 6 100 2047 02 P", "T 2 6 100 2047 FF P", "T 2 6 100 2047 x P", "T 2 6 100 2047 2x P",
    "T 2 6 100 2047 0x2 P", "T 2 6 100 2047 G 0P", "T 2 6 100 2047 G x", "T 2 6 100 2047 G Px", "T 2 6 100 2047 G 0xP",
    "T 2 6 100 2047 G PP", "T 2 6 100 2047 G P0", "x", "x y z", "T,2 6 100 2047 G P", "#T 2 6 100 2047 G P",
    "\rT 2 6 100 2047 G P", "\r", "T\r2 6 100 2047 G P", "T 2\v 6 100 2047 G P", "T \v2 6 100 2047 G P",
    "T 2 6 100 2047 G\t P", "\vT 2 6 100 2047 G P", "T 2 6 100 2047 G p", "T 2 6 100 2047 -2 P",
]


def shipped_groups():
    """One good 2048-bit and one good 3072-bit line of the file that Debian ships."""
    path = pathlib.Path("/etc/ssh/moduli")
    if not path.exists():
        pytest.skip("there is no /etc/ssh/moduli here")
    lines = [line.split(" ") for line in path.read_text(encoding="ascii").splitlines() if line[0] != "#"]
    return {size: next(f for f in lines if f[4] == size) for size in ("2047", "3071")}


def test_drops_what_sshd_drops(world, tmp_path):
    shipped = shipped_groups()
    small, large = shipped["2047"], shipped["3071"]
    prime = small[6]
    names = {"T": small[0], "G": small[5], "P": prime, "p": prime.lower()}
    lines = [re.sub("[TGPp]", lambda m: names[m.group()], line) for line in LINES] + [" ".join(large)]
    path = tmp_path / "moduli"
    path.write_bytes("\n".join(lines).encode())  # and no line feed at the end

    got = world("""
        lab_sshd_start -o ModuliFile="$FILE" -o KexAlgorithms=+diffie-hellman-group-exchange-sha256 || exit
        ssh -o BatchMode=yes -o StrictHostKeyChecking=no -o KexAlgorithms=diffie-hellman-group-exchange-sha256 \
            127.0.0.1 true 2>/dev/null
        lab_wait 10 grep -qa 'Connection \\(closed\\|reset\\) by\\|Disconnected from' /var/log/auth.log || exit
        grep -ao 'moduli:[0-9]*: .*' /var/log/auth.log
        lab_sshd_stop
        echo ---
        "$BUILD/tests/moduli" "$FILE" || exit
        echo ---
        "$BUILD/tests/moduli" "$FILE" 3072 >"$FILE.filtered" && echo filtered""",
                env={"FILE": path}, keep=[tmp_path])
    log, entries, end = got.stdout.split("---\n")
    assert end == "filtered\n", got.stderr

    theirs = {}
    for line in log.splitlines():
        number, text = re.match(r"moduli:(\d+): (.*)", line).groups()
        theirs[int(number)] = next(problem for start, problem in COMPLAINTS if text.startswith(start))
    assert len(theirs) > 40, log
    ours = {int(e.split()[0]): int(e.split()[3]) for e in entries.splitlines()}
    filtered = (tmp_path / "moduli.filtered").read_bytes().split(b"\n")
    assert len(filtered) == len(lines)

    wrong = []
    for number, line in enumerate(lines, 1):
        mine, sshds = ours.get(number), theirs.get(number, 0)
        used = mine is not None and not sshds
        want = "#" + line if used and number <= len(LINES) else line
        if mine != sshds and (mine, sshds) not in ACCEPTED or filtered[number - 1] != want.encode():
            wrong.append((number, (LINES + ["the large one"])[number - 1], mine, sshds, filtered[number - 1][:1]))
    assert not wrong
