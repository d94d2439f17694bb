# SPDX-License-Identifier: GPL-3.0-or-later
# order.sh - several changes, and changes by hand: what may go back, and what stands in the way.
# world
root stock
try sallyport harden --root stock --yes --step banner
try sallyport harden --root stock --yes --step access
try sallyport rollback --root stock --yes 1
echo '# by hand' >>stock/etc/ssh/sshd_config.d/00-sallyport.conf
try sallyport rollback --root stock --yes
try sallyport rollback --root stock --yes --override changed
try cat stock/var/lib/sallyport/transactions/0002/found/0
try sallyport rollback --root stock --yes 1
try sallyport history --root stock
echo '{' >stock/var/lib/sallyport/transactions/0001/state.json
try sallyport history --root stock
try sallyport rollback --root stock --yes 1
try sallyport recover --root stock
