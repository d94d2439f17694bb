/* SPDX-License-Identifier: GPL-3.0-or-later */
/* jail_trial.h - a jail shown to hold and to be of use, by real logins into it before sshd's configuration is changed. */
#ifndef HARDEN_JAIL_TRIAL_H
#define HARDEN_JAIL_TRIAL_H

#include "audit/facts.h"
#include "base/err.h"
#include "base/macros.h"
#include "harden/stage.h"
#include "jail/jail.h"

#include <jansson.h>

struct jail_trial {
	const struct facts *facts;
	const struct jail *jail; /* its tree stands, its account is there */
	const char *keys;	 /* AuthorizedKeysFile of its block */
};

/* Sentences without a full stop. Start with { 0 }. */
struct jail_trial_told {
	struct strings proven, unproven;
	struct text wrong; /* what does not hold; empty: nothing */
};

/*
 * Logs in as the user with a key that exists nowhere else, at a second sshd with the staged configuration; where that lets nobody in from
 * here (addresses, a second factor, an account that has expired) at one that has the block of the jail and little else, and the other is said
 * to be unproven. A shell: commands run in the home, / is the jail, no file of the host is seen. With sftp only: upload, download and
 * removal in the home, no shell. Both: nothing is forwarded. ERR_MEMORY, ERR_INTERRUPTED; all else is told.
 */
MUST_USE enum err jail_trial_run(const struct stage *s, const struct jail_trial *t, struct jail_trial_told *out);
void jail_trial_told_clear(struct jail_trial_told *t);

#endif
