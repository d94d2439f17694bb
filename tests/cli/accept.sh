# SPDX-License-Identifier: GPL-3.0-or-later
# accept.sh - a finding that is kept, until it changes.
# world
root stock
try sallyport accept --list --root stock
try sallyport accept password-login --root stock --reason 'the backup host has no key yet' --until 2099-12-31
try sallyport accept --list --root stock
try sallyport accept --list --root stock --format json
try sallyport audit --root stock --step access
try sallyport audit --root stock --step access --all
echo 'PasswordAuthentication yes' >>stock/etc/ssh/sshd_config
try sallyport audit --root stock --step access
try sallyport accept --remove password-login --root stock
try sallyport accept --remove password-login --root stock
try sallyport accept --list --root stock
