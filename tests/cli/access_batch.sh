# SPDX-License-Identifier: GPL-3.0-or-later
# access_batch.sh - many questions at once, one JSON object a line.
# world
root stock
mkdir stock/etc/ssh/sshd_config.d
cat >stock/etc/ssh/sshd_config.d/10-who.conf <<'END'
AllowGroups staff web
UseDNS yes
DenyUsers anna@*.example.net
Match LocalPort 2222
    AllowGroups staff
Match LocalAddress 10.0.0.1
    DenyUsers anna
END
cat >good <<'END'
{"user":"anna","addr":"192.0.2.7"}
{"user":"anna","addr":"192.0.2.7","host":"a.example.net"}
{"user":"anna","addr":"192.0.2.7","host":null,"laddr":"10.0.0.1","lport":22}

{"user":"bob","addr":"2001:db8::7"}
{"user":"bob","addr":"2001:db8::7","groups":["web"]}
{"user":"bob","addr":"2001:db8::7","groups":["web"],"lport":2222}
{"user":"nobody-here","addr":"192.0.2.7","groups":["staff"]}
END
try sallyport access check --root stock --batch good
try sallyport access check --root stock --batch good --format json
head -n1 good >allowed
try sallyport access check --root stock --batch allowed
try sallyport access check --root stock --batch allowed --format json -o answers
try cat answers
: >empty
try sallyport access check --root stock --batch empty
stdin() {
	printf '%s\n' "$1" | sallyport access check --root stock --batch -
}
first='{"user":"anna","addr":"192.0.2.7"}'
try stdin "$first"
# What was decided before a wrong line is told.
for wrong in 'anna' '[]' '{"user":"anna"' '{"user":"anna"}' '{"addr":"192.0.2.7"}' '{"user":1,"addr":"192.0.2.7"}' \
	'{"user":"anna","addr":"web1"}' '{"user":"anna","addr":"192.0.2.7","laddr":"x"}' \
	'{"user":"anna","addr":"192.0.2.7","lport":"22"}' '{"user":"anna","addr":"192.0.2.7","lport":65536}' \
	'{"user":"anna","addr":"192.0.2.7","groups":"staff"}' '{"user":"anna","addr":"192.0.2.7","groups":[1]}' \
	'{"user":"anna","addr":"192.0.2.7","hots":"x"}' '{"user":"anna","user":"bob","addr":"192.0.2.7"}' \
	'{"user":"an\u0000na","addr":"192.0.2.7"}'; do
	try stdin "$first"$'\n'"$wrong"$'\n'"$first"
done
try sallyport access check --root stock --batch nowhere
try sallyport access check --root stock --batch .
head -c 70000 /dev/zero | tr '\0' ' ' >long
try sallyport access check --root stock --batch long
