/* SPDX-License-Identifier: GPL-3.0-or-later */
/* assess.h - an audit as commands want it: policy by name, steps by name, what was accepted. */
#ifndef CMD_ASSESS_H
#define CMD_ASSESS_H

#include "audit/audit.h"

#define POLICY_DEFAULT "modern"

/* Start with { 0 }. */
struct assessment {
	struct policy *policy;
	struct acceptances accepted;
	struct audit *audit;
};

/* NULL: the default. 0, or an exit status with the error said. */
int assess_policy(const char *name, struct policy **out);
/* policy NULL: the default; steps empty: all. 0, or an exit status with the error said. Clear in every case. */
int assess_facts(const struct facts *f, const char *policy, const struct strings *steps, struct assessment *out);
void assessment_clear(struct assessment *j);

#endif
