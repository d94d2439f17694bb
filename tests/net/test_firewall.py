# SPDX-License-Identifier: GPL-3.0-or-later
# test_firewall.py - the table in the kernel: shut to strangers, open to grants, and nobody else notices.
import json

import os

import pytest

# gate OPTION...: our table by tests/tools/firewall.c. say COMMAND: one line of answer. try HOST ADDRESS PORT: can it connect?
HELPERS = r"""
gate() {
	coproc GATE { "$BUILD/tests/firewall" "$@"; }
	read -r -t 60 line <&"${GATE[0]}"; echo "$line"
}
say() { echo "$*" >&"${GATE[1]}"; read -r -t 60 line <&"${GATE[0]}"; echo "$line"; }
gate_end() { local pid=$GATE_PID; eval "exec ${GATE[1]}>&-"; wait $pid; }
try() { lab_in "$1" "$BUILD/tests/connect" "${@:2}"; }
serve() { local port; for port in "$@"; do
	"$BUILD/tests/echo" "$port" & lab_wait 10 lab_listening "$port"; done; }
# stays HOST ADDRESS: a connection to port 22 that lasts; back when it is there. stayed: whether they still speak; they end.
stays() {
	local log=/tmp/stays.$1.$2
	lab_in "$1" "$BUILD/tests/connect" "$2" 22 hold /tmp/end >"$log" & stays="${stays:-} $!"
	lab_wait 10 grep -q open "$log"
}
stayed() { touch /tmp/end; wait $stays; sed -s 1d /tmp/stays.*; }
lab_client friend 2; lab_client stranger 3
"""
BOTH = "for a in 10.83.0.1 fd83::1; do "


@pytest.fixture
def gate(world):
    def run(snippet, **how):
        got = world(HELPERS + snippet, **how)
        return got.stdout.splitlines(), got

    return run


# How strangers are answered, and whether the kernel keeps the table for us: two ways of four, all with SALLYPORT_LONG=1.
MODES = {"drop": "", "reset-unowned": "-r -u"}
if os.environ.get("SALLYPORT_LONG") == "1":
    MODES |= {"drop-unowned": "-u", "reset": "-r"}


@pytest.fixture(params=MODES.values(), ids=MODES)
def mode(request):
    return request.param


def shut(mode):
    return "refused" if "-r" in mode else "silence"


def test_shut_to_strangers_and_open_to_who_is_granted(gate, mode):
    lines, got = gate(f"""
        serve 22 80
        gate -p 22 {mode}
        {BOTH} try stranger $a 22; try friend $a 22; try friend $a 80; done
        say grant 10.83.0.2 22 30; say grant fd83::2 22 30
        {BOTH} try stranger $a 22; try friend $a 22; try friend $a 80; done
        say revoke 10.83.0.2 22; say revoke fd83::2 0; say revoke fd83::2 0
        {BOTH} try friend $a 22; done
        try friend 10.83.0.1 23
        "$BUILD/tests/connect" 127.0.0.1 22
        "$BUILD/tests/connect" 10.83.0.1 22
        say remove; try stranger 10.83.0.1 22""")
    no = shut(mode)
    owned = "unowned" if "-u" in mode else "owned"
    assert lines == [f"open {owned} entered 0", no, no, "open", no, no, "open", "no error", "no error",
                     no, "open", "open", no, "open", "open", "no error 1", "no error 1", "no error 0",
                     no, no, "refused", "open", "open", "no error", "open"], got.stderr


def test_a_grant_ends_by_itself_and_the_longer_time_counts(gate, mode):
    lines, got = gate(f"""
        serve 22
        gate -p 22 {mode}
        shut() {{ [ "$(try friend 10.83.0.1 22)" = {shut(mode)} ]; }}
        say grant 10.83.0.2 22 2; start=$EPOCHREALTIME
        say grant 10.83.0.2 22 6; say grant 10.83.0.2 22 1
        try friend 10.83.0.1 22; lab_wait 10 shut; say list
        echo $start $EPOCHREALTIME""")
    assert lines[1:6] == ["no error"] * 3 + ["open", "no error 0"], (lines, got.stderr)
    start, end = map(float, lines[6].split())
    assert end - start > 5.9, lines


def test_what_is_no_grant_is_refused_alone(gate):
    lines, got = gate("""
        gate -p 22
        say grant 10.83.0.2 0 5; say grant 10.83.0.2 22 0; say grant 10.83.0.2 22 4000000000; say grant 10.83.0.2 22 60
        say list""")
    assert len(set(lines[1:4])) == 1 and "number" in lines[1], lines
    assert lines[4:] == ["no error", "no error 1 10.83.0.2,22,60"], lines


def test_sessions_outlive_their_grant(gate, mode):
    lines, got = gate(f"""
        serve 22
        gate -p 22 {mode}
        say grant 10.83.0.2 22 12; say grant fd83::2 22 12
        {BOTH} stays friend $a; done
        over() {{ say list >/dev/null; [ "$line" = 'no error 0' ]; }}
        lab_wait 25 over; stayed
        {BOTH} try friend $a 22; done""")
    assert lines[3:] == ["held", "held", shut(mode), shut(mode)], (lines, got.stderr)


def test_sessions_from_before_the_table_go_on(gate, mode):
    lines, got = gate(f"""
        serve 22
        {BOTH} stays friend $a; done
        conntrack -L 2>/dev/null | wc -l
        gate -p 22 {mode}
        {BOTH} try stranger $a 22; done; stayed
        {BOTH} try friend $a 22; done""")
    assert lines[0] == "0" and lines[1].endswith("entered 2"), (lines, got.stderr)
    no = shut(mode)
    assert lines[2:] == [no, no, "held", "held", no, no], (lines, got.stderr)


def test_only_the_prefix_of_an_ipv6_address_counts(gate):
    lines, got = gate("""
        serve 22
        ip -n friend addr add fd83::1:2/64 dev eth0 nodad; ip route add fd83::1:2 dev lab2
        gate -p 22 -b 64
        say grant fd83::77 22 30; say list
        try friend fd83::1 22; try stranger fd83::1 22
        say revoke fd83::99 22; try friend fd83::1 22""")
    assert lines[1:] == ["no error", "no error 1 fd83::,22,30", "open", "open", "no error 1", "silence"], got.stderr


def test_published_ports_and_redirects_are_shut_and_containers_go_out(gate, mode):
    """A container is a third namespace; its port 2222 is published as 22 of the host, and 2200 redirects to the host's 2022."""
    lines, got = gate(f"""
        ip netns add box && ip link add box0 type veth peer name eth0 netns box
        ip addr add 172.18.0.1/24 dev box0; ip link set box0 up
        ip -n box addr add 172.18.0.2/24 dev eth0; ip -n box link set eth0 up; ip -n box link set lo up
        ip -n box route add default via 172.18.0.1
        ip addr add fd18::1/64 dev box0 nodad; ip -n box addr add fd18::2/64 dev eth0 nodad
        ip -n box -6 route add default via fd18::1
        sysctl -q -w net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
        nft -f - <<-END
		table ip nat {{
			chain prerouting {{ type nat hook prerouting priority dstnat; fib daddr type local tcp dport 22 dnat to 172.18.0.2:2222
				fib daddr type local tcp dport 2200 redirect to :2022
			}}
			chain postrouting {{ type nat hook postrouting priority srcnat; ip saddr 172.18.0.0/24 oifname != "box0" masquerade
			}}
		}}
		table ip6 nat {{
			chain prerouting {{ type nat hook prerouting priority dstnat; fib daddr type local tcp dport 22 dnat to [fd18::2]:2222
			}}
			chain postrouting {{ type nat hook postrouting priority srcnat; ip6 saddr fd18::/64 oifname != "box0" masquerade
			}}
		}}
		END
        (lab_in box "$BUILD/tests/echo" 2222 &)
        (lab_in stranger "$BUILD/tests/echo" 22 &)
        serve 2022
        # the box's link takes its time before it speaks IPv6
        published() {{ [ "$(try stranger 10.83.0.1 22)$(try stranger fd83::1 22)" = openopen ]; }}
        lab_wait 10 published
        {BOTH} try stranger $a 22; done; try stranger 10.83.0.1 2200
        gate -p 22 -p 2022 {mode}
        {BOTH} try stranger $a 22; done; try stranger 10.83.0.1 2200; try stranger 10.83.0.1 2022
        say grant 10.83.0.2 22 30; say grant fd83::2 22 30; say grant 10.83.0.2 2022 30
        {BOTH} try friend $a 22; done; try friend 10.83.0.1 2200
        try box 10.83.0.3 22; try box fd83::3 22""")
    no = shut(mode)
    assert lines[:3] == ["open"] * 3, (lines, got.stderr)
    assert lines[4:] == [no] * 4 + ["no error"] * 3 + ["open"] * 5, (lines, got.stderr)


def test_a_flood_of_knocks_is_not_tracked_and_other_datagrams_are(gate):
    """A bucket of a thousand, filled by a thousand in a second: FIREWALL_TRACKED_KNOCKS."""
    lines, got = gate("""
        gate -p 22 -k 62201
        cat >/tmp/flood.py <<'END'
import resource, socket, sys, time
resource.setrlimit(resource.RLIMIT_NOFILE, (6000, 6000))
sockets = [socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET, socket.SOCK_DGRAM) for _ in range(5000)]
for port, s in enumerate(sockets, 20000):
    s.bind(("", port))
start = time.monotonic()
for s in sockets:
    s.sendto(bytes(1232), (sys.argv[1], int(sys.argv[2])))
print(time.monotonic() - start)
END
        for a in 10.83.0.1 fd83::1; do for port in 62201 62202; do
            conntrack -F 2>/dev/null; sleep 1.2
            lab_in stranger python3 /tmp/flood.py $a $port
            conntrack -C
        done; done""")
    figures = [float(line) for line in lines[1:]]
    assert len(figures) == 8, got.stderr
    for knocks, tracked, others, all_tracked in (figures[:4], figures[4:]):
        assert 1000 <= tracked < 1100 + 1000 * knocks < 5000 and all_tracked == 5000, figures


def test_an_owned_table_cannot_be_flushed_or_deleted(gate):
    lines, got = gate("""
        serve 22
        gate -p 22
        say grant 10.83.0.2 22 60
        nft flush ruleset; nft delete table inet sallyport 2>/dev/null || echo no
        nft add rule inet sallyport shut accept 2>/dev/null || echo no
        nft insert rule inet sallyport door accept 2>/dev/null || echo no
        nft delete element inet sallyport grants4 '{ 10.83.0.2 . 22 }' 2>/dev/null || echo no
        try stranger 10.83.0.1 22; try friend 10.83.0.1 22; say look
        gate_end; try stranger 10.83.0.1 22; try friend 10.83.0.1 22
        gate -p 22; nft flush ruleset; try stranger 10.83.0.1 22; try friend 10.83.0.1 22""")
    assert lines[0] == "open owned entered 0", got.stderr
    assert lines[1:] == ["no error", "no", "no", "no", "no", "silence", "open", "no error: -",
                         "silence", "open", "open owned entered 0", "silence", "open"], (lines, got.stderr)


@pytest.mark.parametrize("change, what", [
    ("flush ruleset", "was gone"),
    ("delete table inet sallyport", "was gone"),
    ("insert rule inet sallyport door accept", "was changed"),
    ("flush chain inet sallyport shut", "was changed"),
    ("add chain inet sallyport mine '{ type filter hook input priority 0; }'", "was changed"),
    ("add table inet sallyport '{ flags dormant; }'", "was changed"),
    ("add element inet sallyport grants4 '{ 10.83.0.3 . 22 timeout 1h }'", "had grants that nobody asked us for"),
    ("add element inet sallyport grants4 '{ 10.83.0.3 . 22 }'", "had grants that nobody asked us for"),
    ("delete element inet sallyport grants4 '{ 10.83.0.2 . 22 }'", "had lost grants"),
])
def test_a_table_that_is_not_owned_is_put_back(gate, change, what):
    lines, got = gate(f"""
        serve 22
        gate -p 22 -u
        say grant 10.83.0.2 22 60; say watch 50
        nft {change}
        say watch 5000; say look
        try stranger 10.83.0.1 22; try friend 10.83.0.1 22; say list""")
    assert lines[1:3] == ["no error", lines[2]] and lines[2].startswith("quiet"), (lines, got.stderr)
    heard, said = lines[3].split(": ", 1)
    assert heard.startswith("heard no error ")
    assert float(heard.split()[3]) < 500000
    assert what in said and "'nft'" in said and said.endswith("is put back")
    assert lines[4:7] == ["no error: -", "silence", "open"], (lines, got.stderr)
    assert lines[7].startswith("no error 1 10.83.0.2,22,"), lines


def test_changes_of_others_are_no_news(gate):
    lines, got = gate("""
        gate -p 22 -u
        nft add table inet theirs; say watch 5000; say watch 50
        say many 100 22 60; say watch 50""")
    assert lines[1].startswith("heard no error") and lines[1].endswith(": -")
    assert lines[2].startswith("quiet") and lines[4].startswith("quiet"), got.stderr


def test_a_removed_table_stays_away(gate, mode):
    lines, got = gate(f"""
        serve 22
        gate -p 22 {mode}; say grant 10.83.0.2 22 60; say remove; say remove
        nft add table inet theirs; say watch 5000; try stranger 10.83.0.1 22; nft list tables""")
    assert lines[1:4] == ["no error"] * 3 and lines[4].endswith(": -"), lines
    assert lines[5:] == ["open", "table inet theirs"], (lines, got.stderr)


def test_a_restart_keeps_grants_with_their_times(gate, mode):
    lines, got = gate(f"""
        serve 22
        gate -p 22 {mode}
        say grant 10.83.0.2 22 600; say grant fd83::2 22 30; gate_end
        sleep 2; try friend 10.83.0.1 22; try stranger 10.83.0.1 22
        gate -p 22 -p 23 {mode}; say list
        {BOTH} try friend $a 22; done; try stranger 10.83.0.1 22
        over() {{ say list >/dev/null; [[ $line == 'no error 1 '* ]]; }}
        lab_wait 35 over
        {BOTH} try friend $a 22; done; say list""")
    no = shut(mode)
    assert lines[3:5] == ["open", no], (lines, got.stderr)
    listed = dict(word.rsplit(",22,", 1) for word in lines[6].split()[3:])
    left = int(listed["10.83.0.2"]), int(listed["fd83::2"])
    assert left[0] <= 598 and left[1] <= 28 and abs(left[0] - left[1] - 570) <= 2, lines
    assert lines[7:12] == ["open", "open", no, "open", no], (lines, got.stderr)
    assert lines[12].startswith("no error 1 10.83.0.2,22,")


def test_there_is_no_moment_without_a_table(gate, mode):
    lines, got = gate(f"""
        serve 22
        gate -p 22 {mode}; say grant 10.83.0.2 22 100; gate_end
        lab_in stranger "$BUILD/tests/connect" 10.83.0.1 22 storm 6 0.05 & stranger=$!
        lab_in friend "$BUILD/tests/connect" 10.83.0.1 22 storm 6 0.9 & friend=$!
        n=0
        while kill -0 $friend 2>/dev/null; do "$BUILD/tests/firewall" -p 22 {mode} </dev/null >/dev/null || echo failed; n=$((n + 1)); done
        wait $stranger $friend; [ $n -gt 3 ] && echo often""")
    assert "failed" not in lines
    assert lines[2:] and lines[-1] == "often", (lines, got.stderr)
    # a SYN that is lost is sent again after a second, so that a friend who waited less would have noticed
    stranger, friend = sorted(([int(line.split()[0]), int(line.split()[2])] for line in lines[2:-1]), key=lambda x: x[1])
    assert stranger[1] == 0 and stranger[0] > 20, lines
    assert friend[1] == friend[0] > 50, lines


def test_interfaces_networks_and_exceptions(gate, mode):
    lines, got = gate(f"""
        serve 22
        gate -p 22 -i lab2 {mode}; try friend 10.83.0.1 22; try stranger 10.83.0.1 22; gate_end
        gate -p 22 -x lab2 {mode}; try friend 10.83.0.1 22; try stranger 10.83.0.1 22; gate_end
        gate -p 22 -n 10.83.0.2/31 -n fd83::2/128 {mode}; {BOTH} try friend $a 22; done; try stranger fd83::1 22; gate_end
        gate -p 22 -n 10.83.0.4/30 {mode}; try friend 10.83.0.1 22; gate_end
        gate -p 22 -i eth7 {mode}; try stranger 10.83.0.1 22
        ip link set lab3 down; ip link set lab3 name eth7; ip link set eth7 up; try stranger 10.83.0.1 22""")
    no = shut(mode)
    opened = [line for line in lines if not line.startswith("open ")]
    assert opened == [no, "open", "open", no, "open", "open", no, no, "open", no], (lines, got.stderr)


OTHERS = {
    "ufw": """table ip filter {
        chain ufw-user-input {
            tcp dport { 22, 80 } accept
        }
        chain INPUT { type filter hook input priority filter; policy drop; iifname "lo" accept
            ct state established,related accept
            ct state invalid drop
            jump ufw-user-input
        }
    }""",
    "firewalld": """table inet firewalld {
        chain filter_PREROUTING { type filter hook prerouting priority filter + 10; icmpv6 type { nd-router-advert, nd-neighbor-solicit } accept
            meta nfproto ipv6 fib saddr . mark . iif oif missing drop
        }
        chain filter_INPUT { type filter hook input priority filter + 10; ct state { established, related } accept
            ct status dnat accept
            iifname "lo" accept
            ct state invalid drop
            tcp dport { 22, 80 } accept
            reject with icmpx admin-prohibited
        }
    }""",
    "docker": """table ip nat {
        chain DOCKER {
            tcp dport 8080 dnat to 172.17.0.2:80
        }
        chain PREROUTING { type nat hook prerouting priority dstnat; fib daddr type local jump DOCKER
        }
    }
    table ip filter {
        chain FORWARD { type filter hook forward priority filter; policy drop;
        }
    }""",
    "untracking": """table inet raw {
        chain prerouting { type filter hook prerouting priority raw; udp dport 53 notrack
        }
    }""",
}


@pytest.mark.parametrize("other", OTHERS)
def test_works_beside_the_tables_of_others(gate, mode, other):
    lines, got = gate(f"""
        serve 22 80
        nft -f - <<<"$OTHER" || echo bad
        nft list ruleset >/tmp/before
        gate -p 22 {mode}
        try friend 10.83.0.1 80; try friend 10.83.0.1 22
        say grant 10.83.0.2 22 30; try friend 10.83.0.1 22; try stranger 10.83.0.1 22
        say remove; nft list ruleset | diff /tmp/before - && echo untouched; try stranger 10.83.0.1 22""", env={"OTHER": OTHERS[other]})
    no = shut(mode)
    # where another firewall answers for unused ports, FIREWALL_RESET is its answer
    if "-r" in mode:
        no = {"ufw": "silence", "firewalld": "unreachable"}.get(other, "refused")
    assert lines[1:] == ["open", no, "no error", "open", no, "no error", "untouched", "open"], (lines, got.stderr)


HOSTS = {"none": None, "drops": "drop", "resets": "reject with tcp reset", "rejects": "reject",
         "prohibits": "reject with icmpx type admin-prohibited"}


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("address", ["10.83.0.1", "fd83::1"])
def test_a_stranger_cannot_tell_it_from_an_unused_port(gate, host, address):
    rules = "" if HOSTS[host] is None else """table inet filter {
        chain input { type filter hook input priority 0; ct state established,related accept
            iif lo accept
            icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept
            tcp dport { 22, 80 } accept
            meta l4proto tcp %s
        }
    }""" % HOSTS[host]
    lines, got = gate("""
        serve 22
        sysctl -q -w net.ipv4.icmp_ratelimit=0 net.ipv4.icmp_msgs_per_sec=1000000 net.ipv4.icmp_msgs_burst=1000000
        sysctl -q -w net.ipv6.icmp.ratelimit=0
        nft -f - <<<"$RULES"
        lab_in stranger nft -f - <<-END
		table inet mute {
			chain input { type filter hook input priority 0; meta l4proto { tcp, icmp } drop
			}
		}
		END
        gate -p 22 -p 2222 -r
        lab_in stranger python3 -I $LAB_SOURCE/tests/lab/stranger.py eth0 $ADDRESS 22 23 2222 24 0
        """, env={"RULES": rules, "ADDRESS": address})
    asked = json.loads(lines[1])
    assert len(asked) > 100
    answered = sum(bool(answers["23"]) for answers in asked.values())
    assert answered > 80 or host == "drops", got.stderr
    for name, answers in asked.items():
        for port in ("22", "2222", "24", "0"):
            assert answers[port] == answers["23"], (name, port)


def test_with_drop_a_stranger_hears_nothing(gate):
    lines, got = gate("""
        serve 22
        gate -p 22
        lab_in stranger python3 -I $LAB_SOURCE/tests/lab/stranger.py eth0 10.83.0.1 22
        lab_in stranger python3 -I $LAB_SOURCE/tests/lab/stranger.py eth0 fd83::1 22""")
    for line in lines[1:]:
        told = {name: answers for name, answers in json.loads(line).items()
                if answers["22"] and "broken" not in name}
        assert told == {}


def test_twenty_thousand_grants_in_one_batch(gate):
    lines, got = gate("""
        gate -p 22
        say many 20000 22 300; say many 20000 22 400; say many 20000 22 100; say list
        say speed 2000 22 300; gate_end; gate -p 22; say list""")
    for line in lines[1:4]:
        assert line.startswith("20000 good"), lines
    assert lines[4].startswith("no error 20000 "), lines
    assert lines[5].startswith("2000 good")
    assert lines[7].startswith("no error 22000 "), (lines, got.stderr)
    print("\n".join(line[:60] for line in lines))


@pytest.mark.parametrize("options", ["", "-r",
                                     "-b 64 -i lab2 -x wg0 -n 192.0.2.0/24 -n 2001:db8::/33 -k 62201 -k 443 -p 2222"])
def test_what_is_printed_is_what_is_loaded(gate, options):
    lines, got = gate(f"""
        "$BUILD/tests/firewall" -p 22 {options} print >/tmp/printed; nft -c -f /tmp/printed && echo good
        gate -p 22 -u {options}
        nft list table inet sallyport >/tmp/ours; say remove
        nft -f /tmp/printed; nft list table inet sallyport >/tmp/theirs
        # nft cannot load what it lists of quoted packets
        sort /tmp/ours | grep -v ' @th,[0-9]*,16 @' >/tmp/a; sort /tmp/theirs | grep -v ' @th,[0-9]*,16 @' >/tmp/b
        diff /tmp/a /tmp/b && echo same""")
    assert [line for line in lines if line in ("good", "same")] == ["good", "same"], (lines, got.stderr)


def test_two_at_once_the_second_is_refused(gate):
    lines, got = gate("""
        gate -p 22
        "$BUILD/tests/firewall" -p 23 </dev/null
        say look""")
    assert "another process owns it" in lines[1] and lines[2] == "no error: -", (lines, got.stderr)
