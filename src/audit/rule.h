/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rule.h - the rules: one row each, a table for each step. */
#ifndef AUDIT_RULE_H
#define AUDIT_RULE_H

#include "audit/facts.h"
#include "audit/finding.h"
#include "audit/policy.h"

#include <stddef.h>

struct rule {
	const char *id; /* kebab-case, stable, unique */
	unsigned step;	/* 0..8 */
	enum severity severity;
	unsigned since, until; /* releases of sshd it is about; 0: no bound. Outside: skip */
	const char *title;
	/* Fills status, detail, evidence, changes, fix of a finding that starts as pass. Looks at nothing but its arguments. */
	enum err (*judge)(const struct facts *facts, const struct policy *policy, struct finding *out);
	const char *const *controls;   /* "CIS 5.1.20", NULL-terminated, or NULL */
	const char *const *references; /* the same */
};

/* The rules of all steps in order. */
size_t rules_count(void);
const struct rule *rule_at(size_t i);
const struct rule *rule_find(const char *id);

struct step {
	unsigned number;
	const char *name;  /* "kex" */
	const char *title; /* "stronger Diffie-Hellman, modern key exchange" */
};

/* By number "1" or name "kex"; NULL if there is none. */
const struct step *step_find(const char *name_or_number);
const struct step *step_at(unsigned number); /* 0..8 */
/* The names, NULL-terminated. */
const char *const *step_names(void);

#endif
