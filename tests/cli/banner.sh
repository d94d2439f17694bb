# SPDX-License-Identifier: GPL-3.0-or-later
# banner.sh - the notice: what is sent, what it gives away, and a new one.
# world
root stock
try sallyport banner show --root stock
try sallyport banner --root stock --format json
echo 'Welcome to web1, Debian GNU/Linux 12' >notice.txt
try sallyport banner set notice.txt --root stock --dry-run
try sallyport banner set notice.txt --root stock --yes
try sallyport banner show --root stock
try sallyport banner show --root stock --format json
try sallyport banner set --root stock --yes
try sallyport banner show --root stock
try sallyport banner set --root stock --yes
: >empty.txt && try sallyport banner set empty.txt --root stock --yes
printf 'a\n\033[2Jb\n' >control.txt && try sallyport banner set control.txt --root stock --yes
try sallyport banner set none.txt --root stock --yes
try sallyport banner set . --root stock --yes
rm stock/etc/ssh/sallyport-banner
try sallyport banner show --root stock
