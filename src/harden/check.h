/* SPDX-License-Identifier: GPL-3.0-or-later */
/* check.h - does a configuration do what was planned? Asked of the binary, of a second sshd, and of the access decision. */
#ifndef HARDEN_CHECK_H
#define HARDEN_CHECK_H

#include "audit/facts.h"
#include "base/err.h"
#include "base/macros.h"
#include "harden/keep.h"
#include "harden/plan.h"
#include "harden/revocation.h"

#include <jansson.h>

struct check {
	const struct facts *facts;
	const struct plan *plan;
	const struct keepers *keepers;
	const struct revocation *revocation; /* a new list of revoked keys; NULL: there is none */
};

/*
 * Looks at the configuration as the files are now; meant for stage_world(). arg is a struct
 * check. A new reference:
 *	"refused"	what sshd says against it, or null
 *	"missing"	[{"keyword","wanted","found","who"}], planned values that are not in force
 *	"lost"		[{"user","addr","reason","detail","decided_by"}], keepers who would not get in
 *	"candidate"	what was wrong with a second sshd with this configuration or list of revoked keys, or null
 *	"trouble"	only this where the check itself failed
 */
json_t *check_task(void *arg);

/* The keepers against the configuration as the files are now. Appends to lost, as keepers_check(). */
MUST_USE enum err check_lost(const struct check *c, json_t *lost);

/* The values of the plan against `sshd -T`, for nobody in particular and for each keeper. Appends to missing. */
MUST_USE enum err check_values(const struct check *c, json_t *missing, char **complaint);

/*
 * Whether what a server offers is what `sshd -T` reports for it. Appends a sentence for each
 * list that differs.
 */
MUST_USE enum err check_wire(const struct sshd_report *report, const struct kexinit *offer, struct text *differs);

#endif
