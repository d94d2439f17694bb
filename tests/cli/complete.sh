# SPDX-License-Identifier: GPL-3.0-or-later
# complete.sh - what the shell is told for completion.
try sallyport __complete
for command in audit harden rollback banner access key revoke knock who grant close; do
	try sallyport __complete $command
done
try sallyport __complete key audit
try sallyport __complete key passphrase
try sallyport __complete key protect
try sallyport __complete access check
try sallyport __complete access chek
try sallyport __complete adit
# The same through bash: what it adds to what is typed.
compopt() {
	echo "compopt $*"
}
# shellcheck disable=SC1091
. "$CLI/../../conf/completions/sallyport"
typed() {
	COMP_LINE=$1 COMP_POINT=${#1} COMP_WORDBREAKS=$' \t\n"\'><=;|&(:'
	read -ra COMP_WORDS <<<"${1//=/ = }"
	[[ $1 != *' ' ]] || COMP_WORDS+=('')
	COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
	echo "typed: $1"
	_sallyport
	printf '  %s\n' "${COMPREPLY[@]}"
}
typed 'sallyport '
typed 'sallyport ha'
typed 'sallyport harden --d'
typed 'sallyport harden --fo'
typed 'sallyport harden --format=j'
typed 'sallyport harden --color=a'
typed 'sallyport harden --root='
typed 'sallyport harden --root=/mn'
typed 'sallyport banner '
typed 'sallyport banner s'
typed 'sallyport banner set no'
typed 'sallyport banner set --pol'
typed 'sallyport access '
typed 'sallyport access check --f'
typed 'sallyport access matrix --format=h'
typed 'sallyport audit '
