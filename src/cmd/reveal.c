/* SPDX-License-Identifier: GPL-3.0-or-later */
/* reveal.c - open the SSH port to everybody again: undo hide, and whatever else keeps it shut of ours. */
#include "base/file.h"
#include "base/message.h"
#include "cmd/change.h"
#include "cmd/command.h"
#include "harden/gate_service.h"
#include "harden/guard.h"
#include "harden/transaction.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

struct reveal_args {
	bool unless_pending;
};

static const struct option_row options[] = {
	{ "unless-pending", 0, OPTION_FLAG, OPTION_AT(struct reveal_args, unless_pending), NULL,
	  "refuse while a change waits for its confirm: what packages do before they are removed" },
	{ 0 },
};

/* What hide has changed and is in force goes back, the newest first. Opening comes first: this is for who stands outside. */
static enum err changes_undo(const struct root *r, unsigned *undone, char **complaint)
{
	unsigned *ids = NULL;
	size_t n = 0;
	enum err e = journal_list(r, false, &ids, &n), first = ERR_NONE;

	while (e == ERR_NONE && n-- > 0) {
		struct tx *t = NULL;
		char *said = NULL;
		enum err bad;

		if (journal_read(r, ids[n], &t))
			continue; /* history says that it is damaged */
		if (t->gate.changed && t->state != TX_ROLLED_BACK && t->state != TX_RECOVERED) {
			/* as if it had never run: of several changes none is to start it again */
			t->gate.ran = t->gate.enabled = false;
			bad = transaction_undo(r, t, TX_ROLLED_BACK, "revealed", &said);
			first = first ? first : bad;
			*undone += bad == ERR_NONE;
			if (said && !*complaint) {
				*complaint = said;
				said = NULL;
			}
		}
		free(said);
		tx_free(t);
	}
	free(ids);
	return e ? e : first;
}

static int answer(const struct common_args *common, bool changed, unsigned undone, int status)
{
	struct text out = { 0 };

	if (common->format == FORMAT_JSON) {
		json_t *j = json_pack("{s:s,s:b,s:b,s:i}", "schema", "sallyport.reveal.v1", "changed", changed,
				      "dry_run", common->dry_run, "transactions", (int)undone);

		status = command_print_json(common, j, status);
		json_decref(j);
		return status;
	}
	if (common->dry_run)
		text_add_string(&out, changed ? "Would end sallyportd and open what it keeps shut.\n"
					      : "Nothing is hidden here.\n");
	else if (!changed)
		text_add_string(&out, "Nothing was hidden here.\n");
	else
		text_add_string(&out, "The port is open to everybody again; sshd alone decides who comes in.\n");
	status = command_print(common, &out, status);
	text_free(&out);
	return status;
}

/* Is there anything of ours: a daemon, one that starts at boot, or a change in force? */
static enum err look(const struct root *r, bool *any)
{
	struct gate_service s;
	unsigned *ids = NULL;
	size_t n = 0;
	enum err e = gate_service_find(&s);

	if (e)
		return e;
	*any = s.runs || s.enabled || gate_service_has_table();
	e = journal_list(r, false, &ids, &n);
	for (size_t i = 0; i < n && !e; i++) {
		struct tx *t = NULL;

		if (journal_read_brief(r, ids[i], &t))
			continue;
		*any = *any || (t->gate.changed && t->state != TX_ROLLED_BACK && t->state != TX_RECOVERED);
		tx_free(t);
	}
	free(ids);
	return e;
}

static int open_all(const struct common_args *common, const struct root *r)
{
	char *complaint = NULL, *said = NULL;
	unsigned undone = 0;
	int status = EXIT_YES;
	enum err e = gate_service_end(&complaint), back;

	if (e) {
		complain("the gate could not be ended: %s", complaint ? complaint : err_text(e));
		hint("by hand: systemctl stop sallyportd; nft delete table inet sallyport; nft delete table inet sallyport-guard");
		status = EXIT_TROUBLE;
	}
	back = changes_undo(r, &undone, &said);
	if (back && !e) {
		complain("the port is open, but not all of hide could be put back: %s", said ? said : err_text(back));
		hint("sudo sallyport recover tries again");
		status = EXIT_TROUBLE;
	}
	free(complaint);
	free(said);
	return e ? status : answer(common, true, undone, status);
}

/* Another one is at work, or hangs: who stands outside must not wait for it. What it has changed is left to it. */
static int open_door(const struct common_args *common)
{
	char *complaint = NULL;
	enum err e;
	int status;

	if (common->dry_run)
		return answer(common, true, 0, EXIT_NO);
	if (!common->yes &&
	    !command_ask("Another sallyport is at work. Open the SSH port to everybody all the same?", 0)) {
		complain("nothing was changed%s", isatty(STDIN_FILENO) ? "" : ": without a terminal it wants --yes");
		return EXIT_NO;
	}
	e = gate_service_end(&complaint);
	if (e)
		status = complain("the gate could not be ended: %s", complaint ? complaint : err_text(e));
	else
		status = answer(common, true, 0, EXIT_YES);
	hint("another sallyport is at work: run this again when it is done, so that its files are put back, too");
	free(complaint);
	return status;
}

/* Without us nobody would put it back. 0 or an exit status, the reason said. */
static int refuse_pending(const struct root *r)
{
	struct text why = { 0 };
	enum err e = guard_look_pending(r, &why);
	int status = 0;

	if (e) {
		status = fail(e, "cannot read the journal");
	} else if (why.len) {
		why.s[--why.len] = '\0'; /* the newline */
		status = (complain("nothing was opened: %s", text_string(&why)), EXIT_NO);
	}
	text_free(&why);
	return status;
}

static int reveal_live(const struct common_args *common, const struct root *r)
{
	bool any = false;
	enum err e = look(r, &any);

	/* whatever cannot be looked at is ended all the same */
	if (e == ERR_MEMORY)
		return fail(e, "cannot look at the gate");
	if (!any && !e)
		return answer(common, false, 0, EXIT_YES);
	if (common->dry_run)
		return answer(common, true, 0, EXIT_NO);
	if (!common->yes && !command_ask("Open the SSH port to everybody again?", change_patience(r))) {
		complain("nothing was changed%s", isatty(STDIN_FILENO) ? "" : ": without a terminal it wants --yes");
		return EXIT_NO;
	}
	return open_all(common, r);
}

static int reveal_run(const struct common_args *common, void *args, const struct strings *rest)
{
	const struct reveal_args *a = args;
	struct root *r = NULL;
	int lock = -1, status;
	enum err e;

	(void)rest;
	if (geteuid() != 0) {
		complain("only root can open the port");
		hint("sudo sallyport reveal");
		return EXIT_TROUBLE;
	}
	if ((e = root_open(NULL, &r)) == ERR_NONE)
		e = journal_lock(r, &lock);
	if (e == ERR_BUSY && !a->unless_pending)
		status = open_door(common);
	else if (e)
		status = e == ERR_BUSY ? complain("another sallyport is at work; try again when it is done")
				       : fail(e, "cannot take the lock");
	else if (!a->unless_pending || (status = refuse_pending(r)) == 0)
		status = reveal_live(common, r);
	file_close(lock);
	root_close(r);
	return status;
}

const struct command cmd_reveal = {
	.name = "reveal",
	.summary = "open the SSH port to everybody again",
	.arguments = "",
	.common = COMMON_REPORT | COMMON_CHANGE | COMMON_NO_RECOVERY,
	.options = options,
	.args_size = sizeof(struct reveal_args),
	.examples = "  sudo sallyport reveal       # from a console, too, if nobody can knock any more\n"
		    "  sudo sallyport reveal -y\n",
	.run = reveal_run,
};
