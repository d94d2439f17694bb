/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rehearsal.h - the accepted logins of the past, decided anew by the staged configuration. */
#ifndef HARDEN_REHEARSAL_H
#define HARDEN_REHEARSAL_H

#include "audit/past.h"
#include "base/err.h"
#include "base/macros.h"
#include "base/root.h"
#include "harden/stage.h"
#include "sshd/config.h"

struct rehearsal_loss {
	const struct past_login *login; /* borrowed from the logins */
	char *reason;			/* word of access_reason_word() */
	char *detail;
};

/*
 * A feature that was used and that the new configuration ends: "password", "keyboard-interactive", "sftp", "local TCP
 * forwarding", "remote TCP forwarding".
 */
struct rehearsal_feature {
	const char *name;
	char *by;	     /* "anna, backup and 3 more" */
	unsigned long count; /* logins of those by whom it was used, from where and with the key with which it was */
};

#define REHEARSAL_LOST_MAX 5000 /* that are told one by one */

struct rehearsal {
	unsigned long logins, kept, lost_logins; /* the rest does not get in today either */
	unsigned long kept_jailed;		 /* of those kept: into a folder that sshd locks them into */
	struct rehearsal_loss *lost;		 /* the most frequent first */
	size_t nlost;
	struct rehearsal_feature *ended;
	size_t nended;
	const struct past_logins *from; /* borrowed */
};

/*
 * Lost is a login that 'before' does not refuse today and 'after' does (an account that is gone, a key that was removed
 * meanwhile are no loss). A root that already has the staged files is r_after. ERR_MEMORY. Free with rehearsal_clear().
 */
MUST_USE enum err rehearsal_run(const struct root *r_before, const struct sshd_config *before,
				const struct root *r_after, const struct sshd_config *after,
				const struct past_logins *logins, time_t now, struct rehearsal *out);
/* The same, before by the system as it is and after in a world with the staged copy in place. Needs root; as stage_world(). */
MUST_USE enum err rehearsal_run_staged(const struct facts *f, const struct stage *s, const struct past_logins *logins,
				       time_t now, struct rehearsal *out);
/* "Of 1,211 logins in the last 90 days 1,204 would still work:" and who would not, for people. One line where there are no logs. */
void rehearsal_describe(const struct rehearsal *r, time_t now, struct text *out);
/* {"logins","kept","lost":[{"user","addr","method","count","reason"}],"ended":[{"feature","by","count"}],"since","sources"} */
json_t *rehearsal_json(const struct rehearsal *r);
void rehearsal_clear(struct rehearsal *r);

#endif
