# shellcheck shell=bash
# SPDX-License-Identifier: GPL-3.0-or-later
# services.sh - what else a server does: a web server, NTP, an echo, and a published container; sourced behind lib.sh.

# services_start: TCP 80, UDP 123 and 7, and TCP 8080 that belongs to port 80 of a third host behind this one.
services_start() {
	mkdir -p /srv/web /srv/box /run/chrony /var/lib/chrony
	echo 'the host' >/srv/web/index.html
	echo 'the box' >/srv/box/index.html
	services_box || return
	(cd /srv/web && exec /usr/bin/python3 -m http.server --bind :: 80) >/dev/null 2>&1 &
	(cd /srv/box && exec ip netns exec box /usr/bin/python3 -m http.server --bind :: 80) >/dev/null 2>&1 &
	/usr/bin/python3 -I "$LAB_SOURCE/tests/lab/datagram_echo.py" 7 &
	printf '%s\n' 'local stratum 1' 'allow all' 'cmdport 0' 'bindcmdaddress /' 'driftfile /run/chrony/drift' >/etc/chrony.test
	# -x: it does not touch the clock
	/usr/sbin/chronyd -x -n -u root -f /etc/chrony.test >/tmp/chronyd.log 2>&1 &
	lab_wait 10 services_ready
}

services_ready() {
	lab_listening 80 && lab_in box ss -Hltn 'sport = :80' | grep -q . && [ "$(ss -Hlun '( sport = :7 or sport = :123 )' | wc -l)" -ge 2 ]
}

services_box() {
	ip netns add box && ip link add box0 type veth peer name eth0 netns box &&
		ip addr add 172.18.0.1/24 dev box0 && ip addr add fd18::1/64 dev box0 nodad && ip link set box0 up &&
		ip -n box addr add 172.18.0.2/24 dev eth0 && ip -n box addr add fd18::2/64 dev eth0 nodad &&
		ip -n box link set lo up && ip -n box link set eth0 up &&
		ip -n box route add default via 172.18.0.1 && ip -n box -6 route add default via fd18::1 &&
		sysctl -q -w net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 || return
	nft -f - <<-END
		table ip nat {
			chain prerouting { type nat hook prerouting priority dstnat; fib daddr type local tcp dport 8080 dnat to 172.18.0.2:80
			}
		}
		table ip6 nat {
			chain prerouting { type nat hook prerouting priority dstnat; fib daddr type local tcp dport 8080 dnat to [fd18::2]:80
			}
		}
	END
}

# services_ask ADDRESS: what each of them says to the stranger, one line each.
services_ask() {
	lab_in stranger /usr/bin/python3 -I "$LAB_SOURCE/tests/lab/services_ask.py" "$1"
}
