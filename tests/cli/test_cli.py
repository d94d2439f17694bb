# SPDX-License-Identifier: GPL-3.0-or-later
# test_cli.py - what is typed and what is answered: each NAME.sh here beside the NAME.out that it must print.
"""A script is bash; 'try COMMAND...' shows a command, what it prints on both streams, and its exit status. 'root NAME'
copies the tree roots/NAME to the current folder. A script with the line '# world' runs as root in a private world, the
others as they are. SALLYPORT_UPDATE=1 writes the .out files anew: read the difference before you commit it."""
import difflib
import os
import pathlib
import re
import subprocess

import pytest

CASES = sorted(pathlib.Path(__file__).parent.glob("*.sh"))

PROLOGUE = r"""
export LC_ALL=C.UTF-8 TZ=UTC CLI=@CLI@
unset NO_COLOR SUDO_USER COLUMNS
umask 022
try() {
	local word
	printf '$'
	for word; do
		case $word in '' | *[!a-zA-Z0-9_./:,=@+-]*) printf " '%s'" "$word" ;; *) printf ' %s' "$word" ;; esac
	done
	printf '\n'
	"$@" </dev/null 2>&1
	echo "[exit $?]"
}
# As somebody who is not root.
somebody() {
	setpriv --reuid 65534 --regid 65534 --clear-groups "$@"
}
root() {
	cp -r "$CLI/roots/$1" "$1"
	mkdir "$1/bin"
	touch "$1/bin/bash" "$1/bin/sh"
	chmod -R u=rwX,go=rX "$1"
	chmod 755 "$1"/bin/*
	chmod 600 "$1"/etc/ssh/ssh_host_*_key "$1"/etc/shadow
	chmod 700 "$1"/home/anna/.ssh
	chown -R 1001:1001 "$1"/home/anna
}
"""

# What differs from one machine, day or build to the next.
FILTERS = [
    (r"jansson [\d.]+, libsodium [\d.]+, OpenSSL [\d.]+, zlib [\d.]+, bzip2 [\d.]+, liblzma [\d.]+, zstd [\d.]+, ncurses [\d.]+, libcurl [\d.]+",
     "jansson N, libsodium N, OpenSSL N, zlib N, bzip2 N, liblzma N, zstd N, ncurses N, libcurl N"),
    (r"(sallyportd?) \d+\.\d+\.\d+", r"\1 N"),
    (r'"version": "[^"]*"', '"version": "N"'),
    (r'"rules_digest": "[0-9a-f]{64}"', '"rules_digest": "DIGEST"'),
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "TIME"),
    (r"\d{4}-\d\d-\d\d \d\d:\d\d(?!:)", "DAY HH:MM"),
    (r"kill -HUP \d+", "kill -HUP PID"),
    (r"goes back (by itself )?in \d+:\d\d", r"goes back \1in M:SS"),
    (r'_(seconds|left)": \d+', r'_\1": N'),
    (r"\x1b", r"\\e"),
    (r"(?m)[ \t]+$", ""),
]
# And from one release of OpenSSH, or of the rules, to the next: where the installed one was judged.
LIVE_FILTERS = [
    (r"OpenSSH [^\s,]+( \(.*\))?", "OpenSSH VERSION"),
    (r'"(openssh|package|os)": ".*"', r'"\1": "VERSION"'),
    (r"(?m)^(system +).*", r"\1NAME"),
    (r"[A-F]\+? \d+/100( by modern.*)?", "GRADE"),
    (r'"(score|fail|warn|unknown)": \d+', r'"\1": N'),
    (r'"grade": ".*"', '"grade": "GRADE"'),
]


def settled(text, folder, source, live):
    text = text.replace(str(folder), "DIR").replace(str(source), "SOURCE")
    for pattern, instead in (LIVE_FILTERS if live else []) + FILTERS:
        text = re.sub(pattern, instead, text)
    return text


def run_here(script, folder, build):
    environment = dict(os.environ, PATH=f"{build}:/usr/sbin:/usr/bin:/sbin:/bin", HOME=str(folder))
    return subprocess.run(["/bin/bash", "-c", f"cd '{folder}'\n" + script], env=environment, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="backslashreplace", timeout=300)


@pytest.mark.parametrize("case", CASES, ids=[c.stem for c in CASES])
def test_answers(case, build, world, tmp_path):
    text = case.read_text()
    script = PROLOGUE.replace("@CLI@", f"'{case.parent}'") + text
    if "\n# world\n" in text:
        folder = "/tmp/cli"
        got = world(f"mkdir {folder} && cd {folder}\n" + script)
        said = got.stdout + got.stderr
    else:
        folder = tmp_path
        said = run_here(script, folder, build).stdout
    said = settled(said, folder, case.parent.parent.parent, live="lab_sshd_start" in text)

    golden = case.with_suffix(".out")
    if os.environ.get("SALLYPORT_UPDATE"):
        golden.write_text(said)
    wanted = golden.read_text() if golden.exists() else ""
    difference = difflib.unified_diff(wanted.splitlines(), said.splitlines(), golden.name, "now", lineterm="")
    assert said == wanted, "\n" + "\n".join(difference)
