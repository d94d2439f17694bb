/* SPDX-License-Identifier: GPL-3.0-or-later */
/* policy.h - what the rules compare with: values and severities, from a data file. */
#ifndef AUDIT_POLICY_H
#define AUDIT_POLICY_H

#include "base/diag.h"
#include "base/err.h"
#include "base/macros.h"
#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>

enum severity { SEVERITY_CRITICAL, SEVERITY_HIGH, SEVERITY_MEDIUM, SEVERITY_LOW, SEVERITY_INFO };

/*
 * The file: '#' comments, one setting a line, as sshd_config has it:
 *	Title TEXT
 *	Base NAME			starts from another policy (at most 8 deep)
 *	Set NAME VALUE...		a value that rules ask for by name; names are those in docs/policies.md
 *	Severity RULE critical|high|medium|low|info|off
 */
struct policy;

/*
 * name: looked up as NAME.policy in /etc/sallyport/policies, then in the data directory (or
 * beside the program's own source tree while it runs from the build folder); with a '/' it is a path.
 * ERR_NOT_FOUND, ERR_CONFIG with file:line in problems (unknown value names and rules among them).
 */
MUST_USE enum err policy_load(const char *name, struct policy **out, struct diags *problems);
void policy_free(struct policy *p);
const char *policy_name(const struct policy *p);
const char *policy_title(const struct policy *p);
/* The words of a value; empty if the policy does not set it. Borrowed. */
const struct strings *policy_words(const struct policy *p, const char *value);
const char *policy_word(const struct policy *p, const char *value); /* the first word, or NULL */
uint64_t policy_number(const struct policy *p, const char *value, uint64_t otherwise);
/* False: the policy leaves this rule out. */
bool policy_severity(const struct policy *p, const char *rule, enum severity usual, enum severity *out);
/* Names of all policies that can be found, sorted. */
MUST_USE enum err policy_list(struct strings *out);
const char *severity_text(enum severity s);

#endif
