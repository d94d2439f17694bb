/* SPDX-License-Identifier: GPL-3.0-or-later */
/* access_matrix.c - access matrix: all accounts and all networks that the rules tell apart, at a glance. */
#include "cmd/access.h"

#include "audit/host.h"
#include "base/json.h"
#include "base/message.h"
#include "base/number.h"
#include "report/access.h"
#include "sshd/membership.h"
#include "sshd/pattern.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

struct matrix_args {
	const char *users;
};

static const struct option_row options[] = {
	{ "users", 'u', OPTION_TEXT, OPTION_AT(struct matrix_args, users), "<pattern>",
	  "only these accounts: names with * and ?, after commas more of them" },
	{ 0 },
};

/* Takes out who was not asked for. */
static void accounts_select(struct accounts *l, const char *pattern)
{
	size_t n = 0;

	for (size_t i = 0; i < l->n; i++) {
		if (pattern_list_match(l->v[i]->name, pattern, false) == 1)
			l->v[n++] = l->v[i];
		else
			account_free(l->v[i]);
	}
	l->n = n;
}

static enum err render_html(const struct scene *s, const struct access_matrix *m, struct text *out)
{
	char *host = NULL, when[32];
	enum err e = host_name(s->facts->root, &host);

	date_format(s->facts->now, when, sizeof when);
	if (e == ERR_NONE)
		e = report_access_matrix_html(m, host, s->facts->config_path, when, out);
	free(host);
	return e;
}

static enum err render_json(const struct access_matrix *m, struct text *out)
{
	json_t *o = NULL;
	enum err e = report_access_matrix_json(m, &o);

	if (e == ERR_NONE)
		e = json_format(o, out);
	json_decref(o);
	return e;
}

static enum err render(const struct common_args *common, const struct scene *s, const struct access_matrix *m,
		       struct text *out)
{
	switch (common->format) {
	case FORMAT_JSON: return render_json(m, out);
	case FORMAT_HTML: return render_html(s, m, out);
	case FORMAT_CSV: return report_access_matrix_csv(m, out);
	default: return report_access_matrix_text(m, !common->output && message_color_on(STDOUT_FILENO), out);
	}
}

static int print_matrix(const struct common_args *common, const struct scene *s, const struct accounts *who)
{
	const struct access_login like = { .lport = s->lport };
	struct access_matrix *m = NULL;
	struct text out = { 0 };
	int status;
	enum err e;

	if ((e = access_matrix_make(s->access, s->facts->config, who, &like, &m)) || (e = render(common, s, m, &out)))
		status = fail(e, "cannot make the matrix");
	else
		status = command_print(common, &out, EXIT_YES);
	text_free(&out);
	access_matrix_free(m);
	return status;
}

static int matrix(const struct common_args *common, const struct matrix_args *args, const struct scene *s)
{
	struct accounts who = { 0 };
	int status;
	enum err e = accounts_read(s->facts->root, &who);

	if (e == ERR_NONE && args->users)
		accounts_select(&who, args->users);
	if (e == ERR_NONE)
		e = membership_fill(s->facts->root, &who);
	if (e) {
		status = fail(e, "cannot read the accounts");
	} else if (!who.n) {
		complain("no account is called '%s'", args->users ? args->users : "");
		status = EXIT_NO;
	} else {
		status = print_matrix(common, s, &who);
	}
	accounts_free(&who);
	return status;
}

static int matrix_run(const struct common_args *common, void *args, const struct strings *rest)
{
	struct scene s = { 0 };
	int status = scene_open(common, &s);

	(void)rest;
	if (status == 0)
		status = matrix(common, args, &s);
	scene_close(&s);
	return status;
}

const struct command cmd_access_matrix = {
	.name = "access matrix",
	.summary = "all accounts by all networks: who may come in from where, and with what",
	.arguments = "",
	.common = COMMON_TABLE | COMMON_HOST,
	.options = options,
	.args_size = sizeof(struct matrix_args),
	.examples = "  sudo sallyport access matrix\n"
		    "  sudo sallyport access matrix --format html -o who.html   # one page, for a browser\n"
		    "  sudo sallyport access matrix --users 'a*,backup' --format csv\n",
	.run = matrix_run,
};
