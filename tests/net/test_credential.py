# SPDX-License-Identifier: GPL-3.0-or-later
# test_credential.py - a table of keys, certificates and files: what we say of each, and whether the real sshd lets it in.
#
# Every row has an account of its own, and what it sets stands in a Match block for it, so that one sshd serves them all.
# The word is ours, and asked of all rows; the login is the judge of whether it is right to refuse: of each third row, from another
# start in each run; of all with SALLYPORT_LONG=1.
import json

from conftest import LONG, SEED

PRELUDE = r"""
set -eu
K=/root/keys
mkdir -p $K /etc/ssh/keys /srv/open /etc/ssh/bin
chmod 1777 /srv/open
make_key() { [ -f "$K/$1" ] || ssh-keygen -q -t "$2" ${3:+-b "$3"} -N '' -C "$1" -f "$K/$1"; }
# list LINE...: the authorized_keys of the account of this row.
list() { mkdir "$H/.ssh"; printf '%s\n' "$@" >"$H/.ssh/authorized_keys"
	chown "$U:" "$H/.ssh" "$H/.ssh/authorized_keys"; chmod u=rwX,go= "$H/.ssh" "$H/.ssh/authorized_keys"; }
# sign CA OPTION...: a certificate for the key of this row.
sign() { local ca=$1; shift; cp "$K/k" "$K/$U"; cp "$K/k.pub" "$K/$U.pub"; ssh-keygen -q -s "$K/$ca" -I "id-$U" "$@" "$K/$U.pub"; }
pub() { local type key; read -r type key _ <"$K/$1.pub"; echo "$type $key"; }
# program NAME: an executable of root from stdin.
program() { cat >"/etc/ssh/bin/$1"; chmod 755 "/etc/ssh/bin/$1"; }
make_key k ed25519; make_key other ed25519
make_key ca ed25519; make_key ca2 ecdsa; make_key rsaca rsa 2048
make_key rsa1024 rsa 1024; make_key rsa2048 rsa 2048; make_key rsa3072 rsa 3072
make_key ec256 ecdsa 256; make_key ec384 ecdsa 384; make_key ec521 ecdsa 521
lab_group shared 2500
lab_account helper 2400
program keys <<'END'
#!/bin/sh
# Names the key of everybody, to show that arguments and user arrive.
echo "$@ $(id -un) $USER $HOME $(id -Gn) $PATH" >>/tmp/said
cat /etc/ssh/listed
END
pub k >/etc/ssh/listed
touch /tmp/said && chmod 666 /tmp/said
"""

ROWS = []


def row(name, want, setup, rules="", key="k", addr="127.0.0.1", user=None, place=None, client=""):
    """key None: the certificate that sign made; place: a part of our FILE:LINE; client: an option of ssh."""
    ROWS.append(dict(name=name, want=want, setup=setup, rules=rules, key=key, addr=addr, user=user, place=place, client=client))


# Plain keys of all types
row("ed25519", "", 'list "$(pub k)"', place="/.ssh/authorized_keys:1")
row("rsa2048", "", 'list "$(pub rsa2048)"', key="rsa2048")
row("rsa3072", "", 'list "$(pub rsa3072)"', key="rsa3072")
row("ec256", "", 'list "$(pub ec256)"', key="ec256")
row("ec384", "", 'list "$(pub ec384)"', key="ec384")
row("ec521", "", 'list "$(pub ec521)"', key="ec521")
row("not-listed", "key-not-listed", 'list "$(pub other)"')
row("no-file", "key-not-listed", "true")
row("third-line", "", 'list "# comment" "garbage here" "$(pub other)" "  $(pub k) and a comment"', place=":4")
row("crlf", "", r'list "$(pub other)"; printf "%s\r\n" "$(pub k)" >>"$H/.ssh/authorized_keys"')
row("no-newline", "", r'list "$(pub other)"; printf %s "$(pub k)" >>"$H/.ssh/authorized_keys"')
row("commented", "key-not-listed", 'list "# $(pub k)"')
row("broken-option", "key-not-listed", 'list "form=\\"10.*\\" $(pub k)"')

# Algorithms and sizes
row("algorithms", "key-algorithm", 'list "$(pub k)"', "PubkeyAcceptedAlgorithms rsa-sha2-512,ecdsa-sha2-nistp256")
row("algorithms-minus", "key-algorithm", 'list "$(pub k)"', "PubkeyAcceptedAlgorithms -ssh-ed25519*")
row("algorithms-plus", "", 'list "$(pub k)"', "PubkeyAcceptedAlgorithms +ssh-rsa")
row("algorithms-wildcard", "", 'list "$(pub ec384)"', "PubkeyAcceptedAlgorithms ecdsa-*", key="ec384")
# ssh takes the best that it believes the server to have, and does not try another one
row("rsa-one-variant", "", 'list "$(pub rsa2048)"', "PubkeyAcceptedAlgorithms rsa-sha2-256", key="rsa2048",
    client="PubkeyAcceptedAlgorithms=rsa-sha2-256")
row("rsa-none", "key-algorithm", 'list "$(pub rsa2048)"', "PubkeyAcceptedAlgorithms ssh-ed25519", key="rsa2048")
row("rsa-small", "key-size", 'list "$(pub rsa2048)"', "RequiredRSASize 3072", key="rsa2048")
row("rsa-enough", "", 'list "$(pub rsa3072)"', "RequiredRSASize 3072", key="rsa3072")
row("rsa-1024", "", 'list "$(pub rsa1024)"', key="rsa1024")

# Revocation
row("revoked-text", "key-revoked", 'list "$(pub k)"; pub k >/etc/ssh/revoked-a', "RevokedKeys /etc/ssh/revoked-a")
row("revoked-other", "", 'list "$(pub k)"; pub other >/etc/ssh/revoked-b', "RevokedKeys /etc/ssh/revoked-b")
row("revoked-missing", "revoked-keys-broken", 'list "$(pub k)"', "RevokedKeys /etc/ssh/not-there")
row("revoked-garbage", "revoked-keys-broken", 'list "$(pub k)"; echo garbage >/etc/ssh/revoked-c', "RevokedKeys /etc/ssh/revoked-c")
row("revoked-folder", "revoked-keys-broken", 'list "$(pub k)"', "RevokedKeys /etc/ssh")
row("revoked-nothing", "", 'list "$(pub k)"', "RevokedKeys /dev/null")
row("revoked-krl", "key-revoked", 'list "$(pub k)"; ssh-keygen -q -k -f /etc/ssh/krl-a "$K/k.pub"', "RevokedKeys /etc/ssh/krl-a")
row("revoked-krl-other", "", 'list "$(pub k)"; ssh-keygen -q -k -f /etc/ssh/krl-b "$K/other.pub"', "RevokedKeys /etc/ssh/krl-b")
row("revoked-krl-cut", "revoked-keys-broken",
    'list "$(pub k)"; ssh-keygen -q -k -f /etc/ssh/krl-c "$K/other.pub"; truncate -s -9 /etc/ssh/krl-c', "RevokedKeys /etc/ssh/krl-c")
row("revoked-serial", "key-revoked",
    'sign ca -n "$U" -z 77; echo "serial: 70-80" >/tmp/spec; ssh-keygen -q -k -s "$K/ca.pub" -f /etc/ssh/krl-d /tmp/spec',
    "TrustedUserCAKeys /root/keys/ca.pub\nRevokedKeys /etc/ssh/krl-d", key=None)
row("revoked-id", "key-revoked",
    'sign ca -n "$U"; echo "id: id-$U" >/tmp/spec; ssh-keygen -q -k -s "$K/ca.pub" -f /etc/ssh/krl-e /tmp/spec',
    "TrustedUserCAKeys /root/keys/ca.pub\nRevokedKeys /etc/ssh/krl-e", key=None)
row("revoked-ca", "key-revoked", 'sign ca -n "$U"; pub ca >/etc/ssh/revoked-d',
    "TrustedUserCAKeys /root/keys/ca.pub\nRevokedKeys /etc/ssh/revoked-d", key=None)
row("revoked-inside", "key-revoked", 'sign ca -n "$U"; ssh-keygen -q -k -f /etc/ssh/krl-f "$K/k.pub"',
    "TrustedUserCAKeys /root/keys/ca.pub\nRevokedKeys /etc/ssh/krl-f", key=None)

# Where the files are
row("second-file", "", 'list "$(pub other)"; printf "%s\n" "$(pub k)" >"$H/.ssh/more"; chown "$U:" "$H/.ssh/more"',
    "AuthorizedKeysFile .ssh/authorized_keys .ssh/more", place="/.ssh/more:1")
row("default-second", "", 'list "$(pub other)"; mv "$H/.ssh/authorized_keys" "$H/.ssh/authorized_keys2"; pub k >>"$H/.ssh/authorized_keys2"')
row("system-file", "", 'pub k >/etc/ssh/keys/$U', "AuthorizedKeysFile /etc/ssh/keys/%u", place="/etc/ssh/keys/")
row("by-uid", "", 'pub k >/etc/ssh/keys/$(id -u $U)%', "AuthorizedKeysFile /etc/ssh/keys/%U%%")
row("by-home", "", 'list "$(pub k)"', "AuthorizedKeysFile %h/.ssh/authorized_keys")
row("file-none", "key-not-listed", 'list "$(pub k)"', "AuthorizedKeysFile none")
row("unreadable-for-user", "strict-modes", 'pub k >/etc/ssh/keys/$U; chmod 600 /etc/ssh/keys/$U', "AuthorizedKeysFile /etc/ssh/keys/%u")
row("readable-by-group", "", 'pub k >/etc/ssh/keys/$U; chmod 640 /etc/ssh/keys/$U; chgrp shared /etc/ssh/keys/$U; gpasswd -a $U shared >/dev/null',
    "AuthorizedKeysFile /etc/ssh/keys/%u")
row("readable-by-acl", "", 'pub k >/etc/ssh/keys/$U; chmod 600 /etc/ssh/keys/$U; setfacl -m u:$U:r /etc/ssh/keys/$U',
    "AuthorizedKeysFile /etc/ssh/keys/%u")
row("denied-to-group", "strict-modes", 'pub k >/etc/ssh/keys/$U; chmod 604 /etc/ssh/keys/$U; chgrp shared /etc/ssh/keys/$U; gpasswd -a $U shared >/dev/null',
    "AuthorizedKeysFile /etc/ssh/keys/%u")
row("closed-folder", "strict-modes", 'install -d -m 700 /etc/ssh/keys/closed; pub k >/etc/ssh/keys/closed/$U', "AuthorizedKeysFile /etc/ssh/keys/closed/%u")
row("folder", "key-not-listed", 'install -d -o "$U" "$H/.ssh/authorized_keys"; chown "$U" "$H/.ssh"')
row("fifo", "key-not-listed", 'install -d -o "$U" "$H/.ssh"; mkfifo "$H/.ssh/authorized_keys"; chown "$U:" "$H/.ssh/authorized_keys"')

# StrictModes at each level
row("file-for-all", "strict-modes", 'list "$(pub k)"; chmod 666 "$H/.ssh/authorized_keys"', place="/.ssh/authorized_keys:1")
row("file-for-own-group", "", 'list "$(pub k)"; chmod 660 "$H/.ssh/authorized_keys"')
row("file-for-other-group", "strict-modes", 'list "$(pub k)"; chmod 660 "$H/.ssh/authorized_keys"; chgrp shared "$H/.ssh/authorized_keys"')
row("own-group-has-another", "strict-modes", 'list "$(pub k)"; chmod 660 "$H/.ssh/authorized_keys"; gpasswd -a helper $U >/dev/null')
row("file-of-root", "", 'list "$(pub k)"; chown root: "$H/.ssh/authorized_keys"; chmod 644 "$H/.ssh/authorized_keys"')
row("file-of-another", "strict-modes", 'list "$(pub k)"; chown helper "$H/.ssh/authorized_keys"; chmod 644 "$H/.ssh/authorized_keys"')
row("folder-for-all", "strict-modes", 'list "$(pub k)"; chmod 777 "$H/.ssh"')
row("folder-for-own-group", "", 'list "$(pub k)"; chmod 770 "$H/.ssh"')
row("folder-of-another", "strict-modes", 'list "$(pub k)"; chown helper "$H/.ssh"; chmod 755 "$H/.ssh"')
row("home-for-all", "strict-modes", 'list "$(pub k)"; chmod 777 "$H"')
row("home-of-another", "strict-modes", 'list "$(pub k)"; chown helper "$H"; chmod 755 "$H"')
row("home-of-root", "", 'list "$(pub k)"; chown root: "$H"; chmod 755 "$H"')
row("above-the-home", "", 'mkdir -m 777 /srv/$U.up; mv "$H" /srv/$U.up/home; H=/srv/$U.up/home; sed -i "s|:/home/$U:|:$H:|" /etc/passwd; list "$(pub k)"')
row("outside-the-home", "strict-modes", 'mkdir /srv/open/$U.keys; pub k >/srv/open/$U.keys/file', "AuthorizedKeysFile /srv/open/%u.keys/file")
row("link-into-home", "", 'list "$(pub k)"; mv "$H/.ssh" "$H/.real"; ln -s .real "$H/.ssh"')
row("link-to-system", "", 'install -d -o "$U" "$H/.ssh"; pub k >/etc/ssh/keys/$U; ln -s /etc/ssh/keys/$U "$H/.ssh/authorized_keys"')
row("link-to-open", "strict-modes", 'install -d -o "$U" "$H/.ssh"; pub k >/srv/open/$U; ln -s /srv/open/$U "$H/.ssh/authorized_keys"')
row("link-to-nothing", "key-not-listed", 'install -d -o "$U" "$H/.ssh"; ln -s gone "$H/.ssh/authorized_keys"')
row("home-is-a-link", "", 'list "$(pub k)"; mkdir -m 777 /srv/$U.up; mv "$H" /srv/$U.up/home; ln -s /srv/$U.up/home "$H"')

# Options in front of keys
row("from-fits", "", 'list "from=\\"127.0.0.0/8\\" $(pub k)"')
row("from-differs", "key-from", 'list "from=\\"10.0.0.0/8\\" $(pub k)"', place=":1")
row("from-negated", "key-from", 'list "from=\\"!127.0.0.1,127.0.0.0/8\\" $(pub k)"')
row("from-other-address", "", 'list "from=\\"!127.0.0.1,127.0.0.0/8\\" $(pub k)"', addr="127.0.0.9")
row("from-malformed", "key-from", 'list "from=\\"127.0.0.1/8,127.0.0.1\\" $(pub k)"')
row("from-wildcard", "", 'list "from=\\"127.0.*.1\\" $(pub k)"')
row("from-then-free", "", 'list "from=\\"10.0.0.0/8\\" $(pub k)" "$(pub k)"', place=":2")
row("from-v6", "", 'list "from=\\"::1\\" $(pub k)"', addr="::1")
row("from-v6-differs", "key-from", 'list "from=\\"2001:db8::/32\\" $(pub k)"', addr="::1")
row("expired", "key-expired", 'list "expiry-time=\\"20200101\\" $(pub k)"')
row("not-expired", "", 'list "expiry-time=\\"20990101\\" $(pub k)"')
row("forced", "", 'list "command=\\"true\\",restrict $(pub k)"')
row("as-ca-only", "certificate-type", 'list "cert-authority $(pub k)"')
row("verify-on-plain", "", 'list "verify-required $(pub k)"')
row("verify-by-rule", "", 'list "$(pub k)"', "PubkeyAuthOptions verify-required touch-required")
row("principals-on-plain", "key-not-listed", 'list "principals=\\"x\\" $(pub k)"')

# Certificates by a line with cert-authority
row("line-ca", "", 'list "cert-authority $(pub ca)"; sign ca -n "$U"', key=None)
row("line-ca-not-marked", "certificate-type", 'list "$(pub ca)"; sign ca -n "$U"', key=None)
row("line-ca-other", "certificate-ca", 'list "cert-authority $(pub ca2)"; sign ca -n "$U"', key=None)
row("line-ca-name", "certificate-principal", 'list "cert-authority $(pub ca)"; sign ca -n somebody', key=None)
row("line-ca-nobody", "", 'list "cert-authority $(pub ca)"; sign ca', key=None)
row("line-ca-principals", "", 'list "cert-authority,principals=\\"ops,web\\" $(pub ca)"; sign ca -n web', key=None)
row("line-ca-principals-not", "certificate-principal", 'list "cert-authority,principals=\\"ops,web\\" $(pub ca)"; sign ca -n "$U"', key=None)
row("line-ca-from", "key-from", 'list "cert-authority,from=\\"10.*\\" $(pub ca)"; sign ca -n "$U"', key=None)
row("line-ca-expired", "key-expired", 'list "cert-authority,expiry-time=\\"20200101\\" $(pub ca)"; sign ca -n "$U"', key=None)
row("line-ca-command-same", "", 'list "cert-authority,command=\\"true\\" $(pub ca)"; sign ca -n "$U" -O force-command=true', key=None)
row("line-ca-command-other", "key-command", 'list "cert-authority,command=\\"true\\" $(pub ca)"; sign ca -n "$U" -O force-command=false', key=None)

# Certificates by TrustedUserCAKeys
TRUST = "TrustedUserCAKeys /root/keys/ca.pub"
row("ca", "", 'sign ca -n "$U"', TRUST, key=None)
row("ca-several", "", 'sign ca2 -n "$U"; cat "$K/ca.pub" "$K/ca2.pub" >/etc/ssh/cas', "TrustedUserCAKeys /etc/ssh/cas", key=None)
row("ca-behind-garbage", "certificate-ca", 'sign ca2 -n "$U"; (cat "$K/ca.pub"; echo garbage; cat "$K/ca2.pub") >/etc/ssh/cas-bad', "TrustedUserCAKeys /etc/ssh/cas-bad", key=None)
row("ca-missing", "certificate-ca", 'sign ca -n "$U"', "TrustedUserCAKeys /etc/ssh/no-ca", key=None)
row("ca-other", "certificate-ca", 'sign ca2 -n "$U"', TRUST, key=None)
row("ca-rsa", "", 'sign rsaca -n "$U"', "TrustedUserCAKeys /root/keys/rsaca.pub", key=None)
row("ca-rsa-sha1", "certificate-ca", 'sign rsaca -t ssh-rsa -n "$U"', "TrustedUserCAKeys /root/keys/rsaca.pub", key=None)
row("ca-signature", "certificate-ca", 'sign ca -n "$U"', TRUST + "\nCASignatureAlgorithms rsa-sha2-512", key=None)
row("ca-name", "certificate-principal", 'sign ca -n somebody,else', TRUST, key=None)
row("ca-nobody", "certificate-principal", 'sign ca', TRUST, key=None)
row("ca-past", "certificate-time", 'sign ca -n "$U" -V 20200101:20210101', TRUST, key=None)
row("ca-future", "certificate-time", 'sign ca -n "$U" -V 20900101:20910101', TRUST, key=None)
row("ca-valid", "", 'sign ca -n "$U" -V -1h:+1h', TRUST, key=None)
row("ca-address", "key-from", 'sign ca -n "$U" -O source-address=10.0.0.0/8', TRUST, key=None)
row("ca-address-fits", "", 'sign ca -n "$U" -O source-address=10.0.0.0/8,127.0.0.0/8', TRUST, key=None)
row("ca-force", "", 'sign ca -n "$U" -O force-command=true', TRUST, key=None)
row("ca-host", "certificate-type", 'sign ca -h -n "$U"', TRUST, key=None)
row("ca-critical", "certificate-option", 'sign ca -n "$U" -O critical:other@example.org=1', TRUST, key=None)
row("ca-extension", "", 'sign ca -n "$U" -O extension:other@example.org=1', TRUST, key=None)
row("ca-algorithm", "key-algorithm", 'sign ca -n "$U"', TRUST + "\nPubkeyAcceptedAlgorithms ssh-ed25519,rsa-sha2-512", key=None)

# Principals
FILE = TRUST + "\nAuthorizedPrincipalsFile /etc/ssh/principals-%u"
row("principals", "", 'sign ca -n ops; printf "# who\\nweb\\nops\\n" >/etc/ssh/principals-$U', FILE, key=None, place=":3")
row("principals-not", "certificate-principal", 'sign ca -n "$U"; echo ops >/etc/ssh/principals-$U', FILE, key=None)
row("principals-missing", "certificate-principal", 'sign ca -n "$U"', FILE, key=None)
row("principals-modes", "strict-modes", 'sign ca -n ops; echo ops >/etc/ssh/principals-$U; chmod 666 /etc/ssh/principals-$U', FILE, key=None)
row("principals-from", "key-from", "sign ca -n ops; echo 'from=\"10.0.0.0/8\" ops' >/etc/ssh/principals-$U; echo ops >>/etc/ssh/principals-$U", FILE, key=None)
row("principals-command", "key-command", "sign ca -n ops -O force-command=true; echo 'command=\"false\" ops' >/etc/ssh/principals-$U", FILE, key=None)
row("principals-expired", "key-expired", "sign ca -n ops; echo 'expiry-time=\"20200101\" ops' >/etc/ssh/principals-$U", FILE, key=None)
ASKED = TRUST + "\nAuthorizedPrincipalsCommandUser helper\nAuthorizedPrincipalsCommand /etc/ssh/bin/"
row("principals-asked", "", "sign ca -n ops -z 5; program names <<'END'\n#!/bin/sh\n[ \"$1\" = 5 ] && [ \"$2\" = \"$3\" ] && echo ops\nEND",
    ASKED + "names %s %i id-%u", key=None)
row("principals-asked-not", "certificate-principal", "sign ca -n web; program names2 <<'END'\n#!/bin/sh\necho ops\nEND", ASKED + "names2 %u", key=None)
row("principals-asked-fails", "certificate-principal", "sign ca -n ops; program names3 <<'END'\n#!/bin/sh\necho ops; exit 3\nEND", ASKED + "names3 %u", key=None)

# Commands
ASK = "AuthorizedKeysFile none\nAuthorizedKeysCommandUser helper\nAuthorizedKeysCommand /etc/ssh/bin/"
row("asked", "", "true", ASK + "keys %u", place="AuthorizedKeysCommand:1")
row("asked-without-words", "", "true", ASK + "keys")
row("asked-for-key", "", "program k1 <<'END'\n#!/bin/sh\necho \"$1 $2\"\nEND", ASK + "k1 %t %k")
row("asked-by-fingerprint", "", "program k2 <<'END'\n#!/bin/sh\n[ \"$1\" = \"$(ssh-keygen -lf /etc/ssh/listed | cut -d' ' -f2)\" ] && cat /etc/ssh/listed\nEND", ASK + "k2 %f")
row("asked-quoting", "", "program k3 <<'END'\n#!/bin/sh\n[ \"$1\" = 'a b' ] && [ \"$2\" = '\"c\"' ] && [ $# = 2 ] && cat /etc/ssh/listed\nEND", ASK + "k3 \"a b\" \\\"c\\\"")
row("asked-as-user", "", "program k4 <<'END'\n#!/bin/sh\n[ $(id -un) = helper ] && [ $USER = helper ] && [ $HOME = /home/helper ] && [ $(pwd) = / ] && cat /etc/ssh/listed\nEND", ASK + "k4 x")
row("asked-other", "key-not-listed", "program k5 <<'END'\n#!/bin/sh\ncat /etc/ssh/ssh_host_ed25519_key.pub\nEND", ASK + "k5 x")
row("asked-fails", "key-not-listed", "program k6 <<'END'\n#!/bin/sh\ncat /etc/ssh/listed; exit 1\nEND", ASK + "k6 x")
row("asked-wrong-owner", "key-not-listed", "program k7 <<'END'\n#!/bin/sh\ncat /etc/ssh/listed\nEND\nchown helper /etc/ssh/bin/k7", ASK + "k7 x")
row("asked-for-all", "key-not-listed", "program k8 <<'END'\n#!/bin/sh\ncat /etc/ssh/listed\nEND\nchmod 777 /etc/ssh/bin/k8", ASK + "k8 x")
row("asked-open-folder", "key-not-listed", "cp /etc/ssh/bin/keys /srv/open/k9", "AuthorizedKeysFile none\nAuthorizedKeysCommandUser helper\nAuthorizedKeysCommand /srv/open/k9 x")
row("asked-missing", "key-not-listed", "true", ASK + "not-there x")
row("asked-nobody", "key-not-listed", "true", "AuthorizedKeysFile none\nAuthorizedKeysCommandUser nosuchuser\nAuthorizedKeysCommand /etc/ssh/bin/keys x")
row("asked-hangs", "unreadable", "program k10 <<'END'\n#!/bin/sh\nexec sleep 60\nEND", ASK + "k10 x")
row("asked-from", "key-from", "program k11 <<'END'\n#!/bin/sh\necho \"from=\\\"10.*\\\" $(cat /etc/ssh/listed)\"\nEND", ASK + "k11 x")
row("asked-behind-file", "", 'list "$(pub k)"', "AuthorizedKeysCommandUser helper\nAuthorizedKeysCommand /etc/ssh/bin/keys x", place="/.ssh/authorized_keys:1")

# root with forced commands only; one home for all of these rows
ROOT = "PermitRootLogin forced-commands-only\nAuthorizedKeysFile /etc/ssh/keys/root-"
row("root-free", "key-command", 'pub k >/etc/ssh/keys/root-free', ROOT + "free", user="root", addr="127.0.0.21")
row("root-forced", "", 'echo "command=\\"true\\" $(pub k)" >/etc/ssh/keys/root-forced', ROOT + "forced", user="root", addr="127.0.0.22")
row("root-first-line", "key-command", '(pub k; echo "command=\\"true\\" $(pub k)") >/etc/ssh/keys/root-first', ROOT + "first", user="root", addr="127.0.0.23")
row("root-certificate", "", 'sign ca -n root -O force-command=true', ROOT + "none\n" + TRUST, user="root", addr="127.0.0.24", key=None)
row("root-certificate-free", "key-command", 'sign ca -n root', ROOT + "none\n" + TRUST, user="root", addr="127.0.0.25", key=None)

WORDS = {"key-not-listed", "no-keys", "key-algorithm", "key-size", "key-revoked", "revoked-keys-broken", "strict-modes", "key-from",
         "key-expired", "key-command", "certificate-type", "certificate-ca", "certificate-time", "certificate-principal",
         "certificate-option", "unreadable"}


def account(i, r):
    return r["user"] or f"u{i}"


def tried():
    """The rows whose login is tried; what we could not read in time says nothing of it."""
    return {i for i, r in enumerate(ROWS) if (LONG or (i + SEED) % 3 == 0) and r["want"] != "unreadable"}


def snippet():
    """Accounts, files, one configuration; then the logins, four at a time, and our answers."""
    script = [PRELUDE]
    config = ["Port 22", "PasswordAuthentication no", "KbdInteractiveAuthentication no", "UsePAM no", "MaxStartups 100",
              "LogLevel VERBOSE", "MaxAuthTries 20", "PermitRootLogin yes"]
    questions, logins = [], []
    for i, r in enumerate(ROWS):
        user = account(i, r)
        name = f"u{i}"
        if not r["user"]:
            script.append(f"lab_account {user} {3000 + i} /bin/sh")
        # a certificate has the name of its row, also where the account is root
        script.append(f"U={name} H=/home/{user}")
        script.append(r["setup"])
        if r["rules"]:
            config += [f"Match User {user} Address {r['addr']}"] + ["  " + line for line in r["rules"].split("\n")]
        key = r["key"] or name
        shown = f"/root/keys/{key}-cert.pub" if r["key"] is None else f"/root/keys/{key}.pub"
        questions.append(json.dumps({"user": user, "addr": r["addr"], "key": shown}))
        if i in tried():
            logins.append(f"{i} {user} {r['addr']} /root/keys/{key} {r['client']}".rstrip())  # xargs joins lines at blanks
    script.append("cat >/etc/ssh/sshd_config <<'END_OF_CONFIG'\n" + "\n".join(config) + "\nEND_OF_CONFIG")
    script.append("lab_sshd_start; lab_known_hosts; install -d -m 700 /tmp/results")
    script.append(r"""
login() {
	local to=127.0.0.1 status=0
	case $3 in *:*) to=::1 ;; esac
	timeout 60 ssh -F none -l "$2" -b "$3" -i "$4" ${5:+-o "$5"} -o IdentitiesOnly=yes -o BatchMode=yes -o ConnectTimeout=20 \
		-o StrictHostKeyChecking=yes -o UserKnownHostsFile="$LAB_KNOWN_HOSTS" -o GlobalKnownHostsFile=none \
		-o KexAlgorithms=curve25519-sha256 -o LogLevel=ERROR "$to" true </dev/null >/dev/null 2>&1 || status=$?
	echo "login $1 $status"
}
export -f login
export LAB_KNOWN_HOSTS
""")
    script.append("cat >/tmp/logins <<'END_OF_LOGINS'\n" + "\n".join(logins) + "\nEND_OF_LOGINS")
    script.append("xargs -P 4 -L 1 bash -c 'login \"$@\"' login </tmp/logins")
    script.append("cat >/tmp/questions <<'END_OF_QUESTIONS'\n" + "\n".join(questions) + "\nEND_OF_QUESTIONS")
    script.append('"$BUILD/tests/credential" 902 /etc/ssh/sshd_config </tmp/questions | sed "s/^/answer /"')
    return "\n".join(script)


def test_our_answer_is_the_login_of_the_real_sshd(world):
    got = world(snippet(), timeout=400)
    lines = got.stdout.splitlines()
    logins = {int(n): int(status) == 0 for n, status in (line.split()[1:] for line in lines if line.startswith("login "))}
    answers = [json.loads(line[7:]) for line in lines if line.startswith("answer ")]
    assert len(answers) == len(ROWS) and set(logins) == tried(), got.stdout[-3000:] + got.stderr[-3000:]
    wrong = []
    for i, (r, a) in enumerate(zip(ROWS, answers)):
        key = a["key"]
        said = f"{r['name']}: {key['obstacle'] or 'accepted'} ({key['detail']}) at {key['file']}:{key['line']}"
        if i in logins and (key["obstacle"] == "") != logins[i]:
            wrong.append(f"{said}; but the login {'works' if logins[i] else 'is refused'}")
        if key["obstacle"] != r["want"]:
            wrong.append(f"{said}; wanted {r['want'] or 'accepted'}")
        if r["place"] and r["place"] not in f"{key['file']}:{key['line']}":
            wrong.append(f"{said}; wanted it at {r['place']}")
        if key["obstacle"] and not key["detail"]:
            wrong.append(f"{said}; without a sentence")
    assert not wrong, "\n".join(wrong)


def test_the_table_has_every_word():
    assert WORDS - {r["want"] for r in ROWS} == {"no-keys"}
    assert len(ROWS) >= 100
