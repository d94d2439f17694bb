# SPDX-License-Identifier: GPL-3.0-or-later
# unprivileged.sh - without root nothing is changed, and it is said how.
# world
root stock
try somebody sallyport harden --root stock --yes
try somebody sallyport rollback --root stock --yes
try somebody sallyport recover --root stock
try somebody sallyport confirm
try somebody sallyport banner set --root stock --yes
try somebody sallyport accept max-auth-tries --root stock --reason because
try somebody sallyport history --root stock
try somebody sallyport banner show --root stock
try somebody sallyport harden --root stock --step banner --dry-run
try sallyport harden --root stock --yes --step banner
try somebody sallyport history --root stock
try somebody sallyport rollback --root stock --dry-run
try somebody sallyport status --root stock
