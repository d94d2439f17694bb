# SPDX-License-Identifier: GPL-3.0-or-later
# help.sh - every command says what it is for and how it is used.
try sallyport --help
try sallyport help
try sallyport help status
for command in audit accept harden confirm rollback recover history status prove access revoke banner key; do
	try sallyport $command --help
done
for command in check explain sources matrix allow deny; do
	try sallyport access $command --help
done
try sallyport help key audit
try sallyport help key passphrase
try sallyport key protect --help
for command in add remove list test build sweep update; do
	try sallyport revoke $command --help
done
try sallyport help banner set
try sallyport harden -h --dry-run --keep nobody
