# SPDX-License-Identifier: GPL-3.0-or-later
# test_units.py - what the installation brings for the service manager is sound: units, accounts, folders, the example.
import pathlib
import shutil
import subprocess

import pytest

SOURCE = pathlib.Path(__file__).resolve().parent.parent.parent
UNITS = ("sallyportd.service", "sallyport-firewall.service", "sallyport-rescue.socket", "sallyport-rescue@.service",
         "sallyport-revoke-update.service", "sallyport-revoke-update.timer", "sallyport-jail-update.service",
         "sallyport-jail-update.timer")


def need(tool):
    if not shutil.which(tool):
        pytest.skip(f"{tool} is not installed")


def run(*command):
    return subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=60)


@pytest.fixture
def root(build, tmp_path):
    """A system on which sallyport has just been installed, as far as its accounts and folders go."""
    for folder in ("etc", "run", "var/lib", "usr/lib/sysusers.d", "usr/lib/tmpfiles.d"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "etc/passwd").write_text("root:x:0:0::/root:/bin/sh\n")
    (tmp_path / "etc/group").write_text("root:x:0:\n")
    shutil.copy(SOURCE / "conf/sysusers.d/sallyport.conf", tmp_path / "usr/lib/sysusers.d")
    shutil.copy(build / "conf/sallyport.conf", tmp_path / "usr/lib/tmpfiles.d")
    for line in (build / "conf/sallyport.conf").read_text().splitlines():
        if line.startswith("C "):
            shutil.copytree(SOURCE / "conf/gate", tmp_path / line.split()[-1].lstrip("/"))
    return tmp_path


def make_accounts(root):
    got = run("systemd-sysusers", f"--root={root}", "sallyport.conf")
    assert got.returncode == 0, got.stderr


def make_folders(root):
    got = run("systemd-tmpfiles", "--create", f"--root={root}", "sallyport.conf")
    assert got.returncode == 0, got.stderr


@pytest.mark.parametrize("unit", UNITS)
def test_units_have_nothing_that_systemd_does_not_know(build, tmp_path, unit):
    need("systemd-analyze")
    for name in UNITS:  # one may name another
        lines = []
        made = build / "conf" / name
        for line in (made if made.exists() else SOURCE / "conf/systemd" / name).read_text().splitlines():
            if line.startswith("Documentation=") or line.startswith("ExecReload=/usr/local"):
                continue
            lines.append("ExecStart=/bin/true" if line.startswith("ExecStart=") else line)
        (tmp_path / name).write_text("\n".join(lines) + "\n")
    got = run("systemd-analyze", "verify", "--man=no", "--recursive-errors=no", tmp_path / unit)
    assert [line for line in got.stderr.splitlines() if unit in line] == []


@pytest.mark.parametrize("unit, most", [("sallyportd.service", 3.3), ("sallyport-firewall.service", 2.2),
                                        ("sallyport-revoke-update.service", 5.8), ("sallyport-jail-update.service", 5.6)])
def test_units_do_not_become_more_exposed(build, unit, most):
    need("systemd-analyze")
    got = run("systemd-analyze", "security", "--offline=true", f"--threshold={int(most * 10)}", build / "conf" / unit)
    assert got.returncode == 0, got.stdout


def test_each_role_has_an_account_that_nobody_logs_in_to(root):
    need("systemd-sysusers")
    make_accounts(root)
    rows = {line.split(":")[0]: line.split(":") for line in (root / "etc/passwd").read_text().splitlines()}
    assert set(rows) == {"root", "sallyport-net", "sallyport-keeper", "sallyport-index", "sallyport-grant"}
    assert len({row[2] for row in rows.values()}) == 5
    assert {row[6] for name, row in rows.items() if name != "root"} == {"/usr/sbin/nologin"}


def test_the_record_of_knocks_is_made_by_the_installation_and_never_again(root):
    need("systemd-tmpfiles")
    make_accounts(root)
    make_folders(root)
    gate = root / "var/lib/sallyport/gate"
    uid = {line.split(":")[0]: int(line.split(":")[2]) for line in (root / "etc/passwd").read_text().splitlines()}
    assert gate.stat().st_mode & 0o7777 == 0o700 and gate.stat().st_uid == uid["sallyport-grant"]
    assert (root / "run/sallyport").stat().st_mode & 0o7777 == 0o755
    record = gate / "replay"
    assert record.stat().st_size == 0 and record.stat().st_uid == uid["sallyport-grant"]
    record.write_bytes(b"a knock")
    make_folders(root)
    assert record.read_bytes() == b"a knock"
    record.unlink()
    make_folders(root)
    assert not record.exists()


def test_the_example_is_what_the_settings_are_without_it(build, tmp_path):
    nothing = tmp_path / "sallyportd.conf"
    nothing.write_text("")
    example = run(build / "sallyportd", "-T", "-f", SOURCE / "conf/examples/sallyportd.conf")
    assert example.returncode == 0, example.stderr
    assert example.stdout == run(build / "sallyportd", "-T", "-f", nothing).stdout


def test_the_example_names_every_setting(build):
    text = (SOURCE / "conf/examples/sallyportd.conf").read_text()
    names = {line.lstrip("#").split()[0] for line in text.splitlines() if line.lstrip("#").strip() and line[:2] != "# "}
    source = (SOURCE / "src/gate/settings.c").read_text()
    table = source[source.index("static const struct row rows[]"):]
    table = table[:table.index("};")]
    assert names - {"#"} >= {part.split('"')[1] for part in table.split("{ ")[1:] if part.startswith('"')}
