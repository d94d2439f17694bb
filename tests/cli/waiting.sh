# SPDX-License-Identifier: GPL-3.0-or-later
# waiting.sh - a change of the running system: it waits, stands in the way of others, is kept, and goes back.
# world
lab_account anna 1001 && lab_key anna && lab_sshd_start
sshd=$(cat /run/sshd.pid)
try sallyport harden --step banner --dry-run
try sallyport harden --step banner --yes --keep anna
try sallyport
try sallyport status
try sallyport status --format json
try sallyport history
try sallyport harden --step access --yes
try sallyport confirm
try sallyport confirm --override prof
try sallyport recover
try sallyport confirm --override proof
try sallyport confirm
try sallyport harden --step access --yes --confirm-within 0 --keep anna
try sallyport rollback 1 --yes
try sallyport rollback --yes
try sallyport rollback --yes --format json
try sallyport history
kill $sshd && lab_wait 10 lab_gone $sshd && rm -f /run/sshd.pid
try sallyport harden --step banner --yes
try sallyport status
try sallyport rollback --yes
try find /run/sallyport /etc/ssh/sshd_config.d
