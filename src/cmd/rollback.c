/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rollback.c - put a transaction back, bit for bit, under the same guards. */
#include "harden/rollback.h"
#include "audit/facts.h"
#include "base/file.h"
#include "base/message.h"
#include "base/number.h"
#include "cmd/change.h"
#include "cmd/command.h"
#include "harden/apply.h"
#include "harden/transaction.h"
#include "jail/manifest.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

#define IN_FORCE (1u << TX_WAITING | 1u << TX_CONFIRMED)
#define CUT_OFF (1u << TX_APPLYING | 1u << TX_ROLLING_BACK)

struct rollback_args {
	struct strings overrides, keep;
	bool when_due;
};

static const struct option_row options[] = {
	{ "keep", 'k', OPTION_LIST, OPTION_AT(struct rollback_args, keep), "<user>[@<addr>]",
	  "this account must still get in" },
	{ "override", 0, OPTION_LIST, OPTION_AT(struct rollback_args, overrides), "<guard>",
	  "go on although this guard refuses" },
	{ "when-due", 0, OPTION_FLAG, OPTION_AT(struct rollback_args, when_due), NULL,
	  "what the timer runs: wait, then roll back unless confirmed" },
	{ 0 },
};

static void rollback_clear(void *args)
{
	struct rollback_args *a = args;

	strings_free(&a->overrides);
	strings_free(&a->keep);
}

/* ---- which one ---- */

static int fail_journal(enum err e)
{
	if (e == ERR_SYSTEM && errno == EACCES)
		return complain("only root can read the journal: sudo sallyport rollback");
	return fail(e, "cannot read the journal");
}

static int find_tx(const struct common_args *common, const struct root *r, const struct strings *rest, struct tx **out)
{
	uint64_t id;
	enum err e;

	if (rest->n == 0) {
		e = transaction_newest(r, IN_FORCE, out);
		if (e == ERR_NOT_FOUND) {
			complain("there is nothing to roll back");
			command_hint(common, "what happened: sudo sallyport history");
			return EXIT_NO;
		}
		return e ? fail_journal(e) : 0;
	}
	if (rest->n > 1 || number_parse(rest->v[0], 1, 999999, &id))
		return complain("'%s' is no transaction: wants one number as in sallyport history",
				rest->v[rest->n - 1]);
	if ((e = journal_read(r, (unsigned)id, out))) {
		if (e == ERR_SYSTEM && errno == EACCES)
			return fail_journal(e);
		if (e == ERR_NOT_FOUND)
			complain("there is no transaction %u", (unsigned)id);
		else
			fail(e, "cannot read transaction %u", (unsigned)id);
		command_hint(common, "the transactions there are: sudo sallyport history");
		return EXIT_TROUBLE;
	}
	if (!tx_in_force(*out)) {
		complain("transaction %u is not in force: it is %s", (unsigned)id, tx_state_text((*out)->state));
		return EXIT_NO;
	}
	return 0;
}

/* A newer transaction in force that changed the same file must go first. */
static int check_newer(const struct common_args *common, const struct root *r, const struct tx *t)
{
	unsigned newer;
	enum err e = rollback_newer(r, t, &newer);

	if (e)
		return fail(e, "cannot read the journal");
	if (!newer)
		return 0;
	complain("transaction %u changed the same files later", newer);
	command_hint(common, "first: sudo sallyport rollback %u", newer);
	return EXIT_NO;
}

/* ---- guards ---- */

static int say_changed(const struct root *r, const struct tx *t, const struct op *op)
{
	struct text diff = { 0 };

	complain("'%s' was changed by somebody else since transaction %u:", op->path, t->id);
	if (op_diff_found(r, op, &diff) == ERR_NONE)
		fputs(text_string(&diff), stderr);
	text_free(&diff);
	hint("to roll back all the same (what is there now is kept beside the journal): --override changed");
	return EXIT_NO;
}

static int check_changed(const struct root *r, const struct tx *t, const struct rollback_args *a)
{
	size_t op;
	enum err e = rollback_changed(r, t, &op);

	if (e)
		return fail(e, "cannot look at the files of transaction %u", t->id);
	if (op == t->nops || strings_has(&a->overrides, "changed"))
		return 0;
	return say_changed(r, t, &t->ops[op]);
}

static int check_guards(const struct facts *f, const struct tx *t, const struct rollback_args *a)
{
	struct guards g = { 0 };
	char *complaint = NULL;
	const struct guard *refusal;
	int status = 0;
	enum err e = rollback_guards(f, t, &a->keep, &a->overrides, &g, &complaint);

	refusal = guards_refusal(&g);
	if (complaint) {
		status = complain("%s", complaint);
	} else if (e) {
		status = fail(e, "cannot check the way back");
	} else if (refusal) {
		change_say_guards(&g);
		hint("nothing was changed; if you know better: --override %s", refusal->id);
		status = EXIT_NO;
	}
	free(complaint);
	guards_clear(&g);
	return status;
}

/* Of a jail that was removed the configuration alone would come back: sshd lets nobody into a folder that is not there. */
static int check_jail(const struct common_args *common, const struct root *r, const struct tx *t,
		      const struct rollback_args *a)
{
	static const char removal[] = "jail remove ";
	struct manifest m = { 0 };
	const char *user = t->what + strlen(removal);
	int status = 0;

	if (strncmp(t->what, removal, strlen(removal)) != 0 || strings_has(&a->overrides, "lockout"))
		return 0;
	if (manifest_read(r, user, &m, NULL) == ERR_NOT_FOUND) {
		complain(
			"lockout guard: the jail of '%s' is gone, and only its Match block would come back, by which nobody gets in",
			user);
		command_hint(common, "to make the jail again: sudo sallyport jail create %s", user);
		hint("nothing was changed; if you know better: --override lockout");
		status = EXIT_NO;
	}
	manifest_clear(&m);
	return status;
}

/* A configuration that cannot be read any more must not keep anybody from going back. */
static int check_all(const struct common_args *common, const struct root *r, const struct tx *t,
		     const struct rollback_args *a)
{
	struct facts_options o = { .root = common->root, .config = t->config_path, .sshd = common->sshd };
	struct facts *f = NULL;
	int status;
	enum err e;

	if ((status = check_newer(common, r, t)) || (status = check_changed(r, t, a)) ||
	    (status = check_jail(common, r, t, a)))
		return status;
	if ((e = facts_gather(&o, &f)))
		return fail(e, "cannot look at the system");
	if (f->config && f->config_err == ERR_NONE && (f->sshd || !f->live))
		status = check_guards(f, t, a);
	facts_free(f);
	return status;
}

/* ---- doing it ---- */

static void show(const struct tx *t, struct text *out)
{
	text_add(out, "Puts back transaction %u (%s):\n", t->id, t->what);
	for (size_t i = 0; i < t->nops; i++)
		text_add(out, "  %s %s\n", t->ops[i].existed ? "restore" : "remove", t->ops[i].path);
}

static int answer(const struct common_args *common, const struct tx *t, bool changed, int status)
{
	json_t *j;

	if (common->format == FORMAT_JSON) {
		j = json_pack("{s:s,s:b,s:i,s:s}", "schema", "sallyport.rollback.v1", "changed", changed, "transaction",
			      (int)t->id, "state", tx_state_text(t->state));
		status = command_print_json(common, j, status);
		json_decref(j);
	} else if (changed) {
		struct text out = { 0 };

		text_add(&out, "Transaction %u is rolled back: every file is as it was before.\n", t->id);
		status = command_print(common, &out, status);
		text_free(&out);
	}
	return status;
}

static int do_it(const struct common_args *common, const struct root *r, struct tx *t)
{
	char *complaint = NULL;
	enum err e = transaction_undo(r, t, TX_ROLLED_BACK, "rolled back by hand", &complaint);
	int status;

	if (e == ERR_CHILD) {
		complain("the files are back, but sshd could not be reloaded: %s", complaint ? complaint : err_text(e));
		status = answer(common, t, true, EXIT_TROUBLE);
	} else if (e) {
		fail(e, "transaction %u could not be put back wholly", t->id);
		hint("sudo sallyport recover tries again");
		status = EXIT_TROUBLE;
	} else {
		if (root_is_live(r) && transaction_prove_back(t, &complaint) == ERR_NONE && complaint)
			complain("the files are back, but %s", complaint);
		status = answer(common, t, true, complaint ? EXIT_TROUBLE : EXIT_YES);
	}
	free(complaint);
	return status;
}

static int roll_back(const struct common_args *common, const struct root *r, struct tx *t,
		     const struct rollback_args *a)
{
	struct text plan = { 0 };
	int status;

	assert(t); /* find_tx() gives one or a reason */
	status = check_all(common, r, t, a);
	if (status)
		return status;
	show(t, &plan);
	if (common->format != FORMAT_JSON && (!common->quiet || !common->yes || common->dry_run))
		fputs(text_string(&plan), common->dry_run ? stdout : stderr);
	text_free(&plan);
	if (common->dry_run)
		return common->format == FORMAT_JSON ? answer(common, t, false, EXIT_NO) : EXIT_NO;
	if (!common->yes && !command_ask("Go on?", change_patience(r))) {
		complain("nothing was changed%s", isatty(STDIN_FILENO) ? "" : ": without a terminal it wants --yes");
		return EXIT_NO;
	}
	return do_it(common, r, t);
}

/* What is half done comes first: an older change would be put back over its files. With the lock held. */
static int check_cut_off(const struct common_args *common, const struct root *r)
{
	struct tx *t;
	enum err e = transaction_newest(r, CUT_OFF, &t);

	if (e == ERR_NOT_FOUND)
		return 0;
	if (e)
		return fail_journal(e);
	complain("transaction %u was cut off and is not put back yet; nothing was done", t->id);
	command_hint(common, "first: sudo sallyport recover");
	tx_free(t);
	return EXIT_NO;
}

static int when_due(const struct root *r, const struct strings *rest)
{
	uint64_t id;
	enum err e;

	if (rest->n != 1 || number_parse(rest->v[0], 1, 999999, &id))
		return complain("--when-due wants the number of a transaction");
	e = rollback_when_due(r, (unsigned)id);
	return e ? fail(e, "cannot roll back transaction %u", (unsigned)id) : EXIT_YES;
}

static int rollback_run(const struct common_args *common, void *args, const struct strings *rest)
{
	const struct rollback_args *a = args;
	struct root *r = NULL;
	struct tx *t = NULL;
	int lock = -1, status;
	enum err e;

	if ((status = change_check_overrides(&a->overrides)))
		return status;
	if (!common->dry_run && geteuid() != 0)
		return complain("only root can roll back: sudo sallyport rollback");
	if ((e = root_open(common->root, &r)))
		return fail(e, "cannot open the root '%s'", common->root ? common->root : "/");
	if (a->when_due) {
		status = when_due(r, rest);
	} else if (!common->dry_run && (e = journal_lock(r, &lock))) {
		status = e == ERR_BUSY ? complain("another sallyport is at work; try again when it is done")
				       : fail(e, "cannot take the lock");
	} else if ((common->dry_run || (status = check_cut_off(common, r)) == 0) &&
		   (status = find_tx(common, r, rest, &t)) == 0) {
		status = roll_back(common, r, t, a);
	}
	tx_free(t);
	file_close(lock);
	root_close(r);
	return status;
}

const struct command cmd_rollback = {
	.name = "rollback",
	.summary = "put a change back, bit for bit",
	.arguments = "[ID]",
	.common = COMMON_REPORT | COMMON_HOST | COMMON_CHANGE | COMMON_NO_RECOVERY,
	.options = options,
	.args_size = sizeof(struct rollback_args),
	.examples = "  sudo sallyport rollback      # the newest change that is in force\n"
		    "  sudo sallyport rollback 7    # that one, once newer ones of the same files are gone\n"
		    "  sallyport rollback --dry-run # what would be put back\n",
	.run = rollback_run,
	.clear = rollback_clear,
};
