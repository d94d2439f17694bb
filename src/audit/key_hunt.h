/* SPDX-License-Identifier: GPL-3.0-or-later */
/* key_hunt.h - look for keys in many places at once, by processes that may hang on a dead mount without us. */
#ifndef AUDIT_KEY_HUNT_H
#define AUDIT_KEY_HUNT_H

#include "audit/sighting.h"
#include "base/root.h"
#include "sshd/account.h"
#include "sshd/config.h"

#include <time.h>

#define KEY_HUNT_SECONDS 10 /* that one place may be silent */

/* All borrowed. */
struct key_hunt {
	const struct root *root;
	const struct sshd_config *config;
	time_t now;
	struct account *const *accounts; /* all of them, and the host itself */
	size_t naccounts;
	const struct strings *paths; /* NULL or empty: accounts and host; else these alone */
	bool odd;		     /* as key_look_new() */
	unsigned processes;	     /* 0: one for each processor, at most four */
	unsigned seconds;	     /* 0: KEY_HUNT_SECONDS */
};

/*
 * The places are shared out among child processes, which read and parse; none of our memory has seen a private key. A place that says
 * nothing for so long, or ends its process, is SIGHT_UNREAD; where two homes in one folder hang, the rest of that folder is not
 * waited for, and after six in all nothing is. The order of the sightings is that of the places. ERR_MEMORY, ERR_SYSTEM.
 */
MUST_USE enum err key_hunt_run(const struct key_hunt *h, struct sightings *out);

#endif
