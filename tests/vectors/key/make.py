#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes 'certificates' and 'signatures' anew with the real ssh-keygen; the private keys are thrown away.

certificates: NAME TYPE BASE64, one per kind of key and of CA. signatures: ALGORITHM KEY SIGNATURE DATA FLAGS COUNTER, blobs in
hexadecimal. No security key is at hand, so what one would sign is signed by openssl; ssh-keygen then says that it holds.
"""
import base64
import hashlib
import os
import pathlib
import struct
import subprocess
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ED, EC = b"sk-ssh-ed25519@openssh.com", b"sk-ecdsa-sha2-nistp256@openssh.com"
FLAGS, COUNTER, APPLICATION = 5, 7, b"ssh:"


def run(*words, data=None):
    return subprocess.run([str(w) for w in words], input=data, capture_output=True, check=True,
                          env=dict(os.environ, TZ="UTC")).stdout


def string(data):
    return struct.pack(">I", len(data)) + data


def strings(data):
    out = []
    while data:
        size, = struct.unpack(">I", data[:4])
        out.append(data[4:4 + size])
        data = data[4 + size:]
    return out


def blob_of(file):
    return base64.b64decode(pathlib.Path(file).read_text().split()[1])


def mpint(data):
    data = data.lstrip(b"\0")
    return string((b"\0" if data[0] & 0x80 else b"") + data)


def der_pair(der):
    """The two numbers of an ECDSA signature, short enough for lengths of one byte."""
    assert der[0] == 0x30 and der[2] == 2
    r = der[4:4 + der[3]]
    rest = der[4 + der[3]:]
    assert rest[0] == 2
    return mpint(r) + mpint(rest[2:2 + rest[1]])


def signed_message(message):
    """PROTOCOL.sshsig: what is signed."""
    return b"SSHSIG" + string(b"test") + string(b"") + string(b"sha512") + string(hashlib.sha512(message).digest())


def unwrap(armoured):
    body = base64.b64decode("".join(armoured.split("\n")[1:-2]))
    assert body[:6] == b"SSHSIG"
    key, _, _, _, signature = strings(body[10:])
    return key, signature


def wrap(key, signature):
    body = b"SSHSIG" + struct.pack(">I", 1) + b"".join(map(string, (key, b"test", b"", b"sha512", signature)))
    text = base64.b64encode(body).decode()
    lines = [text[i:i + 70] for i in range(0, len(text), 70)]
    return "\n".join(["-----BEGIN SSH SIGNATURE-----", *lines, "-----END SSH SIGNATURE-----", ""])


def sk_key(folder, kind):
    """A pair of openssl's as a security key would have it."""
    private = folder / kind.decode()
    if kind == ED:
        run("openssl", "genpkey", "-algorithm", "ed25519", "-out", private)
        fields = string(run("openssl", "pkey", "-in", private, "-pubout", "-outform", "DER")[-32:])
    else:
        run("openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", private)
        fields = string(b"nistp256") + string(run("openssl", "pkey", "-in", private, "-pubout", "-outform", "DER")[-65:])
    blob = string(kind) + fields + string(APPLICATION)
    (folder / f"{kind.decode()}.pub").write_text(f"{kind.decode()} {base64.b64encode(blob).decode()} sk\n")
    return blob


def sk_sign(folder, kind, data):
    tail = struct.pack(">BI", FLAGS, COUNTER)
    message = folder / "message"
    message.write_bytes(hashlib.sha256(APPLICATION).digest() + tail + hashlib.sha256(data).digest())
    if kind == ED:
        raw = run("openssl", "pkeyutl", "-sign", "-rawin", "-inkey", folder / kind.decode(), "-in", message)
    else:
        raw = der_pair(run("openssl", "dgst", "-sha256", "-sign", folder / kind.decode(), message))
    return string(kind) + string(raw) + tail


def keys_make(folder):
    for name, words in {"ed25519": "ed25519", "rsa": "rsa -b 2048", "ecdsa256": "ecdsa -b 256", "ecdsa384": "ecdsa -b 384",
                        "ecdsa521": "ecdsa -b 521", "dsa": "dsa"}.items():
        run("ssh-keygen", "-q", "-t", *words.split(), "-N", "", "-C", name, "-f", folder / name)
    for kind in (ED, EC):
        sk_key(folder, kind)


def certificate(folder, key, ca, *options):
    run("ssh-keygen", "-q", "-s", folder / ca, "-I", f"{key} by {ca}", "-z", "18446744073709551615", "-n", "anna,bob", "-V",
        "20260101000000:20360101000000", *options, folder / f"{key}.pub")
    file = folder / f"{key}-cert.pub"
    line = " ".join(file.read_text().split()[:2])
    file.unlink()
    return line


def certificates_make(folder):
    out = []
    for key in ("ed25519", "rsa", "ecdsa256", "ecdsa384", "ecdsa521", "dsa", ED.decode(), EC.decode()):
        out.append(("key:" + key.split("@")[0], certificate(folder, key, "ed25519")))
    for ca in ("rsa", "ecdsa256", "ecdsa384", "ecdsa521"):
        out.append(("ca:" + ca, certificate(folder, "ed25519", ca)))
    for algorithm in ("ssh-rsa", "rsa-sha2-256"):
        out.append(("ca:" + algorithm, certificate(folder, "ed25519", "rsa", "-t", algorithm)))
    out.append(("options", certificate(folder, "ed25519", "ed25519", "-O", "clear", "-O", "force-command=/bin/id -u", "-O",
                                       "source-address=10.0.0.0/8,2001:db8::/32", "-O", "verify-required", "-O",
                                       "no-touch-required", "-O", "permit-pty", "-O", "critical:odd@example.org=x", "-O",
                                       "extension:odd@example.org=x")))
    out.append(("host", certificate(folder, "ed25519", "ed25519", "-h")))
    return out


def signatures_make(folder):
    message = b"a message\n"
    data = signed_message(message)
    out = []
    for name in ("ed25519", "rsa", "ecdsa256", "ecdsa384", "ecdsa521"):
        key, signature = unwrap(run("ssh-keygen", "-q", "-Y", "sign", "-n", "test", "-f", folder / name, data=message).decode())
        out.append((key, signature))
    for kind in (ED, EC):
        key, signature = blob_of(folder / f"{kind.decode()}.pub"), sk_sign(folder, kind, data)
        (folder / "sig").write_text(wrap(key, signature))
        run("ssh-keygen", "-Y", "check-novalidate", "-n", "test", "-s", folder / "sig", data=message)
        out.append((key, signature))
    return [(s[4:4 + s[3]].decode(), key, s, data) for key, s in out]


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        keys_make(folder)
        with open(HERE / "certificates", "w") as out:
            for name, line in certificates_make(folder):
                out.write(f"{name} {line}\n")
        with open(HERE / "signatures", "w") as out:
            for algorithm, key, signature, data in signatures_make(folder):
                sk = algorithm.startswith("sk-")
                out.write(f"{algorithm} {key.hex()} {signature.hex()} {data.hex()} {FLAGS if sk else 0} {COUNTER if sk else 0}\n")


if __name__ == "__main__":
    main()
