/* SPDX-License-Identifier: GPL-3.0-or-later */
/* generation.h - one set of the four roles: what they are given, their start and their end. */
#ifndef GATE_GENERATION_H
#define GATE_GENERATION_H

#include "base/err.h"
#include "base/macros.h"
#include "gate/premises.h"
#include "gate/role.h"

#include <stdbool.h>
#include <sys/types.h>

enum generation_role { GENERATION_NET, GENERATION_KEEPER, GENERATION_INDEX, GENERATION_GRANT, GENERATION_ROLES };

struct generation {
	struct generation_member {
		pid_t pid;		/* 0: does not run */
		int parent;		/* our end of its ROLE_PARENT; -1: closed */
		bool ready;		/* it serves */
		bool closed;		/* it closed its end before we did */
		int given[ROLE_FD_END]; /* what it gets in that place; -1: nothing. Ours until generation_start() */
	} member[GENERATION_ROLES];
};

/* "net" and so on. */
const char *generation_role_name(enum generation_role role);

/*
 * Opens all that the roles need; what the premises hold is copied. Where something cannot be opened *why (yours) says what:
 * ERR_SYSTEM, ERR_NOT_FILE. Nothing has been started yet; free with generation_free().
 */
MUST_USE enum err generation_open(const struct premises *p, struct generation **out, char **why);
/*
 * Executes libexec/sallyport-NAME for each, with "-D" as its only argument where 'foreground'. ERR_SYSTEM: could not fork; those
 * that were started before run on. A program that cannot be executed ends with status 127.
 */
MUST_USE enum err generation_start(struct generation *g, const char *libexec, bool foreground);
/* Asks all to end: closes our ends and sends SIGTERM. */
void generation_end(struct generation *g);
void generation_kill(struct generation *g); /* SIGKILL */

/* The next member that has ended and was not reaped yet, and in *status what waitpid(2) gave; -1: none has. */
int generation_reap(struct generation *g, int *status);
bool generation_alive(const struct generation *g); /* some member runs */
bool generation_ready(const struct generation *g); /* all serve */
void generation_free(struct generation *g);	   /* of one whose members have all ended; NULL is fine */

#endif
