# SPDX-License-Identifier: GPL-3.0-or-later
# private_keys.py - makes private keys of every form with the real ssh-keygen, openssl and puttygen, and says what each one is.
"""usage: private_keys.py FOLDER

Each file in FOLDER/keys is one; FOLDER/keys.json says of its name what a reader without the passphrase can know: the fields of
struct private_key. What a tool here does not make is in FOLDER/missing.json. The passphrase is "secret" everywhere. With SALLYPORT_SEED
each cipher is there for one type in three, for another with the next seed; without, or with SALLYPORT_LONG=1, for all of them.
"""
import base64
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import shutil
import struct
import subprocess
import sys

SK_DUMMY = "/usr/lib/openssh/regress/misc/sk-dummy/sk-dummy.so"
PASSPHRASE = "secret"
COMMENT = "anna@laptop, the grüne one"
OPENSSH_CIPHERS = ["aes256-ctr", "aes192-ctr", "aes128-ctr", "aes256-cbc", "aes192-cbc", "aes128-cbc", "3des-cbc",
                   "aes256-gcm@openssh.com", "aes128-gcm@openssh.com", "chacha20-poly1305@openssh.com"]
PEM_CIPHERS = {"des": "DES-CBC", "des3": "DES-EDE3-CBC", "aes128": "AES-128-CBC", "aes192": "AES-192-CBC", "aes256": "AES-256-CBC",
               "camellia128": "CAMELLIA-128-CBC", "camellia256": "CAMELLIA-256-CBC", "aria256": "ARIA-256-CBC", "seed": "SEED-CBC",
               "idea": "IDEA-CBC", "bf-cbc": "BF-CBC", "cast5-cbc": "CAST5-CBC", "rc2-cbc": "RC2-CBC"}
PBES1 = {"PBE-MD2-DES": ("pbeWithMD2AndDES-CBC", "PBKDF1"), "PBE-MD5-DES": ("pbeWithMD5AndDES-CBC", "PBKDF1"),
         "PBE-SHA1-DES": ("pbeWithSHA1AndDES-CBC", "PBKDF1"), "PBE-MD2-RC2-64": ("pbeWithMD2AndRC2-CBC", "PBKDF1"),
         "PBE-MD5-RC2-64": ("pbeWithMD5AndRC2-CBC", "PBKDF1"), "PBE-SHA1-RC2-64": ("pbeWithSHA1AndRC2-CBC", "PBKDF1"),
         "PBE-SHA1-RC4-128": ("pbeWithSHA1And128BitRC4", "PKCS#12"), "PBE-SHA1-RC4-40": ("pbeWithSHA1And40BitRC4", "PKCS#12"),
         "PBE-SHA1-3DES": ("pbeWithSHA1And3-KeyTripleDES-CBC", "PKCS#12"),
         "PBE-SHA1-2DES": ("pbeWithSHA1And2-KeyTripleDES-CBC", "PKCS#12"),
         "PBE-SHA1-RC2-128": ("pbeWithSHA1And128BitRC2-CBC", "PKCS#12"), "PBE-SHA1-RC2-40": ("pbeWithSHA1And40BitRC2-CBC", "PKCS#12")}
PBES2_CIPHERS = {"des": "des-cbc", "des3": "des-ede3-cbc", "rc2": "rc2-cbc", "aes128": "aes-128-cbc", "aes192": "aes-192-cbc",
                 "aes256": "aes-256-cbc", "camellia256": "camellia-256-cbc", "aria256": "aria-256-cbc", "sm4-cbc": "sm4-cbc",
                 "bf-cbc": "bf-cbc"}
PRFS = ["hmacWithMD5", "hmacWithSHA1", "hmacWithSHA224", "hmacWithSHA256", "hmacWithSHA384", "hmacWithSHA512", "hmacWithSHA512-224",
        "hmacWithSHA512-256"]
# Of these every cipher; it is the same for the others.
ALL_CIPHERS = ["rsa2048", "dsa", "p256", "ed25519", "openssl-ed25519", "sk-ed25519"]
SEED = os.environ.get("SALLYPORT_SEED") if os.environ.get("SALLYPORT_LONG") != "1" else None
LEGACY = ["-provider", "legacy", "-provider", "default"]
# name: what ssh-keygen is asked for, what SSH and what ASN.1 call it
TYPES = {"rsa1024": (["-t", "rsa", "-b", "1024"], "ssh-rsa", "RSA"), "rsa2048": (["-t", "rsa", "-b", "2048"], "ssh-rsa", "RSA"),
         "rsa3072": (["-t", "rsa", "-b", "3072"], "ssh-rsa", "RSA"), "dsa": (["-t", "dsa"], "ssh-dss", "DSA"),
         "p256": (["-t", "ecdsa", "-b", "256"], "ecdsa-sha2-nistp256", "EC"),
         "p384": (["-t", "ecdsa", "-b", "384"], "ecdsa-sha2-nistp384", "EC"),
         "p521": (["-t", "ecdsa", "-b", "521"], "ecdsa-sha2-nistp521", "EC"), "ed25519": (["-t", "ed25519"], "ssh-ed25519", "Ed25519"),
         "sk-ed25519": (["-t", "ed25519-sk"], "sk-ssh-ed25519@openssh.com", "Ed25519"),
         "sk-ecdsa": (["-t", "ecdsa-sk"], "sk-ecdsa-sha2-nistp256@openssh.com", "EC")}
# name: options of ssh-keygen, flags, application
SK = {"": ([], 0x01, "ssh:"), "-resident": (["-O", "resident"], 0x21, "ssh:"),
      "-pin": (["-O", "verify-required", "-O", "application=ssh:work"], 0x05, "ssh:work"),
      "-untouched": (["-O", "no-touch-required"], 0x00, "ssh:")}
PLAIN = {"encrypted": False, "cipher": "", "kdf": "none", "variant": "", "rounds": 0, "block": 0, "parallel": 0, "memory": 0}
NO_SK = {"sk": False, "sk_flags_known": False, "sk_flags": 0, "application": None}
HIDDEN = {"algorithm": "", "type": "", "bits": 0, "fingerprint": "", "comment": "", **NO_SK}


class Missing(Exception):
    pass


def run(*command):
    got = subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if got.returncode != 0:
        raise Missing(f"{' '.join(map(str, command[:6]))}: {(got.stderr or got.stdout).strip().splitlines()[-1:]}")
    return got.stdout


class Corpus:
    def __init__(self, folder):
        self.keys, self.bases = folder / "keys", folder / "bases"
        self.keys.mkdir()
        self.bases.mkdir()
        self.known, self.missing, self.jobs, self.public = {}, {}, [], {}
        for name, text in {"pass": PASSPHRASE + "\n", "empty": "\n"}.items():
            (folder / name).write_text(text)
        self.passphrase, self.empty = folder / "pass", folder / "empty"

    def later(self, name, make, *words):
        """make(file, *words) writes it and returns what it is."""
        self.jobs.append((name, make, words))

    def work(self):
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            futures = {name: pool.submit(make, self.keys / name, *words) for name, make, words in self.jobs}
        for name, future in futures.items():
            try:
                self.known[name] = future.result()
            except Missing as why:
                self.missing[name] = str(why)
                (self.keys / name).unlink(missing_ok=True)
        self.jobs = []

    def base(self, name, options):
        """A key of ssh-keygen without a passphrase; what its public half is, by ssh-keygen -l."""
        path = self.bases / name
        run("ssh-keygen", "-q", *options, "-N", "", "-C", COMMENT, "-f", path)
        bits, fingerprint = run("ssh-keygen", "-lf", f"{path}.pub").split()[:2]
        _, kind, algorithm = TYPES[re.sub("-(resident|pin|untouched)$", "", name)]
        self.public[name] = {"algorithm": algorithm, "type": kind, "bits": int(bits), "fingerprint": fingerprint, **NO_SK}

    def base_openssl(self, name):
        """Ed25519 of openssl: ssh-keygen does not read this form in every release, so the fingerprint is worked out here."""
        run("openssl", "genpkey", "-algorithm", "ed25519", "-out", self.bases / f"{name}.pem")
        raw = subprocess.run(["openssl", "pkey", "-in", self.bases / f"{name}.pem", "-pubout", "-outform", "DER"], check=True,
                             capture_output=True).stdout[-32:]
        blob = b"".join(struct.pack(">I", len(part)) + part for part in (b"ssh-ed25519", raw))
        fingerprint = "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")
        self.public[name] = {"algorithm": "Ed25519", "type": "ssh-ed25519", "bits": 256, "fingerprint": fingerprint, **NO_SK}

    def openssh(self, path, base, cipher, rounds):
        shutil.copy(self.bases / base, path)
        if cipher:
            run("ssh-keygen", "-q", "-p", "-P", "", "-N", PASSPHRASE, "-Z", cipher, "-a", rounds, "-f", path)
        encryption = {**PLAIN, "encrypted": True, "cipher": cipher, "kdf": "bcrypt", "rounds": rounds} if cipher else PLAIN
        return {"format": "OpenSSH", **encryption, **self.public[base], "comment": "" if cipher else COMMENT}

    def sk(self, path, base, cipher, options, flags, application):
        known = self.openssh(path, base, cipher, 2)
        if not cipher:
            known.update(sk_flags_known=True, sk_flags=flags, application=application)
        return {**known, "sk": True}

    def pem(self, path, base, cipher):
        """By way of a copy that ssh-keygen wrote as PEM, since openssl does not read its own form."""
        words = ["-" + cipher, "-passout", f"pass:{PASSPHRASE}", *LEGACY] if cipher else []
        run("openssl", "pkey", "-in", self.bases / f"{base}.pem", "-traditional", "-out", path, *words)
        if not cipher:
            return {"format": "PEM", **PLAIN, **self.public[base], "comment": ""}
        encryption = {**PLAIN, "encrypted": True, "cipher": PEM_CIPHERS[cipher], "kdf": "one round of MD5", "rounds": 1}
        return {"format": "PEM", **encryption, **HIDDEN, "algorithm": self.public[base]["algorithm"]}

    def pkcs8(self, path, base, words, encryption):
        hidden = ["-passout", f"pass:{PASSPHRASE}", *LEGACY] if encryption else ["-nocrypt"]
        run("openssl", "pkcs8", "-topk8", "-in", self.bases / f"{base}.pem", "-out", path, *words, *hidden)
        if not encryption:
            return {"format": "PKCS#8", **PLAIN, **self.public[base], "comment": ""}
        return {"format": "PKCS#8", **PLAIN, "encrypted": True, **encryption, **HIDDEN}

    def putty(self, path, base, parameters, encryption):
        passphrase = self.passphrase if encryption else self.empty
        run("puttygen", self.bases / base, "-O", "private", "-o", path, "-C", COMMENT, "--ppk-param", parameters, "--new-passphrase", passphrase)
        assert self.public[base]["fingerprint"] in run("puttygen", path, "-l").split()
        known = {**PLAIN, "encrypted": True, "cipher": "aes256-cbc", **encryption} if encryption else PLAIN
        return {"format": "PuTTY " + re.match(r"version=(\d)", parameters)[1], **known, **self.public[base], "comment": COMMENT}

    def variant(self, path, base, known, *words):
        run("openssl", *words, "-in", self.bases / f"{base}.pem", "-out", path)
        return {**PLAIN, **self.public[base], "comment": "", **known}

    def foreign(self, path, algorithm, *words):
        """A type that SSH does not have."""
        run("openssl", "genpkey", "-out", path, *words)
        return {"format": "PKCS#8", **PLAIN, **HIDDEN, "algorithm": algorithm}

    def exported(self, path, base, form, known):
        """PuTTY writes these forms too, with a cipher of its own choice."""
        ours = self.bases / f"{path.name}.ppk"
        run("puttygen", self.bases / base, "-O", "private", "-o", ours, "--new-passphrase", self.empty)
        run("puttygen", ours, "-O", form, "-o", path, "--new-passphrase", self.passphrase)
        return known


def ciphers(base, every):
    if base not in ALL_CIPHERS:
        return list(every)[:2]
    return list(every)[(ALL_CIPHERS.index(base) + int(SEED)) % 3::3] if SEED else list(every)


def openssh_all(c):
    for base in (name for name in TYPES if not name.startswith("sk-")):
        c.later(f"openssh-{base}", c.openssh, base, None, 0)
        for i, cipher in enumerate(ciphers(base, OPENSSH_CIPHERS)):
            c.later(f"openssh-{base}-{cipher}", c.openssh, base, cipher, 1 + i)
    c.later("openssh-ed25519-100", c.openssh, "ed25519", "aes256-ctr", 100)
    for base in [name for name in c.public if name.startswith("sk-")]:
        row = SK[re.sub("^sk-(ed25519|ecdsa)", "", base)]
        for cipher in [None, *ciphers(base, OPENSSH_CIPHERS)]:
            c.later(f"openssh-{base}{'-' + cipher if cipher else ''}", c.sk, base, cipher, *row)


def openssl_all(c):
    bases = [name for name in c.public if (c.bases / f"{name}.pem").exists()]
    for base in bases:
        if base != "openssl-ed25519":  # there is no such form of it
            for cipher in [None, *ciphers(base, PEM_CIPHERS)]:
                c.later(f"pem-{base}{'-' + cipher if cipher else ''}", c.pem, base, cipher)
        c.later(f"pkcs8-{base}", c.pkcs8, base, [], None)
        for name in ciphers(base, PBES1):
            scheme, kdf = PBES1[name]
            c.later(f"pkcs8-{base}-{name}", c.pkcs8, base, ["-v1", name, "-iter", "3000"], {"cipher": scheme, "kdf": kdf, "rounds": 3000})
        for cipher in ciphers(base, PBES2_CIPHERS):
            c.later(f"pkcs8-{base}-{cipher}", c.pkcs8, base, ["-v2", cipher, "-iter", "5000"],
                    {"cipher": PBES2_CIPHERS[cipher], "kdf": "PBKDF2", "variant": "hmacWithSHA256", "rounds": 5000})
        for i, prf in enumerate(ciphers(base, PRFS)):
            c.later(f"pkcs8-{base}-{prf}", c.pkcs8, base, ["-v2", "aes256", "-v2prf", prf, "-iter", str(1 + 300 * i)],
                    {"cipher": "aes-256-cbc", "kdf": "PBKDF2", "variant": prf, "rounds": 1 + 300 * i})
        for n, r, p in [(1024, 8, 1), (16384, 8, 1), (256, 3, 5)]:
            c.later(f"pkcs8-{base}-scrypt-{n}-{r}-{p}", c.pkcs8, base, ["-scrypt", "-scrypt_N", n, "-scrypt_r", r, "-scrypt_p", p],
                    {"cipher": "aes-256-cbc", "kdf": "scrypt", "rounds": n, "block": r, "parallel": p, "memory": 128 * n * r})


    for base in ["p256", "p384", "p521"]:
        c.later(f"pem-{base}-no-public", c.variant, base, {"format": "PEM"}, "ec", "-no_public")
        c.later(f"pem-{base}-compressed", c.variant, base, {"format": "PEM"}, "ec", "-conv_form", "compressed")
        c.later(f"pem-{base}-explicit", c.variant, base, {"format": "PEM", **HIDDEN, "algorithm": "EC"}, "ec", "-param_enc", "explicit")
    for name, algorithm, words in [("x25519", "X25519", ["-algorithm", "x25519"]), ("ed448", "ED448", ["-algorithm", "ed448"]),
                                   ("secp256k1", "EC", ["-algorithm", "ec", "-pkeyopt", "ec_paramgen_curve:secp256k1"]),
                                   ("pss", "rsassaPss", ["-algorithm", "rsa-pss", "-pkeyopt", "rsa_keygen_bits:1024"])]:
        c.later(f"pkcs8-{name}", c.foreign, algorithm, *words)


def putty_all(c):
    for base in (name for name in TYPES if not name.startswith("sk-")):
        c.later(f"putty2-{base}", c.putty, base, "version=2", None)
        c.later(f"putty2-{base}-aes", c.putty, base, "version=2", {"kdf": "SHA-1", "rounds": 1})
        c.later(f"putty3-{base}", c.putty, base, "version=3", None)
        for i, flavour in enumerate(["Argon2id", "Argon2i", "Argon2d"]):
            memory, passes, parallel = 1024 << i, 3 + i, 1 + i
            c.later(f"putty3-{base}-{flavour}", c.putty, base,
                    f"version=3,kdf={flavour.lower()},memory={memory},passes={passes},parallelism={parallel}",
                    {"kdf": "Argon2", "variant": flavour, "rounds": passes, "parallel": parallel, "memory": memory * 1024})
        new = {"format": "OpenSSH", **PLAIN, "encrypted": True, "rounds": 16, "kdf": "bcrypt", "cipher": "aes256-ctr", **c.public[base]}
        c.later(f"export-{base}-new", c.exported, base, "private-openssh-new", {**new, "comment": ""})
        if base != "ed25519":  # there is no such form of it
            old = {"format": "PEM", **PLAIN, "encrypted": True, "cipher": "DES-EDE3-CBC", "kdf": "one round of MD5", "rounds": 1}
            c.later(f"export-{base}-old", c.exported, base, "private-openssh", {**old, **HIDDEN, "algorithm": c.public[base]["algorithm"]})
    for base in ["rsa2048", "dsa"]:
        c.later(f"export-{base}-sshcom", c.exported, base, "private-sshcom", None)


def main():
    folder = pathlib.Path(sys.argv[1])
    c = Corpus(folder)
    os.environ.update(SSH_SK_PROVIDER=SK_DUMMY, SSH_ASKPASS="/bin/false")
    for name, (options, _, _) in TYPES.items():
        for suffix, (more, _, _) in SK.items() if name.startswith("sk-") else [("", ([], 0, ""))]:
            try:
                c.base(name + suffix, options + more)
            except Missing as why:
                c.missing[name + suffix] = str(why)
    for name in [name for name in c.public if not name.startswith("sk-") and name != "ed25519"]:
        shutil.copy(c.bases / name, c.bases / f"{name}.pem")
        run("ssh-keygen", "-q", "-p", "-m", "PEM", "-P", "", "-N", "", "-f", c.bases / f"{name}.pem")
    c.base_openssl("openssl-ed25519")
    openssh_all(c)
    openssl_all(c)
    putty_all(c)
    c.work()
    (folder / "keys.json").write_text(json.dumps(c.known, indent=1))
    (folder / "missing.json").write_text(json.dumps(c.missing, indent=1))


if __name__ == "__main__":
    main()
