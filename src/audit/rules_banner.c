/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rules_banner.c - step 7: the notice that is sent before the login. */
#include "audit/judge.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define BANNER_MAX (1024 * 1024) /* sshd sends nothing of a larger file */

static bool is_none(const char *value)
{
	return *value == '\0' || strcasecmp(value, "none") == 0;
}

static enum err plan_banner(const struct facts *f, const struct policy *p, struct finding *out)
{
	const struct file_fact *there = facts_file(f, f->banner_path);
	const char *notice = policy_notice(p);
	enum err e;

	if (!notice)
		return finding_fix(out, NULL, "write a notice, and name its file with Banner");
	/* A file of ours from an earlier time stays as somebody may have edited it. */
	if (there && there->err == ERR_NOT_FOUND && (e = finding_create(out, f->banner_path, notice, 0644)))
		return e;
	if ((e = finding_set(out, KW_BANNER, f->banner_path)))
		return e;
	return judge_fix(out, "install the notice of the policy as %s", f->banner_path);
}

static enum err judge_banner_none(const struct facts *f, const struct policy *p, struct finding *out)
{
	const char *value = judge_value(f, KW_BANNER);
	const struct sshd_line **lines = NULL;
	size_t n = 0;
	enum err e;

	if (!value)
		return judge_unknown(f, out);
	if (is_none(value)) {
		out->status = STATUS_FAIL;
		if ((e = judge_cite(f, KW_BANNER, out)))
			return e;
	}
	if ((e = judge_match_lines(f, KW_BANNER, &lines, &n)))
		return e;
	for (size_t i = 0; i < n && !e; i++) {
		if (!lines[i]->args.n || !is_none(lines[i]->args.v[0]))
			continue;
		/* Programs that log in by themselves are often spared the notice on purpose. */
		if (out->status == STATUS_PASS)
			out->status = STATUS_WARN;
		e = judge_cite_line(lines[i], out);
	}
	free(lines);
	if (e || out->status == STATUS_PASS)
		return e;
	if ((e = finding_detail(out, "Nobody is told before the login that only authorised use is allowed.")))
		return e;
	return is_none(value) ? plan_banner(f, p, out)
			      : finding_fix(out, NULL, "decide whether the notice should be missing there");
}

static const char *banner_fault(const struct file_fact *fact)
{
	if (fact->size == 0)
		return "empty";
	return fact->size > BANNER_MAX ? "larger than 1 MiB" : NULL;
}

static enum err judge_banner_path(const struct facts *f, const struct policy *p, const struct sshd_line *l,
				  struct finding *out)
{
	const struct judged_file j = { .line = l,
				       .path = l->args.v[0],
				       .fault = banner_fault,
				       .relative = "not an absolute path",
				       .content = policy_notice(p) };

	return judge_named_file(f, &j, out);
}

static enum err judge_banner_missing(const struct facts *f, const struct policy *p, struct finding *out)
{
	const struct sshd_line **lines = NULL;
	size_t n = 0;
	enum err e;

	if (!f->config)
		return judge_unknown(f, out);
	if ((e = sshd_lines_of(f->config, KW_BANNER, &lines, &n)))
		return e;
	for (size_t i = 0; i < n && !e; i++) {
		if (!lines[i]->args.n || is_none(lines[i]->args.v[0]))
			continue;
		/* Of several global lines the first counts. */
		if (lines[i]->match || lines[i] == sshd_decider(f->effective, KW_BANNER))
			e = judge_banner_path(f, p, lines[i], out);
	}
	free(lines);
	if (e || out->status == STATUS_PASS || out->status == STATUS_UNKNOWN)
		return e;
	if ((e = finding_detail(out, "sshd then sends no notice at all, and says so nowhere.")))
		return e;
	return out->nchanges ? judge_fix(out, "install the notice of the policy there")
			     : finding_fix(out, NULL, "put a notice in the file that Banner names");
}

static const char *const banner_refs[] = { "sshd_config(5) Banner", "NIST SP 800-53 AC-8", NULL };

const struct rule rules_banner[] = {
	{ "banner-none", 7, SEVERITY_LOW, 0, 0, "a notice is sent before the login", judge_banner_none, NULL,
	  banner_refs },
	{ "banner-missing-file", 7, SEVERITY_LOW, 0, 0, "sshd can send the notice that is set", judge_banner_missing,
	  NULL, banner_refs },
};
const size_t rules_banner_n = ARRAY_SIZE(rules_banner);
