# SPDX-License-Identifier: GPL-3.0-or-later
# chroot.sh - folders that sshd locks people into, on a made server: missing ones, unsafe ways, ways out.
# world
root stock
config() { printf '%s\n' "$@" >stock/etc/ssh/sshd_config; }
judge() { try sallyport audit --root stock --step chroot --all; }
mkdir -p stock/srv/sftp/upload stock/srv/shell/bin stock/home/carl/files
chown 1001:1001 stock/srv/sftp/upload stock/home/carl/files
echo 'carl:x:1003:1003::/home/carl:/usr/sbin/nologin' >>stock/etc/passwd
echo 'carl:x:1003:' >>stock/etc/group

config 'Match User anna' ' ChrootDirectory /srv/sftp' ' ForceCommand internal-sftp' 'Match User carl' ' ChrootDirectory %h' ' ForceCommand internal-sftp'
judge
config 'Match User anna' ' ChrootDirectory %h' 'Match User carl' ' ChrootDirectory /nowhere/%u' 'Match Address 192.0.2.0/24' ' ChrootDirectory none'
judge
chmod 775 stock/srv
touch stock/srv/shell/bin/sh stock/srv/sftp/upload/mine
chmod 4755 stock/srv/shell/bin/sh
chown 1001 stock/srv/shell/bin
mknod stock/srv/sftp/upload/disk b 8 0
config 'ChrootDirectory /srv/shell' 'Match Group anna' ' ChrootDirectory /srv/sftp'
judge
sallyport audit --root stock --step chroot --format json | /usr/bin/python3 -c '
import json, sys
for finding in json.load(sys.stdin)["findings"]:
    print(finding["id"], finding["status"], finding["fix"])'
try somebody sallyport audit --root stock --step chroot

config 'LogLevel VERBOSE'
mkdir -p stock/var/log
day=$(date -u +%Y-%m-%dT)
port=70
for user in anna carl; do
    port=$((port + 1))
    echo "${day}00:00:01+00:00 h sshd[$port]: Accepted password for $user from 192.0.2.1 port $port ssh2"
    echo "${day}00:00:01+00:00 h sshd[$port]: Starting session: subsystem 'sftp' for $user from 192.0.2.1 port $port id 0"
done >stock/var/log/auth.log
echo "${day}00:00:02+00:00 h sshd[71]: Starting session: command for anna from 192.0.2.1 port 71 id 1" >>stock/var/log/auth.log
judge
