# SPDX-License-Identifier: GPL-3.0-or-later
# gate.sh - the commands of the eighth step where no daemon runs: their help, and mistakes.
for command in knock who grant close; do
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
