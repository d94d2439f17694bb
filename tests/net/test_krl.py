# SPDX-License-Identifier: GPL-3.0-or-later
# test_krl.py - KRLs of our own writer mean what those of ssh-keygen mean, of everybody.
#
# A random set of keys, hashes, certificates, serials and key ids is written once as a file of sources, from which ours is made, and
# once as specifications of ssh-keygen -k. ssh-keygen -Q and our reader must say the same of both, and a real sshd of some. 16 sets,
# others in each run; with SALLYPORT_LONG=1 a thousand; by hand: tests/net/test_krl.py --seed 7 --count 5000
import argparse
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile

import pytest

from conftest import LONG, SEED
from test_revoked import IDS, SERIALS, People, Reader, fingerprint, keygen, theirs

COUNT = 1000 if LONG else 16
COMMENT = "sallyport: made from /etc/sallyport/revoked.d"
LOGIN_SETS = 24 if LONG else 2

pytestmark = pytest.mark.skipif(not shutil.which("ssh-keygen"), reason="no ssh-keygen here")


def line(path):
    return path.read_text().strip()


def escaped(key_id):
    return key_id.replace("\\", "\\\\")


def serials(rng):
    """Values for 'serial:': single ones, ranges, and dense runs that are worth a bitmap."""
    kind = rng.randrange(4)
    if kind == 0:
        return [str(rng.choice(SERIALS[1:] + [rng.randrange(1, 2000)]))]
    if kind == 1:
        return ["%d-%d" % tuple(sorted(rng.sample(SERIALS[1:], 2)))]
    start, width = rng.choice(SERIALS[1:14]), rng.choice([200, 200, 3000, 20000])
    some = sorted(rng.sample(range(width), rng.randrange(2, 60)))
    if kind == 2:
        return [str(start + step) for step in some]
    return [f"{start + step}-{start + step + rng.randrange(1, 9)}" for step in some]


def random_set(rng, people):
    """Lines of a file of sources; the same for ssh-keygen, by CA (None: needs none)."""
    sources, specs, certificates = [], {None: []}, []
    for _ in range(rng.randrange(4)):
        who, kind = rng.choice(people.keys + people.cas[:1]), rng.choice(["key", "key", "sha1", "sha256", "hash", "certificate"])
        if kind == "certificate":
            who = rng.choice(people.certificates)
            certificates.append(who)
            sources.append(f"certificate: {line(who)}")
        else:
            value = fingerprint(who) if kind == "hash" else line(who)
            sources.append(f"{kind}: {value}")
            specs[None].append(f"{kind}: {value}")
    for _ in range(rng.randrange(4)):
        ca = rng.choice(["none"] + people.cas)
        sources.append("ca: " + ("any" if ca == "none" else line(ca)))
        for _ in range(rng.randrange(4)):
            if rng.random() < 0.3:
                key_id = rng.choice([i for i in IDS if "#" not in i])  # which ssh-keygen takes for a comment
                sources.append(f"id: {escaped(key_id)}")
                specs.setdefault(ca, []).append(f"id: {key_id}")
            else:
                values = [f"serial: {value}" for value in serials(rng)]
                sources += values
                specs.setdefault(ca, []).extend(values)
        if rng.random() < 0.3:
            sources.append("serial: 1-1000000\n\tuntil: 2026-01-01")  # is over by the clock of the tool
    return "\n".join(sources) + "\n", specs, certificates


def krl_of_ssh_keygen(krl, specs, certificates):
    update = []
    for ca, lines in specs.items():
        spec = krl.with_suffix(".spec")
        spec.write_text("\n".join(lines) + "\n")
        more = certificates if ca is None else []
        got = keygen("-q", "-k", *update, *(["-s", ca] if ca else []), "-f", krl, spec, *more)
        assert not got.returncode, (got.stderr, spec.read_text())
        update = ["-u"]


def one_set(tools, reader, folder, people, name, tally):
    rng = random.Random(name)
    sources, specs, certificates = random_set(rng, people)
    written, mine, back, again, other = (folder / n for n in ["a.list", "mine", "back.list", "again", "other"])
    other.unlink(missing_ok=True)
    written.write_text(sources)
    subprocess.run([tools / "krl", written, mine], check=True)
    krl_of_ssh_keygen(other, specs, certificates)
    # to sources and to a KRL once more: nothing is lost on the way
    for krl in (mine, other):
        subprocess.run([tools / "krl", "-i", krl, back], check=True)
        subprocess.run([tools / "krl", back, again], check=True)
        assert krl is other or again.read_bytes() == mine.read_bytes(), (name, sources)
        assert theirs(again, people.all) == theirs(krl, people.all), (name, sources)
    verdicts = theirs(other, people.all)
    for said in (theirs(mine, people.all), reader(mine, people.all), reader(other, people.all)):
        assert said == verdicts, (name, sources, [(p, w, g) for p, w, g in zip(people.all, verdicts, said or []) if w != g])
    for verdict in verdicts:
        tally[verdict] += 1
    tally["bytes"] += mine.stat().st_size - len(COMMENT)
    tally["theirs"] += other.stat().st_size
    return mine, verdicts


def sets(tools, folder, seed, count):
    people = People(folder)
    tally = {"ok": 0, "REVOKED": 0, "bytes": 0, "theirs": 0}
    with Reader(str(tools / "revoked")) as reader:
        for n in range(count):
            one_set(tools, reader, folder, people, f"{seed}-{n}", tally)
    return tally


def test_ours_mean_what_those_of_ssh_keygen_mean(build, tmp_path, figure):
    tally = sets(build / "tests", tmp_path, f"ci-{SEED}", COUNT)
    assert tally["ok"] > 10 * COUNT and tally["REVOKED"] > 4 * COUNT, tally
    assert tally["bytes"] < tally["theirs"] * (1.01 if COUNT >= 1000 else 1.05), tally  # as short as theirs; of a few, chance says more
    figure(f"krl: {COUNT} sets, {tally['ok']} times ok, {tally['REVOKED']} times revoked; "
           f"{tally['bytes']} bytes, ssh-keygen's {tally['theirs']}")


LOGINS = """
lab_account anna 1001
install -d -m 700 -o anna -g anna /home/anna/.ssh
cat {keys}/key?.pub {keys}/ca0.pub >/home/anna/.ssh/authorized_keys
sed -s 's/^/cert-authority,principals="anna" /' {keys}/ca?.pub >>/home/anna/.ssh/authorized_keys
chown anna: /home/anna/.ssh/authorized_keys
printf '%s\n' 'RevokedKeys /run/revoked' 'PasswordAuthentication no' 'UsePAM no' 'RequiredRSASize 1024' \
    'MaxStartups 100' >/etc/ssh/sshd_config.d/1.conf
cp {keys}/login-0 /run/revoked
lab_sshd_start || exit 1
LAB_SSH_OPTIONS="-o RequiredRSASize=1024"
export LAB_SSH_OPTIONS
mkdir -p $LAB_KEYS
while read -r list key certificate; do
    rm -f $LAB_KEYS/anna*
    cp {keys}/$key $LAB_KEYS/anna
    [ "$certificate" = - ] || cp {keys}/$certificate $LAB_KEYS/anna-cert.pub
    cp {keys}/login-$list /run/revoked
    lab_login anna true 2>/dev/null && echo "$list $key $certificate ok" || echo "$list $key $certificate REVOKED"
done <{keys}/logins
"""


class Guests(People):
    """Certificates that anna may log in with, by keys that are in no list by themselves."""

    def certificate(self, i, serial):
        bare = self.folder / f"cert{i}"
        keygen("-q", "-t", "ed25519", "-N", "", "-f", bare)
        keygen("-q", "-s", self.cas[i % len(self.cas)].with_suffix(""), "-I", IDS[i % len(IDS)], "-z", serial, "-n", "anna",
               f"{bare}.pub", check=True)
        return self.folder / f"cert{i}-cert.pub"


def test_sshd_agrees_at_logins(build, world, tmp_path, figure):
    people, rng = Guests(tmp_path), random.Random("logins")
    tally, plan, wanted = {"ok": 0, "REVOKED": 0, "bytes": 0, "theirs": 0}, [], {}
    for n in range(LOGIN_SETS):
        with Reader(str(build / "tests" / "revoked")) as reader:
            mine, verdicts = one_set(build / "tests", reader, tmp_path, people, f"logins-{n}", tally)
        shutil.copy(mine, tmp_path / f"login-{n}")
        said = dict(zip(people.all, verdicts))
        for path in rng.sample(people.keys, 2) + rng.sample(people.certificates, 4):
            certificate = path.name if path.name.endswith("-cert.pub") else "-"
            key = path.name.removesuffix("-cert.pub").removesuffix(".pub")
            plan.append(f"{n} {key} {certificate}")
            wanted[plan[-1]] = said[str(path)]
    (tmp_path / "logins").write_text("\n".join(plan) + "\n")
    got = world(LOGINS.format(keys=tmp_path), keep=[tmp_path], timeout=600)
    assert got.returncode == 0, got.stderr
    assert dict(row.rsplit(" ", 1) for row in got.stdout.splitlines()) == wanted
    assert set(wanted.values()) == {"ok", "REVOKED"}
    figure(f"{len(wanted)} logins, {sum(v == 'ok' for v in wanted.values())} of them let in")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", default=os.urandom(4).hex())
    parser.add_argument("--count", type=int, default=500)
    args = parser.parse_args()
    source = pathlib.Path(__file__).resolve().parent.parent.parent
    programs = pathlib.Path(os.environ.get("SALLYPORT_BUILD", source / "build")) / "tests"
    place = pathlib.Path(tempfile.mkdtemp())
    print(f"seed {args.seed}", file=sys.stderr)
    print(sets(programs, place, args.seed, args.count))
    shutil.rmtree(place)
