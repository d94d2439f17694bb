/* SPDX-License-Identifier: GPL-3.0-or-later */
/* notify.h - tell the service manager how the daemon is, and leave a descriptor with it: sd_notify(3), without its library. */
#ifndef GATE_NOTIFY_H
#define GATE_NOTIFY_H

#include "base/macros.h"

#include <stdbool.h>
#include <stdint.h>

struct notify {
	int fd;		       /* -1: nobody wants to know */
	unsigned long beat_ms; /* how often notify_beat() is due; 0: never */
	int kept; /* what notify_keep() of an earlier process left; -1: nothing. Whoever uses it closes it */
};

/*
 * Whoever started us wants to be told where NOTIFY_SOCKET and WATCHDOG_USEC in the environment say so, and LISTEN_FDS what it kept;
 * all are taken out of it. Never fails: what cannot be told is not.
 */
void notify_open(struct notify *n);
void notify_close(struct notify *n);

void notify_ready(const struct notify *n, const char *status);
void notify_reloading(const struct notify *n);
void notify_stopping(const struct notify *n);
void notify_status(const struct notify *n, const char *status);
/* Has the manager keep a copy of the descriptor over our death; copies of the same one are thrown away by it. sd_pid_notify_with_fds(3) */
void notify_keep(const struct notify *n, int fd);
void notify_beat(const struct notify *n); /* still alive */

#endif
