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
try sallyport knock
try sallyport knock one two
try sallyport knock server -4 -6
try sallyport knock server --print --check
try sallyport knock server --carry knock --from 192.0.2.7
try sallyport knock server --from there
try sallyport knock server --from 127.0.0.1
try sallyport knock server --for long
try sallyport knock server --for 19h
try sallyport knock server -p 0
try sallyport knock server --chek
try sallyport knock --check
try sallyport who anna
try sallyport who --watch -o file
try sallyport who --socket ./nobody
try sallyport grant
try sallyport grant 192.0.2.7
try sallyport grant 192.0.2.7 2001:db8::7 --for 1m
try sallyport grant 192.0.2.0/24 --for 1m
try sallyport grant 127.0.0.1 --for 1m
try sallyport grant server --for 1m
try sallyport grant 192.0.2.7 --for 2d
try sallyport grant 192.0.2.7 --for 10m --socket ./nobody
try sallyport grant 192.0.2.7 --for 10m -p 22 --dry-run
try sallyport grant ::ffff:192.0.2.7 --for 90 --dry-run --format json
try sallyport close
try sallyport close 192.0.2.7 192.0.2.8
try sallyport close nobody
try sallyport close ::1
try sallyport close SHA256:short
touch empty.pub
try sallyport close empty.pub
try sallyport close 192.0.2.7 --socket ./nobody
try sallyport close SHA256:679cpb1Taxi4CZu4j0bUxa/+DtTJXlygZFV93vilfTM --dry-run --format json
