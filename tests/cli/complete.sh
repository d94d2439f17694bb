# SPDX-License-Identifier: GPL-3.0-or-later
# complete.sh - what the shell is told for completion.
try sallyport __complete
for command in audit harden rollback banner; do
	try sallyport __complete $command
done
try sallyport __complete adit
