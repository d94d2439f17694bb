/* SPDX-License-Identifier: GPL-3.0-or-later */
/* reach.h - whether a file can be looked at without waiting for ever: a dead network mount lets nobody go who touches it. */
#ifndef SSHD_REACH_H
#define SSHD_REACH_H

#include "base/err.h"
#include "base/macros.h"

#include <stdbool.h>
#include <sys/types.h>

/* A process that looks first. Start with REACH_NONE; it is made when something is asked, and only where a mount could hang. */
struct reach {
	pid_t pid;   /* 0: none */
	pid_t asker; /* whose it is; after a fork the other one gets its own */
	int fd;
};
#define REACH_NONE ((struct reach){ .fd = -1 })

/*
 * On the running system: *answers, whether the process could look at the path and begin to read it, whatever it found. It is waited for
 * 5 seconds; once this program has waited two times in vain, a fifth of one. A path that did not answer is not asked
 * again, nor is its mount where that does not answer, either. What has answered may still die a moment later. Where all file systems are of this machine alone, everything answers.
 * ERR_SYSTEM: no process can be had; ERR_MEMORY.
 */
MUST_USE enum err reach_ask(struct reach *r, const char *path, bool *answers);
void reach_end(struct reach *r);

#endif
