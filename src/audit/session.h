/* SPDX-License-Identifier: GPL-3.0-or-later */
/* session.h - who is logged in over SSH right now, and from where. */
#ifndef AUDIT_SESSION_H
#define AUDIT_SESSION_H

#include "base/err.h"
#include "base/macros.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct session {
	char *user;
	char *addr;  /* of the client, numeric; IPv4-mapped as IPv4 */
	char *laddr; /* of this host, numeric */
	unsigned lport;
	pid_t pid;		  /* of the sshd process that serves it */
	uint64_t started_boot_ms; /* when it began, on the clock of clock_boot_ms() */
	bool ours;		  /* this program runs inside it */
	bool proven; /* false for one of root that nothing but its length of life tells from a login that failed */
};

struct sessions {
	struct session *v;
	size_t n;
	bool complete; /* false where /proc did not show everything (not root) */
};

/*
 * From /proc: sshd's (sshd-session's) authenticated processes and the TCP
 * connections they hold, matched by socket inode. No log is read. A login
 * that is still authenticating does not count, nor one that just begins or ends:
 * it looks twice, 50 ms apart, and again for up to 2 s while it cannot tell. ERR_MEMORY, ERR_SYSTEM.
 */
MUST_USE enum err sessions_read(struct sessions *out);
void sessions_free(struct sessions *s);

#endif
