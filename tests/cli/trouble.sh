# SPDX-License-Identifier: GPL-3.0-or-later
# trouble.sh - configurations that cannot be read or that sshd would refuse: file and line, never a crash.
# world
config=stock/etc/ssh/sshd_config
attempt() {
	echo "== $1"
	try sallyport audit --root stock --step before,access,banner
	try sallyport harden --root stock --dry-run --step banner
	rm -rf stock
}
root stock && rm $config && attempt 'no sshd_config'
root stock && rm $config && mkdir $config && attempt 'a directory'
root stock && rm $config && ln -s sshd_config $config && attempt 'a link to itself'
root stock && printf 'Port 22\nBanner /etc/a\0b\n' >$config && attempt 'a NUL byte'
root stock && echo 'Include /etc/ssh/sshd_config' >$config && attempt 'an include loop'
root stock && printf 'Prot 22\nPermitRootLogin maybe\nMatch\nPort 70000\n' >>$config && attempt 'mistakes'
root stock && printf 'Port 22\rBanner "\033[31m\n' >>$config && attempt 'control characters'
root stock && rm -r stock/etc/ssh && attempt 'no folder'
root stock && rm -r stock/etc/ssh stock/usr && attempt 'no server'
root stock && mkdir stock/etc/ssh/sshd_config.d && echo 'Prot 22' >stock/etc/ssh/sshd_config.d/50-cloud.conf &&
	attempt 'a mistake in an included file'
root stock && chmod 600 $config
try somebody sallyport audit --root stock --step banner
try somebody sallyport harden --root stock --step banner --dry-run
rm -r stock && root stock && rm $config
try sallyport status --root stock
try sallyport --root stock
