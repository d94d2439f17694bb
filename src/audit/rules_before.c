/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rules_before.c - step 0: can this configuration be judged at all, and do we read it as sshd does? */
#include "audit/algorithm.h"
#include "audit/judge.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define PROBLEMS_SHOWN 10

static enum err cite_problems(const struct facts *f, struct finding *out)
{
	size_t shown = 0;
	enum err e = ERR_NONE;

	for (size_t i = 0; i < f->problems.n && shown < PROBLEMS_SHOWN && !e; i++) {
		const struct diag *d = &f->problems.v[i];

		if (d->warning)
			continue;
		e = finding_evidence(out, d->file, d->line, "%s", d->text);
		shown++;
	}
	return e;
}

static enum err judge_no_config(const struct facts *f, struct finding *out)
{
	const char *why = f->config_err == ERR_SYSTEM ? "it cannot be read" : err_text(f->config_err);
	enum err e;

	if (!f->sshd || (f->config_err == ERR_SYSTEM && !f->privileged))
		return judge_unknown(f, out);
	out->status = STATUS_FAIL;
	if ((e = finding_evidence(out, f->config_path, 0, "%s", why)) ||
	    (e = finding_reason(out, "%s: %s", judge_path(f, f->config_path), why)) ||
	    (e = finding_detail(out, "sshd does not start without its configuration.")))
		return e;
	return finding_fix(out, NULL, "put a readable sshd_config there; the package's own is a good start");
}

static enum err judge_config_refused(const struct facts *f, const struct policy *p, struct finding *out)
{
	enum err e;

	if (f->report_err == ERR_CHILD) {
		out->status = STATUS_FAIL;
		if ((e = finding_evidence(out, NULL, 0, "sshd: %s",
					  f->report_complaint ? f->report_complaint : "refused")) ||
		    (e = cite_problems(f, out)) || (e = finding_reason(out, "sshd refuses %s", f->config_path)) ||
		    (e = finding_detail(out, "sshd refuses this configuration: at the next restart nobody gets in.")))
			return e;
		return finding_fix(out, "sudo sshd -t",
				   "correct what sshd complains about; until then nothing else can be changed safely");
	}
	if (!f->config)
		return judge_no_config(f, out);
	if (f->config_err != ERR_CONFIG)
		return ERR_NONE;
	/* The binary has the last word: what it takes is at worst something that we do not know. */
	out->status = f->report_err == ERR_NONE ? STATUS_WARN : STATUS_FAIL;
	if ((e = cite_problems(f, out)))
		return e;
	if (f->report_err == ERR_NONE)
		return finding_detail(
			out,
			"sshd accepts this configuration, but we do not understand all of it, so what is said here "
			"of the lines below may be wrong.");
	if ((e = finding_detail(out, "By our reading sshd would refuse this configuration and not start.")))
		return e;
	return finding_fix(out, "sudo sshd -t", "correct the lines named");
}

static bool same_values(const struct strings *a, const struct strings *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (!judge_same(a->v[i], judge_same(b->v[i], "prohibit-password") ? "prohibit-password" : b->v[i]))
			return false;
	return true;
}

/* A list with a prefix is compared as the names it comes to, where the default of the release is in our table. */
static enum err same_algorithms(const struct facts *f, enum sshd_keyword_id id, const struct strings *theirs,
				bool *same)
{
	const struct sshd_line *by = sshd_decider(f->effective, id);
	const char *value = by->args.n ? by->args.v[0] : "", *base = algorithm_default(id, f->release);
	struct strings ours = { 0 }, listed = { 0 };
	enum err e;

	*same = true;
	if (value[0] == '\0' || strchr("+-^", value[0]) || strpbrk(value, "*?"))
		return ERR_NONE; /* distributions have their own default lists, so only a plain list can be compared */
	if ((e = algorithm_apply(value, base ? base : "", &ours)) ||
	    (theirs->n && (e = strings_split(&listed, theirs->v[0], ","))))
		goto out;
	*same = strings_equal(&ours, &listed);
out:
	strings_free(&ours);
	strings_free(&listed);
	return e;
}

static enum err differs(const struct facts *f, const struct sshd_keyword *k, const struct strings *theirs, bool *out)
{
	const struct strings *ours = sshd_values(f->effective, k->id), *usual;
	bool same;
	enum err e;

	if (sshd_decider(f->effective, k->id)) {
		if (k->kind != KIND_ALGS)
			same = same_values(ours, theirs);
		else if ((e = same_algorithms(f, k->id, theirs, &same)))
			return e;
		*out = !same;
		return ERR_NONE;
	}
	/* A default: only where the binary was asked for its own can the two be told apart. */
	usual = f->defaults.names.n ? report_values(&f->defaults, k->name) : NULL;
	*out = f->defaults.names.n && k->kind != KIND_ALGS && !same_values(ours, theirs) &&
	       !(usual && same_values(usual, theirs));
	return ERR_NONE;
}

/* Port and ListenAddress are printed in a form of their own, for each pair of the two. */
static bool is_compared(const struct sshd_keyword *k)
{
	return k->kind != KIND_BLOCK && k->kind != KIND_OBSOLETE && k->id != KW_LISTENADDRESS && k->id != KW_PORT;
}

static enum err judge_views_differ(const struct facts *f, const struct policy *p, struct finding *out)
{
	enum err e = ERR_NONE;

	if (!f->live)
		return judge_skip(out, "Nothing of another system is executed, so its sshd was not asked.");
	if (f->report_err == ERR_CHILD)
		return judge_skip(out, "sshd refuses the configuration, so it reports none.");
	if (f->report_err || !f->effective) {
		out->status = STATUS_UNKNOWN;
		return finding_detail(out, "sshd could not be asked for its effective configuration%s%s.",
				      f->report_complaint ? ": " : "", f->report_complaint ? f->report_complaint : "");
	}
	for (unsigned id = 0; id < KW_COUNT; id++) {
		const struct sshd_keyword *k = sshd_keyword(id);
		const struct strings *theirs = report_values(&f->report, k->name);
		bool differ = false;

		if (!theirs || !is_compared(k))
			continue;
		if ((e = differs(f, k, theirs, &differ)))
			return e;
		if (!differ)
			continue;
		out->status = STATUS_FAIL;
		if ((e = judge_cite(f, id, out)) ||
		    (e = finding_evidence(out, NULL, 0, "sshd -T: %s %s", k->name, theirs->n ? theirs->v[0] : "")))
			return e;
	}
	if (out->status == STATUS_PASS)
		return ERR_NONE;
	if ((e = finding_reason(out, "the files and sshd -T disagree on %zu settings", out->nevidence / 2)))
		return e;
	return finding_detail(
		out, "What sshd reports is not what we read in its files. Where they differ the other findings rest on "
		     "sshd's report, but their lines may be wrong.");
}

static const char *const before_refs[] = { "sshd_config(5)", "sshd(8) -T", NULL };

const struct rule rules_before[] = {
	{ "config-refused", 0, SEVERITY_CRITICAL, 0, 0, "sshd accepts its configuration", judge_config_refused, NULL,
	  before_refs },
	{ "views-differ", 0, SEVERITY_MEDIUM, 0, 0, "sshd reports what its files say", judge_views_differ, NULL,
	  before_refs },
};
const size_t rules_before_n = ARRAY_SIZE(rules_before);
