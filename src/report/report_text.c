/* SPDX-License-Identifier: GPL-3.0-or-later */
/* report_text.c - an audit for people: the worst first, one next step. */
#include "report/report.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define WORST_SHOWN 3
#define DEFAULT_POLICY "modern"

/* What is being written, and how. */
struct page {
	const struct audit *a;
	struct text *out;
	bool color;
};

enum tint { TINT_RED, TINT_YELLOW, TINT_GREEN, TINT_DIM, TINT_BOLD };

static const char *const tints[] = { "\033[31m", "\033[33m", "\033[32m", "\033[2m", "\033[1m" };
static const enum tint status_tints[STATUS_COUNT] = { TINT_GREEN, TINT_YELLOW, TINT_RED, TINT_DIM, TINT_DIM, TINT_DIM };

static void tinted(const struct page *p, enum tint tint, int width, const char *s)
{
	text_add(p->out, "%s%-*s%s", p->color ? tints[tint] : "", width, s, p->color ? "\033[0m" : "");
}

static void add_escaped(struct text *out, const char *s)
{
	text_add_escaped(out, s, strlen(s));
}

static bool is_open(const struct finding *f)
{
	return f->status == STATUS_FAIL || f->status == STATUS_WARN;
}

/* Failures before warnings, the more severe first, else as the rules stand. */
static bool is_worse(const struct finding *a, const struct finding *b)
{
	if (a->status != b->status)
		return a->status == STATUS_FAIL;
	return a->severity < b->severity;
}

static const struct finding *next_worst(const struct audit *a, const struct finding *const *taken, size_t n)
{
	const struct finding *worst = NULL;

	for (size_t i = 0; i < a->n; i++) {
		const struct finding *f = &a->findings[i];
		bool is_taken = false;

		for (size_t t = 0; t < n; t++)
			is_taken = is_taken || taken[t] == f;
		if (is_open(f) && !is_taken && (!worst || is_worse(f, worst)))
			worst = f;
	}
	return worst;
}

static bool many_unknown(const struct audit *a)
{
	return a->count[STATUS_UNKNOWN] * 4 >= a->n && a->count[STATUS_UNKNOWN] > 0;
}

static void add_summary(const struct page *p)
{
	const struct audit *a = p->a;
	enum tint tint = a->score >= 90 ? TINT_GREEN : a->score >= 70 ? TINT_YELLOW : TINT_RED;

	tinted(p, tint, 0, a->grade);
	text_add(p->out, " %u/100   %u fail  %u warn  %u pass  %u unknown", a->score, a->count[STATUS_FAIL],
		 a->count[STATUS_WARN], a->count[STATUS_PASS], a->count[STATUS_UNKNOWN]);
	if (a->count[STATUS_ACCEPTED])
		text_add(p->out, "  %u accepted", a->count[STATUS_ACCEPTED]);
	if (many_unknown(a))
		text_add(p->out, "  (many unknown%s)", a->facts->privileged ? "" : ": run it as root");
	text_add_string(p->out, "\n");
}

/* "sshd_config:33 PermitRootLogin yes" */
static void add_reason(const struct page *p, const struct finding *f)
{
	const struct evidence *e = f->evidence;

	if (f->reason) {
		text_add_string(p->out, f->reason);
		return;
	}
	if (f->nevidence == 0) {
		text_add_string(p->out, f->detail ? f->detail : f->rule->title);
		return;
	}
	if (e->file) {
		add_escaped(p->out, facts_short_path(p->a->facts, e->file));
		if (e->line)
			text_add(p->out, ":%u", e->line);
		text_add_string(p->out, " ");
	}
	text_add_string(p->out, e->text);
}

static void add_worst(const struct page *p)
{
	const struct finding *shown[WORST_SHOWN];
	unsigned fails = p->a->count[STATUS_FAIL], warns = p->a->count[STATUS_WARN];
	size_t n = 0;
	int width = 0;

	while (n < WORST_SHOWN && (shown[n] = next_worst(p->a, shown, n)))
		n++;
	for (size_t i = 0; i < n; i++) {
		int len = (int)strlen(shown[i]->rule->id);

		width = len > width ? len : width;
		fails -= shown[i]->status == STATUS_FAIL;
		warns -= shown[i]->status == STATUS_WARN;
	}
	for (size_t i = 0; i < n; i++) {
		tinted(p, status_tints[shown[i]->status], 8, severity_text(shown[i]->severity));
		text_add(p->out, "  %-*s  ", width, shown[i]->rule->id);
		add_reason(p, shown[i]);
		text_add_string(p->out, "\n");
	}
	if (fails + warns == 0)
		return;
	text_add_string(p->out, "          ");
	if (fails)
		text_add(p->out, "%u more fail%s", fails, warns ? ", " : "");
	if (warns)
		text_add(p->out, "%u %swarn", warns, fails ? "" : "more ");
	text_add_string(p->out, ": sallyport audit --all\n");
}

static bool harden_helps(const struct audit *a)
{
	for (size_t i = 0; i < a->n; i++)
		if (is_open(&a->findings[i]) && a->findings[i].nchanges)
			return true;
	return false;
}

static void add_harden(const struct page *p)
{
	const struct facts *f = p->a->facts;
	text_add_string(p->out, "sudo sallyport harden --dry-run");
	if (strcmp(policy_name(p->a->policy), DEFAULT_POLICY) != 0) {
		text_add_string(p->out, " --policy ");
		add_escaped(p->out, policy_given(p->a->policy));
	}
	if (!f->live && f->root) {
		text_add_string(p->out, " --root ");
		add_escaped(p->out, root_dir(f->root));
	}
}

/* The one command that helps most. */
static void add_next(const struct page *p)
{
	const struct finding *refused = audit_find(p->a, "config-refused"), *worst = next_worst(p->a, NULL, 0);

	text_add_string(p->out, "Next: ");
	if (refused && refused->status == STATUS_FAIL && refused->command)
		text_add_string(p->out, refused->command);
	else if (many_unknown(p->a) && !p->a->facts->privileged)
		text_add_string(p->out, "sudo sallyport audit");
	else if (harden_helps(p->a))
		add_harden(p);
	else if (worst && (worst->command || worst->fix))
		text_add_string(p->out, worst->command ? worst->command : worst->fix);
	else if (worst || p->a->count[STATUS_UNKNOWN])
		text_add_string(p->out,
				worst ? "sallyport audit --all" : "sallyport audit --all tells what is not known");
	else
		text_add_string(p->out, "nothing is left to do here");
	text_add_string(p->out, "\n");
}

static void add_indented(const struct page *p, const char *label, const char *s)
{
	text_add(p->out, "           %s%s\n", label, s);
}

static void add_evidence(const struct page *p, const struct evidence *e)
{
	text_add_string(p->out, "           ");
	if (e->file) {
		add_escaped(p->out, e->file);
		if (e->line)
			text_add(p->out, ":%u", e->line);
		text_add_string(p->out, ": ");
	}
	text_add(p->out, "%s\n", e->text);
}

static void add_finding(const struct page *p, const struct finding *f)
{
	text_add_string(p->out, "  ");
	tinted(p, status_tints[f->status], 8, status_text(f->status));
	text_add(p->out, " %-8s  %s: %s\n", severity_text(f->severity), f->rule->id, f->rule->title);
	if (f->detail)
		add_indented(p, "", f->detail);
	for (size_t i = 0; i < f->nevidence; i++)
		add_evidence(p, &f->evidence[i]);
	if (f->accepted_reason) {
		text_add_string(p->out, "           accepted by ");
		add_escaped(p->out, f->accepted_by);
		text_add_string(p->out, ": ");
		add_escaped(p->out, f->accepted_reason);
		text_add_string(p->out, "\n");
	}
	if (f->fix && f->status != STATUS_PASS && f->status != STATUS_ACCEPTED) {
		add_indented(p, "fix: ", f->fix);
		if (f->command)
			add_indented(p, "     ", f->command);
	}
}

static void add_all(const struct page *p)
{
	const struct step *last = NULL;

	for (size_t i = 0; i < p->a->n; i++) {
		const struct finding *f = &p->a->findings[i];
		const struct step *s = step_at(f->rule->step);

		if (s != last) {
			text_add(p->out, "\n%u ", s->number);
			tinted(p, TINT_BOLD, 0, s->name);
			text_add(p->out, ": %s\n", s->title);
		}
		last = s;
		add_finding(p, f);
	}
	text_add_string(p->out, "\n");
}

enum err report_text(const struct audit *a, bool all, bool color, struct text *out)
{
	const struct page p = { .a = a, .out = out, .color = color };

	add_summary(&p);
	if (all)
		add_all(&p);
	else
		add_worst(&p);
	add_next(&p);
	return text_check(out);
}
