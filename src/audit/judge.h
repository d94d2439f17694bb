/* SPDX-License-Identifier: GPL-3.0-or-later */
/* judge.h - what the rules have in common: values with their evidence, and the usual verdicts. Only for rules_*.c and algorithm.c. */
#ifndef AUDIT_JUDGE_H
#define AUDIT_JUDGE_H

#include "audit/facts.h"
#include "audit/finding.h"
#include "audit/policy.h"
#include "audit/rule.h"
#include "base/err.h"
#include "base/macros.h"
#include "sshd/version.h"

#include <stdbool.h>
#include <stdint.h>

/* What the binary says is in force for everybody; NULL if it did not say. Borrowed. */
const char *judge_reported(const struct facts *f, enum sshd_keyword_id id);
/* The value in force for everybody, by the binary or by our reading; "" for none; NULL if it is not known. Borrowed. */
const char *judge_value(const struct facts *f, enum sshd_keyword_id id);
/* The same as a number or time in seconds; false if it is not known or none. "none" is no number. */
bool judge_number(const struct facts *f, enum sshd_keyword_id id, uint64_t *out);
/* Whether the value is this word, upper and lower case alike; without-password is prohibit-password. */
bool judge_is(const struct facts *f, enum sshd_keyword_id id, const char *word);
bool judge_same(const char *value, const char *word);

/* Evidence: the line that gives the value in force, or "default of OpenSSH 9.2: name value". */
MUST_USE enum err judge_cite(const struct facts *f, enum sshd_keyword_id id, struct finding *out);
MUST_USE enum err judge_cite_line(const struct sshd_line *l, struct finding *out);
/* Global lines that say something else and come too late: "overrides FILE:LINE", which also becomes the reason. */
MUST_USE enum err judge_cite_overridden(const struct facts *f, enum sshd_keyword_id id, struct finding *out);

/*
 * The lines inside Match blocks that set this keyword, the first of each block only, since
 * the others have no say. *out is yours (free()), the lines are borrowed.
 */
MUST_USE enum err judge_match_lines(const struct facts *f, enum sshd_keyword_id id, const struct sshd_line ***out,
				    size_t *n);

/* Verdicts. Unknown and skip say why. */
MUST_USE enum err judge_unknown(const struct facts *f, struct finding *out);
MUST_USE enum err judge_skip(struct finding *out, const char *why);
MUST_USE enum err judge_accounts(const struct facts *f, struct finding *out); /* unknown, since accounts are */
/* "sudo sallyport harden --step NAME" as the command. */
MUST_USE enum err judge_fix(struct finding *out, const char *format, ...) FORMAT(2, 3);
/* A file's path as people should see it in a reason. */
const char *judge_path(const struct facts *f, const char *path);

bool judge_has_account(const struct facts *f, const char *name, size_t len);
/* An account or group of that name could not be looked up: it may be there. */
bool judge_is_unsure(const struct facts *f, const char *name, size_t len);
/* Whether this item of a list of hosts can only be meant as a name: no address, no network, no wildcard over digits. */
bool judge_is_host_name(const char *item, size_t len);

/* A file that a setting names, and what is wrong with it. */
struct judged_file {
	const struct sshd_line *line;
	const char *path;
	const char *(*fault)(const struct file_fact *fact); /* beyond "missing" and "not a file"; NULL: nothing */
	const char *relative;				    /* what a path that does not begin at "/" means */
	const char *content;				    /* of the file that harden would make, NULL: none */
};
/* Unknown where it could not be looked at; else fails, with line and file as evidence, and the missing file to be made beside our configuration. */
MUST_USE enum err judge_named_file(const struct facts *f, const struct judged_file *j, struct finding *out);

/* Rows of the tables; one per step in rules_*.c. */
extern const struct rule rules_before[], rules_kex[], rules_moduli[], rules_access[], rules_match[], rules_holders[],
	rules_keys[], rules_chroot[], rules_login[], rules_revoked[], rules_timeouts[], rules_banner[];
extern const size_t rules_before_n, rules_kex_n, rules_moduli_n, rules_access_n, rules_match_n, rules_holders_n,
	rules_keys_n, rules_chroot_n, rules_login_n, rules_revoked_n, rules_timeouts_n, rules_banner_n;

#endif
