/* SPDX-License-Identifier: GPL-3.0-or-later */
/* terminal.h - the terminal of who calls us, wherever our streams lead: ask for a secret, show one. */
#ifndef BASE_TERMINAL_H
#define BASE_TERMINAL_H

#include "base/err.h"
#include "base/macros.h"

#include <stdbool.h>
#include <stddef.h>

/* ERR_NOT_FOUND: there is none. */
MUST_USE enum err terminal_open(int *fd);
/*
 * Asks without an echo. One line without its end goes to out, best of sodium_malloc(). The echo is back however it ends, also by a
 * signal, which then does what it would have done. ERR_INTERRUPTED: the end of the input; ERR_TOO_BIG: size is too small for it;
 * ERR_SYNTAX: control characters, which no other program could be told on a terminal.
 */
MUST_USE enum err terminal_ask_secret(int fd, const char *prompt, char *out, size_t size);
/* A yes or no; false for everything but a y. The prompt ends in a question mark. */
bool terminal_ask(int fd, const char *prompt);

#endif
