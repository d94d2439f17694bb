# SPDX-License-Identifier: GPL-3.0-or-later
# login_rounds.py - what random logins are made of: a world with accounts and keys, and rounds with a configuration each.
import collections
import os
import pathlib
import random
import shutil
import subprocess

CONFIG = pathlib.Path("/etc/ssh/sshd_config")
KEYS = pathlib.Path("/root/keys")
PORTS = (2222, 2022)

# In front of what is under test, as with the shared vectors: nothing here has a say about access.
BASE = """Port 2222
Port 2022
HostKey /etc/ssh/ssh_host_ed25519_key
PidFile none
LogLevel DEBUG2
LoginGraceTime 20
MaxAuthTries 60
KexAlgorithms curve25519-sha256
"""

# address: its name in the hosts file
CLIENTS = {"127.0.0.1": "localhost", "10.1.0.5": "ws5.corp.example", "10.1.2.3": "Build.Dev.Corp.Example", "10.9.9.9": None,
           "192.168.7.20": "nas.home.example", "172.16.5.4": None, "203.0.113.9": None, "198.51.100.77": None,
           "::1": "localhost", "2001:db8::5": "v6.corp.example", "2001:db8:1::7": None, "fd00:10::42": None}
SERVERS = ("127.0.0.1", "10.83.0.1", "::1", "fd83::1")

GROUPS = {"staff": 41001, "admins": 41002, "dev": 41003, "ops": 41004, "guest": 41005, "sftp": 41006, "svc": 41007,
          "Admins": 41008, "own": 41009, "shared": 41010}
HASH = "$6$rounds=1000$sallyport$"  # replaced by the hash of the password
PASSWORD = "open sesame"
# name: (primary group or gid, further groups, shell, shadow field, day of expiry)
ACCOUNTS = {
    "alice": ("staff", ["admins"], "/bin/sh", HASH, ""),
    "bob": ("staff", [], "/bin/sh", HASH, ""),
    "carol": ("dev", ["admins", "ops"], "/bin/sh", "*", ""),
    "dave": ("own", ["dev"], "/bin/sh", HASH, ""),
    "Alice": ("guest", [], "/bin/sh", "*", ""),
    "eve": ("guest", ["sftp", "shared"], "/bin/sh", "*", ""),
    "svc1": ("svc", [], "/bin/sh", HASH, "99999"),
    "svc22": ("svc", ["ops"], "", "x", ""),
    "nogrp": (49999, [], "/bin/sh", "*", ""),
    "nosh": ("staff", [], "/bin/missing", "*", ""),
    "noexec": ("dev", [], "/srv/noexec", "*", ""),
    "nolog": ("guest", [], "/usr/sbin/nologin", "*", ""),
    "lock": ("staff", [], "/bin/sh", "!", ""),
    "lock2": ("dev", ["admins"], "/bin/sh", "!" + HASH, ""),
    "old": ("staff", [], "/bin/sh", "*", "100"),
    "blank": ("guest", [], "/bin/sh", "", ""),
}
ORDINARY = ["alice", "bob", "carol", "dave", "Alice", "eve", "svc1", "svc22"]
EVERYBODY = list(ACCOUNTS) + ["root", "ghost"]
WITH_PASSWORD = ["alice", "bob", "dave", "svc1", "root"]
NO_SESSION = {"nosh", "noexec", "nolog"}  # let in by sshd, and sent away by the shell

# name: ssh-keygen's type and bits
POOL = {"ed0": ("ed25519", 0), "ed1": ("ed25519", 0), "ed2": ("ed25519", 0), "ed3": ("ed25519", 0), "ec0": ("ecdsa", 256),
        "ec1": ("ecdsa", 384), "rsa1024": ("rsa", 1024), "rsa2048": ("rsa", 2048), "rsa2047": ("rsa", 2047), "rsa3072": ("rsa", 3072)}
AUTHORITIES = {"ca-ed": ("ed25519", 0), "ca-rsa": ("rsa", 2048), "ca-ec": ("ecdsa", 256), "ca-stranger": ("ed25519", 0)}


def words(text):
    return text.split()


USER_WORDS = words("alice bob carol a* * ?ob svc* svc? !bob alice,bob Alice ALICE root ghost nogrp l* alice@10.1.0.0/16 *@10.* "
                   "bob@!10.1.2.3,10.0.0.0/8 *@2001:db8::/32 carol@*.corp.example *@WS5.corp.example *@127.0.0.1,::1 a@b@10.* "
                   "root@127.0.0.1 svc*@192.168.7.2? dave@!10.1.0.0/16,* *@fd00:*:42 eve@0.0.0.0/0 *e@!*.example,*")
GROUP_WORDS = words("staff admins dev ops guest svc sftp own s* ad* Admins !dev dev@10.0.0.0/8 *o* staff,dev nogroup root ?????")
CRITERIA = {
    "User": words("alice bob,carol *,!bob svc* !alice root Alice al* nosh,no* ghost"),
    "Group": words("staff admins,ops dev* *,!guest svc sftp own !staff,*"),
    "Host": words("*.corp.example 10.1.* ws5.* *,!*.home.example 2001:* Build.*"),
    "Address": words("10.0.0.0/8 10.1.0.0/16,!10.1.2.3 203.0.113.9 2001:db8::/32 * !10.1.0.5,* 192.168.7.2? 127.*,::1 0.0.0.0/0"),
    "LocalAddress": words("127.0.0.1 10.83.0.0/24 ::1 fd83::/64 *,!::1"),
    "LocalPort": words("2222 2022"),
    "RDomain": words("* x"),
}
ALGORITHMS = words("ssh-ed25519 rsa-sha2-256,rsa-sha2-512 rsa-sha2-256 -ssh-ed25519 -rsa-sha2-* +ssh-rsa ecdsa-* -*-cert-v01@openssh.com "
                   "ssh-rsa -ecdsa-sha2-nistp256 ^ssh-ed25519 *-cert-v01@openssh.com ssh-ed25519,ssh-ed25519-cert-v01@openssh.com")
METHODS = ["any", "publickey", "password", "publickey,password", "publickey,publickey", "publickey,password publickey,publickey",
           "password publickey", "publickey,keyboard-interactive", "keyboard-interactive", "hostbased publickey", "hostbased",
           "publickey,publickey,publickey", "password,publickey", "none"]
FROM = words('10.1.0.0/16 10.* !10.1.0.5,* *.corp.example 127.0.0.1,::1 2001:db8::/32 203.0.113.9 10.1.0.5/8 *,!*.example '
             '192.168.7.2? !10.1.2.3 fd00:10::/32,172.16.0.0/12 WS5.corp.example')
# Options of a line that refuse nothing by themselves, or make sshd overlook the line.
HARMLESS = ["restrict", "no-pty", "no-port-forwarding,no-X11-forwarding", 'permitopen="host:22"', 'environment="A=B"', 'tunnel="0"',
            "restrict,pty", "no-touch-required", "verify-required", 'permitlisten="8080"', "NO-PTY", "no-user-rc", "agent-forwarding"]
WRONG = ['form="10.*"', "no-such-option", 'from="10.*', 'from="10.*",from="*"', 'principals="alice"', 'command="a",command="b"',
         'expiry-time="soon"', 'environment="=x"', "restrict,,pty", 'permitopen="host"', "cert-authority",
         'expiry-time="20990101",expiry-time="20200101"']
EXPIRY = words("20200101 20200101Z 20990101 202001010000 20991231235959 19700102 20370101Z 202001010000Z")
GARBAGE = ["# a comment", "", "not a key at all", "ssh-ed25519 AAAA", "ssh-rsa", "   ", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA== short",
           "cert-authority", "@revoked * ssh-ed25519 AAAA", '"', "ecdsa-sha2-nistp256 ????"]
PLACES = [".ssh/authorized_keys", ".ssh/authorized_keys2", "/etc/ssh/keys/%u", ".ssh/%u_keys"]
MISTAKES_GLOBAL = ["PermitRootLogn no", "AllowUsers *@10.0.0.5/8", "DenyUsers bob@", "AllowGroups \"\"", "PubkeyAuthentication maybe",
                   "AuthenticationMethods publickey,x", "RequiredRSASize x", "RevokedKeys /a /b",
                   "AuthorizedKeysCommand keys", "Match", "Match User", "Match Address 10.0.0.5/8", "Match LocalPort x", "Match Foo bar",
                   "AllowUsers", "UsePAM x", "StrictModes", "DenyUsers a@x,,y", "AuthenticationMethods any publickey", "Match all User bob",
                   "Match User bob\nStrictModes no", "Match all\nUsePAM no", "PermitRootLogin sometimes", "TrustedUserCAKeys",
                   "AuthorizedKeysCommand /etc/ssh/keys.sh", "CASignatureAlgorithms +", "AuthorizedPrincipalsFile a b", "AllowUsers \"bob"]

# Chance of each part of a configuration where the theme says nothing.
USUAL = {"lists": 0.2, "match": 0.5, "include": 0.4, "root": 0.15, "methods": 0.08, "algorithms": 0.06, "size": 0.1, "revoked": 0.12,
         "broken": 0.02, "modes": 0.08, "from": 0.2, "expiry": 0.08, "wrong": 0.08, "garbage": 0.3, "forced": 0.15, "certificates": 0.25,
         "command": 0.06, "pam": 0.06, "dns": 0.15, "chroot": 0.04, "places": 0.2, "force": 0.05, "empty": 0.05, "outside": 0.25}
# One thing at a time: what a theme asks for stands alone, and mostly outside of Match blocks.
QUIET = dict.fromkeys(USUAL, 0) | {"match": 0.4, "include": 0.4, "dns": 0.15, "garbage": 0.2, "outside": 0.6}
CERTIFICATES = {"certificates": 1, "keys": "certificates", "match": 0.2, "outside": 0.85, "untrusted": 0.05}
# The theme is the reason that it aims at: the usual chances, and its own.
THEMES = {
    "accepted": (USUAL, {"users": ORDINARY * 2 + EVERYBODY}),
    "unknown-user": (USUAL, {"users": ["ghost"] * 5 + ["alice"]}),
    "locked": (USUAL, {"users": ["lock", "lock2", "old", "old", "bob"], "pam": 0.15}),
    "shell": (USUAL, {"users": ["nosh", "noexec", "nosh", "noexec", "nolog"], "chroot": 0.2}),
    "DenyUsers": (QUIET, {"lists": 1, "keywords": ["DenyUsers", "DenyUsers", "DenyGroups"]}),
    "AllowUsers": (QUIET, {"lists": 1, "keywords": ["AllowUsers", "AllowUsers", "DenyUsers"]}),
    "no-group": (QUIET, {"lists": 1, "keywords": ["AllowGroups", "DenyGroups"], "users": ["nogrp"] * 5 + ["bob"]}),
    "DenyGroups": (QUIET, {"lists": 1, "keywords": ["DenyGroups", "DenyGroups", "DenyUsers"]}),
    "AllowGroups": (QUIET, {"lists": 1, "keywords": ["AllowGroups", "AllowGroups", "AllowUsers"]}),
    "PermitRootLogin": (QUIET, {"root": 1, "users": ["root"] * 4 + ["alice"], "forced": 0.3,
                                 "root_values": ["no", "no", "forced-commands-only", "yes", "without-password"]}),
    "method-disabled": (QUIET, {"methods": 1, "match": 0.3}),
    "key-not-listed": (USUAL, {"keys": "strange", "wrong": 0.4, "places": 0.5, "lists": 0, "revoked": 0.05}),
    "key-algorithm": (QUIET, {"algorithms": 1, "certificates": 0.3}),
    "key-size": (QUIET, {"size": 1, "keys": "rsa"}),
    "key-revoked": (QUIET, {"revoked": 1, "certificates": 0.4}),
    "revoked-keys-broken": (QUIET, {"broken": 1, "match": 0.2}),
    "strict-modes": (QUIET, {"modes": 1, "places": 0.2, "certificates": 0.2}),
    "key-from": (QUIET, {"from": 1, "dns": 0.4}),
    "key-expired": (QUIET, {"expiry": 1}),
    "key-command": (QUIET, {"root": 1, "users": ["root"], "root_values": ["forced-commands-only"], "forced": 0.3, "certificates": 0.4}),
    "certificate-ca": (QUIET, CERTIFICATES | {"untrusted": 0.6, "outside": 0.5}),
    "certificate-time": (QUIET, CERTIFICATES | {"validity": 0.8}),
    "certificate-principal": (QUIET, CERTIFICATES | {"principals": 0.8}),
    "certificate-type": (QUIET, CERTIFICATES | {"host": 0.9}),
    "certificate-option": (QUIET, CERTIFICATES | {"critical": 0.9}),
    "config-refused": (USUAL, {}),
}

def run(*command, **options):
    return subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace",
                          timeout=120, **options)


def must(*command, **options):
    got = run(*command, **options)
    if got.returncode:
        raise RuntimeError(f"{command}: {got.stdout}{got.stderr}")
    return got.stdout


def write(path, text, mode=0o644, owner=0):
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    path.chmod(mode)
    os.chown(path, owner, owner if owner < 40000 else -1)
    return path


def public(name):
    return (KEYS / (name + ".pub")).read_text().strip()

class World:
    """What all rounds share: addresses, accounts, keys. Made once in a private world."""

    def __init__(self):
        for address in [*CLIENTS, *SERVERS]:
            if address not in ("127.0.0.1", "::1"):
                must("ip", "addr", "add", address, "dev", "lo", *(["nodad"] if ":" in address else []))
        hosts = [f"{address} {name}" for address, name in CLIENTS.items() if name]
        write("/etc/hosts", "\n".join(hosts) + "\n")
        write("/etc/nsswitch.conf", "passwd: files\ngroup: files\nshadow: files\nhosts: files\n")
        self.make_accounts()
        self.make_keys()
        write("/srv/noexec", "#!/bin/sh\n", 0o644)
        write("/srv/askpass", f"#!/bin/sh\necho '{PASSWORD}'\n", 0o755)
        # The first password of a connection, where it is empty, is the method "none" for sshd's monitor, later ones are "password".
        write("/srv/askpass-blank", "#!/bin/sh\nf=/run/askpass.$PPID\n[ -e $f ] && echo || { : >$f; echo wrong; }\n", 0o755)

    def make_accounts(self):
        hashed = must("openssl", "passwd", "-6", "-salt", "sallyport", PASSWORD).strip()
        members, passwd, shadow = collections.defaultdict(list), "", ""
        self.uids = {"root": 0, "ghost": 0}
        for number, (name, (group, further, shell, field, expires)) in enumerate(ACCOUNTS.items(), 40001):
            self.uids[name] = number
            for other in further:
                members[other].append(name)
            passwd += f"{name}:x:{number}:{GROUPS.get(group, group)}:{name}:/home/{name}:{shell}\n"
            shadow += f"{name}:{field.replace(HASH, hashed)}:19000:0:99999:7::{expires}:\n"
        with open("/etc/group", "a", encoding="ascii") as f:
            f.writelines(f"{name}:x:{gid}:{','.join(members[name])}\n" for name, gid in GROUPS.items())
        with open("/etc/passwd", "a", encoding="ascii") as f:
            f.write(passwd)
        old = pathlib.Path("/etc/shadow").read_text().replace("root:*:", f"root:{hashed}:")
        pathlib.Path("/etc/shadow").write_text(old + shadow)

    def make_keys(self):
        KEYS.mkdir(mode=0o700)
        for name, (kind, bits) in (POOL | AUTHORITIES).items():
            must("ssh-keygen", "-q", "-t", kind, *(["-b", bits] if bits else []), "-N", "", "-C", name, "-f", KEYS / name)
        must("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "/etc/ssh/ssh_host_ed25519_key")
        write("/root/known_hosts", "* " + pathlib.Path("/etc/ssh/ssh_host_ed25519_key.pub").read_text())


class Round:
    """One configuration with its files and logins; all of it follows from seed, number and theme."""

    def __init__(self, world, seed, number, theme):
        self.world, self.seed, self.number, self.theme = world, seed, number, theme
        self.r = random.Random(f"{seed}/{number}/{theme}")
        usual, special = THEMES[theme]
        self.chances = dict(usual) | special
        self.on = {name: self.chance(name) for name in USUAL}
        self.certificates, self.authorities = {}, []
        self.listed = collections.defaultdict(set)
        self.includes = {}

    def chance(self, what):
        p = self.chances.get(what, 0) if isinstance(what, str) else what
        return self.r.random() < p

    def pick(self, *values):
        return self.r.choice(values)

    def some(self, values, least=1, most=3):
        return self.r.sample(list(values), min(len(values), self.r.randint(least, most)))

    # files of keys

    def clean(self):
        for path in ("/etc/ssh/keys", "/etc/ssh/principals", "/etc/ssh/sshd_config.d", "/etc/ssh/more", "/srv/round", "/root/.ssh",
                     "/srv/jail"):
            shutil.rmtree(path, ignore_errors=True)
        for path in ("/etc/ssh/sshd_config.d", "/etc/ssh/more", "/srv/round", "/srv/jail"):
            os.mkdir(path)
        for certificate in KEYS.glob("cert*"):
            certificate.unlink()
        for name, uid in self.world.uids.items():
            if uid:
                home = pathlib.Path("/home", name)
                if home.is_symlink() or home.exists():
                    shutil.rmtree(home)
                home.mkdir(mode=0o755)
                os.chown(home, uid, -1)
        os.chown("/home", 0, 0)
        os.chmod("/home", 0o755)

    def home(self, user):
        return "/root" if user == "root" else f"/home/{user}"

    def place(self, pattern, user):
        path = pattern.replace("%u", user).replace("%h", self.home(user))
        return pathlib.Path(path if path.startswith("/") else f"{self.home(user)}/{path}")

    def key_options(self):
        options = []
        if self.chance("from"):
            options.append(f'from="{self.r.choice(FROM)}"')
        if self.chance("expiry"):
            options.append(f'expiry-time="{self.r.choice(EXPIRY)}"')
        if self.chance("forced"):
            options.append('command="echo LAB-FORCED"')
        if self.chance(0.3):
            options.append(self.r.choice(HARMLESS))
        if self.chance("wrong"):
            options.append(self.r.choice(WRONG))
        self.r.shuffle(options)
        return options

    def key_line(self, name, options):
        front = self.pick("", "", "", " ", "\t")
        end = self.pick("", "", "", "\r", "  ", " and more words")
        return front + ",".join(options) + (" " if options else "") + public(name) + end

    def key_lines(self, user):
        lines = []
        pool = [k for k in POOL if "rsa" in k] if self.chances.get("keys") == "rsa" else list(POOL)
        for name in self.some(pool, 2, 6):
            self.listed[user].add(name)
            lines.append(self.key_line(name, self.key_options()))
            if self.chance(0.1):
                lines.append(self.key_line(name, self.key_options()))
        if self.on["certificates"] and self.chance(0.5):
            options = ["cert-authority"] + self.key_options()
            if self.chance(0.5):
                options.append(f'principals="{self.pick(user, "admin", f"{user},admin", "nobody,*")}"')
            lines.append(self.key_line(self.r.choice(list(AUTHORITIES)[:3]), options))
        if self.on["garbage"]:
            lines += self.some(GARBAGE)
        self.r.shuffle(lines)
        return "\n".join(lines) + self.pick("\n", "\n", "")

    def lay_keys(self, user):
        uid = self.world.uids[user]
        folder = pathlib.Path(self.home(user), ".ssh")
        folder.mkdir(mode=0o700, exist_ok=True)
        os.chown(folder, uid, -1)
        chosen = ["/etc/ssh/keys/%u"] * self.chance("places") + [p for p in PLACES[1::2] if self.chance("places")] + \
            [PLACES[0]] * (not self.chance("places") or self.chance(0.6))
        for pattern in chosen:
            mode, owner = self.pick((0o600, uid), (0o644, uid), (0o400, uid), (0o644, 0), (0o600, 0) if self.chance(0.2) else (0o640, uid))
            write(self.place(pattern, user), self.key_lines(user), mode, owner)
        if self.on["modes"] and self.chance(0.9):
            self.spoil(user, self.r.choice(chosen or PLACES))

    def spoil(self, user, pattern):
        """One fault in owner or mode, or something that looks like one, on the way to the file."""
        path = self.place(pattern, user)
        if self.chance(0.15) and path.exists() and not path.is_symlink():
            real = pathlib.Path("/srv/round", f"{user}-{path.name}")
            shutil.move(path, real)
            os.chmod(real, self.pick(0o600, 0o666))
            path.symlink_to(real)
            return
        steps = [p for p in (path, *path.parents) if str(p) not in ("/", "/etc", "/etc/ssh", "/root") and p.exists()]
        if not steps:
            return
        step = self.r.choice(steps[:3])
        kind = self.r.randrange(6)
        if kind < 2:
            step.chmod(step.stat().st_mode & 0o7777 | self.pick(0o002, 0o022, 0o020, 0o007))
        elif kind < 4:
            os.chown(step, -1, self.pick(*GROUPS.values()))
            step.chmod(step.stat().st_mode & 0o7777 | 0o020)
        else:
            os.chown(step, self.pick(self.world.uids["bob"], self.world.uids["eve"], 1, 2), -1)

    # certificates

    def certify(self, number, users):
        name, base = f"cert{number}", self.r.choice([k for k in POOL if k != "rsa2047"])
        authority = "ca-stranger" if self.chance("untrusted") else self.r.choice(list(AUTHORITIES)[:3])
        command = ["ssh-keygen", "-q", "-s", KEYS / authority, "-I", self.pick("id-1", "id-2", "joe's card"),
                   "-z", self.pick(0, 1, 7, 2**63)]
        if authority == "ca-rsa":
            command += ["-t", self.pick("rsa-sha2-512", "rsa-sha2-512", "rsa-sha2-256", "ssh-rsa")]
        owner = self.r.choice(users)
        principals = self.pick([owner], [owner], [owner, "admin"], users) if not self.chance("principals") else \
            self.pick(["other"], [], ["admin"], [owner.upper()], ["*"], [owner + " "], [owner])
        if principals:
            command += ["-n", ",".join(dict.fromkeys(principals))]
        validity = self.pick("-1d:+1d", "always:forever", "-1h:forever")
        if self.chance("validity"):
            validity = self.pick("20200101:20210101", "20900101:20990101", "always:20200101", "+1d:+2d", "-2d:-1d")
        command += ["-V", validity] + (["-h"] if self.chance("host") else [])
        if self.chance("from") or self.chance(0.1):
            command += ["-O", "source-address=" + self.pick("10.1.0.0/16", "127.0.0.1/32,::1/128", "2001:db8::/32,10.0.0.0/8", "203.0.113.9/32")]
        if self.chance("forced"):
            command += ["-O", "force-command=" + self.pick("echo LAB-FORCED", "echo LAB-FORCED", "echo LAB-FORCED other")]
        if self.chance("critical"):
            command += ["-O", self.pick("critical:foo@example=1", "critical:bar=", "critical:foo@example=1", "critical:verify-required", "extension:foo@example=1")]
        shutil.copy(KEYS / base, KEYS / name)
        shutil.copy(KEYS / (base + ".pub"), KEYS / (name + ".pub"))
        if "-h" in command:
            command = [w for i, w in enumerate(command) if w != "-O" and command[i - 1] != "-O"]
        must(*command, KEYS / (name + ".pub"))
        os.rename(KEYS / (name + "-cert.pub"), KEYS / (name + ".pub"))
        self.certificates[name] = (owner, base)

    def lay_principals(self, users):
        for user in users:
            lines = self.some([user, "admin", "other", f"from=\"10.*\" {user}", "command=\"echo LAB-FORCED\" admin", "# no", "",
                               f"no-such {user}", "restrict admin", "cert-authority " + user, f'expiry-time="20200101" {user}',
                               f" {user} # him"], 1, 4)
            for path, owner in ((f"/etc/ssh/principals/{user}", 0), (f"{self.home(user)}/.ssh/principals", self.world.uids[user])):
                if self.chance(0.7):
                    write(path, "\n".join(lines) + "\n", self.pick(0o644, 0o644, 0o644, 0o666), owner)

    # settings

    def lists(self):
        for keyword in dict.fromkeys(self.some(self.chances.get("keywords", ["AllowUsers", "DenyUsers", "AllowGroups", "DenyGroups"]), 1, 2)):
            least, most = (2, 6) if keyword.startswith("Deny") else (1, 4)
            yield keyword, " ".join(self.some(USER_WORDS if "Users" in keyword else GROUP_WORDS, least, most))

    def methods(self):
        yield from self.r.sample([("PubkeyAuthentication", self.pick("no", "no", "yes")), ("PasswordAuthentication", self.pick("yes", "no")),
                                  ("AuthenticationMethods", self.r.choice(METHODS)), ("KbdInteractiveAuthentication", self.pick("yes", "no")),
                                  ("AuthenticationMethods", self.r.choice(METHODS))], self.r.randint(1, 3))

    def revoked(self):
        path = f"/srv/round/revoked{self.r.randrange(100)}"
        keys = self.some([*POOL, *POOL, *self.certificates, *AUTHORITIES], 2, 9)
        if self.chance(0.4):
            lines = [public(self.certificates[k][1] if k in self.certificates and self.chance(0.8) else k) for k in keys]
            write(path, "\n".join(["# gone", ""] * self.chance(0.3) + lines) + self.pick("\n", ""))
        else:
            self.krl(path, keys)
        yield "RevokedKeys", path

    def krl(self, path, keys):
        lines = []
        for name in keys:
            key = public(name)
            plain = public(self.certificates[name][1]) if name in self.certificates else key
            lines.append(self.pick(f"key: {key}", f"sha1: {plain}", f"sha256: {plain}", f"key: {plain}"))
            if self.certificates and self.chance(0.3):
                lines.append(self.pick("serial: 7", "serial: 1-5", "id: id-1", f"serial: {2**63}", "id: joe's card"))
        write("/srv/round/spec", "\n".join(lines) + "\n")
        command = ["ssh-keygen", "-q", "-k", "-f", path, "-z", 3]
        if any(l.startswith(("serial", "id")) for l in lines):
            command += ["-s", self.pick("none", *(KEYS / f"{a}.pub" for a in AUTHORITIES))]
        must(*command, "/srv/round/spec")

    def broken(self):
        path = f"/srv/round/broken{self.r.randrange(100)}"
        kind = self.r.randrange(7)
        if kind == 0:
            path = self.pick("/srv/round/missing", "/srv/round", "relative-name")
        elif kind < 4:
            lines = [public(k) for k in self.some(POOL, 0, 3)]
            lines.insert(self.r.randint(0, len(lines)), self.pick("garbage", "SHA256:abc", "no-pty " + public("ed0"), "ssh-ed25519 AAAA", "ssh-rsa"))
            write(path, "\n".join(lines) + "\n")
        else:
            self.krl(path, self.some(POOL, 1, 3))
            data = pathlib.Path(path).read_bytes()
            write(path, self.pick(data[:-1], data[:self.r.randrange(8, len(data))], data + b"\xff\0\0\0\0", data[:8] + b"\0\0\0\2" + data[12:]))
        yield "RevokedKeys", path

    def authorities_known(self):
        path = f"/srv/round/ca{self.r.randrange(100)}"
        untrusted = self.chance("untrusted" if "keys" in self.chances else 0.3)
        lines = [public(k) for k in self.some(list(AUTHORITIES)[:3], 1 if untrusted else 3, 3)]
        if untrusted:
            lines.insert(0, self.pick("# ours", "garbage", "no-pty " + public("ca-ec"), 'from="10.*" ' + public("ca-rsa"), public("ed0")))
        write(path, "\n".join(lines) + "\n", self.pick(0o644, 0o644, 0o644, 0o666))
        if not untrusted or self.chance(0.8):
            yield "TrustedUserCAKeys", path if not untrusted or self.chance(0.9) else "/srv/round/missing"
        if self.chance(0.3):
            yield "AuthorizedPrincipalsFile", self.pick("/etc/ssh/principals/%u", ".ssh/principals", "none", "/etc/ssh/principals/%u")
        if untrusted and self.chance(0.5):
            yield "CASignatureAlgorithms", self.pick("ssh-ed25519", "rsa-sha2-512,ssh-ed25519", "+ssh-rsa", "-ecdsa*", "-rsa-sha2-256")

    def command(self):
        path = "/etc/ssh/keys.sh"
        names = self.some(POOL, 1, 4)
        lines = "\n".join(self.key_line(k, self.key_options()).strip() for k in names)
        ends = self.pick("exit 0", "exit 0", "exit 0", "exit 1", "kill -9 $$")
        write(path, f"#!/bin/sh\ncat <<'END'\n{lines}\nEND\n{ends}\n", self.pick(0o755, 0o755, 0o755, 0o777, 0o644))
        yield "AuthorizedKeysCommand", path + self.pick("", " %u", " %u %h", " %t %k", " %f")
        yield "AuthorizedKeysCommandUser", self.pick("nobody", "nobody", "root", "%u" if self.chance(0.1) else "daemon")

    def items(self):
        """(keyword, value) pairs that may stand anywhere, and those that are global only."""
        free, fixed = [], []
        sources = [("lists", self.lists), ("methods", self.methods), ("revoked", self.revoked), ("broken", self.broken),
                   ("command", self.command), ("certificates", self.authorities_known)]
        for name, source in sources:
            if self.on[name]:
                free += source()
        if self.on["lists"] and self.chance(0.4):
            free += self.lists()
        if self.on["root"]:
            values = self.chances.get("root_values", ["no", "no", "no", "yes", "without-password", "forced-commands-only"])
            free += [("PermitRootLogin", self.r.choice(values)) for _ in range(self.r.choice([1, 1, 2]))]
        if self.on["algorithms"]:
            free.append(("PubkeyAcceptedAlgorithms", self.r.choice(ALGORITHMS)))
        if self.on["chroot"]:
            free.append(("ChrootDirectory", self.pick("/", "/srv/jail", "none")))
        if self.on["force"]:
            free.append(("ForceCommand", self.pick("echo LAB-FORCED", "none")))
        if self.on["places"]:
            free.append(("AuthorizedKeysFile", " ".join(self.some([*PLACES, "none", "%h/.ssh/authorized_keys", "~/.ssh/authorized_keys"]))))
        if self.on["empty"]:
            free.append(("PermitEmptyPasswords", self.pick("yes", "no")))
        if self.on["size"]:
            fixed.append(("RequiredRSASize", self.pick("2048", "3072", "2048", "4096", "1024", "0")))
        if self.chance(0.3):
            fixed.append(("StrictModes", self.pick("no", "yes", "yes")))
        fixed.append(("UsePAM", "yes" if self.on["pam"] else "no"))
        if self.on["dns"]:
            fixed.append(("UseDNS", "yes"))
        self.r.shuffle(free)
        self.r.shuffle(fixed)
        return free, fixed

    def line(self, item):
        keyword, value = item
        keyword = self.pick(keyword, keyword, keyword.lower(), keyword.upper())
        return self.pick("", "", "  ", "\t") + keyword + self.pick(" ", " ", "  ", "\t") + value + self.pick("", "", " # why" if "Command" not in item[0] else "")

    def match(self):
        if self.chance(0.1):
            return "Match all"
        names = self.r.sample(sorted(CRITERIA), self.r.choice([1, 1, 1, 2, 2, 3]))
        return "Match " + " ".join(f"{self.pick(n, n.lower())} {self.r.choice(CRITERIA[n])}" for n in names)

    def include(self, lines, depth=0):
        """The lines moved into a file, or into one that this one includes."""
        name = f"{self.pick('more', 'sshd_config.d')}/{len(self.includes)}.conf"
        self.includes[name] = ""
        if depth < 3 and self.chance(0.4):
            lines = [self.include(lines, depth + 1)] + (["Match User nobody-else", "DenyUsers *"] if self.chance(0.2) else [])
        self.includes[name] = "\n".join(lines) + "\n"
        return "Include " + self.pick(name, "/etc/ssh/" + name, name.replace(".conf", ".c*"), f'"{name}"', f"nothing/*.conf {name}")

    def settle(self, lines):
        if lines and self.on["include"] and self.chance(0.5):
            return [self.include(lines)]
        return lines

    def configuration(self):
        free, fixed = self.items()
        blocks = self.r.randint(1, 3) if self.on["match"] else 0
        outside, inside = fixed, [[] for _ in range(blocks)]
        for item in free:
            target = outside if self.chance("outside") else self.r.choice([outside, *inside])
            target.append(item)
            if item[0] == "AuthorizedKeysCommand" and target is not outside:
                outside.append(("AuthorizedKeysCommandUser", "nobody"))
        lines = self.settle([self.line(item) for item in outside])
        for block in inside:
            lines += self.settle([self.match()] + self.settle([self.line(item) for item in block]))
        return BASE + "\n".join(lines) + "\n"

    def lay(self):
        """Everything on disk."""
        self.clean()
        users = self.chances.get("users", ORDINARY)
        self.users = list(dict.fromkeys(self.some(users, 3, 5) + self.some(EVERYBODY, 0, self.pick(0, 0, 2))))
        accounts = [u for u in self.users if u != "ghost"] or ["bob"]
        if self.on["certificates"]:
            for number in range(6):
                self.certify(number, accounts)
        for user in accounts:
            self.lay_keys(user)
        if self.on["certificates"]:
            self.lay_principals(accounts)
        self.text = self.configuration()
        self.lay_configuration(self.text)

    def lay_configuration(self, text):
        write(CONFIG, text)
        for name, content in self.includes.items():
            write(pathlib.Path("/etc/ssh", name), content)

    def mistakes(self):
        """The configuration with one line that sshd refuses, or that looks like it."""
        lines = self.text.splitlines()
        lines.insert(self.r.randint(BASE.count("\n"), len(lines)), self.r.choice(MISTAKES_GLOBAL))
        return "\n".join(lines) + "\n"

    # logins

    def login(self):
        user = self.r.choice(self.chances.get("users", self.users) if self.chance(0.8) else self.users)
        addr = self.r.choice(list(CLIENTS))
        laddr = self.r.choice([s for s in SERVERS if (":" in s) == (":" in addr)])
        login = {"user": user, "addr": addr, "host": CLIENTS[addr], "laddr": laddr, "lport": self.r.choice(PORTS), "how": "key"}
        kind = self.r.random()
        if kind < (0.3 if self.on["methods"] else 0.05) and user in [*WITH_PASSWORD, "ghost"]:
            return login | {"how": "password"}
        if kind > 0.85 and not self.on["certificates"]:
            return login | {"how": "everything"}
        return login | {"key": self.key_for(user)}

    def key_for(self, user):
        wanted = self.chances.get("keys")
        own = [name for name, (owner, _) in self.certificates.items() if owner == user]
        if self.certificates and self.chance(0.9 if wanted == "certificates" else 0.4):
            return self.r.choice(own if own and self.chance(0.8) else list(self.certificates))
        listed = sorted(self.listed[user])
        if wanted == "strange":
            listed = [k for k in POOL if k not in listed]
        return self.r.choice(listed if listed and self.chance(0.8) else list(POOL))
