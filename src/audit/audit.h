/* SPDX-License-Identifier: GPL-3.0-or-later */
/* audit.h - judge a host by a policy: findings, score, grade; and what was accepted. */
#ifndef AUDIT_AUDIT_H
#define AUDIT_AUDIT_H

#include "audit/facts.h"
#include "audit/finding.h"
#include "audit/policy.h"
#include "audit/rule.h"
#include "base/digest.h"

#define AUDIT_ALL_STEPS 0x1ffu

struct audit {
	const struct facts *facts;   /* borrowed */
	const struct policy *policy; /* borrowed */
	struct finding *findings;    /* in the order of the rules */
	size_t n;
	unsigned count[STATUS_COUNT];
	unsigned score;	   /* 0..100; see docs/policies.md */
	const char *grade; /* "A+", "A", ... "F"; static */
	char rules_digest[DIGEST_HEX];
};

/* One finding that somebody keeps on purpose, in /var/lib/sallyport/accepted.json. */
struct acceptance {
	char *rule, *reason, *by;
	char evidence_digest[DIGEST_HEX]; /* of the finding when it was accepted: a changed finding comes back */
	time_t when, until;		  /* until 0: for ever */
};

struct acceptances {
	struct acceptance *v;
	size_t n;
};

/* steps: bit N for step N. accepted may be NULL. */
MUST_USE enum err audit_run(const struct facts *f, const struct policy *p, unsigned steps,
			    const struct acceptances *accepted, struct audit **out);
void audit_free(struct audit *a);
const struct finding *audit_find(const struct audit *a, const char *rule);
/* "A" from a score, with the cap of a failed critical finding. */
const char *audit_grade(unsigned score, bool critical_failed);

/* Digest of what a finding rests on: rule, status, detail and the evidence without its line numbers. */
MUST_USE enum err audit_evidence_digest(const struct finding *f, char out[DIGEST_HEX]);
/* Points that the findings cost, doubled because a warning costs half. */
unsigned audit_cost(const struct finding *findings, size_t n);

/*
 * None there: ERR_NONE and empty. ERR_CONFIG: it is damaged, 'problems' says how. Unreadable without root:
 * ERR_SYSTEM, which an unprivileged audit may treat as none.
 */
MUST_USE enum err acceptances_read(const struct root *r, struct acceptances *out, struct diags *problems);
/* The same from the text of the file, for fuzzing. */
MUST_USE enum err acceptances_parse(const char *content, size_t len, struct acceptances *out, struct diags *problems);
MUST_USE enum err acceptances_write(const struct root *r, const struct acceptances *a);
/* Replaces an older one of the same rule. */
MUST_USE enum err acceptances_put(struct acceptances *a, const struct finding *f, const char *reason, const char *by,
				  time_t when, time_t until);
/* The one that holds for this finding now; NULL: none, or it expired, or the finding changed since. */
const struct acceptance *acceptances_find(const struct acceptances *a, const struct finding *f, time_t now);
bool acceptances_drop(struct acceptances *a, const char *rule);
#define ACCEPTANCES_PATH "/var/lib/sallyport/accepted.json"
void acceptances_free(struct acceptances *a);

#endif
