/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * jail_try.c - the Match block of a jail that somebody has made by hand, staged and tried by logins, for tests.
 * usage: jail_try USER DIR HOME SHELL|- [SSHD]      prints the changed files, then a line for each thing proven, unproven or wrong
 */
#include "harden/check.h"
#include "harden/jail_block.h"
#include "harden/jail_trial.h"
#include "harden/plan.h"
#include "harden/stage.h"

#include <stdio.h>
#include <string.h>

#include "base/banned.h"

static int failed(const char *what, enum err e, const struct diags *problems)
{
	diags_print(problems, "", stderr);
	(void)fprintf(stderr, "%s: %s\n", what, err_text(e));
	return 2;
}

static void say(const char *what, const struct strings *l)
{
	for (size_t i = 0; i < l->n; i++)
		(void)printf("%s: %s\n", what, l->v[i]);
}

static int try(const struct facts *f, const struct jail *j, const char *keys)
{
	struct text lines = { 0 };
	struct change block = { .kind = CHANGE_BLOCK, .args = j->user };
	struct change key = { .kind = CHANGE_WRITE, .path = (char *)keys, .content = (char *)"# none\n", .mode = 0644 };
	const struct change *const changes[] = { &key, &block };
	const struct jail_trial trial = { .facts = f, .jail = j, .keys = keys };
	struct jail_trial_told told = { 0 };
	struct diags problems = { 0 };
	struct stage *s;
	struct plan *p;
	enum err e = jail_block_lines(j, keys, &lines);

	if (e || (e = stage_open(f, &s)))
		return failed("stage", e, &problems);
	block.content = lines.s;
	if ((e = plan_build(f, changes, ARRAY_SIZE(changes), s, &p, &problems)))
		return failed("plan", e, &problems);
	for (size_t i = 0; i < p->nops; i++)
		(void)printf("%s %s\n%s", op_kind_text(p->ops[i].kind), p->ops[i].path,
			     p->ops[i].kind == OP_WRITE ? p->ops[i].new : "");
	if ((e = jail_trial_run(s, &trial, &told)))
		return failed("trial", e, &problems);
	say("proven", &told.proven);
	say("unproven", &told.unproven);
	if (told.wrong.len)
		(void)printf("wrong: %s\n", told.wrong.s);
	stage_close(s);
	plan_free(p);
	jail_trial_told_clear(&told);
	text_free(&lines);
	return 0;
}

int main(int argc, char **argv)
{
	struct facts_options o = { .sshd = argc == 6 ? argv[5] : NULL };
	struct text keys = { 0 };
	struct facts *f;
	int status;
	enum err e;

	if (argc != 5 && argc != 6)
		return 2;
	if ((e = facts_gather(&o, &f)))
		return failed("facts", e, &(struct diags){ 0 });
	text_add(&keys, "/etc/ssh/authorized_keys.d/%s", argv[1]);
	status = try(f,
		     &(struct jail){ .user = argv[1],
				     .dir = argv[2],
				     .home = argv[3],
				     .shell = argv[4],
				     .sftp_only = strcmp(argv[4], "-") == 0 },
		     text_string(&keys));
	text_free(&keys);
	facts_free(f);
	return status;
}
