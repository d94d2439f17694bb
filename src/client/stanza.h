/* SPDX-License-Identifier: GPL-3.0-or-later */
/* stanza.h - our part of a user's ssh_config: a file of our own, that theirs includes. Texts in, texts out. */
#ifndef CLIENT_STANZA_H
#define CLIENT_STANZA_H

#include "base/err.h"
#include "base/macros.h"
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>

#define STANZA_FOLDER "sallyport"
#define STANZA_SECRET ".secret"		    /* the end of the name of a file with the secret for a host */
#define STANZA_FILE STANZA_FOLDER "/config" /* below ~/.ssh, where ssh looks for what a user's file includes */

struct stanza {
	const char *host;	    /* as it is typed */
	const char *program;	    /* the path of sallyport */
	const char *const *options; /* of connect, ends with NULL; NULL: none */
	bool hand_over;		    /* connect can give ssh the connection itself */
};

/* Whether ssh_config, and a file, can be called so: no blank, quote, pattern, comment, slash or control character. */
bool stanza_host_fits(const char *host);
/* Whether a ProxyCommand runs connect. */
bool stanza_is_ours(const char *command);
/* Appends the value of its ProxyCommand, as ssh_config and -o want it. ERR_SYNTAX as below. */
MUST_USE enum err stanza_command(const struct stanza *s, struct text *out);
/*
 * The value that an option of connect has in such a command, as ssh -G shows it: *out is yours, NULL where it has none or the command is not ours.
 * ERR_MEMORY.
 */
MUST_USE enum err stanza_option(const char *command, const char *option, char **out);
/* Appends the lines. ERR_SYNTAX: a path with a control character or a quote, which ssh_config cannot hold. */
MUST_USE enum err stanza_print(const struct stanza *s, struct text *out);
/*
 * Our file with the host's lines replaced, or with them at its end; NULL for 'lines' takes them out. All else stays byte for byte. *found:
 * there were some. ERR_SYNTAX: lines of ours that begin and do not end. ERR_MEMORY.
 */
MUST_USE enum err stanza_put(const char *config, size_t len, const char *host, const char *lines, struct text *out,
			     bool *found);
/* Appends the hosts whose lines are in our file, in their order. ERR_MEMORY. */
MUST_USE enum err stanza_hosts(const char *config, size_t len, struct strings *out);
/*
 * The user's file with the line that includes ours at its very beginning, since what ssh finds first counts and a line behind "Host"
 * would count for that alone. *changed: it was not there. ERR_MEMORY.
 */
MUST_USE enum err stanza_include(const char *config, size_t len, struct text *out, bool *changed);

#endif
