/* SPDX-License-Identifier: GPL-3.0-or-later */
/* recover.c - finish what a crash, a kill or a power cut left of a change. */
#include "base/file.h"
#include "base/json.h"
#include "base/message.h"
#include "cmd/command.h"
#include "cmd/jail.h"
#include "harden/transaction.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

struct recover_args {
	bool boot;
};

static const struct option_row options[] = {
	{ "boot", 0, OPTION_FLAG, OPTION_AT(struct recover_args, boot), NULL,
	  "the machine was just started: what waits for a confirm goes back" },
	{ 0 },
};

static json_t *recovery_json(const struct recovery *d)
{
	errno = d->number;
	return json_pack("{s:i,s:s,s:s,s:s?}", "transaction", (int)d->id, "from",
			 d->damaged ? "damaged" : tx_state_text(d->from), "to",
			 d->damaged ? "damaged" : tx_state_text(d->to), "error", d->err ? err_text(d->err) : NULL);
}

/* All that was left unfinished. */
struct left {
	struct recovery *done;
	size_t n;
	struct build_recovery *jails;
	size_t njails;
};

static const char *jail_error(const struct build_recovery *d)
{
	errno = d->number;
	return d->why ? d->why : err_text(d->err);
}

static json_t *jails_json(const struct left *l)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < l->njails; i++)
		json_array_append_new(list, json_pack("{s:o,s:s,s:s?}", "user", json_safe_string(l->jails[i].user),
						      "what", l->jails[i].what, "error",
						      l->jails[i].err ? jail_error(&l->jails[i]) : NULL));
	return list;
}

static int answer_json(const struct common_args *common, const struct left *l, int status)
{
	json_t *list = json_array(), *j;

	for (size_t i = 0; list && i < l->n; i++)
		json_array_append_new(list, recovery_json(&l->done[i]));
	j = json_pack("{s:s,s:b,s:o,s:o}", "schema", "sallyport.recover.v1", "changed", l->n > 0 || l->njails > 0,
		      "transactions", list, "jails", jails_json(l));
	status = command_print_json(common, j, status);
	json_decref(j);
	return status;
}

static void render(const struct recovery *d, struct text *out)
{
	errno = d->number;
	if (d->damaged)
		text_add(out,
			 "transaction %u: its journal cannot be read (%s); what it replaced is in " JOURNAL_DIR
			 "/%04u/old\n",
			 d->id, err_text(d->err), d->id);
	else if (d->err)
		text_add(out, "transaction %u: %s\n", d->id, err_text(d->err));
	else if (d->from == d->to)
		text_add(out, "transaction %u waits for its confirm; its timer was dead and is armed again\n", d->id);
	else
		text_add(out, "transaction %u was %s and is now %s: everything is as it was before it\n", d->id,
			 tx_state_text(d->from), tx_state_text(d->to));
}

static void render_jail(const struct build_recovery *d, struct text *out)
{
	text_add_string(out, "the jail of ");
	text_add_escaped(out, d->user, strlen(d->user));
	text_add(out, " was %s%s%s\n", d->what,
		 d->lost  ? ": "
		 : d->err ? ", which failed: "
			  : "",
		 d->err ? jail_error(d) : "");
}

static int answer(const struct common_args *common, const struct left *l, int status)
{
	struct text t = { 0 };

	for (size_t i = 0; i < l->n; i++)
		if (l->done[i].err)
			status = EXIT_TROUBLE;
	for (size_t i = 0; i < l->njails; i++)
		if (l->jails[i].err)
			status = EXIT_TROUBLE;
	if (common->format == FORMAT_JSON)
		return answer_json(common, l, status);
	for (size_t i = 0; i < l->n; i++)
		render(&l->done[i], &t);
	for (size_t i = 0; i < l->njails; i++)
		render_jail(&l->jails[i], &t);
	if (l->n == 0 && l->njails == 0 && !status)
		text_add_string(&t, "Nothing was left unfinished.\n");
	status = command_print(common, &t, status);
	text_free(&t);
	return status;
}

/* The transactions first: what they leave of the configuration decides about the jails. */
static int recover(const struct common_args *common, const struct root *r, bool boot)
{
	struct left l = { 0 };
	struct text why = { 0 };
	int status = EXIT_YES;
	enum err e;

	if ((e = transactions_recover(r, boot, &l.done, &l.n)))
		return fail(e, "cannot read the journal");
	if ((e = jail_recover(r, common->config, &l.jails, &l.njails, &why)))
		status = e == ERR_BUSY
				 ? complain("another sallyport is at work on the jails; try again when it is done")
				 : fail(e, "cannot look at the jails%s%s", why.len ? ": " : "", text_string(&why));
	text_free(&why);
	status = answer(common, &l, status);
	free(l.done);
	build_recoveries_free(l.jails, l.njails);
	return status;
}

static int recover_run(const struct common_args *common, void *args, const struct strings *rest)
{
	const struct recover_args *a = args;
	struct root *r = NULL;
	int lock = -1, status;
	enum err e;

	(void)rest;
	if (geteuid() != 0)
		return complain("only root can recover: sudo sallyport recover");
	if ((e = root_open(common->root, &r)))
		return fail(e, "cannot open the root '%s'", common->root ? common->root : "/");
	if ((e = journal_lock(r, &lock)))
		status = e == ERR_BUSY ? complain("another sallyport is at work; try again when it is done")
				       : fail(e, "cannot take the lock");
	else
		status = recover(common, r, a->boot);
	file_close(lock);
	root_close(r);
	return status;
}

const struct command cmd_recover = {
	.name = "recover",
	.summary = "finish what a crash left of a change",
	.arguments = "",
	.common = COMMON_REPORT | COMMON_HOST | COMMON_NO_RECOVERY,
	.options = options,
	.args_size = sizeof(struct recover_args),
	.examples = "  sudo sallyport recover         # to exactly the old or exactly the new state\n"
		    "  sudo sallyport recover --boot  # what sallyport-recover.service runs at boot\n",
	.run = recover_run,
};
