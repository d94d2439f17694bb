/* SPDX-License-Identifier: GPL-3.0-or-later */
/* audit.h - judge a host by a policy: findings, score, grade; and what was accepted. */
#ifndef AUDIT_AUDIT_H
#define AUDIT_AUDIT_H

#include "audit/facts.h"
#include "audit/finding.h"
#include "audit/policy.h"
#include "audit/rule.h"

#define AUDIT_ALL_STEPS 0x1ffu

struct audit {
	const struct facts *facts;   /* borrowed */
	const struct policy *policy; /* borrowed */
	struct finding *findings;    /* in the order of the rules */
	size_t n;
	unsigned count[STATUS_COUNT];
	unsigned score;	     /* 0..100; see docs/policies.md */
	const char *grade;   /* "A+", "A", ... "F" */
	char rules_digest[65];
};

/* One finding that somebody keeps on purpose, in /var/lib/sallyport/accepted.json. */
struct acceptance {
	char *rule, *reason, *by;
	char evidence_digest[65]; /* of the finding when it was accepted: a changed finding comes back */
	time_t when, until;	  /* until 0: for ever */
};

struct acceptances {
	struct acceptance *v;
	size_t n;
};

/* steps: bit N for step N. accepted may be NULL. */
MUST_USE enum err audit_run(const struct facts *f, const struct policy *p, unsigned steps, const struct acceptances *accepted,
			    struct audit **out);
void audit_free(struct audit *a);
const struct finding *audit_find(const struct audit *a, const char *rule);
/* "A" from a score, with the cap of a failed critical finding. */
const char *audit_grade(unsigned score, bool critical_failed);

/* None there: ERR_NONE and empty. Unreadable without root: ERR_SYSTEM, which an unprivileged audit may treat as none. */
MUST_USE enum err acceptances_read(const struct root *r, struct acceptances *out, struct diags *problems);
MUST_USE enum err acceptances_write(const struct root *r, const struct acceptances *a);
/* Replaces an older one of the same rule. */
MUST_USE enum err acceptances_put(struct acceptances *a, const struct finding *f, const char *reason, const char *by, time_t when,
				  time_t until);
bool acceptances_drop(struct acceptances *a, const char *rule);
void acceptances_free(struct acceptances *a);

#endif
