# SPDX-License-Identifier: GPL-3.0-or-later
# mistakes.sh - typing errors get one line, and a hint where the next step can be guessed.
try sallyport adit
try sallyport hardn --yes
try sallyport frobnicate
try sallyport ''
try sallyport $'a\e[31mudit'
try sallyport help adit
try sallyport --dry-run
try sallyport -x
try sallyport audit --setp kex
try sallyport audit --frobnicate
try sallyport audit -x
try sallyport audit -qZ
try sallyport audit --co=always
try sallyport audit --step
try sallyport audit --all=yes
try sallyport audit --color sometimes
try sallyport audit --format jsn
try sallyport audit now
try sallyport status now
try sallyport history 7
try sallyport confirm 7
try sallyport accept
try sallyport accept max-auth-tries
try sallyport accept max-auth-tries --reason '  '
try sallyport accept max-auth-tris --reason because
try sallyport accept frobnicate --reason because
try sallyport accept --list --remove max-auth-tries
try sallyport revoke
try sallyport revoke tst
try sallyport revoke test
try sallyport revoke add
try sallyport revoke add --serial 5
try sallyport revoke add --ca any
try sallyport revoke add --id x --reason $'a\nkey: b'
try sallyport revoke list now
try sallyport revoke build now
try sallyport banner shw
try sallyport banner show it
try sallyport banner set one two
try sallyport banner --root . sett
try sallyport access
try sallyport access chek
try sallyport access frobnicate
try sallyport access --root . chek anna
try sallyport access check
try sallyport access check anna bert
try sallyport access check anna --batch -
try sallyport access check $'a\e[31mnna' --frm 192.0.2.1
try sallyport access explain
try sallyport access sources
try sallyport access sources anna --format jsn
try sallyport access matrix anna
try sallyport access matrix --format htm
try sallyport access allow
try sallyport access allow anna --group staff
try sallyport access deny --group 'st aff' bert
try sallyport help access chek
