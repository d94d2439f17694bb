/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rules_revoked.c - step 5: the file of revoked keys. */
#include "audit/judge.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

/* sshd takes comments and empty lines (sshd_config(5), RevokedKeys). */
#define EMPTY_LIST "# Keys that this server refuses: one public key a line, as in authorized_keys without options.\n"

static enum err plan_none(const struct facts *f, struct finding *out)
{
	const struct file_fact *there = facts_file(f, f->revoked_path);
	enum err e;

	/* A file that sshd cannot use would keep every key out once the directive names it. */
	if (there && there->err != ERR_NOT_FOUND && (there->err || there->unreadable))
		return finding_fix(out, NULL,
				   "%s is there but cannot be used%s: put it in order, then set RevokedKeys %s",
				   f->revoked_path,
				   there->err	     ? ""
				   : there->bad_line ? " (a line is no public key)"
						     : " (a KRL that sshd cannot read)",
				   f->revoked_path);
	if (there && there->err == ERR_NOT_FOUND && (e = finding_create(out, f->revoked_path, EMPTY_LIST, 0644)))
		return e;
	if ((e = finding_set(out, KW_REVOKEDKEYS, f->revoked_path)))
		return e;
	return judge_fix(out, "make %s, then set RevokedKeys to it", f->revoked_path);
}

static enum err judge_revoked_none(const struct facts *f, const struct policy *p, struct finding *out)
{
	const char *value = judge_value(f, KW_REVOKEDKEYS);
	enum err e;

	if (!value)
		return judge_unknown(f, out);
	if (*value && strcasecmp(value, "none") != 0)
		return ERR_NONE;
	out->status = STATUS_FAIL;
	if ((e = judge_cite(f, KW_REVOKEDKEYS, out)) ||
	    (e = finding_detail(out,
				"A stolen or lost key could only be shut out by finding every file that lets it in.")))
		return e;
	return plan_none(f, out);
}

/* revoked-missing-file */

static const char *revoked_fault(const struct file_fact *fact)
{
	if (fact->bad_line)
		return "this line is no public key";
	return fact->unreadable ? "a KRL that sshd cannot read" : NULL;
}

static enum err judge_revoked_path(const struct facts *f, const struct sshd_line *l, const char *path,
				   struct finding *out)
{
	const struct judged_file j = { .line = l,
				       .path = path,
				       .fault = revoked_fault,
				       .relative = "not an absolute path, so it is looked for below /",
				       .content = EMPTY_LIST };

	return judge_named_file(f, &j, out);
}

static enum err judge_revoked_missing(const struct facts *f, const struct policy *p, struct finding *out)
{
	const struct sshd_line **lines = NULL;
	size_t n = 0;
	enum err e;

	if (!f->config)
		return judge_unknown(f, out);
	if ((e = sshd_lines_of(f->config, KW_REVOKEDKEYS, &lines, &n)))
		return e;
	for (size_t i = 0; i < n && !e; i++) {
		/* Of several global lines the first counts. */
		if (!lines[i]->match && lines[i] != sshd_decider(f->effective, KW_REVOKEDKEYS))
			continue;
		for (size_t j = 0; j < lines[i]->args.n && !e; j++)
			if (strcasecmp(lines[i]->args.v[j], "none") != 0)
				e = judge_revoked_path(f, lines[i], lines[i]->args.v[j], out);
	}
	free(lines);
	if (e || out->status == STATUS_PASS || out->status == STATUS_UNKNOWN)
		return e;
	if ((e = finding_detail(out, "With such a file sshd refuses every public key, of everybody.")))
		return e;
	return out->nchanges ? judge_fix(out, "make the file, empty")
			     : finding_fix(out, NULL,
					   "make the file that RevokedKeys names, with nothing but public keys in it");
}

static const char *const revoked_refs[] = { "sshd_config(5) RevokedKeys", "NIST IR 7966", NULL };

const struct rule rules_revoked[] = {
	{ "revoked-none", 5, SEVERITY_MEDIUM, 0, 0, "keys can be revoked", judge_revoked_none, NULL, revoked_refs },
	{ "revoked-missing-file", 5, SEVERITY_CRITICAL, 0, 0, "sshd can use the file of revoked keys",
	  judge_revoked_missing, NULL, revoked_refs },
};
const size_t rules_revoked_n = ARRAY_SIZE(rules_revoked);
