# SPDX-License-Identifier: GPL-3.0-or-later
# jail.sh - accounts in a folder of their own: what is said of them, and what would be made of a made-up system.
root stock
echo 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINV5DF0oFVaaCTmNJbEZI0mGWNH7F7t5eTbtgI/kR8aM anna@laptop' >anna.pub
for command in create update check list remove; do
	try sallyport jail $command --help
done
try sallyport jail
try sallyport jail make
try sallyport jail list --sets
try sallyport jail list --root stock
try sallyport jail list --root stock --format json
try sallyport jail check --root stock
try sallyport jail check --root stock --format json
try sallyport jail check anna --root stock
try sallyport jail update --root stock --dry-run
try sallyport jail update anna --all --root stock --dry-run
try sallyport jail update --all --root stock --dry-run
try sallyport jail create --root stock
try sallyport jail create anna bert --root stock
try sallyport jail create nobody-there --sftp-only --root stock --dry-run
try sallyport jail create bert --sftp-only --create-account --root stock --dry-run
try sallyport jail create 'an na' --sftp-only --root stock --dry-run
try sallyport jail create 'anna*' --sftp-only --root stock --dry-run
try sallyport jail create -n --sftp-only --root stock -- -anna
try sallyport jail create root --sftp-only --root stock --dry-run
try sallyport jail create anna --sftp-only --with git --root stock --dry-run
try sallyport jail create anna --sftp-only --dir jails --root stock --dry-run
try sallyport jail create anna --with nonsense --root stock --dry-run
try sallyport jail create anna --shell /bin/zsh --root stock --dry-run
try sallyport jail create anna --sftp-only --key anna.pub --root stock --dry-run
try sallyport jail create anna --sftp-only --dir /srv/jails/anna --root stock --dry-run --format json
try sallyport jail remove anna --root stock --dry-run
try sallyport jail remove --root stock --dry-run
