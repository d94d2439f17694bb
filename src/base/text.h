/* SPDX-License-Identifier: GPL-3.0-or-later */
/* text.h - a string that grows, and a list of strings. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include "base/err.h"
#include "base/macros.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * Start with { 0 }. 's' is NULL while empty, else ends in a NUL that 'len' does
 * not count. A failed append sticks: every later one does nothing, and
 * text_check() says ERR_MEMORY, so a long text is checked once, at the end.
 */
struct text {
	char *s;
	size_t len;
	size_t size; /* bytes allocated */
	bool failed;
};

void text_add(struct text *t, const char *format, ...) FORMAT(2, 3);
void text_addv(struct text *t, const char *format, va_list ap) FORMAT(2, 0);
void text_add_bytes(struct text *t, const void *bytes, size_t len);
void text_add_string(struct text *t, const char *s);
/*
 * Appends bytes that came from outside so that they cannot disturb a terminal
 * or a log: control characters, DEL, C1, line and direction controls (U+2028 to
 * U+202E, U+2066 to U+2069) and invalid UTF-8 as \xNN, backslash as \\; other valid
 * UTF-8 as it is.
 */
void text_add_escaped(struct text *t, const void *bytes, size_t len);
/* Length of the valid UTF-8 character that the bytes begin with; 0 if they begin with none. */
size_t text_utf8_length(const void *bytes, size_t len);
MUST_USE enum err text_check(const struct text *t);
const char *text_string(const struct text *t); /* never NULL; "" while empty; borrowed */
char *text_take(struct text *t);	       /* the string is yours, t is empty; NULL if an append failed */
void text_reset(struct text *t);	       /* length 0, memory kept, a failure forgotten */
void text_free(struct text *t);

/* A list of strings, each owned by the list. Start with { 0 }. v[n] is NULL once something was added. */
struct strings {
	char **v;
	size_t n;
	size_t size;
};

MUST_USE enum err strings_add(struct strings *l, const char *s);		   /* copies */
MUST_USE enum err strings_add_bytes(struct strings *l, const char *s, size_t len); /* copies, adds the NUL */
MUST_USE enum err strings_add_format(struct strings *l, const char *format, ...) FORMAT(2, 3);
MUST_USE enum err strings_copy(struct strings *to, const struct strings *from); /* appends all of from */
/* Empty parts are left out. */
MUST_USE enum err strings_split(struct strings *l, const char *s, const char *separators);
bool strings_has(const struct strings *l, const char *s);
bool strings_equal(const struct strings *a, const struct strings *b);
void strings_sort(struct strings *l); /* by byte value */
void strings_join(const struct strings *l, const char *between, struct text *out);
void strings_free(struct strings *l); /* leaves { 0 } */

#endif
