# SPDX-License-Identifier: GPL-3.0-or-later
# test_packages.py - installing packages: what is asked of apt, and what happens to a policy-rc.d meanwhile.
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time

import pytest

from conftest import SOURCE

LIST = """# comment
[build]
gcc          # the compiler
old | new    # one of the two
[test]
gcc          # again
server       # the server
[lint]
"""
FAKES = {
    # "installed NAME" for each line of ./installed, as the real one prints it
    "dpkg-query": 'sed "s/^/installed /" "$FAKE/installed"',
    "apt-cache": 'for n; do :; done; grep -qx "$n" "$FAKE/archive"',
    "apt-get": """
echo "apt-get $*" >>"$FAKE/log"
case $1 in
update) cat "$FAKE/archive.new" >>"$FAKE/archive" 2>/dev/null; exit 0 ;;
esac
"$SALLYPORT_POLICY_RC_D" ssh start; echo "policy $?" >>"$FAKE/log"
[ ! -e "$FAKE/slow" ] || { touch "$FAKE/busy"; exec sleep 30; }
exit "$(cat "$FAKE/status" 2>/dev/null || echo 0)" """,
}


class Fake:
    """A tree with packages.txt, and programs that only pretend."""

    def __init__(self, folder):
        self.folder, self.bin, self.policy = folder, folder / "bin", folder / "sbin" / "policy-rc.d"
        for name in ("bin", "sbin", "tools", "tmp"):
            (folder / name).mkdir()
        shutil.copy(SOURCE / "tools" / "install-packages", folder / "tools")
        self.write("packages.txt", LIST)
        for name, body in FAKES.items():
            self.write(f"bin/{name}", f"#!/bin/sh\n{body}\n").chmod(0o755)
        self.write("installed", "gcc\n")
        self.write("archive", "gcc\nold\nnew\nserver\n")

    def write(self, name, content):
        (self.folder / name).write_text(content)
        return self.folder / name

    def start(self, *sections, **more):
        environment = dict(os.environ, PATH=f"{self.bin}:/usr/sbin:/usr/bin:/sbin:/bin", FAKE=str(self.folder),
                           TMPDIR=str(self.folder / "tmp"), SALLYPORT_POLICY_RC_D=str(self.policy))
        return subprocess.Popen([self.folder / "tools" / "install-packages", *sections], env=environment, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, **more)

    def __call__(self, *sections, **more):
        process = self.start(*sections, **more)
        out, err = process.communicate(timeout=300)
        log = self.folder / "log"
        return process.returncode, out, err, log.read_text().splitlines() if log.exists() else []

    def set_policy(self, body):
        self.policy.write_text(body)
        self.policy.chmod(0o755)
        os.utime(self.policy, (1, 1))
        return os.stat(self.policy)


@pytest.fixture
def fake():
    if os.getuid() != 0:
        pytest.skip("installing needs root")
    with tempfile.TemporaryDirectory() as folder:  # one that other users can enter, unlike tmp_path
        os.chmod(folder, 0o755)
        yield Fake(pathlib.Path(folder))


def same(a, b):
    return all(getattr(a, name) == getattr(b, name) for name in ("st_ino", "st_mode", "st_mtime_ns", "st_size", "st_nlink"))


def test_nothing_is_said_when_all_is_there(fake):
    fake.write("installed", "gcc\nnew\nserver\n")
    assert fake("build", "test") == (0, "", "", [])
    assert not fake.policy.exists()


def test_what_is_missing_is_named_and_installed_without_starting_it(fake):
    code, out, err, log = fake("build", "test")
    assert code == 0, err
    assert [line.split(None, 1) for line in out.splitlines()[1:3]] == [["old|new", "one of the two"], ["server", "the server"]]
    assert len(log) == 2 and log[0].startswith("apt-get install") and log[0].endswith(" old server")
    assert "--no-install-recommends" in log[0] and log[1] == "policy 101"
    assert os.listdir(fake.policy.parent) == []


def test_of_two_names_the_one_that_the_archive_has_is_taken(fake):
    fake.write("archive", "new\n")
    assert fake("build")[3][0].endswith(" new")


def test_the_lists_are_read_when_a_package_is_unknown(fake):
    fake.write("archive", "")
    fake.write("archive.new", "old\n")
    code, out, err, log = fake("build")
    assert code == 0 and [line.split()[1] for line in log if line.startswith("apt")] == ["update", "install"]


def test_old_lists_are_read_again_when_the_archive_moved_on(fake):
    fake.write("status", "100")
    code, out, err, log = fake("build")
    assert code == 2 and "could not install old" in err
    assert [line.split()[1] for line in log if line.startswith("apt")] == ["install", "update", "install"]


def test_a_package_that_nobody_has_is_told(fake):
    fake.write("archive", "")
    code, out, err, log = fake("build")
    assert code == 2 and "no package old|new" in err
    assert os.listdir(fake.policy.parent) == []


@pytest.mark.parametrize("arguments, user", [(["--check"], None), ([], 65534)], ids=["check", "not root"])
def test_the_exact_command_is_told_otherwise(fake, arguments, user):
    code, out, err, log = fake(*arguments, "build", "test", **({"user": user, "group": user} if user else {}))
    assert (code, out, log) == (2, "", [])
    assert err.splitlines()[1] == "  sudo apt-get install --no-install-recommends old server"


def test_a_policy_of_the_host_that_forbids_all_is_left_alone(fake):
    before = fake.set_policy("#!/bin/sh\nexit 101\n")
    assert fake("build")[0] == 0
    assert same(before, os.stat(fake.policy)) and len(os.listdir(fake.policy.parent)) == 1


@pytest.mark.parametrize("body", ["#!/bin/sh\nexit 0\n", '#!/bin/sh\n[ "$1" != ssh ] || exit 101\n'], ids=["all", "some"])
def test_a_policy_of_the_host_that_allows_comes_back(fake, body):
    before = fake.set_policy(body)
    assert fake("build")[3][-1] == "policy 101"
    assert same(before, os.stat(fake.policy)) and len(os.listdir(fake.policy.parent)) == 1


def test_a_link_of_the_host_comes_back(fake):
    fake.write("sbin/real", "#!/bin/sh\nexit 0\n").chmod(0o755)
    fake.policy.symlink_to("real")
    assert fake("build")[3][-1] == "policy 101"
    assert os.readlink(fake.policy) == "real" and len(os.listdir(fake.policy.parent)) == 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
@pytest.mark.parametrize("own", [True, False], ids=["own policy", "none"])
def test_an_interrupted_run_leaves_the_policy_as_it_was(fake, number, own):
    before = fake.set_policy("#!/bin/sh\nexit 0\n") if own else None
    fake.write("slow", "")
    process = fake.start("build", start_new_session=True)
    end = time.monotonic() + 60
    while not (fake.folder / "busy").exists() and time.monotonic() < end:
        time.sleep(0.02)
    assert fake.policy.exists()
    os.killpg(process.pid, number)  # as a terminal does
    process.communicate(timeout=120)
    assert number == signal.SIGKILL or not list((fake.folder / "tmp").iterdir())
    if number == signal.SIGKILL:  # nobody was left to put it back: the next run does
        (fake.folder / "slow").unlink()
        assert fake("build")[0] == 0
    assert os.listdir(fake.policy.parent) == (["policy-rc.d"] if own else [])
    if own:
        assert same(before, os.stat(fake.policy))


def test_mistakes_are_told(fake):
    assert fake()[0] == 2
    code, out, err, log = fake("nonsense")
    assert code == 2 and "no section 'nonsense'" in err
