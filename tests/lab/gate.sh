# SPDX-License-Identifier: GPL-3.0-or-later
# gate.sh - sallyportd in a private world; sourced behind lib.sh.

# gate_install [SETTING...]: what an installation puts in place, by hand: accounts, a folder with an empty record, settings.
gate_install() {
	local kind account id=3000 state=/var/lib/sallyport/gate
	while read -r kind account _; do
		[ "$kind" = u ] || continue
		lab_group "$account" $((++id))
		echo "$account:x:$id:$id::/:/usr/sbin/nologin" >>/etc/passwd
		echo "$account:*:19000:0:99999:7:::" >>/etc/shadow
	done <"$LAB_SOURCE/conf/sysusers.d/sallyport.conf"
	mkdir -p /etc/sallyport $state && : >$state/replay &&
		chown sallyport-grant:sallyport-grant $state $state/replay && chmod u=rwX,go= $state $state/replay || return
	printf '%s\n' "Port 22" "$@" >/etc/sallyport/sallyportd.conf
}

# gate_lab [SETTING...]: anna with a key, a client host, a running sshd, an installed gate that does not run yet.
gate_lab() {
	lab_account anna 1001 && lab_key anna && lab_client client && lab_sshd_start && gate_install "$@" && gate_client anna "$LAB_KEYS/anna"
}

# gate_plain: the daemons of gate_start have a table that nobody owns, as on kernels before 6.9.
gate_plain() {
	GATE_ROLES=/mnt/roles
	mkdir -p $GATE_ROLES && cp "$SALLYPORT_BUILD"/src/gate/sallyport-{net,keeper,index} "$SALLYPORT_BUILD/tests/sallyport-grant" $GATE_ROLES
}

# gate_start: the daemon, its pid in $GATE, its log in /tmp/gate.log. Fails unless it serves within ten seconds.
gate_start() {
	: >>/tmp/gate.log
	sallyportd -D --libexec "${GATE_ROLES:-$SALLYPORT_BUILD/src/gate}" </dev/null >>/tmp/gate.log 2>&1 3>&- &
	GATE=$!
	gate_serves
}

# gate_serves: waits for it. Each generation says so once; what was said before is passed over.
gate_serves() {
	GATE_SERVED=$((${GATE_SERVED:-0} + 1))
	lab_wait 10 gate_has_served "$GATE_SERVED"
}
gate_has_served() {
	[ "$(grep -c ': serving' /tmp/gate.log)" -ge "$1" ]
}

gate_stop() {
	kill "$GATE"
	wait "$GATE"
}

# gate_role NAME: the pid of that role.
gate_role() {
	pgrep -P "$GATE" -f "sallyport-$1"
}

# gate_client NAME KEY [ADDRESS]: an ssh_config for 'ssh server' on the other host, in /root/ssh_config.
gate_client() {
	local address=${3:-10.83.0.1}
	cat >/root/ssh_config <<-END
		Host server
			HostName $address
			User $1
			IdentityFile $2
			UserKnownHostsFile /root/known_hosts
			GlobalKnownHostsFile none
			BatchMode yes
			ConnectTimeout 20
			LogLevel ERROR
	END
	gate_known_host "$address" >/root/known_hosts
}

# gate_known_host ADDRESS: this host's line for a known_hosts file.
gate_known_host() {
	local type key
	read -r type key _ </etc/ssh/ssh_host_ed25519_key.pub
	echo "$1 $type $key"
}

# gate_shut: whether the port is shut for the other host; gate_open: whether it is open.
gate_shut() {
	! gate_open
}
gate_open() {
	lab_in client timeout 3 /bin/bash -c "exec 3<>/dev/tcp/${1:-10.83.0.1}/22" 2>/dev/null
}

# gate_programs: the daemon where an installation has it, for commands that start it by themselves.
gate_programs() {
	mount -t tmpfs tmpfs /usr/local && mkdir -p /usr/local/sbin /usr/local/libexec/sallyport &&
		cp "$SALLYPORT_BUILD/sallyportd" /usr/local/sbin &&
		cp "$SALLYPORT_BUILD"/src/gate/sallyport-{net,keeper,index,grant,rescue} /usr/local/libexec/sallyport
}

# gate_laptop: what anna has on the other host, where nobody has knocked yet: her key, the host's, and 'server' in ~/.ssh/config.
gate_laptop() {
	export XDG_RUNTIME_DIR=/run/user-0 HOME=/root
	mkdir -m 700 $XDG_RUNTIME_DIR && mkdir -p -m 700 /root/.ssh &&
		ssh-keygen -q -t ed25519 -N '' -C anna -f /root/.ssh/id_ed25519 &&
		install -d -m 700 -o anna -g anna /home/anna/.ssh &&
		install -m 600 -o anna -g anna /root/.ssh/id_ed25519.pub /home/anna/.ssh/authorized_keys || return
	printf 'Host server\n\tHostName 10.83.0.1\n\tUser anna\n\tBatchMode yes\n\tConnectTimeout 30\n' >/root/.ssh/config
	gate_known_host 10.83.0.1 >/root/.ssh/known_hosts
}

# gate_ended STAGE|STAGE...: how many knocks have ended there, '.*' for anywhere. gate_ends N STAGE|...: whether it is so many.
gate_ended() {
	local name value sum=0
	while read -r name value; do
		[[ ! $name =~ ^sallyport_packets_ended_total\{stage=\"($1)\"\}$ ]] || sum=$((sum + value))
	done < <(sallyport who --format prometheus)
	echo $sum
}
gate_ends() {
	[ "$(gate_ended "$2")" -ge "$1" ]
}

# gate_clock AHEAD [SYNCHRONISED]: the clock of all programs, by tests/tools/clock_shift.c: 1 (the default) or 0.
gate_clock() {
	local number shift byte bytes=''
	for number in "$1" "${2:-1}"; do
		for shift in 0 8 16 24 32 40 48 56; do
			printf -v byte '\\x%02x' $((number >> shift & 255))
			bytes+=$byte
		done
	done
	# those that run have it mapped: it is written over, not anew
	printf '%b' "$bytes" 1<>/run/lab-clock
	[ -e /etc/ld.so.preload ] || echo "$SALLYPORT_BUILD/tests/clock_shift.so" >/etc/ld.so.preload
}
