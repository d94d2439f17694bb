# SPDX-License-Identifier: GPL-3.0-or-later
# test_cut.py - the knife of the crash tests: it cuts where it says, and nothing of the tree goes on.
import os
import pathlib
import signal
import socket
import subprocess
import time

import pytest

# Nine changes: two files, each opened and written, a directory, a rename, three by processes of their own.
SCRIPT = "echo a >a; (echo b >b); mkdir c; mv a c; exec rm b"


class Cut:
    def __init__(self, build, folder):
        self.program, self.folder, self.status = str(build / "tests" / "cut"), folder, folder / "status"

    def __call__(self, *arguments):
        work = self.folder / "work"
        subprocess.run(["rm", "-rf", work], check=True)
        work.mkdir()
        got = subprocess.run([self.program, "-o", self.status, *map(str, arguments)], cwd=work, stdin=subprocess.DEVNULL,
                             stdout=subprocess.DEVNULL, timeout=300)
        found = sorted(str(p.relative_to(work)) for p in work.rglob("*"))
        return got.returncode, self.status.read_text().split(), found


@pytest.fixture
def cut(build, tmp_path):
    return Cut(build, tmp_path)


def appears(file, content, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if file.exists() and file.read_text() == content:
            return True
        time.sleep(0.02)
    return False


def test_zero_runs_to_the_end(cut):
    code, status, found = cut(0, "--", "sh", "-c", SCRIPT + "; exit 1")
    assert (code, status[0], status[2:], found) == (0, "done", ["exit", "0"], ["c", "c/a"])
    assert cut(0, "--", "sh", "-c", "exit 7")[0] == 7
    assert cut(0, "--", "sh", "-c", "kill -9 $$")[0] == 128 + signal.SIGKILL


def test_every_change_is_a_cut_and_each_leaves_what_was_before_it(cut):
    code, status, found = cut("--changing", 0, "--", "sh", "-c", SCRIPT)
    total = int(status[1])
    seen = []
    for n in range(1, total + 1):
        code, status, found = cut("--changing", n, "--", "sh", "-c", SCRIPT)
        assert (code, status[0], status[1]) == (137, "cut", str(n))
        seen.append((status[2], status[3], found))
    calls = [(call, comm) for call, comm, _ in seen]
    # mv may ask for a rename twice, first one that replaces nothing.
    order = [c for i, c in enumerate(calls) if i == 0 or c != calls[i - 1]]
    assert order == [("openat", "sh"), ("write", "sh"), ("openat", "sh"), ("write", "sh"), ("mkdir", "mkdir"),
                     ("renameat2", "mv"), ("unlinkat", "rm")]
    assert seen[0][2] == [] and seen[1][2] == ["a"] and seen[3][2] == ["a", "b"]
    assert seen[-1][2] == ["b", "c", "c/a"]
    code, status, found = cut("--changing", total + 1, "--", "sh", "-c", SCRIPT)
    assert (code, status[0], found) == (0, "done", ["c", "c/a"])


def test_all_calls_count_without_changing(cut):
    total = int(cut(0, "--", "sh", "-c", SCRIPT)[1][1])
    changes = int(cut("--changing", 0, "--", "sh", "-c", SCRIPT)[1][1])
    assert total > 10 * changes
    code, status, found = cut(total, "--", "sh", "-c", SCRIPT)
    assert (code, status[:2], found) == (137, ["cut", str(total)], ["c", "c/a"])  # exit_group


def test_only_one_program_is_counted(cut):
    code, status, found = cut("--changing", "--only", "mkdir", 1, "--", "sh", "-c", SCRIPT)
    assert (code, status, found) == (137, ["cut", "1", "mkdir", "mkdir"], ["a", "b"])
    assert cut("--only", "nobody", 1, "--", "sh", "-c", SCRIPT)[1][:2] == ["done", "0"]


def test_detached_descendants_are_cut_too(cut):
    script = "setsid sh -c 'until [ -s now ]; do sleep 0.1; done; echo late >late' & echo now >now; wait"
    code, status, found = cut("--changing", 1, "--", "sh", "-c", script)
    assert (code, status[2:], found) == (137, ["openat", "sh"], [])
    (cut.folder / "work" / "now").write_text("now")
    assert not appears(cut.folder / "work" / "late", "late\n", seconds=1)
    code, status, found = cut("--changing", 3, "--", "sh", "-c", script)
    assert found == ["now"] and status[2:] == ["openat", "sh"]  # that of the one detached


def test_a_child_that_was_just_born_is_cut_too(cut):
    # Cut after cut in a run that does little but fork: sometimes a child is there that nobody has seen yet.
    script = "for i in 1 2 3 4 5 6 7 8; do (:) & done; wait"
    total = int(cut(0, "--", "sh", "-c", script)[1][1])
    for n in range(1, total * 3 // 4, 2):  # the total differs a little from run to run
        assert cut(n, "--", "sh", "-c", script)[0] == 137


def test_what_is_left_may_go_on(cut):
    code, status, found = cut("--leave", 0, "--", "sh", "-c", "(until [ -e go ]; do sleep 0.1; done; echo late >late) & exit 3")
    assert (code, status[2:], found) == (3, ["exit", "3"], [])
    (cut.folder / "work" / "go").touch()
    assert appears(cut.folder / "work" / "late", "late\n")
    # what is left may also change things, though its calls would stop for us
    code, status, found = cut("--leave", "--changing", 0, "--", "sh", "-c", "(until [ -s now ]; do sleep 0.1; done; echo late >late) & exit 3")
    assert (code, status[2:]) == (3, ["exit", "3"])
    (cut.folder / "work" / "now").write_text("now")
    assert appears(cut.folder / "work" / "late", "late\n")


def states_of(cut, script, *flags):
    """What is said of each call that is counted, with the files at that moment."""
    ours, its = socket.socketpair()
    seen = []
    subprocess.run(["rm", "-rf", cut.folder / "work"], check=True)
    (cut.folder / "work").mkdir()
    with its:
        tool = subprocess.Popen([cut.program, "-o", cut.status, "--changing", *flags, "--each", str(its.fileno()), "0", "--", "sh", "-c", script],
                                cwd=cut.folder / "work", pass_fds=[its.fileno()])
    with ours, ours.makefile("rw") as told:
        for line in told:
            seen.append((line.split()[1], sorted(str(p.relative_to(cut.folder / "work")) for p in (cut.folder / "work").rglob("*"))))
            told.write("\n")
            told.flush()
    assert tool.wait() == 0
    return seen


def test_each_call_is_told_and_waits_for_an_answer(cut):
    seen = states_of(cut, SCRIPT)
    assert [s for i, s in enumerate(seen) if i == 0 or s != seen[i - 1]] == [
        ("openat", []), ("write", ["a"]), ("openat", ["a"]), ("write", ["a", "b"]), ("mkdir", ["a", "b"]), ("renameat2", ["a", "b", "c"]),
        ("unlinkat", ["b", "c", "c/a"])]
    assert cut.status.read_text() == f"done {len(seen)} exit 0\n"


def test_only_calls_behind_a_change_of_the_state_are_counted(cut):
    script = "echo a >a; mkdir c; echo b >c/b; echo x >c/b; echo said; mv a c; rm c/a"
    seen = states_of(cut, script, "--state", cut.folder / "work" / "c", "--state", cut.folder / "work" / "none")
    # not behind what was done to a alone; the last change is seen at no call any more
    assert [(call, "c/b" in files, "c/a" in files) for call, files in seen] == [
        ("openat", False, False), ("write", True, False), ("openat", True, False), ("write", True, False), ("write", True, False),
        ("unlinkat", True, True)]
    state = ["--changing", "--state", cut.folder / "work" / "c"]
    for n, (call, files) in enumerate(seen, 1):
        code, status, found = cut(*state, n, "--", "sh", "-c", script)
        assert (code, status[:3], found) == (137, ["cut", str(n), call], files)


def test_signals_and_stops_pass_through(cut):
    script = """trap 'echo got >got' USR1; kill -USR1 $$; sh -c 'kill -STOP $$; echo on >on' & \
until [ -e on ]; do sleep 0.1; kill -CONT $! || break; done; wait"""
    code, status, found = cut(0, "--", "sh", "-c", script)
    assert (code, found) == (0, ["got", "on"])


def test_a_killed_knife_takes_the_tree_along(build, tmp_path):
    mark = tmp_path / "pid"
    outer = subprocess.Popen([build / "tests" / "cut", "0", "--", "sh", "-c", f"echo $$ >{mark}; sleep 100"])
    while not mark.exists() or not mark.read_text():
        time.sleep(0.02)
    pid = int(mark.read_text())
    outer.kill()
    outer.wait()
    end = time.monotonic() + 60
    while pathlib.Path("/proc", str(pid)).exists() and time.monotonic() < end:
        time.sleep(0.02)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_mistakes_are_told(build):
    for arguments in ([], ["1"], ["x", "--", "true"], ["-1x", "--", "true"], ["1", "true"], ["--nope", "1", "--", "true"],
                      ["--state", "/srv", "1", "--", "true"], ["--changing", "--each", "99", "1", "--", "true"]):
        got = subprocess.run([build / "tests" / "cut", *arguments], capture_output=True, text=True)
        assert got.returncode == 125 and "usage: cut" in got.stderr, arguments
    got = subprocess.run([build / "tests" / "cut", "0", "--", "/nonexistent"], capture_output=True, text=True)
    assert got.returncode == 125 and "cannot run '/nonexistent'" in got.stderr
