# SPDX-License-Identifier: GPL-3.0-or-later
# test_update.py - lists of revoked keys are taken from who signed them, over a connection that is checked, and never an older one.
import json
import re
import shutil

import pytest

pytestmark = pytest.mark.skipif(not shutil.which("openssl"), reason="no openssl here")

# A https server with certificates of all kinds, a list that is signed, and one source that is in order.
SETUP = r"""
set -eu
lab_account anna 1001; lab_account bob 1002
lab_key anna; lab_key bob
echo '127.0.0.1 keys.example.org other.example.org' >>/etc/hosts
mkdir -p /srv/lists/www /etc/sallyport
chmod 755 /srv /srv/lists /srv/lists/www
cd /srv/lists
authority() { openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj "/CN=$1" -keyout $1.key -out $1.pem 2>/dev/null; }
# certificate NAME HOST CA [OPTION...]
certificate() {
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$2" -keyout $1.key -out $1.csr 2>/dev/null
	echo "subjectAltName=DNS:$2" >$1.ext
	openssl x509 -req -in $1.csr -CA $3.pem -CAkey $3.key -CAcreateserial -extfile $1.ext -out $1.pem "${@:4}" 2>/dev/null
}
authority ca; authority foreign
certificate good keys.example.org ca -days 30
certificate expired keys.example.org ca -days -1
certificate othername elsewhere.example.org ca -days 30
certificate stranger keys.example.org foreign -days 30
ssh-keygen -q -t ed25519 -N '' -C signer -f signer
ssh-keygen -q -t ed25519 -N '' -C somebody -f somebody
ssh-keygen -q -t ed25519 -N '' -C 'stolen laptop' -f stolen
# publish VERSION [KEYFILE...]: the list, signed
publish() {
	{ echo "# version $1"; echo "# date $(date -u +%FT%TZ)"; shift; for key; do echo "key: $(cat "$key")"; echo '	reason: stolen'; done; } >www/list
	sign www/list
}
sign() { rm -f "$1.sig"; ssh-keygen -q -Y sign -f "${2:-signer}" -n "${3:-revoked@sallyport}" "$1" 2>/dev/null; }
# from URL [LINE...]: the only source
from() {
	{ echo 'Keep bob'; echo 'Source example'; echo "From $1"; shift; echo "CAFile /srv/lists/ca.pem"; echo "SignedBy $(cat signer.pub)"
	  for line; do echo "$line"; done; } >/etc/sallyport/revoked-sources.conf
}
update() { sallyport revoke update -y "$@" </dev/null || echo "status $?"; }
LIST=/etc/sallyport/revoked.d/example.list
GOOD=https://keys.example.org:8443/plain/list
/usr/bin/python3 -I "$LAB_SOURCE/tests/lab/lists.py" /srv/lists >ready & server=$!
lab_wait 10 grep -q ready ready
lab_sshd_start
"""


def run(world, body, timeout=300):
    got = world(SETUP + body, timeout=timeout)
    assert got.returncode == 0, got.stdout + got.stderr
    return got


def test_a_list_is_put_in_place_once_and_a_newer_one_after_it(world):
    got = run(world, r"""
publish 41 stolen.pub
from $GOOD
sallyport revoke update -n || echo "status $?"
[ ! -e $LIST ]
update
head -n 2 $LIST
tail -n +2 $LIST | cmp - www/list
update
publish 42 stolen.pub somebody.pub
update --format json >answer
tail -n +2 $LIST | cmp - www/list
sallyport history
cat answer
""")
    text, answer = got.stdout[:got.stdout.index("{")], got.stdout[got.stdout.index("{"):]
    assert "example: version 41 would be put in place\nstatus 1\n" in text
    assert "example: version 41 is in place\n# Pulled by sallyport revoke update from https://keys.example.org:8443/plain/list, " in text
    assert "example: version 41, unchanged\n" in text
    assert len(re.findall(r" confirmed +revoke update: example  by root", text)) == 2, text
    assert json.loads(answer) == {"schema": "sallyport.update.v1", "changed": True,
                                  "sources": [{"name": "example", "state": "updated", "version": 42}]}


def test_a_key_on_a_new_list_is_dead_at_once_and_no_other(world):
    got = run(world, r"""
publish 1 stolen.pub; from $GOOD; update
lab_login anna echo anna is in
lab_login bob echo bob is in
publish 2 stolen.pub "$LAB_KEYS/anna.pub"
update
lab_login anna echo anna is in || echo anna is out
lab_login bob echo bob is in
sallyport revoke test "$LAB_KEYS/anna.pub" "$LAB_KEYS/bob.pub" || :
sallyport rollback -y >/dev/null
lab_login anna echo anna is in again
""")
    assert re.search(r"^example: version 1 is in place\nanna is in\nbob is in\nexample: version 2 is in place, after 1\n"
                     r"anna is out\nbob is in\n(.*\n)*anna is in again\n$", got.stdout), got.stdout + got.stderr


def test_a_list_that_locks_out_who_is_kept_is_refused_and_the_others_are_not(world):
    got = run(world, r"""
publish 1 stolen.pub; from $GOOD; update
cp www/list www/more; echo "key: $(cat somebody.pub)" >>www/more; sign www/more
{ echo 'Source more'; echo 'From /srv/lists/www/more'; echo "SignedBy $(cat signer.pub)"; } >>/etc/sallyport/revoked-sources.conf
lab_snapshot /etc/ssh $LIST >before
publish 2 stolen.pub "$LAB_KEYS/bob.pub"
update --source example
lab_snapshot /etc/ssh $LIST | cmp - before && echo the same
update
head -n 2 $LIST | tail -n 1
lab_login bob echo bob is in
update --override lockout
lab_login bob echo bob is in || echo bob is out
""")
    assert "lockout guard: bob would be locked out: " in got.stderr, got.stderr
    assert "source 'example': bob would be locked out: " in got.stderr and "; the old list stays\n" in got.stderr
    assert got.stdout == ("example: version 1 is in place\nstatus 1\nthe same\nmore: version 1 is in place\nstatus 1\n# version 1\n"
                          "bob is in\nexample: version 2 is in place, after 1\nmore: version 1, unchanged\nbob is out\n"), got.stdout


# What is done before the second update, and what is said of it.
REFUSED = {
    "bad-signature": ("publish 43 somebody.pub; sed -i s/43/44/ www/list", "its signature does not hold: "),
    "cut": ("publish 43 somebody.pub stolen.pub; truncate -s -10 www/list", "its signature does not hold: "),
    "other-signer": ("publish 43; sign www/list somebody", "its signature does not hold: "),
    "other-namespace": ("publish 43; sign www/list signer file", "its signature does not hold: "),
    "no-signature": ("publish 43; rm www/list.sig", "list.sig' cannot be fetched: the server answers with status 404"),
    "not-a-signature": ("publish 43; echo nonsense >www/list.sig", "its signature does not hold: "),
    "signature-of-another": ("publish 43; cp www/list.sig kept; publish 44; cp kept www/list.sig", "its signature does not hold: "),
    "older": ("publish 40 somebody.pub", "version 40 is older than the one in place, which is 41: an old list played again"),
    "reused": ("publish 41 somebody.pub", "version 41 is another text than the one in place: a new text wants a higher version"),
    "no-version": ("publish 43; sed -i 1d www/list; sign www/list", "it has no version: wants a line '# version N'"),
    "mistake": ("publish 43; echo 'key: nonsense' >>www/list; sign www/list", "its line 3: "),
    "nul": (r"publish 43; printf '\0' >>www/list; sign www/list", "its signature does not hold: it is no text"),
    "gone": ("rm www/list", "'https://keys.example.org:8443/plain/list' cannot be fetched: the server answers with status 404"),
    "server-down": ("kill $server; wait $server || :", "cannot be fetched: Failed to connect to keys.example.org"),
    "expired": ("publish 43; from https://keys.example.org:8444/plain/list", "certificate has expired"),
    "other-name": ("publish 43; from https://keys.example.org:8445/plain/list", "no alternative certificate subject name matches"),
    "stranger": ("publish 43; from https://keys.example.org:8446/plain/list", "unable to get local issuer certificate"),
    "system-ca": ("publish 43; from $GOOD; sed -i /CAFile/d /etc/sallyport/revoked-sources.conf", "cannot be fetched: SSL certificate problem"),
    "not-tls": ("publish 43; from https://keys.example.org:8080/plain/list", "cannot be fetched: "),
    "redirect-to-http": ("publish 43; from https://keys.example.org:8443/to-http/list", 'Protocol "http" not supported'),
    "redirect-to-file": ("publish 43; from https://keys.example.org:8443/to-file/list", 'Protocol "file" not supported'),
    "redirect-in-a-circle": ("publish 43; from https://keys.example.org:8443/round/list", "Maximum (3) redirects followed"),
    "short-body": ("publish 43; from https://keys.example.org:8443/short/list", "cannot be fetched: "),
    "endless-body": ("publish 43; from https://keys.example.org:8443/endless/list", "cannot be fetched: it is larger than 1048576 bytes"),
    "large": ("publish 43; from $GOOD 'MaxSize 1K'; head -c 2000 /dev/zero >www/list", "cannot be fetched: it is larger than 1024 bytes"),
    "hangs": ("publish 43; from https://keys.example.org:8443/hang/list 'Timeout 1'", "cannot be fetched: the server did not answer in time"),
    "drips": ("publish 43; from https://keys.example.org:8443/slow/list 'Timeout 2'", "cannot be fetched: the server did not answer in time"),
    "no-such-file": ("from /srv/none", "'/srv/none' cannot be read: No such file or directory"),
}


def test_whatever_is_wrong_with_a_source_the_old_list_stays(world, figure):
    """One world for all of them: each begins with version 41 in place and ends with it."""
    body = "publish 41 stolen.pub; from $GOOD; update; cp $LIST first; cp www/list 41; cp www/list.sig 41.sig\n"
    for name, (what, _) in REFUSED.items():
        body += f"""
echo "-- {name}" | tee /dev/stderr
if [ {name} = expired ]; then /usr/bin/python3 -I "$LAB_SOURCE/tests/lab/lists.py" /srv/lists >ready2 & server=$!; lab_wait 10 grep -q ready ready2; fi
cp 41 www/list; cp 41.sig www/list.sig; from $GOOD
{what}
update
cmp $LIST first
"""
    body += "sallyport history | grep -c 'revoke update'\n"
    got = run(world, body, timeout=600)
    said = {block.split("\n", 1)[0]: block for block in got.stderr.split("-- ")[1:]}
    assert set(said) == set(REFUSED)
    for name, (_, why) in REFUSED.items():
        assert why in said[name] and "; the old list stays\n" in said[name], (name, said[name])
    assert got.stdout.count("status 2\n") == len(REFUSED) and got.stdout.endswith("\n1\n")
    figure(f"{len(REFUSED)} bad sources, the old list stayed with each")


def test_plain_http_is_refused_before_anything_is_asked(world):
    got = run(world, r"""
publish 41 stolen.pub
from http://keys.example.org:8080/plain/list
update
from https://user:secret@keys.example.org:8443/plain/list
update
[ ! -e asked ]
printf 'machine keys.example.org login l password p\n' >/root/.netrc; HOME=/root
from https://keys.example.org:8443/to-https/list
update
cat asked
""")
    assert got.stderr.count("revoked-sources.conf:3: From is ") == 2
    assert got.stdout == ("status 2\nstatus 2\nexample: version 41 is in place\n/to-https/list -\n/plain/list -\n"
                          "/to-https/list.sig -\n/plain/list.sig -\n")


def test_files_signers_files_and_several_sources(world):
    got = run(world, r"""
publish 7 stolen.pub
echo 'security@example.org namespaces="lists@example.org" '"$(cat signer.pub)" >signers
sign www/list signer lists@example.org
cat >/etc/sallyport/revoked-sources.conf <<-END
	Keep bob
	Source file
		From /srv/lists/www/list
		SignedBy /srv/lists/signers security@example.org
		Namespace lists@example.org
	Source nobody
		From /srv/lists/www/list
		SignedBy /srv/lists/signers nobody@example.org
		Namespace lists@example.org
	Source missing
		From /srv/lists/none
		SignedBy $(cat somebody.pub)
	Source two-keys
		From https://keys.example.org:8443/plain/list
		CAFile /srv/lists/ca.pem
		SignedBy $(cat somebody.pub)
		SignedBy $(cat signer.pub)
		Namespace lists@example.org
END
update --source two-keys
update
ls /etc/sallyport/revoked.d
mkdir -p /etc/sallyport/revoked.d; echo '# mine' >/etc/sallyport/revoked.d/missing.list
sed -i 's,/none,/www/list,; s,somebody,signer,' /etc/sallyport/revoked-sources.conf
update --source none
""")
    assert got.stdout == ("two-keys: version 7 is in place\nfile: version 7 is in place\ntwo-keys: version 7, unchanged\nstatus 2\n"
                          "file.list\ntwo-keys.list\nstatus 2\n"), got.stdout
    assert "source 'nobody': its signature does not hold: " in got.stderr and "source 'missing': " in got.stderr
    assert "there is no source 'none'" in got.stderr


def test_a_list_grows_old_and_that_is_said(world):
    got = run(world, r"""
publish 1 stolen.pub
from $GOOD 'MaxAge 1h'
update
sed -i 's/^# version 1$/# version 2/; s/^# date .*/# date 2020-01-01T00:00:00Z/' www/list; sign www/list
update
update
sed -i 's/^# version 2$/# version 3/; /^# date/d' www/list; sign www/list
update
head -n 2 $LIST | tail -n 1
""")
    assert got.stdout == ("example: version 1 is in place\nexample: version 2 is in place, after 1\nstatus 2\n"
                          "example: version 2, unchanged\nstatus 2\nstatus 2\n# version 2\n").replace(
                              "example: version 2, unchanged\n", ""), got.stdout
    assert got.stderr.count("it is of 2020-01-01T00:00:00Z, longer ago than MaxAge: newer ones may be kept back") == 2
    assert "MaxAge is set, and it has no date" in got.stderr


def test_two_updates_at_once_leave_the_newer_list(world):
    got = run(world, r"""
publish 1; from $GOOD; update
for version in 2 3 4; do
	publish $version stolen.pub
	update >a 2>&1 & one=$!
	update >b 2>&1 & two=$!
	wait $one $two || :
	cat a b >&2
	sed -n 2p $LIST
done
""")
    assert re.findall(r"^# version \d$", got.stdout, re.M) == ["# version 2", "# version 3", "# version 4"], got.stdout


@pytest.mark.parametrize("count", [40, 90, 140, 190])
def test_a_killed_update_leaves_the_old_list_or_the_new_one(world, count):
    got = run(world, rf"""
publish 1 stolen.pub; from $GOOD; update >/dev/null
lab_snapshot /etc >old.list
publish 2 stolen.pub somebody.pub
"$BUILD/tests/cut" -o cut.log --only sallyport --changing {count} -- sallyport revoke update -y </dev/null >/dev/null 2>&1 || :
cat cut.log
sallyport recover >/dev/null 2>&1 || :
if lab_snapshot /etc | cmp -s - old.list; then echo old; else tail -n +2 $LIST | cmp - www/list && echo new; fi
find /etc /run/sallyport -name '.*sallyport*' -o -name 'stage-*'
update
""")
    assert re.search(r"\n(old|new)\nexample: version 2", got.stdout), got.stdout + got.stderr


def test_an_entry_of_a_fetched_list_is_not_taken_out_behind_its_signature(world):
    got = run(world, r"""
publish 41 stolen.pub
from $GOOD
update >/dev/null
sallyport revoke remove -y stolen.pub </dev/null || echo "status $?"
tail -n +2 $LIST | cmp - www/list
update
""")
    assert got.stdout == "status 2\nexample: version 41, unchanged\n", got.stdout
    assert "'/etc/sallyport/revoked.d/example.list' is signed and fetched by 'revoke update'" in got.stderr
