/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rehearsal.h - the accepted logins of the past, decided anew by the staged configuration. */
#ifndef HARDEN_REHEARSAL_H
#define HARDEN_REHEARSAL_H

#include "audit/past.h"
#include "base/err.h"
#include "base/macros.h"
#include "base/root.h"
#include "sshd/config.h"

struct rehearsal_loss {
	const struct past_login *login; /* borrowed from the logins */
	char *reason; /* word of access_reason_word() */
	char *detail;
};

/* A feature that was used and that the new configuration ends: "sftp", "TCP forwarding", "agent forwarding", "X11", "password". */
struct rehearsal_feature {
	const char *name;
	char *by; /* "anna, backup and 3 more" */
	unsigned long count;
};

struct rehearsal {
	unsigned long logins, kept;
	struct rehearsal_loss *lost; /* the most frequent first */
	size_t nlost;
	struct rehearsal_feature *ended;
	size_t nended;
	const struct past_logins *from; /* borrowed */
};

/*
 * Lost is a login that 'before' lets in today and 'after' does not (an account that is gone, a key that was removed
 * meanwhile are no loss). A root that already has the staged files is r_after. ERR_MEMORY. Free with rehearsal_clear().
 */
MUST_USE enum err rehearsal_run(const struct root *r_before, const struct sshd_config *before,
				const struct root *r_after, const struct sshd_config *after,
				const struct past_logins *logins, time_t now, struct rehearsal *out);
void rehearsal_clear(struct rehearsal *r);

#endif
