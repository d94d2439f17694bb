/* SPDX-License-Identifier: GPL-3.0-or-later */
/* recover.c - finish what a crash, a kill or a power cut left of a change. */
#include "base/file.h"
#include "base/message.h"
#include "cmd/command.h"
#include "harden/transaction.h"

#include <errno.h>
#include <stdlib.h>
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

static int answer_json(const struct common_args *common, const struct recovery *done, size_t n, int status)
{
	json_t *list = json_array(), *j;

	for (size_t i = 0; list && i < n; i++)
		json_array_append_new(list, recovery_json(&done[i]));
	j = json_pack("{s:s,s:b,s:o}", "schema", "sallyport.recover.v1", "changed", n > 0, "transactions", list);
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

static int answer(const struct common_args *common, const struct recovery *done, size_t n)
{
	struct text t = { 0 };
	int status = EXIT_YES;

	for (size_t i = 0; i < n; i++)
		if (done[i].err)
			status = EXIT_TROUBLE;
	if (common->format == FORMAT_JSON)
		return answer_json(common, done, n, status);
	for (size_t i = 0; i < n; i++)
		render(&done[i], &t);
	if (n == 0)
		text_add_string(&t, "Nothing was left unfinished.\n");
	status = command_print(common, &t, status);
	text_free(&t);
	return status;
}

static int recover_run(const struct common_args *common, void *args, const struct strings *rest)
{
	const struct recover_args *a = args;
	struct recovery *done = NULL;
	struct root *r = NULL;
	size_t n = 0;
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
	else if ((e = transactions_recover(r, a->boot, &done, &n)))
		status = fail(e, "cannot read the journal");
	else
		status = answer(common, done, n);
	free(done);
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
