/* SPDX-License-Identifier: GPL-3.0-or-later */
/* jails.h - the folders that sshd locks people into, whoever made them, and the jails that we made; and who might do with one. */
#ifndef AUDIT_JAILS_H
#define AUDIT_JAILS_H

#include "audit/past.h"
#include "base/diag.h"
#include "base/err.h"
#include "base/macros.h"
#include "base/root.h"
#include "jail/check.h"
#include "jail/upkeep.h"
#include "sshd/account.h"
#include "sshd/config.h"

#include <stdbool.h>
#include <stddef.h>

/* A folder that a ChrootDirectory names. */
struct chroot_fact {
	const struct sshd_line *line;
	char *path;    /* %h, %u and %U filled in */
	char *account; /* the first for whom it is; NULL: the line names no account's own folder */
	enum err err; /* ERR_NOT_FOUND: no such folder; ERR_SYNTAX: sshd gives up at the value; ERR_TIMEOUT: it hangs */
	struct jail_troubles troubles; /* the way to it, and the ways out. None of a folder that is among ours */
};

/* A jail of ours. */
struct jail_fact {
	char *user, *dir;	       /* dir NULL: its manifest cannot be read */
	char *problem;		       /* why it cannot be compared with this system, or NULL; escaped */
	bool gone;		       /* there is no such folder */
	struct diags weakened;	       /* of the configuration: jail_settings_judge() */
	struct jail_troubles troubles; /* all kinds but JAIL_STARTS_NOT: nothing is started */
};

struct jails {
	struct chroot_fact *chroots; /* by path */
	size_t nchroots, chroots_size;
	struct jail_fact *ours; /* by user */
	size_t nours, ours_size;
	struct upkeep upkeep; /* what keeps ours current; where there are any */
	char *unsure; /* which folders or jails could not be found out, a sentence without a full stop; NULL: all were */
};

/* All that was gathered before. */
struct jails_wanted {
	const struct root *root;
	const struct sshd_config *config; /* NULL: only ours */
	struct account *const *accounts;
	size_t naccounts;
	bool accounts_unsure;
};

/*
 * Of accounts without a login shell those count that a Match block is about or ForceCommand internal-sftp serves; root does not. What is
 * theirs in those folders is looked at for 10 seconds in all. ERR_MEMORY; what cannot be found out is noted. Free with jails_free().
 */
MUST_USE enum err jails_find(const struct jails_wanted *w, struct jails *out);
void jails_free(struct jails *j);
/* Whether any ChrootDirectory or jail is there at all. */
bool jails_any(const struct jails *j);

/*
 * The accounts whose logins in the past were all used for sftp and for nothing else, and that are in no chroot. *told: whether the logs say of
 * any session what it was used for. ERR_MEMORY.
 */
MUST_USE enum err jails_candidates(const struct jails_wanted *w, const struct past_logins *past, struct strings *out,
				   bool *told);

#endif
