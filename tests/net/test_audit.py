# SPDX-License-Identifier: GPL-3.0-or-later
# test_audit.py - an audit beside the real sshd: its sessions, its report, the wire.
import json

PEOPLE = """
    lab_account anna 1001 && lab_account we.ird-name 1002 && lab_password anna secret
    lab_key anna && lab_key we.ird-name && lab_key root && lab_client client && lab_sshd_start || exit
"""


def test_sessions_are_those_that_are_logged_in(world):
    got = world(PEOPLE + """
        lab_login anna sleep 3600 &
        LAB_SSH_OPTIONS=-tt lab_login anna ::1 sleep 3600 >/dev/null &
        LAB_SSH_OPTIONS=-N lab_login we.ird-name 127.0.0.1 &
        LAB_SSH_OPTIONS=-N lab_login root ::1 &
        LAB_FROM=client lab_login root sleep 3600 &
        three() { [ "$($BUILD/tests/sessions | wc -l)" -ge 6 ]; }
        lab_wait 10 three
        $BUILD/tests/sessions""")
    assert sorted(got.stdout.splitlines()) == sorted([
        "anna 127.0.0.1 127.0.0.1 22 other", "anna ::1 ::1 22 other", "we.ird-name 127.0.0.1 127.0.0.1 22 other",
        "root ::1 ::1 22 other", "root 10.83.0.2 10.83.0.1 22 other", "complete"]), got.stderr


def test_a_login_that_still_authenticates_is_no_session(world):
    got = world(PEOPLE + """
        exec 3<>/dev/tcp/127.0.0.1/22
        for user in anna root; do
            ssh -F none -l $user -o PubkeyAuthentication=no -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \\
                -o NumberOfPasswordPrompts=1 127.0.0.1 true </dev/null >/dev/null 2>&1 &
        done
        SSH_ASKPASS_REQUIRE=force SSH_ASKPASS=/root/ask
        printf '#!/bin/sh\\nsleep 3600\\n' >/root/ask && chmod +x /root/ask && export SSH_ASKPASS SSH_ASKPASS_REQUIRE
        for user in anna root; do
            ssh -F none -l $user -o PubkeyAuthentication=no -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \\
                127.0.0.1 true </dev/null >/dev/null 2>&1 &
        done
        waiting() { ps -eo args | grep -q '^sshd: anna \\[priv\\]'; }
        lab_wait 10 waiting && echo waits
        $BUILD/tests/sessions""")
    assert got.stdout.splitlines() == ["waits", "complete"], got.stderr


def test_who_tries_roots_password_all_the_time_leaves_no_session_unclear(world):
    # Between the end of its child and its own a failed login of root looks like a session of root.
    got = world(PEOPLE + """
        echo 'MaxStartups 100' >>/etc/ssh/sshd_config; lab_sshd_stop; lab_sshd_start
        for who in 1 2; do
            while [ ! -e /tmp/over ]; do
                ssh -F none -l root -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null 127.0.0.1 true
            done </dev/null >/dev/null 2>&1 &
        done
        tried() { [ "$(grep -c 'Connection closed by authenticating user root' /var/log/auth.log)" -ge $1 ]; }
        lab_wait 20 tried 2
        until tried 12; do $BUILD/tests/sessions; done >/tmp/said
        touch /tmp/over
        sort /tmp/said | uniq -c""")
    counts = [line.split() for line in got.stdout.splitlines()]
    assert [said for _, said in counts] == ["complete"] and int(counts[0][0]) > 2, got.stdout + got.stderr


def test_nobody_can_pretend_to_be_logged_in_as_somebody_else(world):
    # A title is only text: a process of anna's that runs sshd's binary and holds a connection may have any.
    got = world(PEOPLE + """
        cat >/home/anna/pretend.sh <<'END'
            exec 3<>/dev/tcp/127.0.0.1/22
            exec -a 'sshd: root [priv]' /usr/sbin/sshd -r -i -h /home/anna/hk -f /dev/null <&3 >&3 2>/dev/null
END
        ssh-keygen -q -t ed25519 -N '' -f /home/anna/hk && chown anna /home/anna/hk
        setpriv --reuid 1001 --regid 1001 --clear-groups bash /home/anna/pretend.sh &
        pretends() { ps -eo user,args | grep -q '^anna *sshd: root .priv.'; }
        lab_wait 10 pretends && echo pretends
        $BUILD/tests/sessions""")
    assert got.stdout.splitlines() == ["pretends", "complete"], got.stderr


def test_the_own_session_is_known_and_others_need_root(world):
    got = world(PEOPLE + """
        lab_login root $BUILD/tests/sessions
        lab_login anna $BUILD/tests/sessions""")
    assert got.stdout.splitlines() == ["root 127.0.0.1 127.0.0.1 22 ours", "complete", "incomplete"], got.stderr


def findings(got):
    return {f["id"]: f for f in json.loads(got.stdout)["findings"]}


def test_a_running_stock_server_leaves_nothing_unknown(world):
    got = world(PEOPLE + "sallyport audit --format json")
    assert got.returncode == 1, got.stderr
    assert [f for f in findings(got).values() if f["status"] == "unknown"] == []
    assert json.loads(got.stdout)["grade"] == "F"
    assert findings(got)["wire-differs"]["status"] == "pass"
    assert findings(got)["views-differ"]["status"] == "pass"
    assert findings(got)["terrapin"]["status"] == "pass"


def test_a_change_without_a_reload_is_seen_on_the_wire(world):
    got = world(PEOPLE + """
        sed -i '1i Ciphers aes256-ctr' /etc/ssh/sshd_config
        sallyport audit --format json --step kex""")
    finding = findings(got)["wire-differs"]
    assert finding["status"] == "fail"
    assert finding["evidence"][0]["file"] == "/etc/ssh/sshd_config" and finding["evidence"][0]["line"] == 1
    assert finding["fix"]["command"].startswith("sudo kill -HUP ")


def test_what_sshd_refuses_is_critical(world):
    got = world(PEOPLE + """
        echo 'Match User anna' >>/etc/ssh/sshd_config && echo 'Ciphers aes256-ctr' >>/etc/ssh/sshd_config
        sallyport audit --format json --step before; sallyport audit --step before""")
    text = got.stdout[got.stdout.rindex("}") + 1:]
    finding = json.loads(got.stdout[:got.stdout.rindex("}") + 1])["findings"][0]
    assert (finding["id"], finding["status"], finding["severity"]) == ("config-refused", "fail", "critical")
    assert any(e["file"] == "/etc/ssh/sshd_config" for e in finding["evidence"])
    assert "Next: sudo sshd -t" in text


def test_our_reading_is_sshds_for_many_settings(world):
    got = world(PEOPLE + """
        cat >/etc/ssh/sshd_config.d/x.conf <<'END'
AcceptEnv LANG LC_* X
AllowUsers anna we.ird-name root@10.0.0.0/8
AuthorizedKeysFile .ssh/a %h/b
Ciphers aes256-ctr,aes128-ctr
ClientAliveInterval 5m
HostKeyAlgorithms -ecdsa*
IPQoS cs0
KexAlgorithms +diffie-hellman-group14-sha1
LogLevel verbose
LoginGraceTime 1m30s
MACs ^hmac-sha2-512
MaxStartups 5:50:20
PermitRootLogin without-password
PermitOpen a:1 b:2
PerSourceMaxStartups 4
Port 22
Port 2222
RekeyLimit 1G 1h
SetEnv A=b
StreamLocalBindMask 0117
Subsystem x internal-sftp
TrustedUserCAKeys none
X11Forwarding no
Match User anna
X11Forwarding yes
END
        sallyport audit --format json --step before""")
    assert findings(got)["views-differ"]["evidence"] == []
    assert findings(got)["views-differ"]["status"] == "pass"


def test_without_root_much_is_unknown_and_said_to_be(world):
    got = world(PEOPLE + """
        chmod 600 /etc/ssh/sshd_config
        setpriv --reuid 1001 --regid 1001 --clear-groups sallyport audit""")
    assert "(many unknown: run it as root)" in got.stdout.splitlines()[0]
    assert got.stdout.splitlines()[-1] == "Next: sudo sallyport audit"
    assert "hint: root sees more" in got.stderr


def test_a_report_does_not_follow_the_link_of_somebody_else(world):
    got = world("""
        lab_account eve 1001
        chmod 1777 /tmp; echo precious >/root/precious
        setpriv --reuid eve --clear-groups ln -s /root/precious /tmp/report.json
        sallyport audit --format json -o /tmp/report.json; echo "status $?"
        cat /root/precious
        rm /tmp/report.json; ln -s /root/mine /tmp/report.json
        sallyport audit --format json -o /tmp/report.json || :
        head -c 1 /root/mine
    """)
    assert got.stdout == "status 2\nprecious\n{", got.stdout + got.stderr
    assert "sallyport: '/tmp/report.json' is a link that somebody else made in a folder of everybody's" in got.stderr


def test_a_user_is_told_of_a_change_that_waits(world):
    got = world("""
        lab_account anna 1001; lab_key anna
        lab_sshd_start
        setpriv --reuid anna --clear-groups sallyport audit >/dev/null || :
        sallyport harden --yes --keep anna --confirm-within 10m >/dev/null 2>&1
        setpriv --reuid anna --clear-groups sallyport audit >/dev/null || :
        sallyport rollback --yes >/dev/null 2>&1
        setpriv --reuid anna --clear-groups sallyport audit >/dev/null || :
    """)
    assert got.stderr.count("a change waits for its confirm, or was cut off: sudo sallyport status") == 1, got.stderr
