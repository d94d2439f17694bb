# SPDX-License-Identifier: GPL-3.0-or-later
# test_who.py - who --watch on terminals of several sizes, and where there is none; metrics. The daemon is a made-up one.
import json
import os
import signal
import subprocess
import sys
import time

import pytest

from conftest import LAB

sys.path.insert(0, str(LAB))
from gate_fake import Gate, entry  # noqa: E402

pyte = pytest.importorskip("pyte", reason="no python3-pyte")
from terminal import Terminal  # noqa: E402

KEY = bytes(range(32))
FINGERPRINT = "SHA256:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
SIZES = {"narrow": (40, 10), "usual": (80, 24), "wide": (200, 50)}


@pytest.fixture
def gate(tmp_path):
    with Gate(tmp_path / "control") as gate:
        gate.entries = [entry("203.0.113.9", "anna", 45, key=KEY), entry("2001:db8::7", "böb\x1b[31m", 300, port=2222),
                        entry("198.51.100.7", "root: backup", 7200, by_hand=True),
                        entry("192.0.2.1", "", 90, known=False)]
        gate.granted, gate.record = 1204, 1200
        gate.ended = {"gate": 1234567, "duplicate": 44, "time": 3}
        yield gate


@pytest.fixture
def watch(gate, sallyport):
    opened = []

    def start(columns=80, rows=24, *options, env=None):
        opened.append(Terminal([sallyport, "who", "--watch", "--socket", gate.path, *options], columns, rows, env))
        opened[-1].wait_for("q quits")
        return opened[-1]

    yield start
    for terminal in opened:
        terminal.close()


def row_of(lines, word):
    found = [line for line in lines if word in line]
    assert len(found) == 1, "\n".join(lines)
    return found[0]


@pytest.mark.parametrize("color", [False, True])
@pytest.mark.parametrize("size", SIZES)
def test_what_matters_most_stands_there_at_every_size(gate, watch, size, color):
    terminal = watch(*SIZES[size], *(["--color", "never"] if not color else []))
    lines = terminal.lines()
    assert lines[0].startswith("sallyport who  serving since 2026-09-21"), lines
    assert lines[1].startswith("1,204 granted (-)  4 let in"), lines
    assert lines[-1].startswith("q quits"), lines
    assert all(len(line) <= SIZES[size][0] for line in lines)
    assert "root: backup" in lines[3] and "198.51.100.7" in lines[3] and "2h" in lines[3], lines
    assert lines[2].startswith("ACCOUNT") and "gate" in row_of(lines, "1,234,567"), lines
    assert not any("\x1b" in line for line in lines)
    assert bool(terminal.colors()) == color, terminal.colors()


def test_a_usual_screen_has_all_columns(watch):
    lines = watch().lines()
    assert lines[2].split() == ["ACCOUNT", "KEY", "FROM", "PORT", "LEFT", "SESSIONS", "IN", "OUT"], lines
    assert row_of(lines, "anna").split()[:5] == ["anna", FINGERPRINT[:15] + "~", "203.0.113.9", "22", "45s"]
    assert row_of(lines, "2222").startswith("böb\\x1B[31m"), lines
    assert row_of(lines, "by hand").startswith("root: backup  "), lines
    assert row_of(lines, "192.0.2.1").startswith("?  "), lines
    assert [line.split()[0] for line in lines if "/min" in line or " -  " in line] == ["gate", "duplicate", "time"]


def test_a_wide_screen_has_whole_fingerprints(watch):
    lines = watch(200, 50).lines()
    assert lines[2].split()[-3:] == ["SESSIONS", "IN", "OUT"]
    assert FINGERPRINT in row_of(lines, "anna")


def test_rates_are_those_of_the_last_looks(gate, watch):
    terminal = watch(100, 24)
    terminal.wait_for("0/min")
    gate.ended["time"] += 1000
    gate.granted += 1
    lines = terminal.wait_for("/s ")
    assert row_of(lines, "1,003").split()[0] == "time" and lines.index(row_of(lines, "1,003")) == 9, lines
    assert "1,205 granted (" in lines[1] and "/min)" in lines[1], lines


def test_it_follows_the_terminal_when_that_is_resized(gate, watch):
    terminal = watch()
    terminal.resize(40, 10)
    lines = terminal.wait_for(lambda lines: lines[-1].startswith("q quits") and "~" in lines[0])
    assert len(lines) == 10
    terminal.resize(120, 30)
    assert len(terminal.wait_for(lambda lines: "FROM" in lines[2] and lines[-1].startswith("q quits"))) == 30
    terminal.resize(3, 1)
    terminal.resize(80, 24)
    terminal.wait_for(lambda lines: lines[-1].startswith("q quits") and "SESSIONS" in lines[2])
    assert terminal.process.poll() is None


def test_a_long_list_scrolls(gate, watch):
    gate.entries = [entry(f"10.0.{i // 250}.{i % 250 + 1}", f"user{i:03}", 4000 - i) for i in range(300)]
    terminal = watch()
    first = lambda word: lambda lines: lines[3].startswith(word)
    terminal.wait_for(first("user000"))
    for keys, at in [(b"\x1bOB", 1), (b"jj", 3), (b"\x1bOA", 2), (b"\x1b[6~", 17), (b" ", 32), (b"G", 285),
                     (b"\x1bOB", 285), (b"\x1b[5~", 270), (b"g", 0), (b"\x1b[5~", 0)]:
        terminal.send(keys)
        terminal.wait_for(first(f"user{at:03}"))
    terminal.wait_for("1-15 of 300")


@pytest.mark.parametrize("key", [b"q", b"Q"])
def test_q_quits_and_leaves_the_terminal_as_it_was(watch, key):
    terminal = watch()
    terminal.send(key)
    assert terminal.wait() == 0
    assert terminal.is_restored()


@pytest.mark.parametrize("how", ["INT", "TERM", "HUP", "QUIT", "ctrl-c"])
def test_so_does_a_signal(watch, how):
    terminal = watch()
    if how == "ctrl-c":
        terminal.send(b"\x03")
    else:
        terminal.process.send_signal(getattr(signal, f"SIG{how}"))
    assert terminal.wait() == -getattr(signal, "SIGINT" if how == "ctrl-c" else f"SIG{how}")
    assert terminal.is_restored()


def test_a_daemon_that_goes_is_said_and_one_that_comes_is_seen(gate, watch):
    terminal = watch()
    gate.stop()
    lines = terminal.wait_for("sallyportd does not run here, for ")
    assert "anna" in row_of(lines, "203.0.113.9"), "its grants go on in the kernel"
    gate.entries, gate.started, gate.granted, gate.ended = [], gate.started + 60, 2, {}
    gate.start()
    lines = terminal.wait_for(lambda lines: not any("does not run" in line for line in lines))
    assert "2 granted (-)" in lines[1] and "Nobody is let in now." in lines, lines


def test_what_is_wrong_with_the_record_is_said_in_colour(gate, watch):
    gate.lost = gate.memory_only = True
    gate.owned = False
    terminal = watch()
    lines = terminal.lines()
    assert lines[2].startswith("record lost: nothing is granted") and lines[3].startswith("record in memory only")
    assert "table not owned" in lines[1]
    assert b"31" in terminal.colors()


def test_no_color_is_honoured_and_always_beats_it(watch):
    assert not watch(env={"NO_COLOR": "1"}).colors()
    assert watch(80, 24, "--color", "always", env={"NO_COLOR": "1"}).colors()


def test_a_terminal_without_utf8_gets_none(watch):
    terminal = watch(env={"LC_ALL": "C"})
    assert row_of(terminal.lines(), "2222").startswith("b?b\\x1B"), terminal.lines()
    assert max(terminal.raw) < 0x80


def test_a_daemon_that_hangs_is_said_and_does_not_hang_the_screen(gate, watch):
    terminal = watch()
    gate.mute = True
    terminal.wait_for("sallyportd gives no answer, for ")
    gate.mute = False
    terminal.wait_for(lambda lines: not any("no answer" in line for line in lines))
    gate.mute = True
    terminal.wait_for("sallyportd gives no answer, for ")
    terminal.process.send_signal(signal.SIGTERM)
    assert terminal.wait(10) == -signal.SIGTERM and terminal.is_restored()


def test_it_ends_with_its_terminal(watch):
    terminal = watch()
    os.close(terminal.theirs)
    os.close(terminal.ours)
    try:
        assert terminal.process.wait(20) in (2, -signal.SIGHUP)
    finally:
        terminal.ours, terminal.theirs = os.openpty()


def test_it_can_be_put_aside_and_comes_back(gate, sallyport, tmp_path):
    # into a file: what is typed over a screen that was left may stand anywhere
    said = tmp_path / "stty"
    script = f"{sallyport} who --watch --socket {gate.path}; stty -a >{said}; echo aside; read; fg; echo status $?"
    with Terminal(["/bin/bash", "-mc", script], 100, 30) as terminal:
        terminal.wait_for("q quits")
        terminal.send(b"\x1a")
        terminal.wait_for("aside")
        words = said.read_text().split()
        assert "icanon" in words and "echo" in words, words
        terminal.screen.reset()
        terminal.send(b"\n")
        terminal.wait_for(lambda lines: lines[0].startswith("sallyport who") and "q quits" in lines[-1])
        terminal.send(b"q")
        terminal.wait_for("status 0")
        assert terminal.wait() == 0 and terminal.is_restored()


def test_without_a_daemon_it_does_not_begin(sallyport, tmp_path):
    with Terminal([sallyport, "who", "--watch", "--socket", str(tmp_path / "none")], 80, 24) as terminal:
        assert terminal.wait() == 2
        assert any("does not run here" in line for line in terminal.lines())
        assert b"\x1b[?1049h" not in terminal.raw


def plainly(gate, sallyport, *options, env=None):
    return subprocess.Popen([sallyport, "who", "--watch", "--socket", gate.path, *options], stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, text=True, env={**os.environ, **(env or {})})


def test_a_pipe_gets_one_look_after_the_other(gate, sallyport):
    with plainly(gate, sallyport) as process:
        for _ in range(2):
            assert "198.51.100.7" in process.stdout.readline()
            while not process.stdout.readline().startswith("  duplicate "):
                pass
        process.kill()


def test_a_pipe_gets_json_lines_also_while_the_daemon_is_away(gate, sallyport):
    with plainly(gate, sallyport, "--format", "json") as process:
        first = json.loads(process.stdout.readline())
        assert first["running"] and first["granted"] == 1204 and len(first["grants"]) == 4
        gate.stop()
        assert json.loads(process.stdout.readline()) == {
            "schema": "sallyport.who.v1", "running": False, "error": "sallyportd does not run here"}
        gate.start()
        assert json.loads(process.stdout.readline())["running"]
        process.kill()


@pytest.mark.parametrize("term", ["dumb", "", "nobody-knows-it"])
def test_a_terminal_that_can_do_nothing_gets_plain_lines(gate, sallyport, term):
    with Terminal([sallyport, "who", "--watch", "--socket", gate.path], 80, 60, {"TERM": term}) as terminal:
        terminal.wait_for(lambda lines: sum("198.51.100.7" in line for line in lines) == 2)
        assert b"\x1b" not in terminal.raw


# ---- metrics ----

METRICS = {"sallyport_up", "sallyport_start_time_seconds", "sallyport_grants", "sallyport_knocks_granted",
           "sallyport_record_entries", "sallyport_record_lost", "sallyport_record_memory_only", "sallyport_table_owned",
           "sallyport_packets_ended"}


def metrics(text):
    parser = pytest.importorskip("prometheus_client.parser", reason="no python3-prometheus-client")
    return {family.name: family for family in parser.text_string_to_metric_families(text)}


def test_metrics_are_what_a_parser_of_prometheus_takes(gate, sallyport, tmp_path):
    file = tmp_path / "sallyport.prom"
    gate.lost = True
    command = [sallyport, "who", "--format", "prometheus", "--socket", gate.path]
    subprocess.run(command + ["-o", file], check=True)
    assert os.stat(file).st_mode & 0o777 == 0o644, "the exporter runs as somebody else"
    assert sorted(os.listdir(tmp_path)) == ["control", "sallyport.prom"]
    got = metrics(file.read_text())
    assert METRICS <= set(got) <= METRICS | {"sallyport_table_loaded"}
    value = {sample.name: sample.value for family in got.values() for sample in family.samples if not sample.labels}
    assert value["sallyport_up"] == 1 and value["sallyport_start_time_seconds"] == gate.started
    assert value["sallyport_grants"] == 4 and value["sallyport_knocks_granted_total"] == 1204
    assert value["sallyport_record_entries"] == 1200
    assert value["sallyport_record_lost"] == 1 and value["sallyport_record_memory_only"] == 0
    ended = {sample.labels["stage"]: sample.value for sample in got["sallyport_packets_ended"].samples}
    assert ended["gate"] == 1234567 and ended["time"] == 3 and ended["key"] == 0 and len(ended) == 23
    assert all(family.documentation and family.type in ("gauge", "counter") for family in got.values())
    assert subprocess.run(command, check=True, capture_output=True, text=True).stdout == file.read_text()


def test_metrics_say_that_the_daemon_is_down(sallyport, tmp_path):
    file = tmp_path / "sallyport.prom"
    got = subprocess.run([sallyport, "who", "--format", "prometheus", "--socket", tmp_path / "none", "-o", file],
                         capture_output=True, text=True)
    assert got.returncode == 0 and not got.stderr
    found = metrics(file.read_text())
    assert set(found) <= {"sallyport_up", "sallyport_table_loaded"} and found["sallyport_up"].samples[0].value == 0
