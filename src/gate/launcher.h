/* SPDX-License-Identifier: GPL-3.0-or-later */
/* launcher.h - a process that keeps all rights of root in order to start the rescue, where no service manager does. */
#ifndef GATE_LAUNCHER_H
#define GATE_LAUNCHER_H

#include "base/macros.h"

#include <stdbool.h>
#include <sys/types.h>

/*
 * What the parent of the roles gives up at its start an sshd needs, and so do those who log in by it. So a copy of it is left aside
 * before, which waits on a socket of its own, reads nothing, and ends with the parent.
 */
struct launcher {
	int fd; /* -1: there is none */
	pid_t pid;
};

/*
 * None is made where this process could not gain rights any more itself: the sandbox of a service manager, which starts the rescue
 * then (RESCUE_SOCKET). 'libexec' and 'foreground' as in supervisor_options. Never fails.
 */
void launcher_open(struct launcher *l, const char *libexec, bool foreground);
/* Starts the rescue; our end of the connection to it (rescue.h), -1: it cannot be had. */
int launcher_call(const struct launcher *l);
void launcher_close(struct launcher *l);

#endif
