/* SPDX-License-Identifier: GPL-3.0-or-later */
/* message.h - what a command says on stderr: errors, warnings, hints, progress of work. */
#ifndef BASE_MESSAGE_H
#define BASE_MESSAGE_H

#include "base/err.h"
#include "base/macros.h"

#include <stdbool.h>

/* -1 with -q, 0, 1 with -v. Set once by main(). */
void message_set_level(int level);
bool message_quiet(void); /* -q was given */
/* colour: 0 auto (terminal, no NO_COLOR, TERM not dumb), 1 always, 2 never. */
void message_set_color(int choice);
/* A bar of progress stands in the last line: what is said next wipes it off first. For progress.c. */
void message_set_bar(bool stands);
bool message_color_on(int fd); /* whether to colour what goes to this descriptor */

/*
 * Whatever is said goes through one filter: control characters in it are shown
 * as \xNN, a newline starts a new line, and all of them keep errno.
 */

/* "sallyport: what: err_text(e)". Returns 2, the exit status of trouble, so that a command can return it. */
int fail(enum err e, const char *format, ...) FORMAT(2, 3);
/* "sallyport: what", without a reason. Returns 2. */
int complain(const char *format, ...) FORMAT(1, 2);
void hint(const char *format, ...) FORMAT(1, 2);    /* "hint: ..." */
void warn(const char *format, ...) FORMAT(1, 2);    /* "sallyport: warning: ..."; not with -q */
void inform(const char *format, ...) FORMAT(1, 2);  /* plain line; not with -q */
void verbose(const char *format, ...) FORMAT(1, 2); /* plain line; only with -v */

#endif
