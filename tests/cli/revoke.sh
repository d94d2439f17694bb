# SPDX-License-Identifier: GPL-3.0-or-later
# revoke.sh - keys that are no longer good: what is said of them.
root stock
echo 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINV5DF0oFVaaCTmNJbEZI0mGWNH7F7t5eTbtgI/kR8aM anna@laptop' >anna.pub
echo 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINXOVEGqRx3cZybMT9epqEu0vqahhZ9k4Kh5d78mEe7Q bert' >bert.pub
try sallyport revoke list --root stock
try sallyport revoke list --root stock --format json
try sallyport revoke test anna.pub --root stock
cp anna.pub stock/etc/ssh/revoked_keys
sed -i '1i RevokedKeys /etc/ssh/revoked_keys' stock/etc/ssh/sshd_config
try sallyport revoke test anna.pub bert.pub --root stock
try sallyport revoke test bert.pub --root stock
{ echo '# both'; cat anna.pub; echo; echo "from=\"10.0.0.0/8\" $(cat bert.pub)"; } >both
try sallyport revoke test both --root stock --format json
try sallyport revoke test bert.pub --krl anna.pub
try sallyport revoke test none.pub
try sallyport revoke test stock/etc/passwd --krl anna.pub
echo 'nonsense' >>stock/etc/ssh/revoked_keys
try sallyport revoke test bert.pub --root stock
rm stock/etc/ssh/revoked_keys
try sallyport revoke test bert.pub --root stock
