# SPDX-License-Identifier: GPL-3.0-or-later
# conftest.py - what all pytest tests share: where the programs are, and private worlds to run in.
import os
import pathlib
import subprocess
import time

import pytest

SOURCE = pathlib.Path(__file__).resolve().parent.parent
LAB = SOURCE / "tests" / "lab"
CANNOT = 77  # tests/lab/world: no private world can be had here
LONG = os.environ.get("SALLYPORT_LONG") == "1"
# Samples begin elsewhere in each run. By way of the environment all workers of a run have the same one.
SEED = int(os.environ.setdefault("SALLYPORT_SEED", str(int(time.time()) % 100000)))


@pytest.fixture(scope="session")
def build():
    """The build folder: $SALLYPORT_BUILD, else build/ of this checkout."""
    folder = pathlib.Path(os.environ.get("SALLYPORT_BUILD", SOURCE / "build")).resolve()
    if not folder.is_dir():
        pytest.fail(f"no build in {folder}: run make first")
    return folder


@pytest.fixture(scope="session")
def sallyport(build):
    """The program under test."""
    return str(build / "sallyport")


@pytest.fixture
def figure(record_property):
    """figure(text): a line of the run's own output, for what a test measured or counted."""
    return lambda text: record_property("figure", text)


def pytest_terminal_summary(terminalreporter):
    terminalreporter.write_line(f"the samples of this run once more: SALLYPORT_SEED={SEED}")
    for report in terminalreporter.getreports("passed") + terminalreporter.getreports("failed"):
        for name, text in report.user_properties:
            if name == "figure" and report.when == "call":
                terminalreporter.write_line(text)


@pytest.fixture
def world(build):
    """Runs a bash snippet as root in a private world with lib.sh sourced: world("lab_account anna 1001; ...").

    Returns what subprocess.run() returns, with stdout and stderr as text; $BUILD is the build folder there, and
    'sallyport' is found in PATH. env= sets variables of the snippet, keep= names folders that stay reachable.
    """

    def run(snippet, timeout=300, env=None, keep=()):
        command = [str(LAB / "world")]
        for folder in keep:
            command += ["--keep", str(folder)]
        prologue = 'PATH=$SALLYPORT_BUILD:$PATH BUILD=$SALLYPORT_BUILD; . "$LAB_SOURCE/tests/lab/lib.sh"\n'
        for name, value in (env or {}).items():
            prologue += f"export {name}={shell_quote(str(value))}\n"
        got = subprocess.run(
            command + ["--", "/bin/bash", "-c", prologue + snippet, "snippet"],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="surrogateescape", timeout=timeout,
            env=dict(os.environ, SALLYPORT_BUILD=str(build)))
        if got.returncode == CANNOT and "lab: no private world here" in got.stderr:
            pytest.skip(got.stderr.strip().splitlines()[-1])
        return got

    return run


def shell_quote(word):
    return "'" + word.replace("'", "'\\''") + "'"
