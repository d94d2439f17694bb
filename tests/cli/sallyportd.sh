# SPDX-License-Identifier: GPL-3.0-or-later
# sallyportd.sh - the daemon's options, and what it says about settings with mistakes.
# world
try sallyportd --help
try sallyportd --version
try sallyportd --chekc
try sallyportd restart
try sallyportd -t -f nonexistent.conf
try sallyportd -f nonexistent.conf
cat >wrong.conf <<END
# a comment
Prot 22
GrantTime 2d
Except 10.0.0.1/8
KnockPort 123
SlowKeys no
slowkeys yes
"Answer reset
END
try sallyportd -t -f wrong.conf
try sallyportd -T -f wrong.conf
printf 'Port 22 2222\nGrantTime 90 # seconds\nExcept 10.0.0.0/8\n' >right.conf
try sh -c 'sallyportd -T -f right.conf | sed /^table/q'
sallyportd -T -f right.conf | sed '/^table/,$d' >again.conf
try sh -c 'sallyportd -T -f right.conf >a; sallyportd -T -f again.conf >b; cmp a b'
try somebody sallyportd -f right.conf
try somebody sallyportd -L -f right.conf
