/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lexer.h - one line of sshd_config as words, by the quoting rules of the release that reads it. */
#ifndef SSHD_LEXER_H
#define SSHD_LEXER_H

#include "base/err.h"
#include "base/macros.h"
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>

enum lexer_kind {
	LEXER_BLANK,	   /* nothing on it for sshd: empty, a comment, a keyword whose quote never ends */
	LEXER_LINE,	   /* a keyword, with or without arguments */
	LEXER_OPEN_QUOTE,  /* the arguments have a quote without an end (8.7 and later: refused) */
	LEXER_NO_ARGUMENT, /* a keyword alone, which 8.7 and later refuse */
};

struct lexer_line {
	enum lexer_kind kind;
	char *keyword;
	char *rest; /* behind the keyword and its "=", without blanks at the ends; may hold a comment */
	struct strings args;
};

/*
 * Until 8.6 words end at blanks, at "=" and at a closing double quote, and a "#" in the
 * line is a word. From 8.7 on the keyword is still read so, but the arguments are split
 * as a shell does: both quotes, "\" before a quote, a backslash or (outside quotes) a
 * blank, and a word that begins with "#" ends the line.
 * line needs no NUL at its end and has no newline. ERR_MEMORY. Free with lexer_clear().
 */
MUST_USE enum err lexer_read(const char *line, size_t len, unsigned release, struct lexer_line *out);
void lexer_clear(struct lexer_line *l);

/*
 * The next word of *at by the old rules, which Match kept until 9.8; changes the text.
 * NULL at the end and for a quote without an end; *at is NULL behind the last word.
 */
char *lexer_word(char **at);

#endif
