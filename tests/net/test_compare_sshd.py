# SPDX-License-Identifier: GPL-3.0-or-later
# test_compare_sshd.py - random configurations: what our model says of them and what the installed sshd says.
#
# Each configuration is laid under a private /etc/ssh, sshd -t says whether it would start, sshd -T -C what is in force
# for random connections; build/tests/judge dump must say the same, keyword by keyword. Only OpenSSH 9.2 as Debian 12
# ships it is compared. By hand:
#
#   tests/net/test_compare_sshd.py --seed 7 --count 5000 [--verbose]
import argparse
import grp
import os
import pathlib
import pwd
import random
import re
import subprocess
import sys

SSHD = "/usr/sbin/sshd"
MAIN = "/etc/ssh/sshd_config"
HOST_KEY = "/run/hostkey"
USERS = ["root", "daemon", "bin", "games", "man", "mail", "www-data", "nobody", "backup", "nosuchuser"]
ADDRESSES = ["10.0.0.5", "10.1.2.3", "192.168.1.7", "172.16.5.4", "203.0.113.9", "127.0.0.1", "::1", "2001:db8::1", "fd00::42"]
HOSTS = ["ws5.corp.example", "Build.Dev.Corp.Example", "nas.home.example", "localhost"]
PORTS = [22, 2222, 443]

# What an empty configuration says only because of Debian's patches.
VENDOR = {"ipqos": ["lowdelay throughput"]}
# The default needs the binary's tables; the rest of them is not printed by one of the two sides.
ALGORITHMS = {"ciphers", "macs", "kexalgorithms", "hostkeyalgorithms", "hostbasedacceptedalgorithms",
              "pubkeyacceptedalgorithms", "casignaturealgorithms", "gssapikexalgorithms"}
NOT_PRINTED = {"debianbanner"}


def words(text):
    return text.split()


FLAG = (words("yes no YES No"), words("maybe true 1 on"))
NUMBER = (words("0 1 3 6 10 100 2147483647 +4"), words("-1 x 3x 2147483648 99999999999999999999 1.5"))
TIME = (words("0 20 5m 1h30m 2D 1w2d3h4m5s 10S +5"), words("-1 5x m 5mm 99999999999 1.5h 25000d"))
FILES = (words("/etc/issue.net none NONE relative/name ~/file /a/%u/b"), [])
FORWARD = (words("yes no local remote all ALL"), words("both clientspecified"))
USER_WORDS = (words("root bin g* ?an *@10.0.0.0/8 root@10.0.0.5 mail@*.corp.example !bin nobody@!10.1.2.3,10.0.0.0/8 "
                    "*@2001:db8::/32 a@b@10.* www-data@WS5.CORP.example *@10.1 *@0.0.0.0/0,!203.0.113.0/24"),
              words("root@ *@10.0.0.5/8 a@x,,y b@! c@::1/129,,: d@10.0.0.0/33 @"))
GROUP_WORDS = (words("root bin mail* nogroup www-data ?oot !root dev@10.0.0.0/8 *"), ['""'])
KEY_LISTS = (words("ssh-ed25519 rsa-sha2-512,rsa-sha2-256 ssh-ed25519,ssh-ed25519 ssh-* +ssh-rsa -ecdsa-* ^ssh-ed25519 -*"),
             words("+ ^ !ssh-rsa ++ssh-rsa nosuch"))
METHODS = words("publickey password keyboard-interactive publickey,password publickey,keyboard-interactive:pam hostbased "
                "publickey,publickey gssapi-with-mic none")

# keyword: (good values, bad values); a value of several words stands as it is.
GLOBAL_ONLY = {
    "AddressFamily": (words("any inet inet6 ANY"), words("ipv4 4")),
    "Ciphers": (words("aes128-ctr aes128-ctr,aes256-ctr +aes128-cbc -aes* ^aes256-ctr chacha20-poly1305@openssh.com,aes128-ctr"),
                words("aes* + rot13 aes128-ctr,!aes256-ctr")),
    "Compression": (words("yes no delayed"), words("fast")),
    "DebianBanner": FLAG,
    "FingerprintHash": (words("md5 sha256 SHA512 Sha1"), words("crc")),
    "GSSAPICleanupCredentials": FLAG, "GSSAPICleanupCreds": FLAG, "GSSAPIKeyExchange": FLAG,
    "GSSAPIStoreCredentialsOnRekey": FLAG, "GSSAPIStrictAcceptorCheck": FLAG,
    "HostCertificate": FILES, "HostKey": FILES, "HostDSAKey": FILES,
    "HostKeyAgent": (words("SSH_AUTH_SOCK /run/agent none x"), []),
    "HostKeyAlgorithms": KEY_LISTS,
    "IgnoreUserKnownHosts": FLAG,
    "KerberosOrLocalPasswd": FLAG, "KerberosTicketCleanup": FLAG, "KerberosGetAFSToken": FLAG,
    "KexAlgorithms": (words("curve25519-sha256 +diffie-hellman-group1-sha1 -diffie* sntrup761x25519-sha512@openssh.com"),
                      words("curve* + x")),
    "KeyRegenerationInterval": (words("3600 x"), []),
    "ListenAddress": (words("1.2.3.4 ::1 [::1]:99 0.0.0.0 1.2.3.4:2200 [1.2.3.4] 10.1 [2001:db8::1]:ssh"),
                      [":22", "1.2.3.4:0", "1.2.3.4 x", "1.2.3.4:x", "[::1", "1.2.3.4 rdomain"]),
    "LoginGraceTime": TIME,
    "MACs": (words("hmac-sha2-256 hmac-sha2-256,hmac-sha2-512 -*etm* +hmac-md5"), words("hmac-* rot13")),
    "MaxStartups": (words("5 10:30:100 3:1:3 100:100:200 7x 5:6:7x 4:50:60"), words("0 -5 5:5 10:0:20 10:101:20 9:30:5 x :5 0:30:100")),
    "ModuliFile": FILES,
    "PermitUserEnvironment": (words("yes no LANG,LC_* YES"), ['""']),
    "PerSourceMaxStartups": (words("none 0 5"), words("NONE -1 x")),
    "PerSourceNetBlockSize": (words("32:128 24:64 16 0 0:0 24:64:9"), words("33 32:129 x -1")),
    "PidFile": FILES,
    "Port": (words("22 2222 ssh +22 65535"), words("0 65536 -1 x nosuchservice")),
    "PrintLastLog": FLAG, "PrintMotd": FLAG,
    "Protocol": (words("2 2,1 x"), []),
    "SecurityKeyProvider": (words("internal INTERNAL none /lib/x.so x"), []),
    "ServerKeyBits": (words("768"), []),
    "StrictModes": FLAG,
    "Subsystem": (["sftp /usr/lib/openssh/sftp-server", "x internal-sftp -f AUTH", 'y "/bin/a b" c', "sftp2 x"], ["sftp", '"" x']),
    "SyslogFacility": (words("auth AUTHPRIV local7 Daemon user"), words("kern local8")),
    "TCPKeepAlive": FLAG, "KeepAlive": FLAG,
    "UseDNS": FLAG, "UsePAM": FLAG,
    "UseLogin": (words("yes x"), []), "UsePrivilegeSeparation": (words("yes sandbox x"), []),
    "VersionAddendum": (["none", "NONE", "hello", "a b  c", "x # y", '"q"'], []),
    "XAuthLocation": FILES,
    "DSAAuthentication": FLAG,
}

ANYWHERE = {
    "AcceptEnv": (["LANG", "LANG LC_*", "A B C", "X?Y"], ["A=B", '""', "A B="]),
    "AllowAgentForwarding": FLAG,
    "AllowGroups": GROUP_WORDS, "DenyGroups": GROUP_WORDS,
    "AllowUsers": USER_WORDS, "DenyUsers": USER_WORDS,
    "AllowStreamLocalForwarding": FORWARD, "AllowTcpForwarding": FORWARD,
    "AuthorizedKeysCommand": (["none", "/bin/keys %u", '/bin/keys "a b" # x'], ["keys", '"/bin/keys"']),
    "AuthorizedKeysCommandUser": (words("root nobody none %u"), ['""']),
    "AuthorizedKeysFile": ([".ssh/authorized_keys", "~/keys %h/x", "/etc/keys/%u none", "none"], ['""', 'a ""']),
    "AuthorizedPrincipalsCommand": (["none", "/bin/principals %i"], ["x"]),
    "AuthorizedPrincipalsCommandUser": (words("root nobody"), ['""']),
    "AuthorizedPrincipalsFile": (words("none /etc/p/%u ~/p p"), ['""']),
    "Banner": FILES,
    "CASignatureAlgorithms": (words("ssh-ed25519 rsa-sha2-512,ssh-ed25519 -rsa*"), words("nosuch +")),
    "ChannelTimeout": (["none", "session:*=5m", "session:shell=1h x11-connection=30", "*=0", "a=1 none"],
                       ["session", "a=", "=5", "a=x", "none a=5", '""']),
    "ChrootDirectory": (words("none /srv/%u NONE relative"), ['""']),
    "ClientAliveCountMax": NUMBER, "ClientAliveInterval": TIME,
    "DisableForwarding": FLAG, "ExposeAuthInfo": FLAG,
    "ForceCommand": (["internal-sftp", "none", "None", 'echo "a b" # c', "/bin/x   y", "a=b"], ["it's", 'say "hi']),
    "GatewayPorts": (words("yes no clientspecified"), words("maybe")),
    "GSSAPIAuthentication": FLAG,
    "HostbasedAcceptedAlgorithms": KEY_LISTS, "HostbasedAcceptedKeyTypes": KEY_LISTS,
    "HostbasedAuthentication": FLAG, "HostbasedUsesNameFromPacketOnly": FLAG,
    "IgnoreRhosts": (words("yes no shosts-only SHOSTS-only"), words("rhosts-only")),
    "IPQoS": (["af21", "lowdelay throughput", "none", "cs1 ef", "0x10 8", "255", "le none", "010"], ["va", "256", "x", "af11 y", "-1"]),
    "KbdInteractiveAuthentication": FLAG, "ChallengeResponseAuthentication": FLAG, "SkeyAuthentication": FLAG,
    "KerberosAuthentication": FLAG,
    "LogLevel": (words("info VERBOSE debug debug1 DEBUG3 quiet Fatal"), words("loud debug4")),
    "LogVerbose": (["none", "kex.c:*:1000", "a b c"], ["none a", "a none", '""']),
    "MaxAuthTries": NUMBER, "MaxSessions": NUMBER,
    "PasswordAuthentication": FLAG, "PermitEmptyPasswords": FLAG,
    "PermitListen": (["any", "none", "8080", "localhost:22 [::1]:*", "*", "*:80 9000"], ["x", "any 22", "a:b", "[::1]", "a:0", "::1:22"]),
    "PermitOpen": (["any", "none", "a:1", "[::1]:22 10.0.0.1:*", "h:ssh x:80"], ["a", "a:0", "a:1 none", "[a", "a/1", "none x", "[a]b:1"]),
    "PermitRootLogin": (words("yes no prohibit-password without-password forced-commands-only NO"), words("maybe nope")),
    "PermitTTY": FLAG, "PermitUserRC": FLAG,
    "PermitTunnel": (words("yes no ethernet point-to-point"), words("YES layer2")),
    "PubkeyAcceptedAlgorithms": KEY_LISTS, "PubkeyAcceptedKeyTypes": KEY_LISTS,
    "PubkeyAuthentication": FLAG,
    "PubkeyAuthOptions": (["none", "touch-required", "VERIFY-required touch-required", "none verify-required"], ["touch", '""']),
    "RekeyLimit": (["default", "1G", "1G 1h", "default none", "1.5M 30m", "0", "16", "2k", ".5G 1d", "default 0", "1E"],
                   ["none", "15", "1x", "1G x", "1kb", "-1G", "9E", "1G none x", "1..5M"]),
    "RequiredRSASize": NUMBER,
    "RevokedKeys": FILES,
    "SetEnv": (["A=1", "A=1 B=2 A=3", 'X="a b"', "E="], ["A", "=", '""', "A=1 B"]),
    "StreamLocalBindMask": (words("0177 022 0 777 0177x 8"), words("1000 -1 x 9")),
    "StreamLocalBindUnlink": FLAG,
    "TrustedUserCAKeys": FILES,
    "UnusedConnectionTimeout": (words("none 5m 0 NONE 1h"), words("x -1")),
    "X11DisplayOffset": NUMBER, "X11Forwarding": FLAG, "X11UseLocalhost": FLAG,
    "RSAAuthentication": (words("yes x"), []), "RhostsRSAAuthentication": (words("no"), []),
}
ANYWHERE["StreamLocalBindMask"] = (words("0177 022 0 777 0177x"), words("1000 -1 x 9 8"))
ANYWHERE["SetEnv"] = (["A=1", "A=1 B=2 A=3", 'X="a b"', "E="], ["A", '""', "A=1 B"])

CRITERIA = {
    "User": (words("root bin,mail * *,!root g*,!games !root r??t ROOT"), []),
    "Group": (words("root mail,bin *,!root www-* nogroup !bin"), []),
    "Host": (words("*.corp.example *.CORP.Example,!ws5* localhost 10.* !x"), []),
    "Address": (words("10.0.0.0/8 10.* !10.0.0.5,10.0.0.0/8 ::1 2001:db8::/32 10.1 10.0.0.0/129 ::/0 0.0.0.0/0,!127.0.0.0/8"),
                words("10.0.0.5/8 a,,b ! 10.0.0.0/33 ::1/64 10.0.0.0/8,")),
    "LocalAddress": (words("10.0.0.0/8 192.168.1.7 * ::1"), words("10.0.0.1/8 ,")),
    "LocalPort": (words("22 2222 ssh 443"), words("x 65536 22,23 -1")),
    "RDomain": (words("x *"), []),
}


class Generator:
    """A configuration: the text of MAIN and of what it includes."""

    def __init__(self, seed):
        self.r = random.Random(seed)
        self.includes = {}
        self.mistake = self.r.random() < 0.45
        self.any_quirk = False

    def chance(self, p):
        return self.r.random() < p

    def spell(self, name):
        kind = self.r.randrange(6)
        return name if kind < 3 else name.lower() if kind == 3 else name.upper() if kind == 4 else f'"{name}"'

    def quote(self, value):
        """One word in quotes, sometimes: only where the value is a single plain word."""
        if not self.chance(0.2) or not re.fullmatch(r"[\w.,:/*?!@%+^~-]+", value):
            return value
        return self.r.choice([f'"{value}"', f"'{value}'", value[:1] + '"' + value[1:] + '"'])

    def setting(self, name, value, rest=False):
        if not rest:
            value = self.quote(value)
        keyword = self.spell(name)
        between = self.r.choice([" ", " ", " ", "\t", "   ", " = ", "=", " =", "= "])
        if keyword.startswith('"') and "=" in between:
            between = " "
        front = self.r.choice(["", "", "", "  ", "\t", "    "])
        end = self.r.choice(["", "", "", " ", "\t", "\r"])
        if not rest and self.chance(0.1):
            end = self.r.choice([" # why", " #", "\t# it is \"so\"", " #x y"]) + end
        return front + keyword + between + value + end

    def match(self, broken=False):
        if not broken and self.chance(0.1):
            return self.r.choice(["Match all", "match ALL", "Match all # everybody", "Match all "])
        parts = []
        for name in self.r.sample(sorted(CRITERIA), self.r.choice([1, 1, 1, 2, 2, 3])):
            good, bad = CRITERIA[name]
            value = self.r.choice(bad if broken and bad else good)
            name = self.r.choice([name, name.lower(), name.upper()])
            parts.append(name + self.r.choice([" ", " ", "=", "  ", "\t", " = "]) +
                         (f'"{value}"' if self.chance(0.1) else value))
        if broken and self.chance(0.5):
            parts.append(self.r.choice(["User", "all", "Foo bar", "Address", "invalid-user", 'User ""', "Version 10.*", "exec x"]))
        return "Match " + " ".join(parts) + self.r.choice(["", "", " ", " # why"])

    def line(self, inside, broken=False):
        table = ANYWHERE if inside else self.r.choice([ANYWHERE, GLOBAL_ONLY])
        if broken and inside and self.chance(0.2):
            table = GLOBAL_ONLY
        name = self.r.choice(sorted(table))
        good, bad = table[name]
        value = self.r.choice(bad if broken and bad and self.chance(0.8) else good)
        rest = name in ("ForceCommand", "VersionAddendum", "AuthorizedKeysCommand", "AuthorizedPrincipalsCommand")
        return self.setting(name, value, rest)

    def methods(self):
        return self.setting("AuthenticationMethods", self.r.choice(
            ["any", self.r.choice(METHODS), " ".join(self.r.sample(METHODS, 2)), "publickey,x" if self.mistake else "publickey"]), True)

    def mutate(self, line):
        """A slip of the finger."""
        at = self.r.randrange(len(line) + 1)
        what = self.r.randrange(6)
        if what == 0:
            return line[:at] + self.r.choice("\"'=#\\ \t,@!") + line[at:]
        if what == 1 and at < len(line):
            return line[:at] + line[at + 1:]
        if what == 2:
            return line + self.r.choice([" extra", ' "', " '", " =", ' ""', " \\"])
        if what == 3:
            return line.split()[0] if line.split() else line
        if what == 4:
            return "= " + line
        return line[:at]

    def block(self, inside, depth):
        lines = []
        for _ in range(self.r.choice([0, 1, 2, 3, 5, 8])):
            kind = self.r.random()
            if kind < 0.08 and depth < 3:
                lines.append(self.include(inside, depth))
            elif kind < 0.12:
                lines.append(self.methods())
            elif kind < 0.2:
                lines.append(self.r.choice(["", "# a comment", "   # \"open", "\t", "#Port 1"]))
            else:
                lines.append(self.line(inside))
        return lines

    def include(self, inside, depth):
        number = len(self.includes)
        kind = self.r.randrange(4)
        if kind == 0:
            name = f"sshd_config.d/{number}-{self.r.choice('abc')}.conf"
            self.includes[name] = ""
            self.includes[name] = self.text(inside, depth + 1)
            return self.setting("Include", self.r.choice(["sshd_config.d/*.conf", "/etc/ssh/sshd_config.d/*.conf"]) if depth == 0
                                else f"sshd_config.d/{number}-?.conf", True)
        name = f"more/{number}.conf"
        self.includes[name] = ""
        self.includes[name] = self.text(inside, depth + 1)
        return self.setting("Include", self.r.choice(
            [name, "/etc/ssh/" + name, f"/nonexistent {name}", f'"{name}"', f"nothing/*.conf more/{number}.*"]), True)

    def text(self, inside=False, depth=0):
        lines = self.block(inside, depth)
        for _ in range(self.r.choice([0, 0, 1, 1, 2, 3])):
            lines.append(self.match())
            lines += self.block(True, depth)
        return "\n".join(lines) + self.r.choice(["\n", "\n", ""])

    def configuration(self):
        main = self.text().split("\n")
        if self.mistake:
            at = self.r.randrange(len(main) + 1)
            inside = any(l.split()[:1] and l.split()[0].lower() == "match" for l in main[:at])
            kind = self.r.randrange(6)
            if kind == 0:
                main.insert(at, self.r.choice(["PermitRootLogn no", "Foo", "Foo bar", "Port", "AllowUsers", "Match", "Include", "RDomain x",
                                               "PerSourcePenalties yes", "Match #x", "AuthenticationMethods any publickey", 'Include ""']))
            elif kind == 1:
                main.insert(at, self.match(broken=True))
            elif kind < 4:
                main.insert(at, self.line(inside, broken=True))
            elif main[min(at, len(main) - 1)]:
                at = min(at, len(main) - 1)
                for _ in range(self.r.choice([1, 1, 1, 2, 3])):
                    main[at] = self.mutate(main[at]) if main[at] else main[at]
        return self.r.choice(["\n"] * 9 + ["\r\n"]).join(main), self.includes


def connection(r):
    user = r.choice(USERS)
    addr = r.choice(ADDRESSES)
    return {"user": user, "host": r.choice(HOSTS + [addr]), "addr": addr, "laddr": r.choice(ADDRESSES), "lport": r.choice(PORTS)}


def groups_of(user):
    try:
        account = pwd.getpwnam(user)
    except KeyError:
        return "-"
    return ",".join(grp.getgrgid(g).gr_name for g in os.getgrouplist(user, account.pw_gid)) or "-"


def lay(text, includes):
    for folder in ("sshd_config.d", "more"):
        path = pathlib.Path("/etc/ssh", folder)
        path.mkdir(exist_ok=True)
        for old in path.iterdir():
            old.unlink()
    pathlib.Path(MAIN).write_bytes(text.encode())
    for name, content in includes.items():
        pathlib.Path("/etc/ssh", name).write_bytes(content.encode())


def run(command):
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", cwd="/", timeout=120)


def printed(text):
    values = {}
    for line in text.splitlines():
        name, _, value = line.partition(" ")
        values.setdefault(name, []).append(value)
    return values


def differences(theirs, ours):
    """Keyword -> (theirs, ours) for all that differ and that we claim to know."""
    keys = theirs.pop("hostkey", [])[1:]  # the first is the one of the command line, which keeps the default away
    if keys:
        theirs["hostkey"] = keys
    else:
        ours.pop("hostkey", None)
    found = {}
    for name in sorted(set(theirs) | set(ours)):
        a, b = theirs.get(name, []), ours.get(name, [])
        if a == b or name in NOT_PRINTED or (a == VENDOR.get(name) and b == ["af21 cs1"]):
            continue
        if name in ALGORITHMS and (not b or re.search(r"^[-+^]|[*?]", b[0])):
            continue
        found[name] = (a, b)
    return found


# Whether an algorithm exists only the binary knows; "any" behind another block's methods ends a connection, not sshd.
ONLY_THE_BINARY_KNOWS = re.compile(r"Bad (key types|SSH2 |GSSAPI )")
# Errors to us, though sshd starts: '!' in a list of keys inside a block ends every connection for which the block is on,
# and of an included directory sshd reads nothing without a word.
OURS_IS_STRICTER = re.compile(r"'!' is not known|it is not a regular file")
ENDS_THE_CONNECTION = re.compile(r'"any" must appear alone')


class Comparison:
    def __init__(self, judge, release):
        self.judge = judge
        self.release = release
        self.configurations = self.refused = self.evaluated = 0
        self.failures = []

    def ours(self, spec=None):
        command = [self.judge, "dump", str(self.release), "/", MAIN]
        if spec:
            command += [spec["user"], spec["host"], spec["addr"], spec["laddr"], str(spec["lport"]), groups_of(spec["user"])]
        return run(command)

    def fail(self, seed, what, text, includes):
        shown = "\n".join(["--- seed %d: %s" % (seed, what), "--- sshd_config", text] +
                          [f"--- {n}\n{t}" for n, t in includes.items()])
        self.failures.append(shown)

    def one(self, seed):
        generator = Generator(seed)
        text, includes = generator.configuration()
        lay(text, includes)
        self.configurations += 1
        theirs, ours = run([SSHD, "-t", "-h", HOST_KEY]), self.ours()
        if ours.returncode not in (0, 255):
            return self.fail(seed, f"judge ended with {ours.returncode}: {ours.stderr}", text, includes)
        if theirs.returncode and not ours.returncode and ONLY_THE_BINARY_KNOWS.search(theirs.stderr):
            self.refused += 1
            return None
        if ours.returncode and not theirs.returncode and OURS_IS_STRICTER.search(ours.stderr):
            return None
        if (theirs.returncode != 0) != (ours.returncode != 0):
            return self.fail(seed, f"sshd: {theirs.returncode} {theirs.stderr.strip()} | ours: {ours.returncode} {ours.stderr.strip()}",
                             text, includes)
        if theirs.returncode:
            self.refused += 1
            return None
        for _ in range(2):
            spec = connection(generator.r)
            theirs = run([SSHD, "-T", "-h", HOST_KEY, "-C", ",".join(f"{k}={v}" for k, v in spec.items())])
            if theirs.returncode and ENDS_THE_CONNECTION.search(theirs.stderr) and "ends the connection" in ours.stderr:
                continue
            if theirs.returncode:
                return self.fail(seed, f"sshd -T {spec}: {theirs.stderr}", text, includes)
            self.evaluated += 1
            found = differences(printed(theirs.stdout), printed(self.ours(spec).stdout))
            if found:
                lines = "\n".join(f"{name}: sshd {a} ours {b}" for name, (a, b) in found.items())
                return self.fail(seed, f"{spec}\n{lines}", text, includes)
        return None


def release_of_sshd():
    try:
        got = subprocess.run([SSHD, "-V"], capture_output=True, text=True)
    except OSError:
        return None
    found = re.search(r"OpenSSH_(\d+)\.(\d+)", got.stderr + got.stdout)
    return int(found.group(1)) * 100 + int(found.group(2)) if found else None


def inside(arguments):
    """In the private namespace: /etc/ssh and /run are ours."""
    for path in ("/etc/ssh", "/run"):
        subprocess.run(["mount", "-t", "tmpfs", "compare", path], check=True)
    os.mkdir("/run/sshd")
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", HOST_KEY], check=True)
    comparison = Comparison(arguments.judge, release_of_sshd())
    for seed in range(arguments.seed, arguments.seed + arguments.count):
        comparison.one(seed)
        if len(comparison.failures) >= arguments.stop:
            break
    for failure in comparison.failures:
        print(failure)
    print(f"{comparison.configurations} configurations, {comparison.refused} refused, "
          f"{comparison.evaluated} evaluations, {len(comparison.failures)} differ")
    return 1 if comparison.failures else 0


def judge_path():
    source = pathlib.Path(__file__).resolve().parent.parent.parent
    return str(pathlib.Path(os.environ.get("SALLYPORT_BUILD", source / "build")).resolve() / "tests" / "judge")


def compare(seed, count, stop=5, timeout=None):
    return subprocess.run(["unshare", "-m", "--propagation", "private", "/usr/bin/python3", "-I", os.path.abspath(__file__), "--inside",
                           "--judge", judge_path(), "--seed", str(seed), "--count", str(count), "--stop", str(stop)],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=timeout)


def skip_unless_possible():
    import pytest
    if os.geteuid():
        pytest.skip("needs root for a private mount namespace")
    if release_of_sshd() != 902:
        pytest.skip("compares with OpenSSH 9.2 only")
    if subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode:
        pytest.skip("no private mount namespace can be had here")


def test_random_configurations_are_judged_as_sshd_does():
    skip_unless_possible()
    from conftest import LONG, SEED
    # all that there are, or another sample of them in each run
    got = compare(1, 10000) if LONG else compare(1 + SEED * 80 % 9920, 80)
    assert got.returncode == 0, got.stdout + got.stderr


def test_a_wrong_answer_would_be_noticed():
    """The comparison itself: a value that is not sshd's is a difference."""
    assert differences({"hostkey": ["k"], "usedns": ["no"]}, {"usedns": ["yes"]}) == {"usedns": (["no"], ["yes"])}
    assert not differences({"hostkey": ["k"], "ipqos": VENDOR["ipqos"]}, {"ipqos": ["af21 cs1"]})


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=400)
    parser.add_argument("--stop", type=int, default=5, help="end after so many failures")
    parser.add_argument("--judge", default=judge_path())
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.inside:
        return inside(arguments)
    got = compare(arguments.seed, arguments.count, arguments.stop)
    sys.stdout.write(got.stdout)
    sys.stderr.write(got.stderr)
    return got.returncode


if __name__ == "__main__":
    sys.exit(main())
