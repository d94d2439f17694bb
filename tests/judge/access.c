/* SPDX-License-Identifier: GPL-3.0-or-later */
/* access.c - our access decision against logins at a real sshd, with a key that it would take. */
#include "judge.h"

#include "base/clock.h"
#include "sshd/access.h"
#include "sshd/version.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

struct access_judge {
	struct world world;
	struct score *score;
};

static const char *text_of(const json_t *row, const char *key)
{
	return json_string_value(json_object_get(row, key));
}

static json_t *differ(const char *ours, const char *why, const json_t *row)
{
	return json_pack("{s:{s:s, s:s?}, s:{s:O, s:O}}", "ours", "verdict", ours, "reason", why, "theirs", "verdict",
			 json_object_get(row, "verdict"), "reason", json_object_get(row, "reason"));
}

/* NULL when ours is theirs. */
static json_t *decision_compare(const struct access_decision *d, const json_t *row)
{
	static const char *const verdicts[] = {
		[ACCESS_ALLOWED] = "allowed", [ACCESS_DENIED] = "denied", [ACCESS_UNKNOWN] = "unknown"
	};
	const char *ours = verdicts[d->verdict], *why = access_reason_word(d);

	if (!strcmp(ours, text_of(row, "verdict")) && !strcmp(why, text_of(row, "reason")))
		return NULL;
	return differ(ours, why, row);
}

static enum err login_decide(const struct access_judge *j, const struct sshd_config *config, const json_t *row,
			     json_t **out)
{
	struct account *account = world_account(&j->world, text_of(row, "user"));
	struct access_login who = {
		.user = text_of(row, "user"),
		.account = account,
		.host = text_of(row, "host"),
		.addr = text_of(row, "addr"),
		.laddr = text_of(row, "laddr"),
		.lport = (unsigned)json_integer_value(json_object_get(row, "lport")),
		.assume = METHOD_PUBLICKEY,
	};
	struct access_decision d = { 0 };
	struct access *access = NULL;
	enum err e = access_new(j->world.root, config, clock_wall(), &access);

	if (!e && !(e = access_decide(access, &who, &d)))
		*out = decision_compare(&d, row);
	access_decision_clear(&d);
	access_free(access);
	account_free(account);
	return e;
}

static int row_judge(const json_t *row, void *context)
{
	struct access_judge *j = context;
	const char *theirs = text_of(row, "verdict");
	bool refused = theirs && !strcmp(theirs, "config-error");
	struct sshd_config *config = NULL;
	struct diags problems = { 0 };
	json_t *differences = NULL;
	enum err e;

	if (!theirs || !text_of(row, "reason") || (!refused && (!text_of(row, "user") || !text_of(row, "addr")))) {
		fputs("judge: a row lacks verdict, reason, user or addr\n", stderr);
		return 2;
	}
	if (world_lay(&j->world, row))
		return 2;
	e = sshd_config_load(j->world.root, "/etc/ssh/sshd_config", JUDGE_RELEASE, &config, &problems);
	if (e == ERR_CONFIG ? !refused : refused)
		differences = differ(e == ERR_CONFIG ? "config-error" : "no error",
				     problems.n ? problems.v[0].text : NULL, row);
	else if (!e)
		e = login_decide(j, config, row, &differences);
	if (e != ERR_CONFIG && e)
		fprintf(stderr, "judge: %s\n", err_text(e));
	else
		score_row(j->score, row, differences);
	sshd_config_free(config);
	diags_free(&problems);
	return e && e != ERR_CONFIG ? 2 : 0;
}

int judge_access(const char *file, struct score *s)
{
	struct access_judge j = { .score = s };
	int status = world_open(file, &j.world);

	if (!status)
		status = rows_each(file, row_judge, &j);
	world_close(&j.world);
	return status;
}
