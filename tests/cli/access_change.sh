# SPDX-License-Identifier: GPL-3.0-or-later
# access_change.sh - who is let in and kept out: which words come and go, and what cannot be had.
# world
root stock
# The grade is another matter.
access() {
	sallyport access "$@" --root stock | sed 's,Kept. [A-F]+* [0-9]*/100,Kept. GRADE,'
	return "${PIPESTATUS[0]}"
}
lists() {
	grep -rEn 'Allow(Users|Groups)|Deny(Users|Groups)|Match|Include' stock/etc/ssh/sshd_config stock/etc/ssh/sshd_config.d | sort
}
try access allow anna --yes
try access deny bob --dry-run
try access deny bob --yes
try access deny bob --yes
try access check bob
try access deny --group staff --yes --format json
try access check anna
try access allow anna --yes
try access allow --group staff --yes
try access allow bob --yes
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
try access deny anna --yes
try lists
try access allow anna --yes
try lists
try access allow mallory --yes
try access check anna
try lists
try access allow bob@192.0.2.0/24 --yes
try access deny --group web --yes
try lists
# What no word can do.
sed -i '1i DenyUsers an* b?b@192.168.*\nAllowGroups web' stock/etc/ssh/sshd_config
try access allow anna --yes
sed -i 's/an\* //' stock/etc/ssh/sshd_config
try access allow anna --yes
sed -i '/^AllowGroups/d' stock/etc/ssh/sshd_config
cp stock/etc/ssh/sshd_config kept
try access allow bob --yes
try access allow 'bob@192.168.*' --yes
try access allow bob@*.example.org --yes
try access deny 'bob@!10.0.0.0/8' --yes
echo 'PermitRootLogin no' >stock/etc/ssh/sshd_config.d/20.conf
try access allow root --yes
try cmp kept stock/etc/ssh/sshd_config
# The guard, and the way back.
try access deny anna --yes --keep anna
try access deny anna --yes --keep anna --override lockout
try access check anna
try sallyport rollback --root stock --yes
try sallyport access check anna --root stock --from 10.0.0.1
try sallyport history --root stock
