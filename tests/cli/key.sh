# SPDX-License-Identifier: GPL-3.0-or-later
# key.sh - passphrases: their form and their entropy; the passphrase itself is another one each time.
letters() {
	local status
	"$@" >out 2>err
	status=$?
	sed 's/[a-z][a-z-]*/word/g' out
	cat err
	return $status
}
bytes() {
	local status
	"$@" >out 2>err
	status=$?
	sed -E 's#[A-Za-z0-9+/]{8,}=+#BASE64#' out
	cat err
	return $status
}
try bytes sallyport key passphrase
try bytes sallyport key passphrase --bytes 8
try letters sallyport key passphrase --words 6
try letters sallyport key passphrase -w5 -q
try bytes sallyport key passphrase --format json
sallyport key passphrase -q | tr -d '\n' | wc -c
sallyport key passphrase -q | base64 -d | wc -c
sallyport key passphrase -q --words 6 --format json | python3 -c 'import json, sys; print({k: type(v).__name__ for k, v in json.load(sys.stdin).items()})'
[[ $(sallyport key passphrase -q) != "$(sallyport key passphrase -q)" ]] && echo 'another one each time'
touch there
chmod 644 there
try sallyport key passphrase -o there
stat -c '%a %s %n' there
try sallyport key passphrase --words 4
try sallyport key passphrase --bytes 7
try sallyport key passphrase --words 0
try sallyport key passphrase --words 65
try sallyport key passphrase --bytes 513
try sallyport key passphrase --words 6 --bytes 32
try sallyport key passphrase six
try sallyport key passphrase --word 6 -o nowhere/new
full() {
	"$@" >/dev/full
}
try full sallyport key passphrase
try sallyport key pasphrase
try sallyport key
try sallyport key protect
try sallyport key protect one two
try sallyport key protect one --all
try sallyport key protect one --user anna
try sallyport key protect one --rounds 16
try sallyport key protect one --generate letters
try sallyport key protect one --passphrase-to there
try sallyport key protect --all --generate bytes --passphrase-to there
try sallyport key protect nothing-there
