# shellcheck shell=bash
# SPDX-License-Identifier: GPL-3.0-or-later
# lib.sh - what tests do in a private world: accounts, keys, a real sshd, logins, other hosts. Source it with bash.
#
# Hundreds of tests pay for each process that is started here: what bash can do itself, it does.
#
# LAB_PORT (22) is where logins go; LAB_FROM names the host they come from (see lab_client), empty for this one;
# LAB_SSH_OPTIONS holds further options for ssh, separated by blanks.

[ "${LAB_WORLD:-}" ] || { echo "lab: source this inside tests/lab/world only" >&2; exit 2; }

LAB_KEYS=/root/keys # one private key per account name
LAB_KNOWN_HOSTS=/root/known_hosts
: "${LAB_PORT:=22}" "${LAB_FROM:=}" "${LAB_SSH_OPTIONS:=}"

# lab_group NAME GID [MEMBER...]
lab_group() {
	local name=$1 gid=$2 IFS=,
	shift 2
	echo "$name:x:$gid:$*" >>/etc/group
}

# lab_account NAME UID [SHELL] [SHADOW-FIELD]: the field is what stands for the password, "*" by default.
lab_account() {
	local name=$1 uid=$2 shell=${3-/bin/bash} field=${4-*}
	lab_group "$name" "$uid"
	echo "$name:x:$uid:$uid:$name:/home/$name:$shell" >>/etc/passwd
	echo "$name:$field:19000:0:99999:7:::" >>/etc/shadow
	install -d -m 700 -o "$uid" -g "$uid" "/home/$name"
}

# lab_password NAME PASSWORD
lab_password() {
	chpasswd --crypt-method SHA512 <<<"$1:$2"
}

# lab_key NAME [TYPE [BITS]]: a new key for the account, the private half in $LAB_KEYS/NAME, and listed in its
# authorized_keys. A second call replaces the private half and adds the public one.
lab_key() {
	local name=$1 type=${2:-ed25519} ssh line
	eval "ssh=~$name/.ssh"
	[ ! -e "$LAB_KEYS/$name" ] || rm -f "$LAB_KEYS/$name" "$LAB_KEYS/$name.pub"
	mkdir -p "$LAB_KEYS" "$ssh" &&
		ssh-keygen -q -t "$type" ${3:+-b "$3"} -N '' -C "$name" -f "$LAB_KEYS/$name" &&
		read -r line <"$LAB_KEYS/$name.pub" && echo "$line" >>"$ssh/authorized_keys" &&
		chown "$name:" "$ssh" "$ssh/authorized_keys" && chmod u=rwX,go= "$ssh" "$ssh/authorized_keys"
}

# lab_host_keys: Debian's three host keys, as the package makes them. They are made once per build folder.
lab_host_keys() {
	local stock=${SALLYPORT_BUILD:-$LAB_SOURCE/build}/lab-host-keys
	[ ! -f /etc/ssh/ssh_host_ed25519_key ] || return 0
	if [ ! -d "$stock" ] && [ -w "${stock%/*}" ]; then
		local new
		# another world may be faster: its keys are as good
		if new=$(mktemp -d "$stock.XXXXXX") && mkdir -p "$new/etc/ssh" && ssh-keygen -A -f "$new" >/dev/null; then
			mv -T "$new/etc/ssh" "$stock" 2>/dev/null || [ -d "$stock" ]
		fi
		rm -rf "$new"
	fi
	cp --preserve=timestamps "$stock"/ssh_host_* /etc/ssh/ 2>/dev/null || ssh-keygen -A >/dev/null
	chmod 600 /etc/ssh/ssh_host_*_key
}

# lab_sshd_start [SSHD-OPTION...]: the real sshd with /etc/ssh as it is; returns when it listens. Its log goes to
# /var/log/auth.log, as syslog would write it there.
lab_sshd_start() {
	local before=''
	lab_host_keys
	lab_syslog_start
	[ ! -e /run/sshd.pid ] || read -r before </run/sshd.pid
	/usr/sbin/sshd "$@" || return
	# it writes this when it listens
	lab_wait 10 lab_other_pid "$before" || { echo "lab: sshd does not listen" >&2; return 1; }
}
lab_other_pid() {
	local pid
	[ -e /run/sshd.pid ] && read -r pid </run/sshd.pid && [ "$pid" != "$1" ]
}

# lab_sshd_reload: back when it listens with the new configuration.
lab_sshd_reload() {
	local pid
	read -r pid </run/sshd.pid && : >/run/sshd.pid && kill -HUP "$pid" && lab_wait 10 test -s /run/sshd.pid
}

# lab_sshd_stop: the listening process only; sessions go on.
lab_sshd_stop() {
	local pid
	pid=$(cat /run/sshd.pid 2>/dev/null) || return 0
	kill "$pid" 2>/dev/null
	lab_wait 10 lab_gone "$pid"
}

# lab_listening PORT: whether somebody listens at TCP PORT, at whatever address.
lab_listening() {
	local hex file lines line
	printf -v hex '%04X' "$1"
	for file in /proc/net/tcp /proc/net/tcp6; do
		[ -e $file ] || continue # without IPv6 there is no second one
		mapfile -t lines <$file
		for line in "${lines[@]}"; do
			# its own address and port, those of the other side, state 0A: listening
			[[ $line != *:"$hex "*:"0000 0A "* ]] || return 0
		done
	done
	return 1
}

lab_gone() {
	! kill -0 "$1" 2>/dev/null
}

# lab_wait SECONDS COMMAND...: until the command succeeds; fails when it does not in four times that time, since the
# machine may be busy with other tests and the programs slowed down by sanitizers.
lab_wait() {
	local end=$((SECONDS + 4 * $1)) pause
	local -a pauses=(0.02 0.02 0.05 0.05 0.1 0.1)
	shift
	until "$@"; do
		[ $SECONDS -lt $end ] || return 1
		pause=${pauses[0]:-0.2}
		pauses=("${pauses[@]:1}")
		lab_sleep "$pause"
	done
}

# lab_sleep SECONDS: without a process. Nothing ever comes out of that pipe.
lab_sleep() {
	{ read -rt "$1" <>/dev/lab-never; } 2>/dev/null || [ $? -gt 128 ] || sleep "$1"
}

# lab_known_hosts: what the client is told beforehand: the keys of this host under any name.
lab_known_hosts() {
	local file line
	for file in /etc/ssh/ssh_host_*_key.pub; do
		while read -r line || [ "$line" ]; do echo "* $line"; done <"$file"
	done >"$LAB_KNOWN_HOSTS"
}

# lab_login USER [ADDRESS] COMMAND...: a real login with the key of lab_key, from $LAB_FROM.
lab_login() {
	local user=$1 address=127.0.0.1 from=()
	shift
	[ -z "$LAB_FROM" ] || { from=(ip netns exec "$LAB_FROM"); address=10.83.0.1; }
	case ${1-} in
	[0-9]*.[0-9]*.[0-9]*.[0-9]* | *:*:*) address=$1 && shift ;;
	esac
	lab_known_hosts
	# shellcheck disable=SC2086
	"${from[@]}" ssh -F none -p "$LAB_PORT" -l "$user" -i "$LAB_KEYS/$user" -o IdentitiesOnly=yes -o BatchMode=yes \
		-o ConnectTimeout=60 -o StrictHostKeyChecking=yes -o UserKnownHostsFile="$LAB_KNOWN_HOSTS" \
		-o GlobalKnownHostsFile=none -o LogLevel=ERROR $LAB_SSH_OPTIONS "$address" "$@" </dev/null
}

# lab_client NAME [N]: another host, as a network namespace: 10.83.0.N and fd83::N (N: 2 by default), with this one at
# 10.83.0.1 and fd83::1. A second one, say 'lab_client stranger 3', sees this host but not the first.
lab_client() {
	local name=$1 n=${2:-2} ours='' theirs=''
	if [ -e /proc/sys/net/ipv6 ]; then
		ours="addr add fd83::1 peer fd83::$n dev lab$n nodad"
		theirs="addr add fd83::$n/64 dev eth0 nodad"
	fi
	ip -batch - <<-END && ip -n "$name" -batch - <<-END
		netns add $name
		link add lab$n type veth peer name eth0 netns $name
		addr add 10.83.0.1 peer 10.83.0.$n dev lab$n
		link set lab$n up
		$ours
	END
		link set lo up
		addr add 10.83.0.$n/24 dev eth0
		link set eth0 up
		$theirs
	END
}

# lab_in NAME COMMAND...: on that host.
lab_in() {
	local name=$1
	shift
	ip netns exec "$name" "$@"
}

# lab_syslog_start: what is written to /dev/log is found in /var/log/auth.log, as on a host with rsyslog.
lab_syslog_start() {
	[ ! -S /dev/log ] || return 0
	"${SALLYPORT_BUILD:-$LAB_SOURCE/build}/tests/syslog" /dev/log /var/log/auth.log </dev/null >/dev/null &
	lab_wait 10 test -S /dev/log
}

# lab_log_settle [SOCKET FILE]: until all that was told to /dev/log so far is in /var/log/auth.log. A program may have
# ended long before its last words are read there.
lab_log_settle() {
	local mark="mark $EPOCHREALTIME"
	logger --socket-errors=on -u "${1:-/dev/log}" -t lab "$mark" && lab_wait 10 grep -qa "lab: $mark" "${2:-/var/log/auth.log}"
}

# lab_program NAME: the script on stdin stands for /usr/bin/NAME, also where this host has no such program to mount it over.
lab_program() {
	if [ ! -d /mnt/lab-bin ]; then
		mkdir /mnt/lab-bin /mnt/usr-bin && mount --bind /usr/bin /mnt/usr-bin && cp -as /mnt/usr-bin/. /mnt/lab-bin &&
			mount --bind /mnt/lab-bin /usr/bin || return
	fi
	rm -f "/usr/bin/$1"
	cat >"/usr/bin/$1"
	chmod 755 "/usr/bin/$1"
}

# lab_snapshot DIR...: one line per file: type, mode, owner, size, time, xattrs, digest: equal before and after means
# nothing was changed, down to security labels and ACLs.
lab_snapshot() {
	/usr/bin/python3 -IS "$LAB_SOURCE/tests/lab/snapshot.py" "$@"
}
