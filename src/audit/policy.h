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
 *	Set NAME VALUE...		a value that rules ask for by name; names are those in docs/policies.md.
 *					"none" as the only word takes away what the base sets
 *	Severity RULE critical|high|medium|low|info|off
 */
struct policy;

/*
 * name: looked up as NAME.policy in /etc/sallyport/policies, then in the data directory (or
 * beside the program's own source tree while it runs from the build folder); with a '/' it is a path.
 * ERR_NOT_FOUND, ERR_CONFIG with file:line in problems (unknown value names and rules among them).
 */
MUST_USE enum err policy_load(const char *name, struct policy **out, struct diags *problems);
/* The same from memory, for tests and fuzzing: no file is opened, a Base is an error. ERR_CONFIG. */
MUST_USE enum err policy_parse(const char *content, size_t len, struct policy **out, struct diags *problems);
void policy_free(struct policy *p);
const char *policy_name(const struct policy *p);
const char *policy_given(const struct policy *p); /* as the user wrote it, a path perhaps */
const char *policy_title(const struct policy *p);
/* The words of a value; empty if the policy does not set it. Borrowed. */
const struct strings *policy_words(const struct policy *p, const char *value);
const char *policy_word(const struct policy *p, const char *value); /* the first word, or NULL */
uint64_t policy_number(const struct policy *p, const char *value,
		       uint64_t otherwise); /* a duration is a number of seconds */
/* Whether a word matches one of the value's patterns ("*" and "?", as in sshd_config). */
bool policy_matches(const struct policy *p, const char *value, const char *word);
/* The text of the notice that the value "banner" names, from banners/NAME.txt beside the policies; NULL if there is none. Borrowed. */
const char *policy_notice(const struct policy *p);
/* False: the policy leaves this rule out. */
bool policy_severity(const struct policy *p, const char *rule, enum severity usual, enum severity *out);
/* Names of all policies that can be found, sorted. */
MUST_USE enum err policy_list(struct strings *out);
/* Appends all that a policy decides, in a fixed order, so that a digest of it says whether two are the same. */
void policy_format(const struct policy *p, struct text *out);
const char *severity_text(enum severity s);

#endif
