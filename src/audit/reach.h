/* SPDX-License-Identifier: GPL-3.0-or-later */
/* reach.h - whether a file can be looked at without waiting for ever: a dead network mount lets nobody go who touches it. */
#ifndef AUDIT_REACH_H
#define AUDIT_REACH_H

#include "base/err.h"
#include "base/macros.h"

#include <stdbool.h>
#include <sys/types.h>

/* A process that looks first. Start with REACH_NONE; it is made when something is asked. */
struct reach {
	pid_t pid; /* 0: none */
	int fd;
	unsigned vain; /* paths that it did not come back from */
};
#define REACH_NONE ((struct reach){ .fd = -1 })

/*
 * On the running system: *answers, whether the process could look at the path and begin to read it, whatever it found. It is waited for
 * 5 seconds, after two times in vain a fifth of one. What has answered may still die a moment later. ERR_SYSTEM: no process can be
 * had.
 */
MUST_USE enum err reach_ask(struct reach *r, const char *path, bool *answers);
void reach_end(struct reach *r);

#endif
