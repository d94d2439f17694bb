/* SPDX-License-Identifier: GPL-3.0-or-later */
/* harden.c - bring the host to the policy: plan, guards, journal, swap, proof, timer. */
#include "audit/audit.h"
#include "base/message.h"
#include "cmd/assess.h"
#include "cmd/change.h"
#include "cmd/command.h"
#include "harden/two_factor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

struct harden_args {
	struct strings steps, keep, overrides;
	const char *policy, *confirm_within;
	bool two_factor;
};

/* What is wanted beside what the rules found: the answer of a person, and options. */
struct wishes {
	struct finding two_factor, who;
};

static const struct option_row options[] = {
	{ "step", 's', OPTION_COMMAS, OPTION_AT(struct harden_args, steps), "<step>[,<step>]",
	  "only these, by number or name" },
	{ "policy", 'p', OPTION_TEXT, OPTION_AT(struct harden_args, policy), "<name>", "by this policy (modern)" },
	{ "keep", 'k', OPTION_LIST, OPTION_AT(struct harden_args, keep), "<user>[@<addr>]",
	  "this account must still get in" },
	{ "two-factor", 0, OPTION_FLAG, OPTION_AT(struct harden_args, two_factor), NULL,
	  "also ask everybody for a one-time code beside the key" },
	{ "confirm-within", 0, OPTION_TEXT, OPTION_AT(struct harden_args, confirm_within), "<time>",
	  "go back unless confirmed in this time (5m; 0: no timer)" },
	{ "override", 0, OPTION_LIST, OPTION_AT(struct harden_args, overrides), "<guard>",
	  "go on although this guard refuses" },
	{ 0 },
};

static void harden_clear(void *args)
{
	struct harden_args *a = args;

	strings_free(&a->steps);
	strings_free(&a->keep);
	strings_free(&a->overrides);
}

/* What stands in the history. */
static void describe(const struct harden_args *a, struct text *out)
{
	text_add_string(out, "harden");
	if (a->steps.n) {
		text_add_string(out, " --step ");
		strings_join(&a->steps, ",", out);
	}
	if (a->policy)
		text_add(out, " --policy %s", a->policy);
	if (a->two_factor)
		text_add_string(out, " --two-factor");
}

/* Of two changes of the same setting the first counts: the second factor needs what a rule may want to switch off. */
static enum err collect(const struct audit *a, const struct wishes *w, const struct change ***out, size_t *n)
{
	const struct change **list;
	size_t count = w->two_factor.nchanges + w->who.nchanges;

	for (size_t i = 0; i < a->n; i++)
		count += a->findings[i].nchanges;
	list = calloc(count + 1, sizeof *list);
	if (!list)
		return ERR_MEMORY;
	count = 0;
	for (size_t k = 0; k < w->two_factor.nchanges; k++)
		list[count++] = &w->two_factor.changes[k];
	for (size_t i = 0; i < a->n; i++) {
		const struct finding *f = &a->findings[i];

		if (f->status != STATUS_FAIL && f->status != STATUS_WARN)
			continue;
		for (size_t k = 0; k < f->nchanges; k++)
			list[count++] = &f->changes[k];
	}
	for (size_t k = 0; k < w->who.nchanges; k++)
		list[count++] = &w->who.changes[k];
	*out = list;
	*n = count;
	return ERR_NONE;
}

/* Who may log in is a person's choice: it is asked for where somebody can answer, never invented. */
static bool ask_who(const struct common_args *common, const struct facts *facts, const struct audit *audit,
		    struct text *names)
{
	const struct finding *f = audit_find(audit, "access-open");
	char line[1024];

	if (!f || f->status != STATUS_WARN || common->yes || common->dry_run || common->format == FORMAT_JSON ||
	    !isatty(STDIN_FILENO))
		return false;
	fprintf(stderr, "Everybody with an account may try to log in. Who should? (names; empty: leave it so) ");
	fflush(stderr);
	if (!command_answer_comes(change_patience(facts->root)) || !fgets(line, sizeof line, stdin))
		return false;
	line[strcspn(line, "\n")] = '\0';
	text_add_string(names, line + strspn(line, " \t"));
	return names->len > 0;
}

/* 0, or an exit status with the error said. */
static int check_names(const struct facts *f, const char *names)
{
	struct strings words = { 0 };
	int status = strings_split(&words, names, " \t,") ? fail(ERR_MEMORY, "cannot read the names") : 0;

	for (size_t i = 0; i < words.n && !status; i++) {
		struct account *account = NULL;
		enum err e = account_find(f->root, words.v[i], &account);

		if (e)
			status = e == ERR_NOT_FOUND
					 ? complain("there is no account '%s'; nothing was changed", words.v[i])
					 : fail(e, "cannot look up '%s'", words.v[i]);
		account_free(account);
	}
	strings_free(&words);
	return status;
}

static int add_answer(const struct common_args *common, const struct facts *f, const struct audit *audit,
		      struct finding *answer)
{
	struct text names = { 0 };
	struct strings words = { 0 };
	int status = 0;

	if (ask_who(common, f, audit, &names) && (status = check_names(f, names.s)) == 0) {
		struct text args = { 0 };

		if (strings_split(&words, names.s, " \t,") == ERR_NONE)
			strings_join(&words, " ", &args);
		if (text_check(&args) || finding_set(answer, KW_ALLOWUSERS, text_string(&args)))
			status = fail(ERR_MEMORY, "cannot plan the change");
		text_free(&args);
	}
	if (answer->nchanges)
		answer->changes[0].rule = "access-open";
	strings_free(&words);
	text_free(&names);
	return status;
}

/* 0, or an exit status with the reason said. */
static int add_two_factor(const struct facts *f, struct finding *out)
{
	struct text why = { 0 }, next = { 0 };
	enum err e = two_factor_plan(f, out, &why, &next);
	int status = 0;

	if (why.len) {
		complain("%s; nothing was changed", why.s);
		if (next.len)
			hint("%s", next.s);
		status = EXIT_NO;
	} else if (e) {
		status = fail(e, "cannot plan the second factor");
	}
	for (size_t i = 0; i < out->nchanges; i++)
		out->changes[i].rule = "second-factor";
	text_free(&why);
	text_free(&next);
	return status;
}

static int harden_by(const struct common_args *common, const struct harden_args *a, const struct facts *f,
		     const struct audit *audit, uint64_t confirm_seconds)
{
	struct change_request q = { .keep = &a->keep,
				    .overrides = &a->overrides,
				    .confirm_seconds = confirm_seconds,
				    .policy = a->policy,
				    .nothing = "Nothing to change: sallyport audit --all tells what is left to you." };
	const struct change **changes = NULL;
	struct wishes w = { 0 };
	struct text what = { 0 };
	int status = a->two_factor ? add_two_factor(f, &w.two_factor) : 0;
	enum err e;

	describe(a, &what);
	if (status || (status = add_answer(common, f, audit, &w.who))) {
		/* the reason was said */
	} else if ((e = collect(audit, &w, &changes, &q.n)) || (e = text_check(&what))) {
		status = fail(e, "cannot plan the change");
	} else {
		q.changes = changes;
		q.what = what.s;
		status = change_run(common, f, &q);
	}
	finding_clear(&w.two_factor);
	finding_clear(&w.who);
	text_free(&what);
	free(changes);
	return status;
}

static int harden_run(const struct common_args *common, void *args, const struct strings *rest)
{
	const struct harden_args *a = args;
	struct assessment j = { 0 };
	struct facts *f = NULL;
	uint64_t confirm_seconds;
	int lock = -1, status;

	(void)rest;
	if ((status = change_check_overrides(&a->overrides)) ||
	    (status = change_confirm_within(a->confirm_within, &confirm_seconds)))
		return status;
	if (change_begin(common, &f, &lock, &status))
		return status;
	if ((status = assess_facts(f, a->policy, &a->steps, &j)) == 0)
		status = harden_by(common, a, f, j.audit, confirm_seconds);
	assessment_clear(&j);
	change_end(f, lock);
	return status;
}

const struct command cmd_harden = {
	.name = "harden",
	.summary = "bring the host to the policy, prove it, keep a way back",
	.arguments = "",
	.common = COMMON_REPORT | COMMON_HOST | COMMON_CHANGE,
	.options = options,
	.args_size = sizeof(struct harden_args),
	.examples = "  sallyport harden --dry-run            # every file with its diff, nothing is changed\n"
		    "  sudo sallyport harden                 # asks, then goes back by itself unless confirmed\n"
		    "  sudo sallyport harden --step kex -y --keep anna@203.0.113.9\n",
	.run = harden_run,
	.clear = harden_clear,
};
