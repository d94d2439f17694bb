# SPDX-License-Identifier: GPL-3.0-or-later
# nothing.sh - nothing was changed yet: every command that looks back says so.
# world
root stock
try sallyport history --root stock
try sallyport history --root stock --format json
try sallyport rollback --root stock --yes
try sallyport recover --root stock
try sallyport recover --root stock --format json
try sallyport confirm
try sallyport history
try sallyport status --root stock
try sallyport --root stock
try sallyport --root=stock --color=never
