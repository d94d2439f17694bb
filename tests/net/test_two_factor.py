# SPDX-License-Identifier: GPL-3.0-or-later
# test_two_factor.py - harden --two-factor with Debian's PAM files, pam_oath and oathtool: real logins with key and code.
import json

import pytest

# anna has a key, a password, and a secret for codes by time; hans one by counter; bert only a key.
STOCK = r"""
set -eu
SECRET=3132333435363738393031323334353637383930
lab_account anna 1001; lab_key anna; lab_password anna geheim
lab_account hans 1002; lab_key hans
lab_account bert 1003; lab_key bert
printf '%s\n' "HOTP/T30/6 anna - $SECRET" "HOTP hans - $SECRET" >/etc/users.oath
chmod 600 /etc/users.oath
cat >/root/answer <<'END'
#!/bin/sh
echo "$1" >>/tmp/asked
cat /root/typed
END
chmod 755 /root/answer
snapshot() { lab_snapshot --folder-times /etc; }
lab_sshd_start
# in_with USER TYPED SSH-OPTION... -- COMMAND...: what ssh asks for at the keyboard is answered with TYPED, once.
in_with() {
	local user=$1 options=()
	echo "$2" >/root/typed
	shift 2
	while [ "$1" != -- ]; do options+=("$1"); shift; done
	shift
	lab_known_hosts
	SSH_ASKPASS=/root/answer SSH_ASKPASS_REQUIRE=force ssh -F none -l "$user" -i "$LAB_KEYS/$user" -o IdentitiesOnly=yes \
		-o NumberOfPasswordPrompts=1 -o StrictHostKeyChecking=yes -o UserKnownHostsFile="$LAB_KNOWN_HOSTS" \
		-o GlobalKnownHostsFile=none -o LogLevel=ERROR "${options[@]}" 127.0.0.1 "$@" </dev/null
}
login() { in_with "$@" -- true; }
refused() { if login "$@"; then echo "let in: $*"; exit 1; fi; }
# code N: the N-th code from now on, by time; window= of the module lets the next ones count already.
code() { oathtool --totp -w 15 $SECRET | sed -n "$(($1 + 1))p"; }
"""

NO_KEY = "-o PubkeyAuthentication=no"


def ok(got):
    assert got.returncode == 0, got.stdout + got.stderr
    return got


def test_a_login_takes_the_key_and_a_code_that_was_not_used_yet(world):
    got = ok(world(STOCK + f"no_key='{NO_KEY}'" + r"""
        sallyport harden --two-factor --step access --yes --keep anna@127.0.0.1 --keep hans >/tmp/said 2>&1
        : >/tmp/asked
        first=$(code 1)
        login anna "$first"
        [ "$(cat /tmp/asked)" = "(anna@127.0.0.1) One-time password (OATH) for \`anna': " ]
        refused anna "$first"                # replayed
        refused anna "$(code 0)"             # older than the last one
        refused anna 000000
        refused anna geheim                  # the password in place of the code
        refused anna "geheim$(code 2)"
        refused anna "$(code 2)" $no_key     # no key
        refused anna "$(code 2)" $no_key -o PreferredAuthentications=password
        refused anna geheim $no_key -o PreferredAuthentications=password
        refused anna geheim $no_key
        if lab_login anna true; then exit 1; fi   # the key alone
        refused bert "$(code 2)"             # no secret
        login anna "$(code 2)"
        # a counter that is ahead of the server's, and then not the ones it passed by
        ahead=$(oathtool --hotp -c 3 $SECRET)
        login hans "$ahead"
        refused hans "$ahead"
        refused hans "$(oathtool --hotp -c 1 $SECRET)"
        login hans "$(oathtool --hotp -c 4 $SECRET)"
        # what we say of each is what sshd did
        for user in anna hans bert; do sallyport access check $user --from 127.0.0.1 || true; done >/tmp/decided
        cat /tmp/decided; echo ---; cat /tmp/said; echo ---; sallyport audit --format json || true
        echo ---; grep -v '^#' /etc/pam.d/sshd | head -n 2; sshd -T
    """))
    decided, said, audit, effective = got.stdout.split("---\n")
    assert [line.split()[0] for line in decided.splitlines()] == ["allowed", "allowed", "denied"], decided
    assert "bert has no secret" in decided
    assert "seen on the wire" in said
    findings = {f["id"]: f["status"] for f in json.loads(audit)["findings"]}
    assert findings["password-login"] == "pass"
    assert "auth required pam_oath.so usersfile=/etc/users.oath window=20 digits=6" in effective
    for line in ("authenticationmethods publickey,keyboard-interactive", "passwordauthentication no", "usepam yes"):
        assert f"\n{line}\n" in effective


def test_confirm_wants_a_login_with_both_and_rollback_brings_the_old_way_back(world):
    ok(world(STOCK + r"""
        cp -a /etc/pam.d/sshd /tmp/sshd
        snapshot >/tmp/before
        lab_login anna sleep 100 &
        lab_wait 10 pgrep -u anna sleep >/dev/null
        # the log names the method, and of a key also which
        sallyport harden --two-factor --step access --yes
        if sallyport confirm; then exit 1; fi
        in_with anna "$(code 1)" -- sleep 50 &
        lab_wait 10 sh -c '[ "$(pgrep -c -u anna sleep)" = 2 ]'
        sallyport confirm
        # a second run, with the codes that were used meanwhile, has nothing left to do; without the option nothing is undone
        sallyport harden --two-factor --step access --yes --format json | grep -q '"changed": false'
        sallyport harden --step access --yes --format json | grep -q '"changed": false'
        sallyport rollback --yes
        cmp /tmp/sshd /etc/pam.d/sshd
        snapshot | grep -v -e users.oath -e '^/etc ' >/tmp/after
        grep -v -e users.oath -e '^/etc ' /tmp/before | diff - /tmp/after
        lab_login anna true
        refused anna "$(code 3)" -o PubkeyAuthentication=no
        login anna geheim -o PubkeyAuthentication=no
    """))


def test_without_a_confirm_everything_goes_back(world):
    ok(world(STOCK + r"""
        chmod 640 /etc/users.oath
        snapshot >/tmp/before
        sallyport harden --two-factor --step access --yes --keep anna --confirm-within 30
        [ "$(stat -c %a /etc/users.oath)" = 600 ]
        if lab_login anna true; then exit 1; fi
        lab_wait 30 test ! -e /etc/ssh/sshd_config.d/00-sallyport.conf
        lab_wait 10 lab_login anna true 2>/dev/null
        lab_wait 10 sh -c 'sallyport history --format json | grep -q "\"state\": \"rolled-back\""'
        snapshot | diff /tmp/before -
    """))


@pytest.mark.parametrize("keep, change, reason", [
    ("bert", "", "bert has no secret for the one-time code that PAM asks for (pam_oath: /etc/users.oath)"),
    ("anna", "rm /home/anna/.ssh/authorized_keys", "no file, command or CA gives the account a key"),
    ("anna", "sed -i '/anna/s/3132/xyz/' /etc/users.oath", "anna has no secret"),
    ("root", "lab_key root; echo \"HOTP root - $SECRET\" >>/etc/users.oath; "
     "echo 'PermitRootLogin prohibit-password' >/etc/ssh/sshd_config.d/root.conf", "PermitRootLogin"),
])
def test_who_must_get_in_and_could_not_is_told_before_anything_changes(world, keep, change, reason):
    got = ok(world(STOCK + f"{change}\n" + r"""
        snapshot >/tmp/before
        sallyport harden --two-factor --step banner --yes --keep """ + keep + r""" && exit 1 || [ $? = 1 ]
        sallyport harden --two-factor --step banner --dry-run --format json --keep """ + keep + r""" >/tmp/plan || true
        snapshot | diff /tmp/before -
        [ "$(sallyport history --format json | grep -c '"id"')" = 0 ]
        cat /tmp/plan
    """))
    assert f"lockout guard: {keep} would be locked out: " in got.stderr
    assert reason in got.stderr
    guards = {g["id"]: g["verdict"] for g in json.loads(got.stdout)["guards"]}
    assert guards["lockout"] == "refuse"


def test_a_session_without_a_secret_is_kept_and_so_refuses(world):
    got = ok(world(STOCK + r"""
        lab_login bert sleep 100 &
        lab_wait 10 pgrep -u bert sleep >/dev/null
        snapshot >/tmp/before
        sallyport harden --two-factor --step access --yes && exit 1 || [ $? = 1 ]
        snapshot | diff /tmp/before -
        lab_login bert true
    """))
    assert "bert from 127.0.0.1 would be locked out: bert has no secret" in got.stderr


def test_a_match_block_with_methods_of_its_own_keeps_them(world):
    ok(world(STOCK + r"""
        printf '%s\n' 'Match User bert' '    AuthenticationMethods publickey' >>/etc/ssh/sshd_config
        cp /etc/ssh/sshd_config /tmp/main
        sallyport harden --two-factor --step access --yes --keep anna --keep bert@127.0.0.1
        cmp /tmp/main /etc/ssh/sshd_config
        lab_login bert true
        if lab_login anna true; then exit 1; fi
        login anna "$(code 1)"
    """))


def test_what_the_administrator_set_in_front_of_ours_does_not_defeat_it(world):
    ok(world(STOCK + r"""
        sed -i '1i KbdInteractiveAuthentication no\nPasswordAuthentication yes\nAuthenticationMethods publickey' /etc/ssh/sshd_config
        snapshot >/tmp/before
        sallyport harden --two-factor --step access --yes --keep anna
        if lab_login anna true; then exit 1; fi
        login anna "$(code 1)"
        refused anna geheim -o PubkeyAuthentication=no
    """))


@pytest.mark.parametrize("change, reason", [
    ("echo 'auth sufficient pam_rootok.so' | cat - /etc/pam.d/sshd >/tmp/new; cp /tmp/new /etc/pam.d/sshd",
     "line 1, 'auth sufficient pam_rootok.so', may let somebody in without a code"),
    ("sed -i 's/^@include common-auth/auth sufficient pam_oath.so usersfile=\\/etc\\/users.oath/' /etc/pam.d/sshd",
     "may let somebody in without a code"),
    ("sed -i '/^@include common-auth/d' /etc/pam.d/sshd", "has no line that asks for a password"),
    ("rm /etc/pam.d/sshd", "there is no /etc/pam.d/sshd"),
    ("mv /etc/pam.d/sshd /etc/pam.d/everybody; ln -s everybody /etc/pam.d/sshd", "/etc/pam.d/sshd is a link"),
    ("printf '%s\\n' 'Match User bert' ' AuthenticationMethods publickey keyboard-interactive' >>/etc/ssh/sshd_config",
     "in a Match block, would let people in by the code alone: keyboard-interactive"),
    ("rm /etc/users.oath", "nobody has a secret for the one-time codes of pam_oath"),
    ("chown anna /etc/users.oath", "/etc/users.oath belongs to uid 1001 instead of root"),
    ("mount -t tmpfs none /lib/x86_64-linux-gnu/security", "no PAM module for one-time codes is installed"),
])
def test_what_cannot_be_done_is_refused_with_the_reason(world, change, reason):
    got = ok(world(STOCK + f"{change}\n" + r"""
        snapshot >/tmp/before
        sallyport harden --two-factor --yes --keep anna && exit 1 || [ $? = 1 ]
        snapshot | diff /tmp/before -
    """))
    assert reason in got.stderr
    assert "nothing was changed" in got.stderr
