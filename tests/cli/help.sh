# SPDX-License-Identifier: GPL-3.0-or-later
# help.sh - every command says what it is for and how it is used.
try sallyport --help
try sallyport help
try sallyport help status
for command in audit accept harden confirm rollback recover history status banner; do
	try sallyport $command --help
done
try sallyport harden -h --dry-run --keep nobody
