/* SPDX-License-Identifier: GPL-3.0-or-later */
/* history.c - the transactions: when, who, what, and how they ended. */
#include "base/json.h"
#include "base/message.h"
#include "base/number.h"
#include "cmd/command.h"
#include "harden/journal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/banned.h"

static json_t *tx_json(const struct tx *t)
{
	char started[32], changed[32];
	json_t *files = json_array();

	date_format(t->started, started, sizeof started);
	date_format(t->changed, changed, sizeof changed);
	for (size_t i = 0; files && i < t->nops; i++)
		json_array_append_new(files, json_safe_string(t->ops[i].path));
	return json_pack("{s:i,s:s,s:s,s:o,s:o?,s:o?,s:o,s:s,s:s?,s:o}", "id", (int)t->id, "time", started,
			 "changed_at", changed, "who", json_safe_string(t->by), "from",
			 t->from ? json_safe_string(t->from) : NULL, "key", t->key ? json_safe_string(t->key) : NULL,
			 "what", json_safe_string(t->what), "state", tx_state_text(t->state), "note", t->note, "files",
			 files);
}

static void tx_text(const struct tx *t, struct text *out)
{
	struct tm tm;
	char when[32];

	localtime_r(&t->started, &tm);
	strftime(when, sizeof when, "%Y-%m-%d %H:%M", &tm);
	text_add(out, "%4u  %s  %-12s  ", t->id, when, tx_state_text(t->state));
	text_add_escaped(out, t->what, strlen(t->what));
	text_add_string(out, "  by ");
	text_add_escaped(out, t->by, strlen(t->by));
	if (t->from)
		text_add(out, " from %s", t->from);
	if (t->key) {
		text_add_string(out, " with ");
		text_add_escaped(out, t->key, strlen(t->key));
	}
	if (t->note) {
		text_add_string(out, "  (");
		text_add_escaped(out, t->note, strlen(t->note));
		text_add_string(out, ")");
	}
	text_add_string(out, "\n");
}

static void damaged(unsigned id, enum err e, json_t *list, struct text *out)
{
	text_add(out, "%4u  cannot be read: %s\n", id, err_text(e));
	json_array_append_new(list, json_pack("{s:i,s:s,s:s}", "id", (int)id, "state", "damaged", "note", err_text(e)));
}

static int print_all(const struct common_args *common, const struct root *r, const unsigned *ids, size_t n)
{
	struct text out = { 0 };
	json_t *list = json_array(), *j;
	int status = EXIT_YES;

	while (n-- > 0) { /* the newest first */
		struct tx *t;
		enum err e = journal_read_brief(r, ids[n], &t);

		if (e) {
			damaged(ids[n], e, list, &out);
			status = EXIT_TROUBLE;
			continue;
		}
		json_array_append_new(list, tx_json(t));
		tx_text(t, &out);
		tx_free(t);
	}
	if (!out.len)
		text_add_string(&out, "Nothing was changed so far.\n");
	j = json_pack("{s:s,s:o}", "schema", "sallyport.history.v1", "transactions", list);
	status = common->format == FORMAT_JSON ? command_print_json(common, j, status)
					       : command_print(common, &out, status);
	json_decref(j);
	text_free(&out);
	return status;
}

static int history_run(const struct common_args *common, void *args, const struct strings *rest)
{
	struct root *r = NULL;
	unsigned *ids = NULL;
	size_t n = 0;
	int status;
	enum err e;

	(void)args, (void)rest;
	if ((e = root_open(common->root, &r)))
		return fail(e, "cannot open the root '%s'", common->root ? common->root : "/");
	e = journal_list(r, false, &ids, &n);
	if (e == ERR_SYSTEM && errno == EACCES)
		status = complain("only root can read the history: sudo sallyport history");
	else
		status = e ? fail(e, "cannot read the journal") : print_all(common, r, ids, n);
	free(ids);
	root_close(r);
	return status;
}

const struct command cmd_history = {
	.name = "history",
	.summary = "what was changed, by whom, and whether it is in force",
	.arguments = "",
	.common = COMMON_REPORT | COMMON_HOST,
	.examples = "  sudo sallyport history\n"
		    "  sudo sallyport history --format json\n",
	.run = history_run,
};
