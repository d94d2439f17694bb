/* SPDX-License-Identifier: GPL-3.0-or-later */
/* judge.c - values with their evidence, for the rules. */
#include "audit/judge.h"

#include "base/number.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

static bool has_report(const struct facts *f)
{
	return f->report_err == ERR_NONE && f->report.names.n > 0;
}

const char *judge_reported(const struct facts *f, enum sshd_keyword_id id)
{
	const struct strings *v = has_report(f) ? report_values(&f->report, sshd_keyword(id)->name) : NULL;

	return v && v->n ? v->v[0] : NULL;
}

const char *judge_value(const struct facts *f, enum sshd_keyword_id id)
{
	const char *value = judge_reported(f, id);

	if (value)
		return value;
	if (!f->effective)
		return has_report(f) ? "" : NULL;
	/* Without a release our defaults are only a guess. */
	if (!f->release && !has_report(f) && !sshd_decider(f->effective, id))
		return NULL;
	return sshd_value(f->effective, id);
}

bool judge_number(const struct facts *f, enum sshd_keyword_id id, uint64_t *out)
{
	const char *value = judge_value(f, id);

	return value && duration_parse(value, out) == ERR_NONE;
}

bool judge_same(const char *value, const char *word)
{
	if (strcasecmp(value, "without-password") == 0)
		value = "prohibit-password";
	return strcasecmp(value, word) == 0;
}

bool judge_is(const struct facts *f, enum sshd_keyword_id id, const char *word)
{
	const char *value = judge_value(f, id);

	return value && judge_same(value, word);
}

enum err judge_cite_line(const struct sshd_line *l, struct finding *out)
{
	return finding_evidence(out, l->file, l->line, "%s %s", l->spelling, l->rest ? l->rest : "");
}

enum err judge_cite(const struct facts *f, enum sshd_keyword_id id, struct finding *out)
{
	const struct sshd_line *by = f->effective ? sshd_decider(f->effective, id) : NULL;
	const char *value = judge_value(f, id), *name = sshd_keyword(id)->name;

	if (by)
		return judge_cite_line(by, out);
	if (sshd_keyword(id)->kind == KIND_ALGS)
		value = "its own list";
	else if (!value || !*value)
		value = "none";
	if (!f->release)
		return finding_evidence(out, NULL, 0, "by default: %s %s", name, value);
	return finding_evidence(out, NULL, 0, "default of OpenSSH %u.%u: %s %s", f->release / 100, f->release % 100,
				name, value);
}

const char *judge_path(const struct facts *f, const char *path)
{
	return facts_short_path(f, path);
}

enum err judge_cite_overridden(const struct facts *f, enum sshd_keyword_id id, struct finding *out)
{
	const struct sshd_line *by = f->effective ? sshd_decider(f->effective, id) : NULL;
	const struct sshd_line **lines = NULL;
	size_t n = 0;
	enum err e;

	if (!by || by->match)
		return ERR_NONE;
	if ((e = sshd_lines_of(f->config, id, &lines, &n)))
		return e;
	for (size_t i = 0; i < n && !e; i++) {
		if (lines[i] == by || lines[i]->match || strcasecmp(lines[i]->rest, by->rest) == 0)
			continue;
		if ((e = finding_evidence(out, lines[i]->file, lines[i]->line, "%s %s (has no effect)",
					  lines[i]->spelling, lines[i]->rest)))
			break;
		if (!out->reason)
			e = finding_reason(out, "%s:%u overrides %s:%u", judge_path(f, by->file), by->line,
					   judge_path(f, lines[i]->file), lines[i]->line);
	}
	free(lines);
	return e;
}

static bool set_before(const struct sshd_line *const *lines, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (lines[j]->match == lines[i]->match)
			return true;
	return false;
}

enum err judge_match_lines(const struct facts *f, enum sshd_keyword_id id, const struct sshd_line ***out, size_t *n)
{
	const struct sshd_line **lines = NULL;
	size_t all = 0, kept = 0;
	enum err e;

	if (!f->config) {
		*out = NULL;
		*n = 0;
		return ERR_NONE;
	}
	if ((e = sshd_lines_of(f->config, id, &lines, &all)))
		return e;
	for (size_t i = 0; i < all; i++)
		if (lines[i]->match && !set_before(lines, i))
			lines[kept++] = lines[i];
	*out = lines;
	*n = kept;
	return ERR_NONE;
}

bool judge_has_account(const struct facts *f, const char *name, size_t len)
{
	for (size_t i = 0; i < f->naccounts; i++)
		if (strlen(f->accounts[i]->name) == len && memcmp(f->accounts[i]->name, name, len) == 0)
			return true;
	return false;
}

bool judge_is_unsure(const struct facts *f, const char *name, size_t len)
{
	for (size_t i = 0; i < f->unsure.n; i++)
		if (strlen(f->unsure.v[i]) == len && memcmp(f->unsure.v[i], name, len) == 0)
			return true;
	return false;
}

bool judge_is_host_name(const char *item, size_t len)
{
	if (memchr(item, ':', len) || memchr(item, '/', len))
		return false;
	for (size_t i = 0; i < len; i++)
		if (isalpha((unsigned char)item[i]))
			return true;
	return false;
}

static const char *named_file_fault(const struct judged_file *j, const struct file_fact *fact)
{
	if (j->path[0] != '/')
		return j->relative;
	if (!fact)
		return NULL;
	if (fact->err == ERR_NOT_FOUND)
		return "missing";
	if (fact->err == ERR_NOT_FILE)
		return "not a file";
	return fact->err ? NULL : j->fault(fact);
}

enum err judge_named_file(const struct facts *f, const struct judged_file *j, struct finding *out)
{
	const struct file_fact *fact = facts_file(f, j->path);
	const char *fault = named_file_fault(j, fact);
	enum err e;

	if (!fault && fact && !fact->err)
		return ERR_NONE;
	if (!fault) {
		if (out->status == STATUS_PASS)
			out->status = STATUS_UNKNOWN;
		return finding_detail(out, "%s could not be looked at%s.", j->path, f->privileged ? "" : "; root can");
	}
	out->status = STATUS_FAIL;
	if ((e = judge_cite_line(j->line, out)) ||
	    (e = finding_evidence(out, j->path, fact ? fact->bad_line : 0, "%s", fault)) ||
	    (e = finding_reason(out, "%s:%u names %s: %s", judge_path(f, j->line->file), j->line->line, j->path,
				fault)))
		return e;
	if (fact && fact->err == ERR_NOT_FOUND && facts_short_path(f, j->path) != j->path && j->content)
		return finding_create(out, j->path, j->content, 0644);
	return ERR_NONE;
}

enum err judge_unknown(const struct facts *f, struct finding *out)
{
	out->status = STATUS_UNKNOWN;
	if (!f->sshd && f->config_err == ERR_NOT_FOUND)
		return finding_detail(out, "No OpenSSH server was found: neither a sshd nor %s.", f->config_path);
	if (!f->config)
		return finding_detail(out, "%s could not be read%s%s.", f->config_path, f->problems.n ? ": " : "",
				      f->problems.n ? f->problems.v[0].text : "");
	if (!f->release)
		return finding_detail(out, "The version of sshd is not known, so neither is what it does by default.");
	return finding_detail(out, "It could not be found out%s.", f->privileged ? "" : "; root can see more");
}

enum err judge_accounts(const struct facts *f, struct finding *out)
{
	out->status = STATUS_UNKNOWN;
	if (!f->unsure.n)
		return finding_detail(out, "Not all accounts could be looked up: %s.",
				      err_text(f->accounts_err ? f->accounts_err : ERR_TIMEOUT));
	return finding_detail(out, "Not all accounts and groups could be looked up; '%s' is one.", f->unsure.v[0]);
}

enum err judge_skip(struct finding *out, const char *why)
{
	out->status = STATUS_SKIP;
	return finding_detail(out, "%s", why);
}

enum err judge_fix(struct finding *out, const char *format, ...)
{
	char command[80];
	struct text t = { 0 };
	va_list ap;
	enum err e;

	snprintf(command, sizeof command, "sudo sallyport harden --step %s", step_at(out->rule->step)->name);
	va_start(ap, format);
	text_addv(&t, format, ap);
	va_end(ap);
	e = text_check(&t);
	if (!e)
		e = finding_fix(out, command, "%s", text_string(&t));
	text_free(&t);
	return e;
}
