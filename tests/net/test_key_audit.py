# SPDX-License-Identifier: GPL-3.0-or-later
# test_key_audit.py - a host on which every account has one trouble with its keys: each is found, and nothing else is said.
import base64
import json
import random
import struct
import sys

import pytest

from conftest import LAB

sys.path.insert(0, str(LAB))
from primes import is_prime  # noqa: E402

PRELUDE = r"""
set -eu
K=/var/keys
mkdir -p $K
number=2000
# person NAME: an account with an empty ~/.ssh; sets U and S.
person() {
	U=$1 S=/home/$1/.ssh number=$((number + 1))
	lab_account "$U" $number
	install -d -m 700 -o "$U" -g "$U" "$S"
}
# key NAME [ARGUMENT...]: a key pair under $K, without a passphrase unless -N is among the arguments.
key() { local name=$1; shift; ssh-keygen -q -N '' -C "$name" -f "$K/$name" "$@"; }
pub() { cut -d' ' -f1-2 "$K/$1.pub"; }
# big FORM PASSPHRASE: the same large RSA key for all accounts that are to have one, since making it takes long.
raw() { [ -e $K/raw ] || openssl genrsa -out $K/raw 3072 2>/dev/null; chmod 600 $K/raw; }
big() { raw; install -m 600 $K/raw $S/id_rsa; ssh-keygen -q -p -m "$1" -P '' -N "$2" -f $S/id_rsa >/dev/null; }
# list LINE...: more lines of the authorized_keys of $U.
list() { printf '%s\n' "$@" >>"$S/authorized_keys"; chmod 600 "$S/authorized_keys"; chown "$U:" "$S/authorized_keys"; }
# software_sk NAME: a security key as OpenSSH's own tests have it, in software.
software_sk() { SSH_SK_PROVIDER=/usr/lib/openssh/regress/misc/sk-dummy/sk-dummy.so key "$1" -t ed25519-sk; }
# mine: what lies in ~/.ssh is the account's, as it should be.
mine() { chown -R "$U:" "$S"; chmod 600 "$S"/*; }
"""

# account -> what is planted, what must be found (notes aside)
ACCOUNTS = {}


def account(name, plant, *ids):
    ACCOUNTS[name] = (plant, set(ids))


account("clean", 'ssh-keygen -q -t ed25519 -N secret1 -f $S/id_ed25519; list "$(cat $S/id_ed25519.pub)"; mine; '
                 'echo "Host *" >$S/config; key clean2 -t ecdsa; list "from=\\"10.*\\" $(pub clean2)"')
account("nothing", "rmdir $S")
# Private keys
account("open", "ssh-keygen -q -t ed25519 -N '' -f $S/id_ed25519; mine", "private-unencrypted")
account("openpem", "big PEM ''; mine", "private-unencrypted")
account("pem", "big PEM secret1; mine", "private-old-pem")
account("rounds", "ssh-keygen -q -t ed25519 -a 4 -N secret1 -f $S/id_ed25519; mine", "private-weak-kdf")
account("pbkdf2", "big PKCS8 secret1; mine", "private-weak-kdf")
account("pbes1", "raw; openssl pkcs8 -topk8 -v1 PBE-SHA1-3DES -passout pass:secret1 "
                 "-in $K/raw -out $S/id_rsa; mine", "private-weak-kdf")
account("scrypt", "raw; openssl pkcs8 -topk8 -scrypt -passout pass:secret1 -in $K/raw -out $S/id_rsa; mine")
account("putty2", "echo secret1 >$K/pw; key forputty -t ed25519; puttygen $K/forputty -O private --ppk-param version=2 "
                  "--new-passphrase $K/pw -o $S/key.ppk; mine", "private-weak-kdf")
account("putty3", "puttygen $K/forputty -O private --new-passphrase $K/pw -o $S/key.ppk; mine")
account("mode", "ssh-keygen -q -t ed25519 -N secret1 -f $S/id_ed25519; mine; chmod 640 $S/id_ed25519", "private-mode")
account("owner", "ssh-keygen -q -t ed25519 -N secret1 -f $S/id_ed25519; mine; chown clean $S/id_ed25519; chmod 604 $S/id_ed25519",
        "private-owner", "private-mode")
account("odd", "install -d -o odd ~odd/old; ssh-keygen -q -t ed25519 -N secret1 -f ~odd/old/x; chown odd: ~odd/old/x*",
        "private-odd-place")
account("cut", "ssh-keygen -q -t ed25519 -N secret1 -f $S/id_ed25519; truncate -s 200 $S/id_ed25519; mine", "private-damaged")
account("flipped", "ssh-keygen -q -t ed25519 -N secret1 -f $S/id_ed25519; sed -i '2s/^.\\{30\\}/&@/' $S/id_ed25519; mine",
        "private-damaged")
account("small", "ssh-keygen -q -t rsa -b 1024 -N secret1 -f $S/id_rsa; mine", "key-rsa-small")
# Authorized keys
account("dsa", 'key dsa -t dsa; list "$(pub dsa)"', "key-dsa")
account("rsa2048", 'key r2048 -t rsa -b 2048; list "$(pub r2048)"', "key-rsa-below-policy")
account("three", 'openssl genrsa -3 -out $K/e3 3072 2>/dev/null; chmod 600 $K/e3; list "$(ssh-keygen -y -f $K/e3)"', "key-exponent")
account("close", 'list "$(cat /var/made/close)"', "key-close-primes", "key-rsa-small")
account("roca", 'list "$(cat /var/made/roca)"', "key-roca", "key-rsa-small")
account("factor", 'list "$(cat /var/made/factor)"', "key-small-factor", "key-rsa-small")
account("prime1", 'list "$(cat /var/made/prime1)"', "key-shared-prime", "key-rsa-small")
account("prime2", 'list "# the other one" "$(cat /var/made/prime2)"', "key-shared-prime", "key-rsa-small")
account("listed", 'key listed -t ed25519; list "$(pub listed)"; ssh-keygen -lf $K/listed.pub >/var/made/weak', "key-listed")
account("revoked", 'key gone -t ed25519; list "$(pub gone)"; pub gone >>/etc/ssh/revoked', "key-revoked")
account("expired", 'key late -t ed25519; list "expiry-time=\\"20200101\\" $(pub late)"', "authorized-expired")
account("twice1", 'key twice -t ed25519; list "$(pub twice)"', "authorized-shared")
account("twice2", 'list "$(pub twice)"')  # one finding names them both
account("garbage", 'list "nonsense" "form=\\"10.*\\" $(pub clean2)"', "authorized-unusable")
account("cert", 'key ca -t ed25519; key bycert -t ed25519; ssh-keygen -q -s $K/ca -I x -n cert $K/bycert.pub; '
                'list "$(cat $K/bycert-cert.pub)"', "authorized-unusable")
account("caline", 'list "cert-authority $(pub ca)"')
account("caaskey", 'list "$(pub ca)"', "authorized-ca-as-key")
account("loose", 'key loose -t ed25519; list "$(pub loose)"; chmod 666 $S/authorized_keys', "authorized-refused", "authorized-unusable")
account("notouch", 'software_sk sk; list "no-touch-required $(pub sk)"', "authorized-no-touch")
account("hardware", 'software_sk sk2; cp $K/sk2 $S/id_ed25519_sk; mine; list "$(pub sk2)"')
account("fifo", "mkfifo $S/id_rsa $S/known_hosts", "ssh-not-a-file")
account("fifokeys", "mkfifo $S/authorized_keys", "ssh-not-a-file", "authorized-unusable")
account("linked", "ssh-keygen -q -t ed25519 -N '' -f ~linked/real; ln -s ../real $S/id_ed25519; chown linked: ~linked/real*",
        "private-unencrypted", "private-odd-place")
account("dangling", "ln -s /nowhere $S/id_rsa; ln -s loop $S/loop")
account("big", "yes '# nothing but comments' | head -c 105000000 >$S/authorized_keys || true; chown big: $S/authorized_keys", "unread")

HOST = r"""
echo 'RevokedKeys /etc/ssh/revoked' >>/etc/ssh/sshd_config
touch /etc/ssh/revoked
lab_host_keys
sed 's/^/other.example.org /' /etc/ssh/ssh_host_ed25519_key.pub >/etc/ssh/ssh_known_hosts
sed "s/^/$(hostname),127.0.0.1 /" /etc/ssh/ssh_host_rsa_key.pub >>/etc/ssh/ssh_known_hosts
key a -t ed25519; key b -t ed25519
printf '%s\n' "web1.example.org $(pub a)" "mail.example.org $(pub a)" "web,web.example.org,192.0.2.1 $(pub b)" >>/etc/ssh/ssh_known_hosts
"""


# ---- numbers that no good program makes ----

def prime_from(n):
    n |= 1
    while not is_prime(n, random):
        n += 2
    return n


def new_prime(bits):
    return prime_from(random.getrandbits(bits) | 3 << (bits - 2))


def roca_prime(bits):
    m = 1
    for p in [p for p in range(2, 400) if all(p % q for q in range(2, p))][:{512: 39, 1024: 71}[bits]]:
        m *= p
    while True:
        k = random.randrange(3 << bits - 2, 1 << bits) // m
        n = k * m + pow(65537, random.randrange(1, 1 << 60), m)
        if is_prime(n, random):
            return n


def text(value):
    return struct.pack(">I", len(value)) + value


def mpint(n):
    return text(n.to_bytes(n.bit_length() // 8 + 1, "big"))


def rsa_line(n, e=65537):
    return "ssh-rsa " + base64.b64encode(text(b"ssh-rsa") + mpint(e) + mpint(n)).decode()


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    common = new_prime(512)
    p = new_prime(512)
    lines = {
        "close": rsa_line(p * prime_from(p + random.getrandbits(60))),
        "roca": rsa_line(roca_prime(512) * roca_prime(512)),
        "factor": rsa_line(257 * (new_prime(512) * new_prime(512) >> 8 | 1)),  # of 1024 bits
        "prime1": rsa_line(common * new_prime(512)),
        "prime2": rsa_line(common * new_prime(512)),
    }
    for name, line in lines.items():
        (folder / name).write_text(line + "\n")
    return folder


def planted(made, names=None):
    rows = "".join(f"person {name}; {plant}\n" for name, (plant, _) in ACCOUNTS.items() if names is None or name in names)
    return f"mkdir /var/made; cp {made}/* /var/made/\n" + PRELUDE + HOST + rows + "set +e\n"


def by_account(answer):
    found = {}
    for f in answer["findings"]:
        if f["status"] != "note":
            found.setdefault(f["account"], []).append(f)
    return found


def test_each_trouble_is_found_and_nothing_else_is_said(world, made, figure):
    got = world(planted(made) + "sallyport key audit --weak-list /var/made/weak --format json; echo $? >&2", keep=[made])
    assert got.returncode == 0 and got.stderr.splitlines()[-1] == "1", got.stderr
    answer = json.loads(got.stdout)
    assert answer["schema"] == "sallyport.keys.v1" and answer["privileged"] is True
    found = by_account(answer)
    wrong = {name: (sorted(ids), sorted((f["id"], f["file"], f["detail"]) for f in found.get(name, [])))
             for name, (_, ids) in ACCOUNTS.items() if {f["id"] for f in found.get(name, [])} != ids}
    assert not wrong
    host = {(f["id"], f["line"]) for f in found[None]}
    assert host == {("host-key-shared", 1), ("known-hosts-shared", 3)}, found[None]
    shared = next(f for f in answer["findings"] if f["id"] == "authorized-shared")
    assert shared["detail"] == "2 accounts: twice1, twice2"
    listed = next(f for f in answer["findings"] if f["id"] == "key-listed")
    assert listed["detail"].startswith("/var/made/weak:1")
    prime = next(f for f in answer["findings"] if f["account"] == "prime1" and f["id"] == "key-shared-prime")
    assert prime["detail"] == "with that of /home/prime2/.ssh/authorized_keys:2"
    assert answer["summary"]["fail"] == sum(f["status"] == "fail" for f in answer["findings"])
    assert all(f["fix"] and f["severity"] for f in answer["findings"] if f["status"] in ("fail", "warn"))
    figure(f"{len(ACCOUNTS)} accounts, {len(answer['findings'])} findings, none missing and none false")


def test_one_line_of_text_for_each_place(world, made):
    got = world(planted(made, ["clean", "open", "twice1", "twice2"]) + "sallyport key audit; echo $?", keep=[made])
    lines = got.stdout.splitlines()
    assert lines[-1] == "1" and lines[0].startswith("Seen: ")
    assert any(line.startswith("high      private-unencrypted: ") for line in lines)
    assert any("/home/open/.ssh/id_ed25519 (open)  ED25519 256 SHA256:" in line for line in lines)
    assert "sallyport key protect /home/open/.ssh/id_ed25519" in got.stdout
    assert "/home/clean/.ssh/id" not in got.stdout


def test_a_clean_host_passes(world, made):
    got = world(planted(made, ["clean", "nothing"]) + "rm /etc/ssh/ssh_known_hosts; sallyport key audit; echo $?", keep=[made])
    assert got.stdout.splitlines()[-1] == "0", got.stdout
    assert "0 fail  0 warn  0 unknown" in got.stdout


def test_what_cannot_be_read_is_unknown(world, made):
    got = world(planted(made, ["clean", "open"]) + "su clean -s /bin/sh -c 'sallyport key audit --format json'; echo $?", keep=[made])
    answer = json.loads(got.stdout[:got.stdout.rindex("}") + 1])
    found = by_account(answer)
    assert answer["privileged"] is False
    assert "clean" not in found
    assert {f["status"] for f in found["open"]} == {"unknown"}
    assert {f["file"] for f in found[None] if f["status"] == "unknown"} >= {"/etc/ssh/ssh_host_ed25519_key"}


def test_paths_alone(world, made):
    got = world(planted(made, ["clean", "open"]) + r"""
mkdir -p /srv/www/deep/er
cp /home/open/.ssh/id_ed25519 /srv/www/deep/er/page.txt; chmod 644 /srv/www/deep/er/page.txt
pub a >/srv/www/list; key old -t dsa; pub old >>/srv/www/list
ln -s /home/open/.ssh /srv/www/link
mkfifo /srv/www/pipe
head -c 3000 /dev/urandom >/srv/www/noise
cd /srv; sallyport key audit www --format json; echo $?
sallyport key audit /nowhere; echo $?""", keep=[made])
    answer = json.loads(got.stdout[:got.stdout.rindex("}") + 1])
    assert {(f["id"], f["file"], f["line"]) for f in answer["findings"]} == {
        ("private-unencrypted", "/srv/www/deep/er/page.txt", None), ("private-mode", "/srv/www/deep/er/page.txt", None),
        ("key-dsa", "/srv/www/list", 2), ("ssh-not-a-file", "/srv/www/pipe", None)}
    assert got.stdout.endswith("1\n2\n")
    assert "sallyport: cannot read '/nowhere'" in got.stderr


def test_what_the_policy_wants(world, made):
    got = world(planted(made, ["clean", "open", "notouch"]) + r"""
key plain -t ed25519; U=open; S=/home/open/.ssh; list "$(pub plain)"
printf 'Base modern\nSet from-required o*\nSet hardware-keys required\n' >/tmp/own.policy
sallyport key audit --policy /tmp/own.policy --format json""", keep=[made])
    found = by_account(json.loads(got.stdout))
    assert {f["id"] for f in found["open"]} == {"private-unencrypted", "authorized-no-from", "authorized-not-hardware"}
    assert [f["id"] for f in found["clean"]] == ["authorized-not-hardware"] * 2
    assert {f["id"] for f in found["notouch"]} == {"authorized-no-touch"}
    fix = found["clean"][0]["fix"]["summary"]
    assert "PubkeyAcceptedAlgorithms sk-" in fix and "verify-required" in fix


def test_the_debian_keys_where_a_list_is_installed(world, made):
    got = world(planted(made, ["clean"]) + r"""
key d -t rsa -b 3072; U=clean; S=/home/clean/.ssh; list "$(pub d)"
mkdir -p /etc/ssh/x
ssh-keygen -E md5 -lf $K/d.pub | sed 's/.*MD5:\([^ ]*\).*/\1/; s/://g' | cut -c13- >/etc/ssh/blacklist.RSA-3072
sallyport key audit --format json""", keep=[made])
    assert "key-debian-2008" in {f["id"] for f in by_account(json.loads(got.stdout))["clean"]}


# ---- other roots ----

def test_another_root(world, made):
    got = world(planted(made, ["clean"]) + r"""
mkdir -p /mnt/root/etc/ssh /mnt/root/home/vera/.ssh
cp /etc/ssh/sshd_config /mnt/root/etc/ssh/; cp -r /etc/ssh/sshd_config.d /mnt/root/etc/ssh/; touch /mnt/root/etc/ssh/revoked
echo 'vera:x:1500:1500::/home/vera:/bin/bash' >/mnt/root/etc/passwd; echo vera:x:1500: >/mnt/root/etc/group
ssh-keygen -q -t ed25519 -N '' -f /mnt/root/home/vera/.ssh/id_ed25519; chown -R 1500:1500 /mnt/root/home/vera
ln -s /home/clean/.ssh/id_ed25519 /mnt/root/home/vera/.ssh/outside
sallyport key audit --root /mnt/root --format json""", keep=[made])
    answer = json.loads(got.stdout)
    assert {(f["id"], f["account"], f["file"]) for f in answer["findings"]} == {
        ("private-unencrypted", "vera", "/home/vera/.ssh/id_ed25519")}


# ---- what hangs, what is large, what an agent offers ----


def test_a_home_on_a_mount_that_hangs_is_unknown_and_the_rest_is_not(world, made, figure):
    got = world(planted(made, ["clean", "open"]) + r"""
for i in 1 2 3 4 5; do lab_account "hung$i" $((3000 + i)); usermod -d /srv/net/hung$i hung$i; done
[ -c /dev/fuse ] || mknod /dev/fuse c 10 229
"$LAB_SOURCE/tests/lab/hung.py" /srv/net/hung1 /srv/net/hung2 /srv/net/hung3 /srv/net/hung4 /srv/net/hung5 >/run/said 2>&1 &
pid=$!
lab_wait 10 grep -q . /run/said
cat /run/said >&2
begin=$(date +%s); sallyport key audit --format json; echo "$?" $(($(date +%s) - begin)) >&2
kill -9 $pid""", keep=[made])
    if "mounted" not in got.stderr:
        pytest.skip("no FUSE here: " + got.stderr.strip()[-200:])
    status, seconds = map(int, got.stderr.strip().splitlines()[-1].split())
    found = by_account(json.loads(got.stdout))
    assert status == 1
    assert [f["id"] for f in found["open"]] == ["private-unencrypted"] and "clean" not in found
    for i in range(1, 6):
        assert [(f["id"], f["status"]) for f in found[f"hung{i}"]] == [("unread", "unknown")], found[f"hung{i}"]
    assert sum("did not answer in time" in (f["detail"] or "") for name in found for f in found[name]) >= 2
    figure(f"five homes on mounts that hang: unknown after {seconds} s, the others judged")


def test_ten_thousand_keys_of_a_thousand_accounts(world, figure):
    got = world(r"""
lab_host_keys
/usr/bin/python3 - <<'END'
import base64, os, random, struct
t = lambda b: struct.pack(">I", len(b)) + b
for n in range(1000):
    home = f"/home/u{n}"
    os.makedirs(home + "/.ssh", 0o700)
    lines = [b"ssh-ed25519 " + base64.b64encode(t(b"ssh-ed25519") + t(random.randbytes(32))) for _ in range(7)]
    lines += [b"ssh-rsa " + base64.b64encode(t(b"ssh-rsa") + t(bytes([1, 0, 1])) + t(bytes(1) + (random.getrandbits(3072) | 1 << 3071 | 1)
              .to_bytes(384, "big"))) for _ in range(3)]
    open(home + "/.ssh/authorized_keys", "wb").write(b"\n".join(lines) + b"\n")
    os.chmod(home + "/.ssh/authorized_keys", 0o600)
    for place in (home, home + "/.ssh", home + "/.ssh/authorized_keys"):
        os.chown(place, 5000 + n, 5000 + n)
open("/etc/passwd", "a").write("".join(f"u{n}:x:{5000 + n}:{5000 + n}::/home/u{n}:/bin/sh\n" for n in range(1000)))
open("/etc/group", "a").write("".join(f"u{n}:x:{5000 + n}:\n" for n in range(1000)))
END
TIMEFORMAT='%R %U'; time sallyport key audit --format json""", timeout=600)
    answer = json.loads(got.stdout)
    real, cpu = map(float, got.stderr.strip().splitlines()[-1].split())
    assert answer["summary"]["authorized"] == 10000 and answer["summary"]["accounts"] == 1000
    figure(f"10,000 keys of 1,000 accounts, 3,000 of them RSA: {real} s, {cpu} s of CPU")


def test_what_agents_offer_is_told_apart(world):
    got = world(r"""
export HOME=/root
ssh-keygen -q -t ed25519 -N '' -f /root/plain
SSH_SK_PROVIDER=/usr/lib/openssh/regress/misc/sk-dummy/sk-dummy.so ssh-keygen -q -t ed25519-sk -N '' -f /root/sk
mkdir -p /var/tokens; echo "directories.tokendir = /var/tokens" >/root/softhsm.conf; export SOFTHSM2_CONF=/root/softhsm.conf
softhsm2-util --init-token --free --label lab --pin 1234 --so-pin 1234 >/dev/null
lib=$(ls /usr/lib/softhsm/libsofthsm2.so /usr/lib/*/softhsm/libsofthsm2.so 2>/dev/null | head -1)
pkcs11-tool --module "$lib" --login --pin 1234 --keypairgen --key-type rsa:2048 --id 01 >/dev/null 2>&1
eval "$(ssh-agent -P '*')" >/dev/null
ssh-add -q /root/plain; SSH_SK_PROVIDER=/usr/lib/openssh/regress/misc/sk-dummy/sk-dummy.so ssh-add -q /root/sk
printf '#!/bin/sh\necho 1234\n' >/root/ask; chmod 755 /root/ask
SSH_ASKPASS=/root/ask SSH_ASKPASS_REQUIRE=force ssh-add -s "$lib" </dev/null >&2
ssh-add -l >&2
sallyport key audit --format json
kill "$SSH_AGENT_PID"
export GNUPGHOME=/root/gpg; mkdir -m 700 /root/gpg; unset SSH_AUTH_SOCK
gpg-agent --homedir /root/gpg --enable-ssh-support --daemon >/root/gpg.env 2>&1
gpg --batch --quiet --passphrase '' --quick-generate-key lab@example.org ed25519 cert,auth 2>/dev/null
gpg --with-colons --with-keygrip -K 2>/dev/null | awk -F: '$1 == "grp" { print $10 }' >/root/gpg/sshcontrol
sallyport key audit --agent "$(gpgconf --list-dirs agent-ssh-socket)" --format json /root/plain.pub; echo "gpg $?" >&2
gpgconf --kill gpg-agent""", timeout=120)
    decoder = json.JSONDecoder()
    first, end = decoder.raw_decode(got.stdout)
    held = {k["held_by"]: k["comment"] for k in first["agent"]}
    assert set(held) == {None, "FIDO token", "PKCS#11 token"}, (first["agent"], got.stderr)
    assert {f["id"] for f in first["findings"] if f["file"].startswith("/tmp/ssh-")} >= {"agent-token", "key-hardware"}
    second = decoder.decode(got.stdout[end:].strip())
    assert [(k["held_by"], k["comment"]) for k in second["agent"]] == [("GPG agent", "(none)")], got.stderr
