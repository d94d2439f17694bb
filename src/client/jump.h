/* SPDX-License-Identifier: GPL-3.0-or-later */
/* jump.h - a server behind another host: knocks that are sent there, and ssh's own channel through it. */
#ifndef CLIENT_JUMP_H
#define CLIENT_JUMP_H

#include "base/err.h"
#include "base/macros.h"
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * Both are logins there by ssh(1), which share one connection, for half a minute also with others of this user, unless the user's configuration has
 * a ControlPath for that host, which decides then. Start with { 0 }; free with jump_clear().
 */
struct jump {
	struct strings words; /* "ssh", and all options up to the host */
	char *host;
};

/* Whether ssh takes it behind -J, and a shell and ssh_config as it is: "[USER@]HOST[:PORT]" and "ssh://...", with commas between several. */
bool jump_fits(const char *way);
/* way: as above. config: of -F, or NULL. ERR_SYNTAX: it does not fit; as ask_ssh(). */
MUST_USE enum err jump_open(const char *way, const char *config, struct jump *out);
void jump_clear(struct jump *j); /* leaves { 0 } */

/* A program that runs beside us, its input and output in one socket. Start with { .fd = -1 }; end with jump_end(). */
struct jump_channel {
	int fd;
	pid_t pid;
};

/*
 * A shell over there that sends what it is told. Returns when it is ready, so that a knock made then is fresh, however long the login took. ERR_CHILD:
 * ssh ended, and said why on stderr; ERR_CLOSED: that host runs no shell for us; ERR_TIMEOUT; ERR_NOT_FOUND: there is no ssh.
 */
MUST_USE enum err jump_shell(const struct jump *j, struct jump_channel *out);
/* Lines as of carry_print(). Returns when each was sent once; copies follow. ERR_UNSUPPORTED: that host has nothing that could send it; ERR_CLOSED, ERR_TIMEOUT. */
MUST_USE enum err jump_send(const struct jump_channel *shell, const char *lines);
/* A channel to that port (ssh -W), whether it answers or not. silent: what ssh says of it goes nowhere. */
MUST_USE enum err jump_dial(const struct jump *j, const char *host, unsigned port, bool silent,
			    struct jump_channel *out);
/* ERR_NONE: the other end has spoken, and nothing of it was taken; ERR_CLOSED: it ended; ERR_TIMEOUT. */
MUST_USE enum err jump_wait(const struct jump_channel *c, unsigned ms);
/* For a shell: it ends by itself, and not before others have what they share with it. */
void jump_leave(struct jump_channel *c);
void jump_end(struct jump_channel *c); /* both leave { .fd = -1 } */

#endif
