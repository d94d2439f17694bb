# SPDX-License-Identifier: GPL-3.0-or-later
# test_runner.py - the test runner and CI count right: nothing that failed gets lost in the sums.
import importlib.machinery
import importlib.util
import json
import shutil
import subprocess

import pytest

from conftest import LONGEST, SOURCE, longest_first


@pytest.fixture
def runner():
    loader = importlib.machinery.SourceFileLoader("runner", str(SOURCE / "tools" / "test"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("runner", loader))
    loader.exec_module(module)
    return module


def unit(runner, monkeypatch, tmp_path, tests, status=0):
    """What run_unit() makes of a log that Meson left."""

    def meson(*arguments, **more):
        (tmp_path / "meson-logs").mkdir(exist_ok=True)
        (tmp_path / "meson-logs" / "testlog.json").write_text("".join(json.dumps(t) + "\n" for t in tests))
        return subprocess.CompletedProcess(arguments, status)

    monkeypatch.setattr(runner.subprocess, "run", meson)
    tally = runner.Tally()
    runner.run_unit(tmp_path, tally)
    return tally.passed, tally.failed, tally.skipped


def test_every_tap_line_counts(runner, monkeypatch, tmp_path):
    tests = [{"name": "base/a", "result": "OK", "stdout": "1..3\nok 1 - one\nok 2 - two\nok 3 - three # SKIP no root\n"},
             {"name": "base/b", "result": "FAIL", "stdout": "ok 1 - one\nnot ok 2 - two\n# not ok\nok 3 - three\n"}]
    assert unit(runner, monkeypatch, tmp_path, tests) == (4, ["base/b: two"], [("base/a: three", "no root")])


def test_what_cmocka_skipped_is_no_failure(runner, monkeypatch, tmp_path):
    said = "1..2\nok 1 - one\n# skipped: no root\nnot ok 2 # SKIP two\n"
    tests = [{"name": "a", "result": "FAIL", "returncode": 0, "stdout": said}]
    assert unit(runner, monkeypatch, tmp_path, tests) == (1, [], [("a: two", "no root")])
    tests[0]["returncode"] = 1
    assert unit(runner, monkeypatch, tmp_path, tests) == (1, ["a: fail"], [("a: two", "no root")])


@pytest.mark.parametrize("result", ["FAIL", "TIMEOUT", "INTERRUPT", "ERROR"])
def test_a_program_that_died_counts_as_failed(runner, monkeypatch, tmp_path, result):
    tests = [{"name": "base/a", "result": result, "stdout": "1..2\nok 1 - one\n"}, {"name": "base/b", "result": result}]
    passed, failed, _ = unit(runner, monkeypatch, tmp_path, tests)
    assert passed == 1 and failed == [f"base/a: {result.lower()}", f"base/b: {result.lower()}"]


def test_programs_without_tap_count_once(runner, monkeypatch, tmp_path):
    tests = [{"name": "a", "result": "OK", "stdout": ""}, {"name": "b", "result": "SKIP"}]
    assert unit(runner, monkeypatch, tmp_path, tests) == (1, [], [("b", "exit 77")])


class Item:
    def __init__(self, name):
        self.name = name


def test_each_worker_begins_with_what_takes_longest():
    names = [f"test_{n}" for n in range(240)]
    names[7::10] = long = [f"{sorted(LONGEST)[n % len(LONGEST)]}[{n}]" for n in range(24)]
    for workers in 2, 4, 6, 7:
        got = [item.name for item in longest_first([Item(name) for name in names], workers)]
        assert sorted(got) == sorted(names)
        begin = 240 // workers // 4
        begun = [got[begin * n:begin * (n + 1)] for n in range(workers)]
        assert all(set(row[:24 // workers]) <= set(long) for row in begun)
        assert set(long) <= {name for row in begun for name in row}


def test_what_is_called_longest_is_there():
    text = "".join(path.read_text() for path in (SOURCE / "tests").glob("*/test_*.py"))
    assert not [name for name in LONGEST if f"def {name}(" not in text]


def ci(tmp_path, steps):
    """.ci/run beside a make that prints and exits as told."""
    (tmp_path / ".ci").mkdir()
    shutil.copy(SOURCE / ".ci" / "run", tmp_path / ".ci")
    rules = "".join(f"{name}:\n\t@{command}\n" for name, command in steps.items())
    (tmp_path / "Makefile").write_text(rules)
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "install-packages").symlink_to("/bin/true")
    got = subprocess.run(["bash", ".ci/run"], cwd=tmp_path, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    return got.returncode, got.stdout.splitlines()[-1]


GOOD = {"test": "echo 5 passed, 0 failed, 2 skipped", "demo": "echo ok", "lint": "echo 8 passed, 0 failed, 0 skipped",
        "sanitize": "echo 5 passed, 0 failed, 2 skipped", "fuzz": "echo 4 passed, 0 failed"}


def test_ci_adds_the_steps_up(tmp_path):
    assert ci(tmp_path, GOOD) == (0, "23 passed, 0 failed, 4 skipped")


@pytest.mark.parametrize("step, command, last", [
    ("lint", "echo 7 passed, 1 failed, 0 skipped; exit 1", "22 passed, 1 failed, 4 skipped"),
    ("lint", "echo 8 passed, 0 failed, 0 skipped; exit 3", "23 passed, 1 failed, 4 skipped"),
    ("lint", "exit 1", "15 passed, 1 failed, 4 skipped"),
    ("lint", "exit 0", "15 passed, 1 failed, 4 skipped"),
    ("demo", "echo 9 passed, 0 failed; exit 1", "22 passed, 1 failed, 4 skipped"),
    ("fuzz", "kill -9 $$$$", "19 passed, 1 failed, 4 skipped"),
])
def test_ci_fails_when_a_step_fails_or_says_nothing(tmp_path, step, command, last):
    assert ci(tmp_path, {**GOOD, step: command}) == (1, last)
