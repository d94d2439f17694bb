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


# What takes longest. It goes first, so that no worker is left alone with it when the others are through.
LONGEST = {
    "test_our_answer_is_the_login_of_the_real_sshd", "test_random_configurations_are_judged_as_sshd_does",
    "test_ended_at_any_moment_there_is_a_whole_key", "test_no_kill_opens_the_port_or_lets_a_replay_in",
    "test_after_a_cut_anywhere_a_key_is_shut_out_or_not_and_others_get_in", "test_each_is_what_it_was_made_as_and_damage_is_told",
    "test_it_searches_as_the_loader_in_made_up_systems", "test_what_is_found_is_what_the_loader_maps",
    "test_random_logins_end_as_we_say", "test_logins_end_as_we_say", "test_in_a_scan_of_all_ports_only_the_services_stand_out",
    "test_after_a_cut_anywhere_recover_gives_the_old_or_the_new_state", "test_after_a_cut_anywhere_recover_gives_all_or_nothing",
    "test_each_trouble_is_found_and_nothing_else_is_said",
    "test_what_shadow_nologin_and_shared_group_ids_mean_is_what_sshd_makes_of_it",
}


def longest_first(items, workers):
    """xdist gives each worker as many in a row of what comes first as are counted here, and deals out the rest as they go on."""
    begin = max(len(items) // workers // 4, 2)
    long, rest = [], []
    for item in items:
        (long if item.name.partition("[")[0] in LONGEST else rest).append(item)
    if len(long) >= begin * workers:
        return long + rest
    ordered = []
    for worker in range(workers):
        own = long[worker::workers]
        ordered += own + rest[:begin - len(own)]
        del rest[:begin - len(own)]
    return ordered + rest


def pytest_collection_modifyitems(items):
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    if workers > 1:
        items[:] = longest_first(items, workers)


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
        command = [str(build / "tests" / "world")]
        for folder in keep:
            command += ["--keep", str(folder)]
        prologue = 'PATH=$SALLYPORT_BUILD:$PATH BUILD=$SALLYPORT_BUILD; . "$LAB_SOURCE/tests/lab/lib.sh"\n'
        for name, value in (env or {}).items():
            prologue += f"export {name}={shell_quote(str(value))}\n"
        got = subprocess.run(
            command + ["--", "/bin/bash", "-c", prologue + snippet, "snippet"],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="surrogateescape", timeout=timeout,
            env=dict(os.environ, SALLYPORT_BUILD=str(build), LAB_SOURCE=str(SOURCE)))
        if got.returncode == CANNOT and "lab: no private world here" in got.stderr:
            pytest.skip(got.stderr.strip().splitlines()[-1])
        return got

    return run


def load():
    """By how much longer things may take than on a machine with nothing else to do: what ran lately, or runs now, for each processor."""
    with open("/proc/loadavg", encoding="ascii") as figures:
        lately, _, _, now, _ = figures.read().split()
    return 2 * max(1, float(lately), float(now.split("/")[0]))


@pytest.fixture
def done(world):
    """done(snippet): what it prints in a private world, where it has to end with 0."""

    def run(snippet):
        got = world(snippet)
        assert got.returncode == 0, got.stdout + got.stderr
        return got.stdout

    return run


def shell_quote(word):
    return "'" + word.replace("'", "'\\''") + "'"
