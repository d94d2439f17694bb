/* SPDX-License-Identifier: GPL-3.0-or-later */
/* server_answer.h - what enrolling asks of a server within a login: its clock, and the secret of its site. */
#ifndef CLIENT_SERVER_ANSWER_H
#define CLIENT_SERVER_ANSWER_H

#include "base/err.h"
#include "base/macros.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * For whatever shell the account has: no line feed, and within the single quotes neither '!' nor backslash, of which some think their own. First
 * the Ed25519 host key, as sshd's package puts it; then "sallyport-time SECONDS"; then "sallyport-secret", with the path of a secret behind it
 * if there is one, and with its digits if this account may read it. Where several are in use the first one is. An account in a jail sees
 * nothing of the host's /etc, so that nothing is said of a secret, and misses whatever it misses without a word.
 */
#define SERVER_ANSWER_COMMAND \
	"sh -c 'exec 2>/dev/null; cat /etc/ssh/ssh_host_ed25519_key.pub; " \
	"echo sallyport-time $(date +%s); test -d /etc/ssh || exit 0; c=/etc/sallyport/sallyportd.conf; f=; " \
	"if test -r $c; then set -- x $(grep -i \"^[[:space:]]*SiteSecret[[:space:]]\" $c | head -n 1); f=${3-}; " \
	"elif test -e /etc/sallyport/site-secret; then f=/etc/sallyport/site-secret; fi; " \
	"echo sallyport-secret $f $(test -z \"$f\" || head -n 1 \"$f\")'"

#define SERVER_SECRET_DIGITS 64

enum server_secret {
	SERVER_SECRET_UNTOLD,
	SERVER_SECRET_NONE,
	SERVER_SECRET_UNREADABLE, /* there is one, and this account may not read it */
	SERVER_SECRET_TOLD,
};

/* Start with { 0 }; free with server_answer_clear(). */
struct server_answer {
	uint64_t time; /* seconds since 1970; 0: not told */
	enum server_secret secret;
	char *path; /* of the secret, on the server; as it says: to be escaped */
	char digits[SERVER_SECRET_DIGITS + 1];
};

/* Lines that are none of these are left out; of each the first counts. ERR_MEMORY. */
MUST_USE enum err server_answer_parse(const char *text, size_t len, struct server_answer *out);
void server_answer_clear(struct server_answer *a); /* wipes it; leaves { 0 } */

#endif
