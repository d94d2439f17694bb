# SPDX-License-Identifier: GPL-3.0-or-later
# test_scan.py - a stranger asks every port of the server: shut, knocked at and unused are one, and the services are as before.
import os

import pytest

from conftest import LONG, SEED

pytestmark = pytest.mark.skipif("ASAN_OPTIONS" in os.environ, reason="the roles' sandboxes leave no room for a sanitizer's own calls")

# scan PROBE ADDRESS [PORT SECONDS]: by tests/tools/scan.c; the stranger's own stack keeps out of it.
SETUP = r"""
set -u
. "$LAB_SOURCE/tests/lab/gate.sh"
. "$LAB_SOURCE/tests/lab/services.sh"
lab_client stranger 3
services_start || exit
lab_account anna 1001
lab_sshd_start
sysctl -q -w net.ipv4.icmp_ratemask=0 net.ipv6.icmp.ratelimit=0 net.ipv6.icmp.ratemask=
lab_in stranger nft -f - <<-END
	table inet mute {
		chain input { type filter hook input priority 0; meta l4proto { tcp, udp } th dport 10000-19999 drop
		}
	}
END
scan() { local from=10.83.0.3; [ "${2#*:}" = "$2" ] || from=fd83::3; lab_in stranger "$BUILD/tests/scan" "$1" eth0 "$from" "${@:2}"; }
"""
HOST = """table inet filter {
    chain input { type filter hook input priority 0; ct state established,related accept
        iif lo accept
        icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept
        tcp dport { 22, 80, 2222 } accept
        udp dport { 7, 123 } accept
        %s
    }
}"""
HOSTS = {"none": ("reset", ""), "drops": ("drop", HOST % "drop"), "rejects": ("reset", HOST % "reject")}
ADDRESSES = ["10.83.0.1", "fd83::1"]
WEB, PUBLISHED, ECHO, NTP, PROTECTED = 80, 8080, 7, 123, {22, 2222}
SERVICES = ["the host", "the box", "an echo", "stratum 1"]
PROBES = ["syn", "udp"] + (["ack", "fin", "null", "ttl", "fragments", "udp-knock"] if LONG else [])


def by_port(lines):
    """What scan says of all ports: port -> answer."""
    told = {}
    for line in lines:
        ports, answer = line.split()
        if ports == "stray":
            assert answer == "0"
            continue
        for some in ports.split(","):
            first, _, last = some.partition("-")
            told |= dict.fromkeys(range(int(first), int(last or first) + 1), answer)
    assert set(told) == set(range(1, 65536))
    return told


def scan_twice(world, host):
    """What a scan tells before the port is shut and then: {(probe, address): (before, after)}, each by port."""
    answer, rules = HOSTS[host]
    # of each probe one family, the other with the next seed
    scans = [(probe, address) for i, probe in enumerate(PROBES) for j, address in enumerate(ADDRESSES) if LONG or (i + j + SEED) % 2]
    all_scans = "\n".join(f"echo '= {probe} {address}'; scan {probe} {address}" for probe, address in scans)
    ask_all = "echo = services; " + "; ".join(f"services_ask {address}" for address in ADDRESSES)
    got = world(SETUP + f"""
nft -f - <<<"$RULES"
{ask_all}; {all_scans}
gate_install 'Port 2222' 'KnockPort 22 62201' 'Answer {answer}'
gate_start || {{ cat /tmp/gate.log >&2; exit 1; }}
{ask_all}; {all_scans}
{ask_all}; gate_stop""", env={"RULES": rules}, timeout=900)
    assert got.returncode == 0, got.stderr
    parts = [part.splitlines() for part in got.stdout.split("= ")[1:]]
    n = len(scans)
    assert [parts[i][1:] for i in (0, n + 1, 2 * n + 2)] == [2 * SERVICES] * 3, got.stderr
    for (probe, address), before, after in zip(scans, parts[1:], parts[n + 2:]):
        assert before[0] == after[0] == f"{probe} {address}"
    return {scan: (by_port(before[1:]), by_port(after[1:])) for scan, before, after in zip(scans, parts[1:], parts[n + 2:])}


def otherwise(told, host):
    """What is not as it should be: {(probe, address, port): (answer before, answer then)}."""
    wrong = {}
    for (probe, address), (before, after) in told.items():
        udp = probe.startswith("udp")
        seen = {22, 2222, WEB, PUBLISHED} if probe == "syn" else None
        services = ({ECHO} if host == "drops" else {ECHO, NTP}) if udp else {WEB, PUBLISHED}
        most = [max(set(side.values()), key=list(side.values()).count) for side in (before, after)]
        for port in before:
            apart = [side[port] != common for side, common in zip((before, after), most)]
            # so that what follows means something: the scan saw them, and sshd before it was shut
            fits = port == 2222 or apart[0] == (port in seen) if seen else not apart[0] or port in services | PROTECTED
            fits = fits and (not udp or apart[0] == (port in services))
            fits = fits and (not apart[1] or port in services)
            fits = fits and (after[port] == before[port] if udp or port not in PROTECTED else after[port] == after[1])
            if not fits:
                wrong[probe, address, port] = (before[port], after[port])
    return wrong


@pytest.mark.parametrize("host", HOSTS)
def test_in_a_scan_of_all_ports_only_the_services_stand_out(world, figure, host):
    # Of some two million answers one may be lost on a busy machine: what counts is what is so again.
    wrong = otherwise(scan_twice(world, host), host)
    if wrong:
        figure(f"a scan of a host that {host}: once more for {wrong}"[:300])
        again = otherwise(scan_twice(world, host), host)
        assert not set(wrong) & set(again), (wrong, again)


@pytest.mark.parametrize("kind", ["owned", "plain"])
def test_while_others_flush_all_rules_the_port_stays_shut(world, figure, kind):
    """Debian's /etc/nftables.conf begins with a flush; that, and the bare flush, go on while strangers ask and connect."""
    times = 200 if LONG else 10
    got = world(SETUP + f"""
[ {kind} = owned ] || gate_plain
[ "$(grep -c '^flush ruleset' /etc/nftables.conf)" = 1 ] || exit 1
gate_install; gate_start || {{ cat /tmp/gate.log >&2; exit 1; }}
for a in {" ".join(ADDRESSES)}; do
    while [ ! -e /tmp/over ]; do scan syn $a 22 1; done >/tmp/asked-$a & pids="$pids $!"
    while [ ! -e /tmp/over ]; do lab_in stranger "$BUILD/tests/connect" $a 22 storm 1 0.05; done >/tmp/storm-$a & pids="$pids $!"
done
# not before all of them have begun
for a in 10.83.0.1 fd83::1; do for what in asked storm; do lab_wait 30 test -s "/tmp/$what-$a" || exit 1; done; done
for n in $(seq {times}); do nft -f /etc/nftables.conf; sleep 0.05; nft flush ruleset; sleep 0.05; done
touch /tmp/over; wait $pids; cat /tmp/asked-* /tmp/storm-*
gate_shut; gate_stop""".replace('"$pids $!"', '"${pids:-} $!"'), timeout=300)
    assert got.returncode == 0, got.stderr
    lines = got.stdout.splitlines()
    asked = [line for line in lines if line.endswith(" asked")]
    tries = [line for line in lines if line.endswith(" 0 good")]
    assert len(asked) + len(tries) == len(lines), lines
    figure(f"{kind}: {times} times flushed, {sum(int(line.split()[0]) for line in asked)} asked, "
           f"{sum(int(line.split()[0]) for line in tries)} tries, 0 good")
    assert sum(int(line.split()[0]) for line in asked) > 100 and len(tries) >= 2


def test_where_only_answers_are_let_out_a_knock_port_answers_as_others_do(world):
    """To a datagram that conntrack does not know, no answer is related."""
    got = world(SETUP + r"""
nft -f - <<-END
	table inet filter {
		chain output { type filter hook output priority 0; policy drop; ct state established,related accept
			oif lo accept
			icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit } accept
		}
	}
END
ask() {
    lab_in stranger /usr/bin/python3 -I - 9 "$@" <<-'END'
	import socket, sys
	for address in "10.83.0.1", "fd83::1":
	    for port in sys.argv[1:]:
	        with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM) as s:
	            s.settimeout(30)
	            s.connect((address, int(port)))
	            s.send(bytes(1232))
	            try:
	                s.recv(1)
	            except OSError as e:
	                print(port, type(e).__name__)
	END
}
ask 22 62201; gate_install 'KnockPort 22 62201'; gate_start || { cat /tmp/gate.log >&2; exit 1; }
ask 22 62201
gate_stop""", timeout=120)
    assert got.returncode == 0, got.stderr
    assert got.stdout.splitlines() == 4 * [f"{port} ConnectionRefusedError" for port in (9, 22, 62201)]
