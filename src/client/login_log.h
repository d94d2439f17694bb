/* SPDX-License-Identifier: GPL-3.0-or-later */
/* login_log.h - by which key somebody logged in, as ssh -v tells. */
#ifndef CLIENT_LOGIN_LOG_H
#define CLIENT_LOGIN_LOG_H

#include "base/err.h"
#include "base/macros.h"
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>

/* Start with { 0 }; free with login_log_clear(). */
struct login_log {
	bool in;	      /* the login came through */
	bool host_known;      /* the host showed a key that was known, or that was taken for the first time */
	bool by_key;	      /* by publickey, alone or among several methods */
	char fingerprint[64]; /* "SHA256:..." of the key; "": not told, as by OpenSSH before 8.1 */
	char *name;	      /* the file of it, or the comment that the agent has; NULL: not told */
};

/* What ssh -v wrote, which may be cut off. ERR_MEMORY. Nothing to clear on failure. */
MUST_USE enum err login_log_parse(const char *text, size_t len, struct login_log *out);
/* Appends the lines that are no debugging: what ssh itself would have said. */
void login_log_said(const char *text, size_t len, struct text *out);
void login_log_clear(struct login_log *l); /* leaves { 0 } */

#endif
