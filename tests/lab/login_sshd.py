# SPDX-License-Identifier: GPL-3.0-or-later
# login_sshd.py - real logins at the real sshd, and what its log says of why one was refused.
import pathlib
import re
import shutil
import subprocess
import time

from login_rounds import KEYS, POOL, PORTS, must, public, run

SSHD = "/usr/sbin/sshd"
LOG = pathlib.Path("/run/sshd.log")
ENDS = re.compile(r"^(Connection (closed|reset) by|Disconnected from|Disconnecting|fatal:|ssh_dispatch_run_fatal|monitor_read: unsupported)", re.M)


class Server:
    """The real sshd with the configuration as it lies there."""

    def __init__(self):
        LOG.write_bytes(b"")
        self.at = 0
        self.process = subprocess.Popen([SSHD, "-D", "-E", str(LOG)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL, cwd="/")
        end = time.monotonic() + 60
        while LOG.read_bytes().count(b"Server listening on") < 2 * len(PORTS):
            if self.process.poll() is not None or time.monotonic() > end:
                raise RuntimeError("sshd does not start: " + LOG.read_text(errors="replace"))
            time.sleep(0.003)
        self.heard()

    def over(self):
        """What it logged of a login, up to its end: that comes after the client is gone."""
        log, end = self.heard(), time.monotonic() + 2
        while not ENDS.search(log) and time.monotonic() < end:
            time.sleep(0.002)
            log += self.heard()
        return log

    def heard(self):
        """What it logged since the last call."""
        data = LOG.read_bytes()
        new, self.at = data[self.at:], len(data)
        return re.sub(r"[A-Za-z0-9+/=]{200,}", "(blob)", new.decode(errors="replace").replace("\r", ""))

    def stop(self):
        self.process.terminate()
        self.process.wait(60)


ALL_METHODS = "publickey,keyboard-interactive,password"
NO_AGENT = ["-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none"]
COMMON = ["ssh", "-F", "none", "-o", "StrictHostKeyChecking=yes", "-o", "UserKnownHostsFile=/root/known_hosts",
          "-o", "GlobalKnownHostsFile=none", "-o", "LogLevel=DEBUG1", "-o", "ConnectTimeout=60",
          "-o", "ForwardX11=no"]
PLAIN_ALGORITHMS = "ssh-ed25519,ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,rsa-sha2-512,rsa-sha2-256,ssh-rsa"
CERTIFICATE_ALGORITHMS = ",".join(f"{a}-cert-v01@openssh.com" for a in PLAIN_ALGORITHMS.split(","))
RSA = ("rsa-sha2-512", "rsa-sha2-256", "ssh-rsa")
PASSWORD_ENV = {"PATH": "/usr/bin:/bin", "SSH_ASKPASS": "/srv/askpass", "SSH_ASKPASS_REQUIRE": "force", "DISPLAY": "none"}


def agent(key):
    """ssh offers a host certificate only when it comes out of an agent: what it takes to offer this one."""
    if "host certificate" not in must("ssh-keygen", "-L", "-f", KEYS / (key + ".pub")):
        return NO_AGENT
    socket = KEYS / "agent"
    env = {"SSH_AUTH_SOCK": str(socket), "PATH": "/usr/bin"}
    if not socket.exists():
        must("ssh-agent", "-a", socket)
    must("ssh-add", "-q", "-D", env=env)
    shutil.copy(KEYS / (key + ".pub"), "/root/agent-cert.pub")
    shutil.copy(KEYS / key, "/root/agent")
    must("ssh-add", "-q", "/root/agent", env=env)
    return ["-o", f"IdentityAgent={socket}"]


def ssh(login):
    command = COMMON + ["-b", login["addr"], "-p", login["lport"], "-l", login["user"]]
    methods = login.get("methods", {"key": "publickey", "password": "password"}.get(login["how"], ALL_METHODS))
    command += ["-o", f"PreferredAuthentications={methods}"]
    key, env = login.get("key", ""), {"PATH": "/usr/bin:/bin"}
    certificate = key.startswith("cert")
    if "password" in methods:
        env = PASSWORD_ENV
    if "password" in methods and login["user"] == "blank":  # has to say that it has none, at the second question
        env = PASSWORD_ENV | {"SSH_ASKPASS": "/srv/askpass-blank"}
    command += ["-o", f"NumberOfPasswordPrompts={2 if login['user'] == 'blank' else 1}"]
    algorithms = login.get("algorithm", CERTIFICATE_ALGORITHMS if certificate else PLAIN_ALGORITHMS)
    command += ["-o", "PubkeyAcceptedAlgorithms=" + algorithms] + (["-i", KEYS / key] if key else [])
    command += [f"-oCertificateFile={KEYS / key}.pub"] + agent(key) if certificate else NO_AGENT
    if login.get("all_keys", login["how"] == "everything"):
        command += [word for name in POOL if name != key for word in ("-i", KEYS / name)]
    return run(*command, login["laddr"], "echo LAB-IN", env=env)


def further_attempts(login, reasons, log, client):
    """What else shows that the login can be completed."""
    key = login.get("key", "")
    if "key-algorithm" in reasons and (not key or public(key).startswith("ssh-rsa")):
        for name in RSA:
            yield {"algorithm": name + "-cert-v01@openssh.com" if key.startswith("cert") else name}
    if re.search(r"^Partial publickey", log, re.M):
        yield {"methods": ALL_METHODS, "all_keys": True}
    elif login["how"] == "key" and re.search(r"Authentications that can continue: (?!.*publickey)", client):
        yield {"methods": "password,keyboard-interactive,publickey"}
    if login["how"] == "everything":
        if re.search(r"Authentications that can continue: .*publickey,.*password|^Partial", client + log, re.M):
            yield {"methods": "password,keyboard-interactive,publickey"}
        if "ROOT LOGIN REFUSED" in log:  # which ends the connection, with a better key still to come
            yield from ({"how": "key", "key": name} for name in POOL)


# What sshd says when it turns an account away before any method counts.
ACCOUNT_REASONS = [
    (r"Invalid user ", "unknown-user"),
    (r"not allowed because account is locked|Account .* has expired", "locked"),
    (r"Access denied for user .* by PAM account configuration", "locked"),
    (r"not allowed because shell .* (does not exist|is not executable)", "shell"),
    (r"not allowed because listed in DenyUsers", "DenyUsers"),
    (r"not allowed because not listed in AllowUsers", "AllowUsers"),
    (r"not allowed because not in any group", "no-group"),
    (r"not allowed because a group is listed in DenyGroups", "DenyGroups"),
    (r"not allowed because none of user's groups are listed in AllowGroups", "AllowGroups"),
]
# What it says of a key. One login can meet several of them: sshd goes on with the next line and file.
KEY_REASONS = [
    (r"not in PubkeyAcceptedAlgorithms", "key-algorithm"),
    (r"refusing .* key: Invalid key length", "key-size"),
    (r"revoked by file", "key-revoked"),
    (r"Error checking authentication key", "revoked-keys-broken"),
    (r"Authentication refused: |Could not open user .*: (Permission denied|Not a directory)|is not a regular file", "strict-modes"),
    (r"not from a permitted|Certificate source-address invalid", "key-from"),
    (r"entry expired at", "key-expired"),
    (r"Certificate invalid: (expired|not yet valid)", "certificate-time"),
    (r"name is not a listed principal|lacks principal list|does not contain an authorized principal", "certificate-principal"),
    (r"not a user certificate|Invalid certificate options|cert-authority flag invalid here", "certificate-type"),
    (r"CA .* is not listed in|certificate signature algorithm \S+: |signed with disallowed algorithm", "certificate-ca"),
    (r'Certificate critical option ".*" is not supported|Certificate source-address contents invalid', "certificate-option"),
    (r"forced command options do not match", "key-command"),
]


def classify(login, log, client):
    """(verdict, set of words that may be the reason, or None where the log alone cannot say)."""
    if re.search(r"^Accepted \S+ for ", log, re.M):
        return "allowed", {"accepted"}
    for pattern, word in ACCOUNT_REASONS:
        if re.search(pattern, log):
            return "denied", {word}
    said = log
    # what sshd said of its lines is void when the command itself fails afterwards
    if re.search(r"^AuthorizedKeysCommand .* (exited on signal|failed, status) ", log, re.M):
        said = re.sub(r"^debug\d: /etc/ssh/keys\.sh .*$", "", log, flags=re.M)
    found = {word for pattern, word in KEY_REASONS if re.search(pattern, said)}
    # of a line that has expired and could not let anybody in before either, sshd names the date only
    if found == {"key-expired"} and re.search(r"check options: '(?!\S*cert-authority)\S*principals=", log):
        found = {"key-expired", "key-not-listed"}
    if "ROOT LOGIN REFUSED" in log:
        return "denied", {"PermitRootLogin", "key-command"}
    if "no mutual signature" in client:
        found.add("key-algorithm")
    if login["how"] == "key" and not found:
        if re.search(r"^Partial publickey", log, re.M):
            return "denied", {"method-disabled"}
        if "service ssh-connection method publickey" not in log:
            can_continue = re.search(r"Authentications that can continue: .*publickey", client)
            return "denied", {"the client did not offer the key" if can_continue else "method-disabled"}
    return "denied", found


class Rules:
    """What is in force for a login, asked from sshd only when it matters."""

    def __init__(self, login):
        host = login["host"] or login["addr"]
        spec = f"user={login['user']},host={host},addr={login['addr']},laddr={login['laddr']},lport={login['lport']}"
        self.text = must(SSHD, "-T", "-C", spec)

    def value(self, keyword):
        found = re.search(rf"^{keyword} (.*)$", self.text, re.M)
        return found.group(1) if found else ""

    def root_refused(self, how):
        # with everything that root has the password may be what is left to refuse
        return self.value("permitrootlogin") != "yes" if how != "key" else \
            self.value("permitrootlogin") in ("no", "forced-commands-only")

    def one_key_is_not_enough(self):
        lists = [m for m in self.value("authenticationmethods").split() if m != "any"]
        return self.value("pubkeyauthentication") == "no" or (lists and "publickey" not in lists)


def reason_fits(login, ours, found, rules):
    """Whether our word is one that sshd's log bears out."""
    if ours in found:
        return True
    if ours == "PermitRootLogin":
        return login["user"] == "root" and rules().root_refused(login["how"])
    if ours == "method-disabled":
        return login["how"] != "key" or rules().one_key_is_not_enough()
    if "the client did not offer the key" in found:
        return False
    nothing = {"key-not-listed", "no-keys"}
    if login.get("key", "").startswith("cert"):
        nothing |= {"certificate-ca"}
    if ours == "certificate-type":
        return not found
    # a file that sshd did not read may or may not hold the key
    return ours in nothing and (not found or found <= {"strict-modes"}) or login["how"] == "everything" and ours not in ("accepted",)
