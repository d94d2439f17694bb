# SPDX-License-Identifier: GPL-3.0-or-later
# lockout.sh - the guard refuses what would keep somebody out.
# world
root stock
try sallyport harden --root stock --yes --step access --keep nobody-there
try sallyport harden --root stock --yes --step access --keep anna@192.0.2.7 --format json
try sallyport rollback --root stock --yes
echo 'AllowUsers anna@10.0.0.*' >>stock/etc/ssh/sshd_config
try sallyport harden --root stock --yes --step access --keep bob
try sallyport harden --root stock --yes --step access --keep anna@192.0.2.7
try sallyport harden --root stock --yes --step access --keep anna@10.0.0.7
try sallyport rollback --root stock --yes --keep anna@192.0.2.7
try sallyport rollback --root stock --yes --keep anna@192.0.2.7 --override lockout
rm stock/bin/bash
try sallyport harden --root stock --yes --step banner --keep anna
try sallyport harden --root stock --yes --step banner --keep anna --override lockout
