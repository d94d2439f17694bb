# SPDX-License-Identifier: GPL-3.0-or-later
# gate.sh - the commands of the eighth step where no daemon runs: their help, and mistakes.
for command in knock connect enroll who grant close; do
	try sallyport $command --help
done
try sallyport knock
try sallyport knock one two
try sallyport knock --carry nothing-there
echo 'sallyport-knock 192.0.2.1 22 AAAA' >knock.txt
try sallyport knock --carry knock.txt
: >knock.txt
try sallyport knock --carry knock.txt
rm knock.txt
try sallyport knock --carry - host </dev/null
try sallyport knock --site-secret /dev/null host
try sallyport knock --knock-port 0 host
try sallyport who
try sallyport who me
try sallyport grant
try sallyport grant nonsense --for 5m
try sallyport grant 203.0.113.9
try sallyport grant 203.0.113.9 --for 2d
try sallyport grant 203.0.113.9 --for 5m
try sallyport close nonsense
try sallyport close SHA256:AAAA
try sallyport close 203.0.113.9
try sallyport knock server -4 -6
try sallyport knock server --print --check
try sallyport knock server --carry knock --from 192.0.2.7
try sallyport knock server --from there
try sallyport knock server --from 127.0.0.1
try sallyport knock server --for long
try sallyport knock server --for 19h
try sallyport knock server -p 0
try sallyport knock server --chek
try sallyport knock --check
try sallyport who anna
try sallyport grant --clock-is-right
try sallyport grant --clock-is-right --for 5m
try sallyport grant --clock-is-right --dry-run --format json
try sallyport who --watch -o file
try sallyport who --socket ./nobody
try sallyport who --watch --format prometheus
try sallyport who --format csv
try sallyport grant 192.0.2.7
try sallyport grant 192.0.2.7 2001:db8::7 --for 1m
try sallyport grant 192.0.2.0/24 --for 1m
try sallyport grant 127.0.0.1 --for 1m
try sallyport grant server --for 1m
try sallyport grant 192.0.2.7 --for 2d
try sallyport grant 192.0.2.7 --for 10m --socket ./nobody
try sallyport grant 192.0.2.7 --for 10m -p 22 --dry-run
try sallyport grant ::ffff:192.0.2.7 --for 90 --dry-run --format json
try sallyport close
try sallyport close 192.0.2.7 192.0.2.8
try sallyport close nobody
try sallyport close ::1
try sallyport close SHA256:short
touch empty.pub
try sallyport close empty.pub
try sallyport close 192.0.2.7 --socket ./nobody
try sallyport close SHA256:679cpb1Taxi4CZu4j0bUxa/+DtTJXlygZFV93vilfTM --dry-run --format json
try sallyport connect
try sallyport connect server
try sallyport connect server ssh
try sallyport connect server 0
try sallyport connect -4 -6 server 22
try sallyport connect --knock-port 22,x server 22
try sallyport connect --knock-port 1,2,3,4,5,6,7,8,9 server 22
try sallyport connect --from there server 22
try sallyport connect --relai server 22
try sallyport enroll
try sallyport enroll one two
try sallyport enroll 'a*'
try sallyport enroll -4 -6 server
try sallyport enroll --knock-port 0 server
try sallyport enroll --site-secret nothing-there server
try sallyport enroll --un server
