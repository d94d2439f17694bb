# SPDX-License-Identifier: GPL-3.0-or-later
# test_jail_contents.py - programs of the sets do their work in a chroot that holds what we found for them and nothing else.
import os
import shutil

import pytest

START = """
lab_account anna 1001
lab_group staff2 2001 anna
lab_group bert 1002
made() { # made SET,... : a jail in /srv/j
	"$BUILD/tests/contents" anna 1001 /home/anna /bin/bash "$1" >/tmp/rows 2>/tmp/said || { cat /tmp/said; exit 99; }
	"$LAB_SOURCE/tests/lab/jail.py" make /srv/j 1001 </tmp/rows || exit 98
}
inside() { # inside COMMAND: by bash, as anna
	env -i HOME=/home/anna PATH=/usr/local/bin:/usr/bin:/bin TERM=xterm-256color LANG=C.UTF-8 \\
		/usr/sbin/chroot --userspec=1001:1001 --groups=1001,2001 /srv/j /bin/bash -c "cd; $1" 2>&1
}
"""


def run(world, snippet):
    got = world(START + snippet)
    assert got.returncode == 0, got.stdout + got.stderr
    return got.stdout


def need(*programs):
    for name in programs:
        if not shutil.which(name, path="/usr/bin:/bin"):
            pytest.skip(f"{name} is not installed")


def test_a_person_is_at_home_in_basic(world):
    said = run(world, """
made basic
inside 'id; groups; whoami; echo x >"übung ☃"; ls -l; ls -ld /etc | cut -c1-10,11-26; ls /; ls -1 /home; cat /etc/passwd /etc/group'
inside 'for n in null zero random urandom tty; do [ -c /dev/$n ] || echo no $n; done; head -c 3 /dev/urandom | wc -c; echo y >/dev/null'
inside 'touch /x /tmp/x /etc/x /usr/x /dev/x /home/x; echo x >>/etc/passwd; rm -rf /usr/bin/ls; echo done'
""").splitlines()
    assert said[:3] == ["uid=1001(anna) gid=1001(anna) groups=1001(anna),2001(staff2)", "anna staff2", "anna"]
    assert said[3:5] == ["total 4", said[4]] and " 1 anna anna 2 " in said[4] and said[4].endswith(" übung ☃")
    assert said[5].startswith("drwxr-xr-x") and "root root" in said[5]
    wanted = [name for name in ("bin", "lib", "lib64") if os.path.islink(f"/{name}")]
    assert set(said[6:said.index("anna", 6)]) >= {"dev", "etc", "home", "usr", *wanted}
    assert "root:x:0:0:root:/:/usr/sbin/nologin" in said and "anna:x:1001:1001:anna:/home/anna:/bin/bash" in said
    assert not [line for line in said if "bert" in line or line.startswith("no ")]
    refused = [line for line in said if "cannot" in line or "Permission" in line or "No such" in line]
    assert len(refused) == 8 and said[-1] == "done", said


def test_a_login_reads_what_it_reads_on_the_host(world):
    said = run(world, """
echo 'who=$(id -un); PS1="jailed> "' >/etc/profile
made basic
printf 'echo $((40+2)) $who\\nexit\\n' | "$LAB_SOURCE/tests/lab/jail.py" terminal /srv/j 1001 /home/anna /bin/bash --login -i
echo; echo; rm -r /srv/j
made ls,cat
inside 'bash --login -c "ls /etc"'
echo; mkdir -p /etc/sallyport/jail.d; : >/etc/sallyport/jail.d/login.rules; rm -r /srv/j
made basic
inside 'bash --login -c "ls /etc"'
""").replace("\r", "")
    login, other, without = said.split("\n\n")
    assert "jailed> " in login and "\n42 anna\n" in login, said
    assert "passwd" in other.split() and "profile" not in other and "not found" not in other, said  # it would ask for id
    assert "passwd" in without.split() and "profile" not in without, said


def test_readline_and_the_terminal(world):
    said = run(world, """
made basic
printf '%s\\n' 'echo one-two' '\\e[A' 'ech\\t $((40+2))' 'tput cols >/dev/null && tput setaf 1 | od -c | head -1' 'ls /etc/pass\\t' 'tty' 'exit 7' |
	"$LAB_SOURCE/tests/lab/jail.py" terminal /srv/j 1001 /home/anna /bin/bash --norc -i
echo "status $?"
""").replace("\r", "")
    assert said.count("\none-two\n") == 2, said  # the line again, by the arrow up
    assert "\n42\n" in said and "/etc/passwd" in said, said
    assert said.endswith("status 7\n"), said
    assert "cannot" not in said and "unknown" not in said and "warning" not in said, said


def test_git(world):
    need("git")
    said = run(world, """
made git
inside 'git config --global user.email a@b; git init -q one && cd one && echo hi >f && git add f && git commit -qm ünï && git log --format="%an %s"
	cd .. && git clone -q one two && cd two && git log --format="%an %s" && echo more >>f && git commit -qam more && git push -q origin HEAD:other
	git gc -q && git fsck && git stash list && git rebase -q HEAD~1 && git format-patch -1 && git grep -n more && git submodule status && ls $(git --exec-path)/git-remote-https'
inside 'git clone https://localhost:1/x || true'
""")
    assert said.splitlines()[:2] == ["anna ünï"] * 2, said
    assert "0001-more.patch\n" in said and "f:2:more\n" in said and "/git-remote-https\n" in said, said
    # Up to the network, and no further: the name is found, nobody listens.
    assert "Failed to connect to localhost port 1" in said or "Could not connect" in said, said
    assert not [word for word in ("error while loading", "not found", "No such file") if word in said], said


def test_rsync_and_scp(world):
    need("rsync", "scp")
    said = run(world, """
made rsync,scp,basic
inside 'mkdir a && echo hi >a/f && rsync -a a/ b/ && cat b/f; rsync -an --stats a/ c/ | grep "Number of files"; scp -q a/f g && cat g
	for s in /usr/lib/openssh/sftp-server /usr/libexec/openssh/sftp-server /usr/lib/ssh/sftp-server; do [ ! -x $s ] || $s </dev/null && echo "$s ends well"; done'
""").splitlines()
    assert said[0] == "hi" and said[1].startswith("Number of files: 2") and said[2] == "hi", said
    assert [line for line in said if line.endswith("sftp-server ends well")], said
    assert not [line for line in said if "error while loading" in line], said


def test_an_editor(world):
    need("vim")
    said = run(world, """
made editors,basic
inside 'vim -es -u NONE +"put =6*7" +"w! out" +q; cat out; vim -es x.py +"normal iprint(1)" +"syntax on" +"set ft?" +wq; cat x.py; vim --version | head -1'
""")
    assert "42\n" in said and "filetype=python\nprint(1)\nVIM" in said, said
    said = run(world, """
made editors,basic
printf '%s\\n' '3aab \\e' ':w out' ':q' 'cat out; exit' | tr -d '\\r' |
	"$LAB_SOURCE/tests/lab/jail.py" terminal /srv/j 1001 /home/anna /bin/bash --norc -i -c 'vim -N; cat out'
""")
    assert "ab ab ab" in said and "E558" not in said and "not found in terminfo" not in said, said


def test_languages(world):
    need("perl")
    assert run(world, """
made perl,basic
inside 'perl -CS -MPOSIX=floor -MEncode -MData::Dumper -MStorable -MSocket -MFile::Find -MTime::Local -MJSON::PP -Mutf8 -e "print floor(2.5), uc(qq(ü)), qq(\\n)"'
""") == "2Ü\n"
    if not os.path.exists("/usr/bin/python3"):
        return
    assert run(world, """
made python,basic
inside 'python3 -c "import pwd, json, hashlib, ssl, curses, decimal, bz2, lzma, sqlite3, ctypes, asyncio, socket; curses.setupterm()
print(pwd.getpwuid(1001).pw_name, json.dumps([1.5]), len(ssl.create_default_context().get_ca_certs()) >= 0, socket.gethostbyname(\\"localhost\\"))"'
""") == "anna [1.5] True 127.0.0.1\n"


def test_every_program_of_the_large_sets_starts(world):
    """By the loader's own word, in the jail: LD_TRACE_LOADED_OBJECTS lists what it maps, and says what it misses."""
    said = run(world, """
made basic,coreutils,tools,git,rsync,scp,ssh,editors
inside 'n=0; for p in /usr/bin/* /usr/sbin/* /usr/lib/git-core/* /usr/libexec/git-core/*; do
	[ -f $p ] && [ -x $p ] && head -c 4 $p | grep -q ELF || continue
	n=$((n + 1)); out=$(LD_TRACE_LOADED_OBJECTS=1 $p 2>&1); case $out in *"not found"*|*"error while"*) echo "$p: $out";; esac
done; echo "$n programs"'
""").splitlines()
    assert len(said) == 1 and int(said[0].split()[0]) > 120, said


def test_libraries_are_found_by_the_cache_of_the_jail(world):
    """The host finds a library by a folder of ld.so.conf that is no default one: so does the jail."""
    need("gcc")
    assert run(world, """
mkdir -p /srv/lib /srv/bin /tmp/c && cd /tmp/c
echo 'int answer(void) { return 42; }' >a.c && echo 'int answer(void); int main(void) { return answer(); }' >m.c
gcc -shared -fPIC -Wl,-soname,libanswer.so.1 -o /srv/lib/libanswer.so.1 a.c && gcc -o /srv/bin/ask m.c /srv/lib/libanswer.so.1 || exit 1
echo /srv/lib >/etc/ld.so.conf.d/answer.conf && ldconfig || exit 2
made basic,/srv/bin/ask
inside '/srv/bin/ask; echo $?'
rm /srv/j/etc/ld.so.cache
inside '/srv/bin/ask; echo $?' | tail -1
""").splitlines() == ["42", "127"]


def test_libraries_for_a_processor_are_found_and_those_for_all(world):
    """The loader of the jail chooses by our cache, and one that can use no subfolder has the other one."""
    need("gcc")
    flags = open("/proc/cpuinfo").read()
    if os.uname().machine != "x86_64" or " sse4_2 " not in flags:
        pytest.skip("wants an x86-64-v2 processor")
    assert run(world, """
mkdir -p /srv/lib/glibc-hwcaps/x86-64-v2 /srv/bin /tmp/c && cd /tmp/c
echo 'int answer(void) { return N; }' >a.c && echo 'int answer(void); int main(void) { return answer(); }' >m.c
gcc -DN=42 -shared -fPIC -Wl,-soname,libanswer.so.1 -o /srv/lib/libanswer.so.1 a.c || exit 1
gcc -DN=43 -shared -fPIC -Wl,-soname,libanswer.so.1 -o /srv/lib/glibc-hwcaps/x86-64-v2/libanswer.so.1 a.c || exit 1
gcc -o /srv/bin/ask m.c /srv/lib/libanswer.so.1 || exit 1
echo /srv/lib >/etc/ld.so.conf.d/answer.conf && ldconfig || exit 2
/srv/bin/ask; echo "host $?"
made basic,/srv/bin/ask
inside '/srv/bin/ask; echo $?'
ldconfig -p -C /srv/j/etc/ld.so.cache | grep answer
chmod 0 /srv/j/srv/lib/glibc-hwcaps/x86-64-v2
inside '/lib64/ld-linux-x86-64.so.2 --glibc-hwcaps-mask none /srv/bin/ask; echo $?'
""").splitlines() == ["host 43", "43",
                      "\tlibanswer.so.1 (libc6,x86-64, hwcap: \"x86-64-v2\") => /srv/lib/glibc-hwcaps/x86-64-v2/libanswer.so.1",
                      "\tlibanswer.so.1 (libc6,x86-64) => /srv/lib/libanswer.so.1", "42"]


def test_libraries_beside_a_program_are_found(world):
    """$ORIGIN is known by /proc alone, which no jail has."""
    need("gcc")
    assert run(world, """
mkdir -p /srv/opt/lib /srv/opt/bin /tmp/c && cd /tmp/c
echo 'int answer(void) { return 42; }' >a.c && echo 'int answer(void); int main(void) { return answer(); }' >m.c
gcc -shared -fPIC -Wl,-soname,libanswer.so.1 -o /srv/opt/lib/libanswer.so.1 a.c || exit 1
gcc -o /srv/opt/bin/ask m.c -Wl,-rpath,'$ORIGIN/../lib' /srv/opt/lib/libanswer.so.1 || exit 2
made basic,/srv/opt/bin/ask
inside '/srv/opt/bin/ask; echo $?'
rm /srv/j/etc/ld.so.cache
inside '/srv/opt/bin/ask; echo $?' | tail -1
""").splitlines() == ["42", "127"]


def test_what_lies_beside_a_module_is_found_and_not_warned_of(world):
    """What is opened at run time knows its folder by the path it is opened by."""
    need("iconv", "gcc")
    said = run(world, """
made basic,locales,iconv; echo "warned: $(grep -c ORIGIN /tmp/said)"
inside 'for set in EUC-JP UHC JOHAB EUC-KR EUC-TW SHIFT_JISX0213 ISO-2022-KR ISO-2022-JP-3 ISO-2022-CN; do
    [ "$(printf "a" | iconv -f UTF-8 -t $set | iconv -f $set -t UTF-8)" = a ] || echo $set; done; [ -e /proc/self ] || echo without proc'
""").splitlines()
    assert said == ["warned: 0", "without proc"], said
    assert run(world, """
mkdir -p /srv/opt/lib /srv/opt/bin /tmp/c && cd /tmp/c
echo 'int answer(void) { return 42; }' >a.c && echo 'int answer(void); int main(void) { return answer(); }' >m.c
gcc -shared -fPIC -Wl,-soname,libanswer.so.1 -o /srv/opt/lib/libanswer.so.1 a.c || exit 1
gcc -o /srv/opt/bin/ask m.c -Wl,-rpath,'$ORIGIN/../lib' /srv/opt/lib/libanswer.so.1 || exit 2
made basic,/srv/opt/bin/ask; grep -c ORIGIN /tmp/said
rm /etc/ld.so.cache; made2() { "$BUILD/tests/contents" anna 1001 /home/anna /bin/bash "$1" 2>&1 >/dev/null; }
made2 basic,/srv/opt/bin/ask | grep ORIGIN
""").splitlines() == ["0", "/srv/opt/bin/ask: warning: finds /srv/opt/lib/libanswer.so.1 by its own folder ($ORIGIN), which the loader knows by /proc alone: "
                      "in the jail it finds none"]


def test_ldconfig_reads_our_cache(world):
    """Every row is one that ldconfig's own reader shows, and each path is in the jail."""
    said = run(world, """
made basic,git
ldconfig -p -C /srv/j/etc/ld.so.cache | sed 1d | while read -r name kind arrow path; do
	path=${path##* }; [ -e "/srv/j$path" ] || [ -L "/srv/j$path" ] || echo "$path is not there"; echo "$name"; done
""").splitlines()
    assert "libc.so.6" in said and not [line for line in said if "not there" in line], said


def test_twice_is_the_same(world):
    assert run(world, """
for i in 1 2; do "$BUILD/tests/contents" anna 1001 /home/anna /bin/bash basic,git,editors >/tmp/$i 2>&1 || exit $i; done
cmp /tmp/1 /tmp/2 && cut -f2 /tmp/1 | LC_ALL=C sort -c && echo same
""") == "same\n"


def test_an_sftp_jail_is_empty(world):
    assert run(world, '"$BUILD/tests/contents" -s anna 1001 /home/anna -').splitlines() == [
        "folder\t/dev\t755\troot", "made\t/dev/log\t444\t", "folder\t/home\t755\troot", "folder\t/home/anna\t700\this"]


def test_a_program_of_somebodys_is_no_program_of_a_jail(world):
    """Nor one that his folder has a link to, or that nobody else can come to."""
    said = run(world, """
lab_account bob 1002
mkdir -p /home/bob/bin /srv/closed /srv/open && chmod 755 /home /home/bob && cp /usr/bin/true /home/bob/bin/tool && ln -s /usr/bin/true /home/bob/bin/link
cp /usr/bin/true /srv/closed/tool && chmod 711 /srv/open && cp /usr/bin/true /srv/open/tool && chown -hR bob:bob /home/bob && chmod 700 /srv/closed
for p in /home/bob/bin/tool /home/bob/bin/link /srv/closed/tool /srv/open/tool; do
	"$BUILD/tests/contents" anna 1001 /home/anna /bin/bash $p >/tmp/rows 2>/tmp/said; echo "$? $(cat /tmp/said)"; done
""").splitlines()
    wants = "wants a file that only root may change, in folders of root's"
    assert said == [
        f"1 '/home/bob/bin/tool' may be changed by bob, in '/home/bob': {wants}",
        f"1 '/home/bob/bin/link' may be changed by bob, in '/home/bob': {wants}",
        "1 '/srv/closed/tool' is in '/srv/closed', which not everybody may enter, and would be open in the jail: wants a file in folders "
        "that everybody may enter",
        "0 "], said


def test_a_word_that_means_nothing_is_told(world):
    got = world(START + '"$BUILD/tests/contents" anna 1001 /home/anna /bin/bash bassic,/usr/bin/nothere')
    assert got.returncode == 1 and got.stdout == ""
    first, second = got.stderr.splitlines()
    assert first.startswith("'bassic' is no program of this system and no set: did you mean 'basic'? The sets are: basic, coreutils, ")
    assert second == "there is no program '/usr/bin/nothere'"


def test_a_set_of_the_administrator(world):
    assert run(world, """
mkdir -p /etc/sallyport/jail.d && printf 'summary x\\nprogram cat\\nown /tmp\\n' >/etc/sallyport/jail.d/mine.set
made mine
inside 'echo x >/tmp/x && cat /tmp/x && type ls'  | sed 's/.*: //'
printf 'summary x\\nprogramm cat\\n' >/etc/sallyport/jail.d/mine.set
"$BUILD/tests/contents" anna 1001 /home/anna /bin/bash mine 2>&1 && exit 1
true
""").splitlines() == ["x", "not found", "/etc/sallyport/jail.d/mine.set:2: 'programm' is no setting: did you mean 'program'?"]
