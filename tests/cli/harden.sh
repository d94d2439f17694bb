# SPDX-License-Identifier: GPL-3.0-or-later
# harden.sh - another system's files, from stock to hardened and back.
# world
. "$CLI/../lab/lib.sh"
root stock
lab_snapshot stock >before
try sallyport harden --root stock --dry-run --step 5,banner
try sallyport harden --root stock --dry-run --step banner --format json
lab_snapshot stock | diff before - && echo 'nothing was changed'
try sallyport harden --root stock --step banner
try sallyport harden --root stock --yes
try sallyport audit --root stock
try cat stock/etc/ssh/sshd_config stock/etc/ssh/sshd_config.d/00-sallyport.conf
try sallyport harden --root stock --yes
try sallyport harden --root stock --yes --format json --step banner
try sallyport harden --root stock --dry-run
try sallyport history --root stock
try sallyport history --root stock --format json
try sallyport status --root stock
try sallyport status --root stock --format json
try sallyport rollback --root stock
try sallyport rollback --root stock --dry-run
try sallyport rollback --root stock --yes
try sallyport rollback --root stock --yes
try sallyport rollback --root stock --yes 1
try sallyport history --root stock
lab_snapshot stock | grep -v -e 'stock/var' -e 'stock/run' | diff before - && echo 'every file is as it was before'
