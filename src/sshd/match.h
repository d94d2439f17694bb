/* SPDX-License-Identifier: GPL-3.0-or-later */
/* match.h - the criteria of a Match line. */
#ifndef SSHD_MATCH_H
#define SSHD_MATCH_H

#include "sshd/config.h"
#include "sshd/lexer.h"

/*
 * Reads the criteria of a Match line as the release would. ERR_SYNTAX: it refuses them, and
 * 'why' gets a sentence. ERR_MEMORY. On success the criteria belong to *out.
 */
MUST_USE enum err match_parse(const struct lexer_line *line, unsigned release, struct sshd_match *out,
			      struct text *why);
void match_free(struct sshd_match *m); /* NULL is fine */

#endif
