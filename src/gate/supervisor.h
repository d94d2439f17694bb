/* SPDX-License-Identifier: GPL-3.0-or-later */
/* supervisor.h - the parent of the four roles: starts them, sees them die, starts them anew. */
#ifndef GATE_SUPERVISOR_H
#define GATE_SUPERVISOR_H

#include "base/err.h"
#include "base/macros.h"
#include "gate/settings.h"

#include <stdbool.h>

struct supervisor_options {
	const char *file;    /* of the settings: read again on SIGHUP */
	const char *libexec; /* absolute: the folder of the roles' programs */
	bool foreground;     /* log to standard error too, also of the roles */
};

/*
 * Serves with these settings (taken over) until SIGTERM or SIGINT; only as root, and as the process's whole life: signals are
 * blocked and capabilities dropped for good. Says what is wrong in the log; ERR_NONE after a signal, else what kept it from
 * starting or going on, and *why (yours) in words.
 *
 * A role that dies takes its generation with it; the next one starts at once, then, while generations live less than 30 s, after a
 * pause that doubles from 100 ms to 10 s, or to 400 ms where the generation had served. On SIGHUP the settings are read and all
 * that they name is opened: where something is wrong the generation stays, else a new one takes over. What is in the kernel is
 * never touched from here.
 */
MUST_USE enum err supervisor_run(const struct supervisor_options *o, struct settings *settings, char **why);

#endif
