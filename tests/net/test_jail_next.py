# SPDX-License-Identifier: GPL-3.0-or-later
# test_jail_next.py - what jail check says to do next is done, and the jail is sound.
import json
import re

START = """
lab_account anna 1001; lab_key anna
J=/home/chroot/anna B=/etc/ssh/sshd_config.d/00-sallyport-jails.conf
lab_sshd_start || exit 9
"""


def run(world, snippet, **more):
    got = world(START + snippet, **more)
    return got, got.stdout.splitlines()


def test_a_block_that_was_weakened_is_found_with_what_decides_and_create_mends_it(world):
    got, said = run(world, """
sallyport jail create anna --with basic -y -q >/dev/null || exit 1
sallyport jail check anna >/dev/null || exit 2; sallyport audit --step chroot | grep -c jail-escape
sed -i '/DisableForwarding yes/d; s/PermitUserRC no/PermitUserRC yes/' $B; lab_sshd_reload
sallyport jail check anna; echo "check: $?"; sallyport jail check anna --format json >/tmp/json
sallyport audit --step chroot | grep jail-escape
sallyport jail create anna --with basic -y -q >/dev/null; echo "create: $?"
sallyport jail check anna | tail -1; sallyport audit --step chroot | grep -c jail-escape; cat /tmp/json
""")
    assert got.returncode == 0, got.stdout + got.stderr
    weak = ["DisableForwarding is 'no', which is sshd's default: wants 'yes'",
            "/etc/ssh/sshd_config.d/00-sallyport-jails.conf:9: PermitUserRC is 'yes': wants 'no'"]
    assert said[:9] == ["0", "anna in /home/chroot/anna", "  weakened    " + weak[0], "  weakened    " + weak[1],
                        "  Next: sudo sallyport jail create anna --with basic, which writes its Match block anew", "check: 1",
                        f"high      jail-escape  {weak[0]}, in the jail of anna", "create: 0",
                        "  all is well: it holds, is current, and what is in it starts"], got.stdout + got.stderr
    assert said[9] == "0", got.stdout
    jail = json.loads("\n".join(said[10:]))["jails"][0]
    assert jail["in_force"] and [(f["kind"], f["escape"], f["detail"]) for f in jail["findings"]] == [("weakened", True, w) for w in weak]


CREATE = "sudo sallyport jail create anna --with basic"
UPDATE = "sudo sallyport jail update anna"
FOREIGN = "what is not ours no update takes away: look at it, and take it away by hand: "
# what is done to the jail, the kinds that are found, the steps that are named, and what is done where those are for people
PLANTS = [
    ("rm $J/usr/bin/ls", {"missing"}, [UPDATE], ""),
    ("rm $J/dev/zero; mknod -m 666 $J/dev/zero c 1 1", {"device"}, [UPDATE], ""),
    ("chmod o+w $J/etc", {"writable"}, [UPDATE], ""),
    ("rm $J/etc/passwd; mkfifo $J/etc/passwd", {"changed", "socket"}, [UPDATE], ""),
    ("rm -r $J/home/anna", {"missing"}, [UPDATE], ""),
    ("chown 0:0 $J/home/anna", {"changed"}, ["what is anna's own no update changes: sudo chown -h 1001:1001 /home/chroot/anna/home/anna"], ""),
    ("mv $J/home/anna /tmp/home; echo x >$J/home/anna; chown 1001:1001 $J/home/anna", {"changed"},
     ["what stands in the place of what is anna's, move away: /home/chroot/anna/home/anna", UPDATE], "rm $J/home/anna"),
    ("touch $J/etc/own; mkdir $J/srv", {"foreign"}, [FOREIGN + "/home/chroot/anna/etc/own /home/chroot/anna/srv"], "rm -r $J/etc/own $J/srv"),
    ("for i in 1 2 3 4 5; do touch $J/etc/own$i; done", {"foreign"},
     [FOREIGN + "/home/chroot/anna/etc/own1 /home/chroot/anna/etc/own2 /home/chroot/anna/etc/own3 ..."], "rm $J/etc/own*"),
    ("touch $J/home/anna/s; chmod 4755 $J/home/anna/s", {"setuid"}, [FOREIGN + "/home/chroot/anna/home/anna/s"], "rm $J/home/anna/s"),
    ("mount -t tmpfs none $J/home/anna", {"mount"}, ["sudo umount /home/chroot/anna/home/anna"], ""),
    ("rm $J/usr/bin/cat; touch $J/etc/own; mount -t tmpfs none $J/home/anna", {"missing", "foreign", "mount"},
     ["sudo umount /home/chroot/anna/home/anna", UPDATE, FOREIGN + "/home/chroot/anna/etc/own"], "rm $J/etc/own"),
    ("chmod g+w $J", {"path"}, [UPDATE], ""),
    ("chmod g+w /home/chroot", {"path"},
     ["give it to root, and to nobody else to write: sudo chown root /home/chroot; sudo chmod go-w /home/chroot"], ""),
    ("sed -i '/DisableForwarding/d' $B", {"weakened"}, [CREATE + ", which writes its Match block anew"], ""),
    (": >$B", {"not-in-force"}, [CREATE + ", which writes its Match block anew"], ""),
    ("usermod -s $OTHER anna", {"other-shell"}, [f"the shell that it was made for: sudo usermod -s /bin/bash anna; or the new one in the jail: {CREATE}"], ""),
    ("usermod -d /srv/anna anna", {"other-home"},
     [f"sudo sallyport jail remove anna, which keeps the home where there is one; afterwards: {CREATE}"], ""),
    ("rm -r $J", {"missing"}, [f"sudo sallyport jail remove anna, which keeps the home where there is one; afterwards: {CREATE}"], ""),
    ("sed -i /^anna/d /etc/passwd", {"no-account", "stale"}, ["sudo sallyport jail remove anna"], ""),
]


def commands(steps):
    """What stands behind "sudo" in them, as a script; of two ways the first."""
    return "\n".join(re.sub(r"^(sallyport jail \w+) ", r"\1 -y -q ", word) if word.startswith("sallyport jail update") is False else word + " -q"
                     for step in steps for word in re.findall(r"sudo (.*?)(?=;|,? which| in the jail|$)", step.split("; or ")[0]))


def test_each_step_that_is_named_helps(world, figure):
    script = """
OTHER=/srv/other-shell; cp /bin/dash $OTHER
sallyport jail create anna --with basic -y -q >/dev/null || exit 1
"""
    for i, (plant, _, steps, by_hand) in enumerate(PLANTS):
        script += f"""
{plant}
sallyport jail check anna --format json >/tmp/json.{i}; echo "found: $?"
{{ {by_hand or ":"}
{commands(steps)}
}} >/tmp/out.{i} 2>&1
sallyport jail check anna >/tmp/after.{i}; echo "after: $?"
"""
    script += f"for i in $(seq 0 {len(PLANTS) - 1}); do echo '=='; cat /tmp/json.$i; echo '--'; cat /tmp/after.$i; echo '--'; cat /tmp/out.$i; done"
    got, _ = run(world, script)
    wrong = []
    for (plant, kinds, steps, _), part in zip(PLANTS, got.stdout.split("==\n")[1:]):
        found, after, out = part.split("--\n")
        jail = json.loads(found)["jails"][0]
        if {f["kind"] for f in jail["findings"]} - {"unknown"} != kinds or jail["next"] != steps:
            wrong.append(f"{plant}: {jail['findings']}, {jail['next']}")
        elif after.splitlines()[1:] not in ([], ["  all is well: it holds, is current, and what is in it starts"]):
            wrong.append(f"{plant}: still {after}; {commands(steps)} said {out}")
    assert not wrong, "\n".join(wrong) + got.stderr
    figure(f"{len(PLANTS)} things wrong with a jail, each sound again after the steps that are named")


def test_what_the_host_lacks_is_put_back_or_done_without(world):
    got, said = run(world, """
cp /bin/dash /srv/tool
sallyport jail create anna --with basic,/srv/tool -y -q >/dev/null || exit 1
mv /srv/tool /srv/away; sallyport jail check anna | sed -n '/cannot-update/p; /Next/,$p'
mv /srv/away /srv/tool; sallyport jail update anna; sallyport jail check anna | tail -1
rm /srv/tool; sallyport jail create anna --with basic -y -q >/dev/null; sallyport jail check anna | tail -1
""")
    assert got.returncode == 0 and len(said) == 5 and said[0].startswith("  cannot-update "), got.stdout + got.stderr
    assert said[1] == ("  Next: put back on this host what is named, and: sudo sallyport jail update anna; or do without it: "
                       "sudo sallyport jail create anna --with basic,/srv/tool, but for what is named"), got.stdout
    assert said[3] == said[4] == "  all is well: it holds, is current, and what is in it starts", got.stdout + got.stderr


def test_a_cause_is_one_line_and_what_follows_from_it_stands_behind(world):
    got, said = run(world, """
sallyport jail create anna --with basic,git -y -q >/dev/null || exit 1
rm -r $J/lib64; sallyport jail check anna >/tmp/loader; sallyport jail check anna --format json >/tmp/json
sallyport jail update anna -q; rm -r $J/usr/bin; sallyport jail check anna >/tmp/bin
sallyport jail update anna -q; sallyport jail check anna | tail -1; for i in loader bin json; do echo "== $i"; cat /tmp/$i; done
""")
    assert got.returncode == 0, got.stdout + got.stderr
    loader, programs, rows = [part.splitlines() for part in re.split(r"== \w+\n", got.stdout)[1:]]
    assert said[0] == "  all is well: it holds, is current, and what is in it starts", got.stdout
    gone = re.compile(r"  starts-not  (\S+) and \d+ more: \1 or the interpreter it names is not there: No such file or directory")
    for lines, missing in ((loader, r"  missing     /lib64(?: and \d+ below)?: it was put there and is gone"),
                           (programs, r"  missing     /usr/bin and \d\d+ below: it was put there and is gone")):
        assert len(lines) == 4 and re.fullmatch(missing, lines[1]) and gone.fullmatch(lines[2]) and lines[3] == "  Next: " + UPDATE, got.stdout
    jail = json.loads("\n".join(rows))["jails"][0]
    assert jail["complete"] and [f["kind"] for f in jail["findings"]] == ["missing", "starts-not"] and jail["findings"][1]["more"] > 50, got.stdout


def test_a_manifest_that_others_could_have_written_counts_as_damaged(world):
    got, said = run(world, """
M=/var/lib/sallyport/jails/anna/manifest.json
sallyport jail create anna --with basic -y -q >/dev/null || exit 1
for way in "chmod 666 $M" "chown anna $M" "mv $M /srv/m; ln -s /srv/m $M"; do
    eval "$way"; sallyport jail check anna | grep damaged; sallyport jail update anna 2>&1 | grep -o 'wants a file of root.*'
    sallyport jail create anna --with basic -y -q >/dev/null; sallyport jail check anna | tail -1; stat -c '%F %a %U' $M
done
""")
    wants = "wants a file of root's own that nobody else may write to"
    well = ["  all is well: it holds, is current, and what is in it starts", "regular file 600 root"]
    assert got.returncode == 0 and said == [
        line for why in ("everybody may write to it (mode 0666)", "it belongs to uid 1001", "it is a link")
        for line in [f"  damaged     /var/lib/sallyport/jails/anna/manifest.json: {why}: {wants}", wants] + well], got.stdout + got.stderr


def test_where_nothing_is_to_do_nothing_is_said_to_be_run_and_a_list_that_is_cut_is_told(world):
    got, _ = run(world, """
sallyport jail create anna --sftp-only -y -q >/dev/null || exit 1
sallyport jail create anna --sftp-only -y --format json; echo ==
for i in $(seq 150); do touch $J/dev/f$i; done; sallyport jail check anna --format json
""")
    plan, check = (json.loads(part) for part in got.stdout.split("==\n"))
    assert (plan["changed"], plan["ops"]) == (False, []), got.stdout + got.stderr
    jail = check["jails"][0]
    assert jail["complete"] is False and len(jail["findings"]) == 100, got.stdout


def test_how_far_it_is_is_told_on_request_jail_by_jail(world):
    got, said = run(world, """
lab_account carl 1003
for user in anna carl; do sallyport jail create $user --sftp-only -y -q >/dev/null || exit 1; done
{ sallyport jail check --progress json 2>&1 >/dev/null; sallyport jail update --all --progress json 2>&1 >/dev/null; } | grep '^{'
sallyport jail check 2>&1 >/dev/null
""")
    steps = [(what, done, 2) for what in ("jail check", "jail update") for done in range(3)]
    assert got.returncode == 0 and [tuple(json.loads(line).values()) for line in said] == steps, got.stdout + got.stderr
