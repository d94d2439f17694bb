# SPDX-License-Identifier: GPL-3.0-or-later
# test_supervisor.py - the parent of the daemon's roles, with four stand-ins that tell what they were given and die as told.
import fcntl
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import stat
import subprocess
import time

import pytest

ROLES = ("net", "keeper", "index", "grant")
ALWAYS = {0, 1, 2, 3, 4}
# role.h: what each has besides those, and who is at the other end of the socket pairs.
PLACES = {"net": {5, 6, 7, 8}, "keeper": {5, 7, 8, 9, 10}, "index": {5, 6}, "grant": {5, 6, 7, 8, 9}}
PEERS = {
    "net": {"5": "keeper 5", "6": "index 5", "7": "grant 5"},
    "keeper": {"5": "net 5"},
    "index": {"5": "net 6", "6": "grant 6"},
    "grant": {"5": "net 7", "6": "index 6"},
}
# Seconds for what takes a tenth of one: the machine may be busy, and the programs slow that look for their own mistakes.
PATIENCE = 60
# SETGID, SETUID, SETPCAP, KILL, DAC_READ_SEARCH, NET_ADMIN, NET_RAW
CAPABILITIES = sum(1 << cap for cap in (2, 5, 6, 7, 8, 12, 13))


def alive(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def until(claim):
    end = time.monotonic() + PATIENCE
    while not (result := claim()):
        if time.monotonic() > end:
            return None
        time.sleep(0.01)
    return result


class Daemon:
    """sallyportd in a network of its own, its roles being tests/tools/role_fake.c."""

    def __init__(self, build, folder):
        self.build, self.folder, self.process = build, folder, None
        self.state, self.control, self.conf = folder / "state", folder / "run" / "control", folder / "sallyportd.conf"
        self.log_path = folder / "log"
        self.libexec = folder / "libexec"
        self.libexec.mkdir()
        self.state.mkdir(mode=0o700)
        for role in ROLES:
            shutil.copy(build / "tests" / "role_fake", self.libexec / f"sallyport-{role}")
        for name in ("key1", "key2"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", folder / name], check=True)
        for name in ("secret1", "secret2"):
            (folder / name).write_text(name[-1] * 64 + "\n")
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.listener.bind(str(folder / "notify"))
        self.listener.setblocking(False)
        self.told, self.handed = [], []
        self.write()

    def write(self, more="", keys=("key1",), state=None, control=None):
        self.conf.write_text("".join(f"HostKey {self.folder / key}\n" for key in keys) +
                             f"StateDirectory {state or self.state}\nControlSocket {control or self.control}\n{more}")

    def behave(self, role, word):
        path = self.state / f"{role}.do"
        path.with_suffix(".new").write_text(word)
        path.with_suffix(".new").rename(path)

    def start(self, environment=None, options=(), kept=()):
        """kept: descriptors that the service manager hands over, by their names."""
        log = open(self.log_path, "ab")
        hand = "".join(f"exec {3 + i}<&{fd}; " for i, (_, fd) in enumerate(kept))
        if kept:
            hand += f"export LISTEN_FDS={len(kept)} LISTEN_PID=$$ LISTEN_FDNAMES={':'.join(name for name, _ in kept)}; "
        self.process = subprocess.Popen(
            ["/bin/bash", "-c", hand + 'exec "$@"', "manager", "setpriv", "--pdeathsig", "KILL", "unshare", "--net",
             str(self.build / "sallyportd"), "-D", "-f", str(self.conf), "--libexec", str(self.libexec), *options],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log,
            env=dict(os.environ, NOTIFY_SOCKET=str(self.folder / "notify"), SECRET_OF_THE_PARENT="x",
                     **(environment or {})), pass_fds=(log.fileno(), *(fd for _, fd in kept)))
        log.close()
        return self

    def log(self):
        return self.log_path.read_text(errors="replace")

    def notes(self):
        """All that the service manager was told so far, in order."""
        while True:
            try:
                message, fds, _, _ = socket.recv_fds(self.listener, 4096, 4)
                self.told += message.decode().splitlines()
                self.handed += fds
            except BlockingIOError:
                return self.told

    def ready(self, times=1):
        assert until(lambda: self.notes().count("READY=1") >= times), self.log()

    def report(self, role):
        try:
            return json.loads((self.state / f"{role}.json").read_text())
        except OSError:
            return None

    def pids(self):
        return {role: self.report(role)["pid"] for role in ROLES}

    def renewed(self, old):
        """Waits for a generation in which nobody is of the old one."""
        self.ready(1)

        def all_new():
            pids = self.pids()
            return all(pids[role] != old[role] and alive(pids[role]) for role in ROLES) and pids

        new = until(all_new)
        assert new, self.log()
        return new

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.listener.close()
        for fd in self.handed:
            os.close(fd)


@pytest.fixture
def daemon(build, tmp_path):
    if os.geteuid() != 0:
        pytest.skip("needs root")
    if subprocess.run(["unshare", "--net", "true"], capture_output=True).returncode:
        pytest.skip("a network of its own is not permitted here")
    d = Daemon(build, tmp_path)
    yield d
    d.stop()


def test_each_role_has_exactly_the_descriptors_that_it_was_promised(daemon):
    daemon.write("SiteSecret " + " ".join(str(daemon.folder / name) for name in ("secret1", "secret2")),
                 keys=("key1", "key2"))
    daemon.start().ready()
    for role in ROLES:
        report = daemon.report(role)
        fds = {int(n): what for n, what in report["fds"].items()}
        assert set(fds) == ALWAYS | PLACES[role], role
        assert report["peers"] == PEERS[role], role
        assert fds[0]["target"] == fds[1]["target"] == "/dev/null"
        assert fds[3]["domain"] == socket.AF_UNIX and fds[3]["type"] == socket.SOCK_STREAM
        assert fds[4]["flags"] & os.O_ACCMODE == os.O_RDONLY
        assert fds[4]["seals"] == fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE
        for n in map(int, PEERS[role]):
            assert fds[n]["domain"] == socket.AF_UNIX and fds[n]["type"] == socket.SOCK_SEQPACKET
    fds = daemon.report("keeper")["fds"]
    for n, name in ("7", "key1"), ("8", "key2"), ("9", "secret1"), ("10", "secret2"):
        assert fds[n]["target"] == str(daemon.folder / name)
        assert fds[n]["flags"] & os.O_ACCMODE == os.O_RDONLY
    fds = daemon.report("grant")["fds"]
    assert fds["7"]["listens"] == 1 and fds["7"]["type"] == socket.SOCK_SEQPACKET
    assert fds["8"]["target"] == str(daemon.state) and fds["8"]["mode"] == stat.S_IFDIR
    assert daemon.report("net")["fds"]["8"]["domain"] == socket.AF_PACKET


def test_a_role_that_is_not_given_a_second_key_has_nothing_in_its_place(daemon):
    daemon.start().ready()
    assert {int(n) for n in daemon.report("keeper")["fds"]} == ALWAYS | {5, 7}


def test_nothing_else_of_the_parent_reaches_a_role(daemon):
    daemon.start().ready()
    for role in ROLES:
        report = daemon.report(role)
        assert report["environ"] == []
        assert report["argv"] == [f"sallyport-{role}", "-D"]
        assert report["cwd"] == "/"
        assert report["death"] == signal.SIGKILL
        assert report["group"] == report["pid"]
        status = report["status"]
        assert status["Umask"] == "0077"
        # 32 and 33 are the C library's own, and as whoever started us left them
        assert int(status["SigBlk"], 16) == int(status["SigIgn"], 16) & ~(3 << 31) == 0
        assert status["NoNewPrivs"] == "1"
        for kind in ("CapBnd", "CapPrm", "CapEff"):
            assert int(status[kind], 16) & ~CAPABILITIES == 0, kind
        assert int(status["CapInh"], 16) == int(status["CapAmb"], 16) == 0


def test_the_roles_read_the_settings_that_were_checked(daemon):
    daemon.write("port 22 2222 # both\nKnockPort 4430\nGrantTime 90")
    daemon.start().ready()
    for role in ROLES:
        settings = daemon.report(role)["settings"].splitlines()
        assert {"Port 22", "Port 2222", "KnockPort 4430", "GrantTime 1m30s", "CpuShare 25"} <= set(settings)


def test_the_control_socket_is_roots_alone_and_goes_with_the_daemon(daemon):
    daemon.start().ready()
    mode = daemon.control.stat().st_mode
    assert stat.S_ISSOCK(mode) and stat.S_IMODE(mode) == 0o600
    daemon.process.terminate()
    daemon.process.wait(PATIENCE)
    assert not daemon.control.exists()


def test_the_service_manager_is_told_only_when_all_four_serve(daemon):
    daemon.behave("index", "silent")
    daemon.start()
    assert until(lambda: all(daemon.report(role) for role in ROLES))
    time.sleep(0.5)
    assert "READY=1" not in daemon.notes()
    assert until(lambda: re.search(r"role-not-ready role=\W?index", daemon.log())), daemon.log()
    daemon.behave("index", "stay")
    daemon.ready()


def test_the_watchdog_is_fed(daemon):
    daemon.start({"WATCHDOG_USEC": "400000"}).ready()
    before, begun = daemon.notes().count("WATCHDOG=1"), time.monotonic()
    assert until(lambda: daemon.notes().count("WATCHDOG=1") - before >= 5)
    # twice in each time that it has
    assert daemon.notes().count("WATCHDOG=1") - before <= 2 + (time.monotonic() - begun) / 0.15


def test_a_watchdog_of_another_process_is_not_fed(daemon):
    daemon.start({"WATCHDOG_USEC": "100000", "WATCHDOG_PID": "1"}).ready()
    time.sleep(0.3)
    assert "WATCHDOG=1" not in daemon.notes()


def test_who_died_first_is_named_though_its_peers_left_before_it_was_reaped(daemon):
    daemon.start().ready()
    for n in range(20):
        role, old = ROLES[n % 4], daemon.pids()
        os.kill(old[role], signal.SIGKILL)
        daemon.renewed(old)
        daemon.ready(2 + n)
        named = re.findall(r"role-ended role=\W?(\w+)\W? how=\W?signal 9", daemon.log())
        assert named == [ROLES[i % 4] for i in range(n + 1)], daemon.log()


@pytest.mark.parametrize("role", ROLES)
def test_the_death_of_one_role_renews_all(daemon, role):
    daemon.start().ready()
    old = daemon.pids()
    os.kill(old[role], signal.SIGKILL)
    daemon.renewed(old)
    assert not any(alive(pid) for pid in old.values())
    assert re.search(rf"role-ended role=\W?{role}\W? how=\W?signal 9", daemon.log())
    assert daemon.process.poll() is None


def test_who_served_is_back_soon_however_often_it_dies(daemon, figure):
    daemon.start().ready()
    took = []
    for n in range(12):
        old = daemon.pids()
        before = time.monotonic()
        os.kill(old[ROLES[n % 4]], signal.SIGKILL)
        daemon.renewed(old)
        daemon.ready(2 + n)
        took.append(time.monotonic() - before)
        assert not any(alive(pid) for pid in old.values())
    pauses = re.findall(r"pause-ms=\W?(\d+)", daemon.log())
    assert pauses == ["0", "100"] + ["200"] * 10
    figure(f"supervisor: after {len(took)} deaths the roles were back within {max(took) * 1000:.0f} ms")


def test_one_death_at_the_start_does_not_keep_those_away_who_served(daemon):
    daemon.start().ready()
    for n in range(10):
        old = daemon.pids()
        if n == 9:
            daemon.behave("keeper", "early")
        os.kill(old["net"], signal.SIGKILL)
        if n < 9:
            daemon.renewed(old)
            daemon.ready(2 + n)

    def pauses():
        return re.findall(r"pause-ms=\W?(\d+)", daemon.log())

    assert until(lambda: len(pauses()) > 10), daemon.log()
    daemon.behave("keeper", "stay")
    daemon.ready(11)
    assert pauses()[9:11] == ["200", "200"]


@pytest.mark.parametrize("word", ["early", "wrong"])
def test_who_goes_on_dying_is_started_at_once_and_then_ever_later(daemon, word):
    daemon.behave("keeper", word)
    daemon.start()
    assert until(lambda: "pause-ms=800" in daemon.log().replace('"', "")), daemon.log()
    pauses = re.findall(r"pause-ms=\W?(\d+)", daemon.log())
    assert pauses[:5] == ["0", "100", "200", "400", "800"]
    daemon.behave("keeper", "stay")
    assert until(lambda: all(daemon.report(r) and alive(daemon.report(r)["pid"]) for r in ROLES))
    assert daemon.process.poll() is None


def test_a_program_that_cannot_be_executed_is_said(daemon):
    (daemon.libexec / "sallyport-grant").unlink()
    daemon.start()
    assert until(lambda: re.search(r"role-ended role=\W?grant\W? how=\W?cannot be executed", daemon.log())), daemon.log()


def test_a_reload_takes_new_settings_to_a_new_generation(daemon):
    daemon.start().ready()
    old = daemon.pids()
    daemon.write("Port 2200")
    daemon.process.send_signal(signal.SIGHUP)
    daemon.ready(2)
    new = daemon.pids()
    assert not any(alive(pid) for pid in old.values())
    assert all(alive(pid) for pid in new.values())
    assert "Port 2200" in daemon.report("grant")["settings"].splitlines()
    notes = daemon.notes()
    assert notes.index("RELOADING=1") < len(notes) - 1 - notes[::-1].index("READY=1")
    assert any(note.startswith("MONOTONIC_USEC=") for note in notes)
    assert "restarting" not in daemon.log()


@pytest.mark.parametrize("how, says", [
    ("GrantTime 2d", "GrantTime is '2d': wants a time from 1s to 1h"),
    ("HostKey /nonexistent/key", "/nonexistent/key: No such file"),
    ("HostKey /dev/null", "/dev/null: "),
    ("SiteSecret /nonexistent/secret", "/nonexistent/secret"),
    ("HostKey {}/rsa", "the host key does not serve"),
    ("HostKey {}/locked", "the host key does not serve"),
    ("HostKey {}/key1.pub", "the host key does not serve"),
    ("SiteSecret {}/key1", "wants 64 hexadecimal digits"),
])
def test_a_bad_reload_leaves_everything_as_it_was(daemon, how, says):
    for name, kind, phrase in ("rsa", "rsa", ""), ("locked", "ed25519", "secret"):
        subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", phrase, "-f", daemon.folder / name], check=True)
    daemon.start().ready()
    old = daemon.pids()
    daemon.write(how.format(daemon.folder))
    daemon.process.send_signal(signal.SIGHUP)
    daemon.ready(2)
    assert "reload-refused" in daemon.log()
    assert says in daemon.log()
    assert daemon.pids() == old and all(alive(pid) for pid in old.values())
    assert any("settings of the last reload are wrong" in note for note in daemon.notes())


def test_places_that_a_reload_changes_are_left_behind(daemon):
    daemon.start().ready()
    state, control = daemon.folder / "state2", daemon.folder / "run" / "control2"
    state.mkdir()
    daemon.write(state=state, control=control)
    daemon.process.send_signal(signal.SIGHUP)
    daemon.ready(2)
    assert control.is_socket() and not daemon.control.exists()
    fd = os.open(daemon.state, os.O_RDONLY)
    fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)  # it let go of the old one
    os.close(fd)
    fd = os.open(state, os.O_RDONLY)
    with pytest.raises(BlockingIOError):
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(fd)


def test_a_hail_of_reloads_ends_with_the_last_settings(daemon):
    daemon.start().ready()
    for port in range(2200, 2220):
        daemon.write(f"Port {port}")
        daemon.process.send_signal(signal.SIGHUP)
        time.sleep(0.003)
    assert until(lambda: "Port 2219" in daemon.report("net")["settings"].splitlines()), daemon.log()
    assert until(lambda: all(alive(pid) for pid in daemon.pids().values()))
    assert daemon.process.poll() is None


@pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGINT])
def test_an_orderly_end_leaves_no_process(daemon, sig):
    daemon.start().ready()
    pids = daemon.pids()
    daemon.process.send_signal(sig)
    assert daemon.process.wait(PATIENCE) == 0, daemon.log()
    assert not any(alive(pid) for pid in pids.values())
    assert "STOPPING=1" in daemon.notes()
    assert "role-ended" not in daemon.log()


def test_a_role_that_will_not_end_is_killed_after_a_second(daemon):
    daemon.behave("grant", "stubborn")
    daemon.start().ready()
    pids = daemon.pids()
    before = time.monotonic()
    daemon.process.terminate()
    assert daemon.process.wait(PATIENCE) == 0
    assert time.monotonic() - before > 0.9
    assert not any(alive(pid) for pid in pids.values())


def test_the_death_of_the_parent_is_the_end_of_the_roles(daemon):
    daemon.behave("index", "stubborn")
    daemon.start().ready()
    pids = daemon.pids()
    daemon.process.kill()
    daemon.process.wait()
    assert until(lambda: not any(alive(pid) for pid in pids.values()))


def test_a_killed_daemon_is_followed_by_another_at_once(daemon):
    daemon.start().ready()
    old = daemon.pids()
    for n in range(2, 6):
        daemon.process.kill()
        daemon.process.wait()
        daemon.start().ready(n)
        new = daemon.pids()
        assert until(lambda: not any(alive(pid) for pid in old.values()))  # the kernel tells them of the death, and they end
        assert all(alive(pid) for pid in new.values())
        old = new


def netfilter(daemon):
    """What the table belongs to."""
    fd = daemon.report("grant")["fds"]["9"]
    assert fd["domain"] == socket.AF_NETLINK
    return fd["target"]


def test_the_table_belongs_to_one_socket_through_deaths_and_reloads(daemon):
    daemon.start().ready()
    first = netfilter(daemon)
    old = daemon.pids()
    os.kill(old["grant"], signal.SIGKILL)
    old = daemon.renewed(old)
    assert netfilter(daemon) == first
    daemon.process.send_signal(signal.SIGHUP)
    daemon.renewed(old)
    assert netfilter(daemon) == first


def test_the_service_manager_keeps_that_socket_for_the_next_daemon(daemon):
    daemon.start().ready()
    first = netfilter(daemon)
    assert {"FDSTORE=1", "FDNAME=netfilter", "FDPOLL=0"} <= set(daemon.notes())
    assert len(daemon.handed) == 1 and os.readlink(f"/proc/self/fd/{daemon.handed[0]}") == first
    daemon.process.kill()
    daemon.process.wait()
    null = os.open("/dev/null", os.O_RDWR)
    daemon.start(kept=[("other", null), ("netfilter", daemon.handed[0])]).ready(2)
    assert netfilter(daemon) == first
    daemon.process.kill()
    daemon.process.wait()
    # what is no such socket is not used
    daemon.start(kept=[("netfilter", null)]).ready(3)
    assert netfilter(daemon) != first
    os.close(null)


def test_two_daemons_do_not_share_a_state(daemon):
    daemon.start().ready()
    second = subprocess.run(
        ["unshare", "--net", str(daemon.build / "sallyportd"), "-D", "-f", str(daemon.conf), "--libexec",
         str(daemon.libexec)], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE)
    assert second.returncode == 2
    assert "another sallyportd runs" in second.stderr
    assert daemon.control.is_socket()
    assert all(alive(pid) for pid in daemon.pids().values())


@pytest.mark.parametrize("how, says", [
    ("HostKey /nonexistent/key", "/nonexistent/key: No such file"),
    ("Prot 22", "sallyportd.conf:4: there is no setting 'Prot': did you mean 'Port'?"),
])
def test_what_is_wrong_at_the_start_ends_the_daemon(daemon, how, says):
    daemon.write(how)
    daemon.start()
    assert daemon.process.wait(PATIENCE) == 2
    assert says in daemon.log()
    assert "READY=1" not in daemon.notes()
    assert not daemon.control.exists()


def test_the_table_alone_is_loaded_where_no_daemon_runs_and_left_to_one_that_does(daemon):
    if not shutil.which("nft"):
        pytest.skip("nft is not installed")
    load = ["unshare", "--net", "sh", "-c", f"'{daemon.build}/sallyportd' -L -f '{daemon.conf}'; echo $?; nft list tables"]

    def loaded():
        got = subprocess.run(load, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE)
        assert got.stderr == ""
        return got.stdout.splitlines()

    assert loaded() == ["0", "table inet sallyport"]
    daemon.start().ready()
    assert loaded() == ["0"]
