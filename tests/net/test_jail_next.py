# SPDX-License-Identifier: GPL-3.0-or-later
# test_jail_next.py - what jail check says to do next is done, and the jail is sound.
import json

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
                        "  Next: sudo sallyport jail create anna with the words it was made with, which writes its block anew", "check: 1",
                        f"high      jail-escape  {weak[0]}, in the jail of anna", "create: 0",
                        "  all is well: it holds, is current, and what is in it starts"], got.stdout + got.stderr
    assert said[9] == "0", got.stdout
    jail = json.loads("\n".join(said[10:]))["jails"][0]
    assert jail["in_force"] and [(f["kind"], f["escape"], f["detail"]) for f in jail["findings"]] == [("weakened", True, w) for w in weak]
