# SPDX-License-Identifier: GPL-3.0-or-later
# access_change.sh - who is let in and kept out: which words come and go, and what cannot be had.
# world
root stock
lists() {
	grep -rEn 'Allow(Users|Groups)|Deny(Users|Groups)|Match|Include' stock/etc/ssh/sshd_config stock/etc/ssh/sshd_config.d | sort
}
try sallyport access allow anna --root stock --yes
try sallyport access deny bob --root stock --dry-run
try sallyport access deny bob --root stock --yes
try sallyport access deny bob --root stock --yes
try sallyport access check bob --root stock
try sallyport access deny --group staff --root stock --yes --format json
try sallyport access check anna --root stock
try sallyport access allow anna --root stock --yes
try sallyport access allow --group staff --root stock --yes
try sallyport access allow bob --root stock --yes
try lists
try cat stock/etc/ssh/sshd_config.d/00-sallyport.conf
# Lists of somebody else: words are added where the list stands, and comments stay.
cat >>stock/etc/ssh/sshd_config <<'END'
AllowUsers anna@10.0.0.0/8  # the office
	DenyUsers   mallory
Match Address 10.9.0.0/16
    DenyUsers eve   # a list here replaces the one above
Match LocalPort 2222
    AllowUsers root
END
try sallyport access deny anna --root stock --yes
try lists
try sallyport access allow anna --root stock --yes
try lists
try sallyport access allow mallory --root stock --yes
try sallyport access check anna --root stock
try lists
try sallyport access allow bob@192.0.2.0/24 --root stock --yes
try sallyport access deny --group web --root stock --yes
try lists
# What no word can do.
sed -i '1i DenyUsers an* b?b@192.168.*\nAllowGroups web' stock/etc/ssh/sshd_config
try sallyport access allow anna --root stock --yes
sed -i 's/an\* //' stock/etc/ssh/sshd_config
try sallyport access allow anna --root stock --yes
sed -i '/^AllowGroups/d' stock/etc/ssh/sshd_config
cp stock/etc/ssh/sshd_config kept
try sallyport access allow bob --root stock --yes
try sallyport access allow 'bob@192.168.*' --root stock --yes
try sallyport access allow bob@*.example.org --root stock --yes
try sallyport access deny 'bob@!10.0.0.0/8' --root stock --yes
echo 'PermitRootLogin no' >stock/etc/ssh/sshd_config.d/20.conf
try sallyport access allow root --root stock --yes
try cmp kept stock/etc/ssh/sshd_config
# The guard, and the way back.
try sallyport access deny anna --root stock --yes --keep anna
try sallyport access deny anna --root stock --yes --keep anna --override lockout
try sallyport access check anna --root stock
try sallyport rollback --root stock --yes
try sallyport access check anna --root stock --from 10.0.0.1
try sallyport history --root stock
