# SPDX-License-Identifier: GPL-3.0-or-later
# access.sh - who may log in: the decision in words and as JSON, for one account and for its networks.
# world
root stock
try sallyport access check anna --root stock
try sallyport access sources anna --root stock
mkdir stock/etc/ssh/sshd_config.d
cat >stock/etc/ssh/sshd_config.d/10-who.conf <<'END'
AllowUsers anna@10.0.0.0/8,2001:db8::/32 bob
AllowUsers mallory
DenyUsers bob@192.168.* mallory
END
cat >>stock/etc/ssh/sshd_config <<'END'
Match Address 10.9.0.0/16
    AllowUsers bob
END
try sallyport access check anna --root stock --from 10.0.0.7
try sallyport access check anna --root stock --from ::ffff:10.0.0.7
try sallyport access check anna --root stock --from 2001:DB8:0::7 --format json
try sallyport access check anna --root stock --from 10.9.0.7
try sallyport access check anna --root stock --from 10.9.0.7 --format json
try sallyport access check anna --root stock
try sallyport access check anna --root stock --format json
try sallyport access check bob --root stock
try sallyport access check mallory --root stock --format json
try sallyport access check root --root stock --color always
try sallyport access check $'no\e[31mbody' --root stock
try sallyport access explain anna --root stock --from 10.9.0.7
try sallyport access explain anna --root stock --from 10.0.0.7
try sallyport access explain bob --root stock
try sallyport access explain anna --root stock --from 10.9.0.7 --format json
try sallyport access explain nobody-here --root stock
try sallyport access sources anna --root stock
try sallyport access sources bob --root stock --format json
try sallyport access sources root --root stock
try sallyport access sources root --root stock --format json
# With just one key.
keys=stock/home/anna/.ssh/authorized_keys
cp $keys anna.pub
try sallyport access check anna --root stock --from 10.0.0.7 --key anna.pub
try sallyport access check bob --root stock --key anna.pub
try sallyport access check anna --root stock --from 10.0.0.7 --key "$(ssh-keygen -lf anna.pub | cut -d' ' -f2)"
echo '-----BEGIN OPENSSH PRIVATE KEY-----' >anna
try sallyport access check anna --root stock --from 10.0.0.7 --key anna
mv anna other
try sallyport access check anna --root stock --key other
echo 'not a key' >text
try sallyport access check anna --root stock --key text
sed 's/^/no-pty /' anna.pub >listed
try sallyport access check anna --root stock --from 10.0.0.7 --key listed
sed 's/^/from="10.0.0.0\/24,!10.0.0.9",command="date" /' anna.pub >$keys
echo 'ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAIQ== short' >>$keys
try sallyport access check anna --root stock --from 10.0.0.9
try sallyport access sources anna --root stock --key anna.pub
try sallyport access explain anna --root stock --from 10.0.0.9 --format json
chmod 666 $keys
try sallyport access explain anna --root stock --from 10.0.0.8
chmod 600 $keys
# Who cannot read everything is told so.
try somebody sallyport access check anna --root stock --from 10.0.0.8
try somebody sallyport access sources anna --root stock --format json
try somebody sallyport access check root --root stock
# What sshd would refuse.
echo 'AllowUsers anna@10.0.0.5/8' >>stock/etc/ssh/sshd_config
try sallyport access check anna --root stock
try sallyport access check anna --root stock -f /etc/ssh/none
# Mistakes.
sed -i '$d' stock/etc/ssh/sshd_config
try sallyport access check anna --root stock --from 10.0.0.0/8
try sallyport access check anna --root stock --key nowhere.pub
try sallyport access explain anna --root stock --from web1
for word in 'ann*' '!anna' anna@10.0.0.5/8 anna@ '@10.0.0.1' 'an na'; do
	try sallyport access allow "$word" --root stock --yes
done
try sallyport access deny --group 'st*' --root stock --yes
