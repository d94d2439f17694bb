# SPDX-License-Identifier: GPL-3.0-or-later
# values.sh - wrong values say what is wanted.
# world
root stock
for step in kx 9 -1 kex,kx; do
	try sallyport audit --root stock --step $step
done
try sallyport audit --root stock --policy moden
try sallyport audit --root stock --policy frobnicate
try sallyport audit --root stock --policy ./none.policy
try sallyport audit --root stock --policy ../etc
try sallyport audit --root nowhere
try sallyport audit --root stock --config /etc/ssh/none
cat >mine.policy <<'POLICY'
Title mine
Base modern
Set moduli-bit 4096
Set login-grace soon
Set login-grace 30
Severity banner-non off
Severity banner-none harmless
Frobnicate yes
Base guide
POLICY
try sallyport audit --root stock --policy ./mine.policy
for time in soon 5 2d -1 5x ''; do
	try sallyport harden --root stock --confirm-within "$time" --dry-run
done
try sallyport harden --root stock --override lockuot --dry-run
try sallyport harden --root stock --step banner --keep @192.0.2.1 --dry-run
try sallyport harden --root stock --keep anna@home --dry-run
try sallyport rollback --root stock x
try sallyport rollback --root stock 7
try sallyport rollback --root stock 1 2
try sallyport rollback --root stock 0
try sallyport accept max-auth-tries --root stock --reason because --until yesterday
try sallyport accept max-auth-tries --root stock --reason because --until 2020-01-31
try sallyport accept empty-passwords --root stock --reason because
