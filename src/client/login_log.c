/* SPDX-License-Identifier: GPL-3.0-or-later */
/* login_log.c - a few lines of many. */
#include "client/login_log.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define FINGERPRINT_LEN 50u /* "SHA256:" and 43 characters */

static bool begins(const char *line, size_t len, const char *with)
{
	return len >= strlen(with) && !memcmp(line, with, strlen(with));
}

static bool holds(const char *line, size_t len, const char *what)
{
	return memmem(line, len, what, strlen(what)) != NULL;
}

static bool is_fingerprint(const char *s)
{
	static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = strlen("SHA256:"); i < FINGERPRINT_LEN; i++)
		if (!memchr(base64, s[i], sizeof base64 - 1))
			return false;
	return true;
}

/* "NAME TYPE SHA256:... agent": a name may have blanks, so it is read from behind. */
static enum err take_key(struct login_log *l, const char *s, size_t len)
{
	const char *print = NULL, *type;

	for (const char *at = s; (at = memmem(at, len - (size_t)(at - s), " SHA256:", 8)); at++)
		print = at;
	if (!print || len - (size_t)(print + 1 - s) < FINGERPRINT_LEN || !is_fingerprint(print + 1))
		return ERR_NONE;
	for (type = print; type > s && type[-1] != ' '; type--)
		;
	if (type - s < 2)
		return ERR_NONE;
	free(l->name);
	l->name = strndup(s, (size_t)(type - 1 - s));
	if (!l->name)
		return ERR_MEMORY;
	memcpy(l->fingerprint, print + 1, FINGERPRINT_LEN);
	l->fingerprint[FINGERPRINT_LEN] = '\0';
	return ERR_NONE;
}

enum err login_log_parse(const char *text, size_t len, struct login_log *out)
{
	static const char accepts[] = "debug1: Server accepts key: ";
	struct login_log l = { 0 };

	while (len) {
		const char *newline = memchr(text, '\n', len);
		size_t n = newline ? (size_t)(newline - text) + 1 : len, line = n;

		while (line && (text[line - 1] == '\n' || text[line - 1] == '\r'))
			line--;
		if (begins(text, line, accepts) && take_key(&l, text + strlen(accepts), line - strlen(accepts)))
			goto memory;
		if (newline &&
		    ((begins(text, line, "debug1: Host '") && holds(text, line, "' is known and matches the ")) ||
		     begins(text, line, "Warning: Permanently added '")))
			l.host_known = true;
		if (newline && begins(text, line, "Authenticated to ")) {
			l.in = true;
			l.by_key |= holds(text, line, "using \"publickey\"");
		}
		if (newline && begins(text, line, "Authenticated using \"publickey\" with partial success"))
			l.by_key = true;
		text += n;
		len -= n;
	}
	*out = l;
	return ERR_NONE;
memory:
	login_log_clear(&l);
	return ERR_MEMORY;
}

void login_log_said(const char *text, size_t len, struct text *out)
{
	static const char *const noise[] = { "debug", "OpenSSH_", "Authenticated to ",
					     "Transferred: ", "Bytes per second: ",
					     /* of who gets no connection from us, which has said why */
					     "mm_receive_fd: ", "proxy dialer did not pass back" };

	while (len) {
		const char *newline = memchr(text, '\n', len);
		size_t n = newline ? (size_t)(newline - text) + 1 : len;
		bool quiet = false;

		for (size_t i = 0; i < ARRAY_SIZE(noise); i++)
			quiet |= begins(text, n, noise[i]);
		for (size_t i = 0; !quiet && i < n; i++)
			if (text[i] != '\r') /* of a terminal in raw mode */
				text_add_bytes(out, text + i, 1);
		text += n;
		len -= n;
	}
}

void login_log_clear(struct login_log *l)
{
	free(l->name);
	*l = (struct login_log){ 0 };
}
