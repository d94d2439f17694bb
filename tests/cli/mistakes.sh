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
