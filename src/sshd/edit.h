/* SPDX-License-Identifier: GPL-3.0-or-later */
/* edit.h - change single lines of an sshd_config and leave every other byte as it is. */
#ifndef SSHD_EDIT_H
#define SSHD_EDIT_H

#include "base/err.h"
#include "base/macros.h"
#include "base/text.h"

#include <stddef.h>

/*
 * Each works on the whole content of one file. Lines count from 1 as they stand in the
 * content given. CRLF files stay CRLF; a last line without a newline gets one only
 * if something follows it. ERR_NOT_FOUND: there is no such line, content unchanged.
 */

/* "  PermitRootLogin yes  # why" -> "  PermitRootLogin no  # why": blanks, spelling of the keyword and comment are kept. args: "" leaves the keyword alone. */
MUST_USE enum err edit_set_args(struct text *content, unsigned line, const char *args);
/* "AllowUsers anna  # why" -> "AllowUsers anna bert  # why": one more word behind the last, quoted where it must be. */
MUST_USE enum err edit_add_word(struct text *content, unsigned line, const char *word);
/* The other way round, the first word that is this one; ERR_NOT_FOUND also where none is. *left: how many words remain. */
MUST_USE enum err edit_remove_word(struct text *content, unsigned line, const char *word, size_t *left);
/* Takes the line out altogether. */
MUST_USE enum err edit_remove(struct text *content, unsigned line);
/* Puts "# " in front, behind the blanks; why (may be NULL) is added as a comment line before it: "# sallyport: WHY". */
MUST_USE enum err edit_comment_out(struct text *content, unsigned line, const char *why);
/* Inserts a line before the given one; line 1 + number of lines appends. */
MUST_USE enum err edit_insert(struct text *content, unsigned line, const char *text);
/* The line before which a global setting must stand: the first Match or Include line, else the end + 1. */
unsigned edit_global_end(const struct text *content);

#endif
