/* SPDX-License-Identifier: GPL-3.0-or-later */
/* command_memory.h - what AuthorizedKeysCommand and its like answered a moment ago, for a service that asks again and again. */
#ifndef SSHD_COMMAND_MEMORY_H
#define SSHD_COMMAND_MEMORY_H

#include "base/err.h"
#include "base/macros.h"
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define COMMAND_MEMORY_ENTRIES 128
#define COMMAND_MEMORY_OUTPUT (64u << 10) /* what is larger is not kept */
#define COMMAND_MEMORY_MS 60000

/*
 * Only outputs of commands that ran well are kept: everything else about a login is found out anew each time. 'asked' is all that
 * tells one run from another: account, user of the command, words.
 */
struct command_memory;
MUST_USE enum err command_memory_new(struct command_memory **out);
void command_memory_free(struct command_memory *m); /* NULL is fine */

/* Whether it was asked within the last minute; *output is borrowed until the next command_memory_keep(). */
bool command_memory_find(const struct command_memory *m, const char *asked, uint64_t now_ms, const char **output,
			 size_t *len);
/* The oldest makes room. ERR_NONE also where it is too large to be kept. */
MUST_USE enum err command_memory_keep(struct command_memory *m, const char *asked, const char *output, size_t len,
				      uint64_t now_ms);

/* From now on nothing that is not kept may be run; from the start it may. */
void command_memory_allow(struct command_memory *m, bool allowed);
/* While held nothing is run either, but whether something would have been is noted: to try without commands first. */
void command_memory_hold(struct command_memory *m);
/* Whether anything was held back. */
bool command_memory_release(struct command_memory *m);
/* Whether one may be run now; counted. */
bool command_memory_start(struct command_memory *m);
unsigned command_memory_started(const struct command_memory *m);

/*
 * A child that was forked with a copy of the memory hands back what it has kept since then: command_memory_mark() first. Reading takes
 * all of it or nothing: ERR_SYNTAX, ERR_SHORT, ERR_TOO_BIG.
 */
#define COMMAND_MEMORY_NEWS (256u << 10) /* bytes of what is written at most */
void command_memory_mark(struct command_memory *m);
MUST_USE enum err command_memory_write(const struct command_memory *m, struct text *out);
MUST_USE enum err command_memory_read(struct command_memory *m, const void *bytes, size_t len, uint64_t now_ms);

#endif
