/* SPDX-License-Identifier: GPL-3.0-or-later */
/* premises.h - what the daemon holds while roles come and go: its settings, the locked state folder, the control socket. */
#ifndef GATE_PREMISES_H
#define GATE_PREMISES_H

#include "base/err.h"
#include "base/macros.h"
#include "gate/settings.h"

#include <stdbool.h>

struct premises {
	struct settings *settings;
	int state; /* the folder, locked: no second daemon writes there, nor does this one before the last grant has ended */
	int control; /* listening; root's alone */
	/*
	 * A bound socket of NETLINK_NETFILTER. The table belongs to it, so that nobody can flush the table while grant is started
	 * anew, nor, where the service manager keeps the socket (notify_keep()), while the daemon is.
	 */
	int netfilter;
};

/*
 * Takes the settings over in any case, and 'kept' (-1: nothing), which a daemon before us may have left: used for 'netfilter' where it
 * is such a socket. What 'old' (NULL at the start) has already is shared with it. At the start it waits up to five seconds for the
 * roles of a daemon that has just died. ERR_BUSY: another one runs; *why (yours) says what could not be had.
 */
MUST_USE enum err premises_open(struct settings *settings, const struct premises *old, int kept, struct premises **out,
				char **why);
/* Another daemon holds the state folder of these settings: it looks after the table, too. */
bool premises_taken(const struct settings *s);
/* 'next' (may be NULL) is what goes on: the control socket's name is removed unless it is the same there. NULL is fine. */
void premises_free(struct premises *p, const struct premises *next);

#endif
