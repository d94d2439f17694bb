/* SPDX-License-Identifier: GPL-3.0-or-later */
/* judge.h - an audit as commands want it: policy by name, steps by name, what was accepted. */
#ifndef CMD_JUDGE_H
#define CMD_JUDGE_H

#include "audit/audit.h"

#define POLICY_DEFAULT "modern"

/* Start with { 0 }. */
struct judgement {
	struct policy *policy;
	struct acceptances accepted;
	struct audit *audit;
};

/* policy NULL: the default; steps empty: all. 0, or an exit status with the error said. Clear in every case. */
int judge_facts(const struct facts *f, const char *policy, const struct strings *steps, struct judgement *out);
void judgement_clear(struct judgement *j);

#endif
