/* SPDX-License-Identifier: GPL-3.0-or-later */
/* program.h - run OpenSSH's own programs as the user would: with the terminal and the environment, so that they can ask. */
#ifndef CLIENT_PROGRAM_H
#define CLIENT_PROGRAM_H

#include "base/err.h"
#include "base/macros.h"
#include "base/text.h"

/*
 * Runs argv[0], looked up in PATH, with 'input' (may be NULL) on its standard input, and reads at most 'most' bytes of its standard
 * output into out. ERR_NOT_FOUND: there is no such program; ERR_CHILD: it failed (what it says is on standard error); ERR_TOO_BIG;
 * ERR_SYSTEM.
 */
MUST_USE enum err program_run(const char *const argv[], const struct text *input, size_t most, struct text *out);

#endif
