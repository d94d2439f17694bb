# SPDX-License-Identifier: GPL-3.0-or-later
# access_matrix.sh - all accounts by all networks that the rules tell apart.
# world
root stock
mkdir stock/etc/ssh/sshd_config.d
echo 'AllowUsers anna@10.0.0.0/8 bob' >stock/etc/ssh/sshd_config.d/10-who.conf
try sallyport access matrix --root stock
try sallyport access matrix --root stock --users 'a*,b*' --format csv
try sallyport access matrix --root stock --users anna --format json
try sallyport access matrix --root stock --users 'nobody-*'
sallyport access matrix --root stock --format html -o who.html
try grep -c '<script\|src=\|href="http' who.html
try grep -o '<title>.*</title>' who.html
