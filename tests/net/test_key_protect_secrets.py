# SPDX-License-Identifier: GPL-3.0-or-later
# test_key_protect_secrets.py - key protect in a world: nobody sees a passphrase, root is not led astray, the server's keys stay.
import pytest

pytest.importorskip("pyte", reason="no python3-pyte")

DRIVER = '/usr/bin/python3 -B "$LAB_SOURCE/tests/lab/key_protect.py"'
# An old file whose passphrase no argument has ever held: openssl reads it from a file.
SETUP = r"""
mkdir -p -m 700 /root/.ssh /root/cores
cd /root/.ssh
head -c 24 /dev/urandom | base64 | tr -d '=+/\n' >/root/old
openssl genrsa -traditional -aes128 -passout file:/root/old -out id_rsa 2048 2>/dev/null
chmod 600 id_rsa
was=$(printf '%s' "$(cat /root/old)" >/root/old2; openssl rsa -in id_rsa -passin file:/root/old -out bare -traditional 2>/dev/null; chmod 600 bare; ssh-keygen -y -f bare)
rm bare /root/old2
opens() { ssh-keygen -y -P "$(cat "$2")" -f "$1"; }
"""


def lines(got):
    assert got.returncode == 0, got.stdout + got.stderr
    return dict(line.split(": ", 1) for line in got.stdout.splitlines() if ": " in line), got.stdout


def test_no_passphrase_is_seen_anywhere(world, figure):
    got = world(SETUP + f"""
        {DRIVER} watch /root/.ssh/id_rsa /root/old || exit
        [[ $(opens id_rsa id_rsa.told) == "$was" ]] && echo 'opens: yes'
    """)
    said, out = lines(got)
    assert "exit 0" in out and said["opens"] == "yes"
    assert said["found"] == "[]" and said["files"] == "[]" and said["on the screen"] == "0"
    assert said["seen"] == "['sallyport', 'ssh-keygen']" and int(said["looks"]) > 50
    figure(f"key protect: {said['looks']} looks at all processes while it ran, no passphrase seen")


def test_a_crash_leaves_no_core(world):
    got = world(SETUP + f"""
        ulimit -c unlimited; cd /root/cores
        bash -c 'kill -ABRT $$'; ls /root/cores | grep -q . && echo 'cores: are written' || echo 'cores: go elsewhere'
        rm -f /root/cores/*
        {DRIVER} abort /root/.ssh/id_rsa /root/old || exit
        ls /root/cores; cd /root/.ssh
        [[ $(opens id_rsa id_rsa.old) == "$was" ]] && echo 'opens: yes'
        ls -A /root/.ssh
    """)
    said, out = lines(got)
    assert "ended by 6" in out and said["files"] == "[]" and said["opens"] == "yes"
    assert "core" not in out.replace("cores: ", "") and "sallyport-" not in out


def test_nobody_but_root_looks_into_its_memory(world):
    got = world(f"""
        lab_account anna 1001; install -d -m 700 -o anna -g anna /home/anna/.ssh
        ssh-keygen -q -t ed25519 -N '' -f /home/anna/.ssh/id; chown anna: /home/anna/.ssh/id*
        chmod -R a+rX "$BUILD" 2>/dev/null
        # a full pipe holds it where it hands the passphrase out
        mkfifo /tmp/hold
        exec 3<>/tmp/hold
        /usr/bin/python3 -c 'import os; os.set_blocking(1, False)
while True: os.write(1, bytes(4096))' >&3 2>/dev/null
        setpriv --reuid anna --regid anna --init-groups sallyport key protect /home/anna/.ssh/id --generate bytes --passphrase-to - >/tmp/hold & key=$!
        held() {{ pid=$(pgrep -x sallyport) && [[ $(stat -c %u /proc/$pid/mem) == 0 ]]; }}
        lab_wait 30 held
        stat -c 'memory: %U' /proc/$pid/mem
        grep 'core file' /proc/$pid/limits
        cat /tmp/hold >/dev/null & cat=$!
        wait $key
        kill $cat
    """)
    said, out = lines(got)
    assert said["memory"] == "root" and "Max core file size        1 " in out


def test_root_works_as_the_owner(world):
    got = world(f"""
        lab_account anna 1001; install -d -m 700 -o anna -g anna /home/anna/.ssh
        mkdir -m 700 -p /root/.ssh; cd /home/anna/.ssh
        ssh-keygen -q -t ed25519 -N '' -f id; ssh-keygen -q -t ed25519 -N '' -f /root/.ssh/id
        chown anna: id id.pub; chmod 400 id; setfattr -n user.note -v kept id
        cp /root/.ssh/id /tmp/root-before
        ln -s /root/.ssh/id led; chown -h anna: led
        ln -s /home/anna/.ssh/id /root/hers
        sallyport key protect led --generate bytes --passphrase-to /tmp/drawn; echo "led: $?"
        cmp /root/.ssh/id /tmp/root-before && echo 'same: yes'
        {DRIVER} type /root/hers | head -1; echo "beside: "*sallyport* .*sallyport*
        stat -c 'owner: %U:%G %a' id; getfattr --only-values -n user.note id | sed 's/^/note: /'; echo
        ssh-keygen -y -P "$(cat /root/hers.told)" -f id | cut -d' ' -f1,2 | cmp - <(cut -d' ' -f1,2 id.pub) && echo 'opens: yes'
        cp id /tmp/id; chown root: id; sallyport key protect id --generate bytes --passphrase-to -; echo "foreign: $?"
        cmp id /tmp/id && echo 'left: alone'
    """)
    said, out = lines(got)
    assert said["led"] == "2" and said["same"] == "yes", out + got.stderr
    assert "exit 0" in out and said["owner"] == "anna:anna 400" and said["note"] == "kept" and said["opens"] == "yes"
    assert said["beside"] == "*sallyport* .*sallyport*"
    assert said["foreign"] in ("1", "2") and said["left"] == "alone"


def test_keys_of_the_server_stay_as_they_are(world):
    got = world("""
        ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key; ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/other
        echo 'HostKey /etc/ssh/other' >>/etc/ssh/sshd_config
        ln -s /etc/ssh/other /root/link
        for key in /etc/ssh/ssh_host_ed25519_key /etc/ssh/other /root/link; do
            sallyport key protect "$key" --generate bytes --passphrase-to /tmp/drawn; echo "$key: $?"
        done
        [[ -e /tmp/drawn ]] || echo 'drawn: nothing'
        ssh-keygen -y -P '' -f /etc/ssh/other >/dev/null && ssh-keygen -y -P '' -f /etc/ssh/ssh_host_ed25519_key >/dev/null && echo 'bare: yes'
    """)
    said, out = lines(got)
    assert [said[k] for k in ("/etc/ssh/ssh_host_ed25519_key", "/etc/ssh/other", "/root/link", "bare")] == ["1", "1", "1", "yes"], out
    assert said["drawn"] == "nothing" and got.stderr.count("sshd reads it at each start") == 3


def test_all_asks_about_each_bare_key_of_an_account(world):
    got = world(r"""
        lab_account anna 1001; install -d -m 700 -o anna -g anna /home/anna/.ssh /home/anna/.ssh/jobs
        cd /home/anna/.ssh
        ssh-keygen -q -t ed25519 -N '' -f bare; ssh-keygen -q -t ed25519 -N '' -f jobs/deep; ssh-keygen -q -t ed25519 -N 'long enough' -f good
        ssh-keygen -q -t rsa -m PEM -N 'long enough' -f weak
        ssh-keygen -q -t ed25519 -a 4 -N 'long enough' -f few
        openssl pkcs8 -topk8 -iter 200000 -passin 'pass:long enough' -passout 'pass:long enough' -in weak -out slow-pkcs8
        openssl pkcs8 -topk8 -iter 2048 -passin 'pass:long enough' -passout 'pass:long enough' -in weak -out quick-pkcs8
        openssl pkcs8 -topk8 -scrypt -passin 'pass:long enough' -passout 'pass:long enough' -in weak -out scrypt
        echo 'host key' >known_hosts; mkfifo fifo; ln -s /root led; ln -s fifo to-fifo
        chown -hR anna: .; echo '# by root' >authorized_keys
        sallyport key protect --all --user anna --dry-run; echo "dry: $?"
        sallyport key protect --all --user anna; echo "asked: $?"
        sallyport key protect --all; echo "own: $?"
        setpriv --reuid anna --regid anna --init-groups "$BUILD/sallyport" key protect --all --user bob; echo "not-root: $?"
        sallyport key protect --all --user nobody-here; echo "nobody: $?"
    """)
    said, out = lines(got)
    assert (said["dry"], said["asked"], said["own"], said["not-root"], said["nobody"]) == ("1", "1", "0", "2", "2"), out + got.stderr
    dry = out[:out.index("dry:")]
    assert dry.count("would get a passphrase") == 2 and "/bare'" in dry and "/jobs/deep'" in dry
    for name, weak in (("good", 0), ("slow-pkcs8", 0), ("scrypt", 0), ("weak", 1), ("few", 1), ("quick-pkcs8", 1)):
        words = "has a passphrase behind a weak lock: sallyport key protect FILE" if weak else "has a passphrase"
        assert f"'/home/anna/.ssh/{name}' {words} (was" in dry, name
    assert out.count("is left without a passphrase") == 2
