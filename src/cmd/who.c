/* SPDX-License-Identifier: GPL-3.0-or-later */
/* who.c - who is let in now, until when and by which key; what was refused, and why. */
#include "cmd/who.h"

#include "audit/gate_table.h"
#include "base/message.h"
#include "cmd/gate.h"

#include <stdio.h>
#include <unistd.h>

#include "base/banned.h"

struct who_args {
	bool watch;
	const char *socket;
};

static const struct option_row options[] = {
	{ "watch", 'w', OPTION_FLAG, OPTION_AT(struct who_args, watch), NULL,
	  "go on looking: a screen of it; q quits" },
	{ "socket", 0, OPTION_TEXT, OPTION_AT(struct who_args, socket), "<path>", "where sallyportd listens" },
	{ 0 },
};

static int show_metrics(const struct common_args *common, const struct who_view *v)
{
	struct text out = { 0 };
	bool loaded = false;
	int status, table = gate_table_find(&loaded) ? -1 : loaded;

	who_prometheus(v, table, &out);
	status = command_print(common, &out, EXIT_YES);
	text_free(&out);
	return status;
}

static int show_text(const struct common_args *common, const struct who_view *v)
{
	struct text out = { 0 };
	int status;

	who_text(v, &out);
	status = command_print(common, &out, EXIT_YES);
	text_free(&out);
	return status;
}

static int show_json(const struct common_args *common, const struct who_view *v)
{
	json_t *j = who_json(v);
	int status = command_print_json(common, j, EXIT_YES);

	json_decref(j);
	return status;
}

/* One look is one line, so that whoever reads it knows where it ends. */
static int show_json_line(const struct who_view *v)
{
	json_t *j = who_json(v);
	char *line = j ? json_dumps(j, JSON_COMPACT) : NULL;
	struct text out = { 0 };
	int status;

	json_decref(j);
	if (!line)
		return fail(ERR_MEMORY, "cannot print the answer");
	text_add(&out, "%s\n", line);
	free(line);
	status = command_print(&(struct common_args){ 0 }, &out, EXIT_YES);
	text_free(&out);
	return status;
}

/* Where there is no screen: one look after the other. A daemon that is away may come back. */
static int watch_plain(const struct common_args *common, const char *path, struct who_view *v)
{
	bool reached;
	int status;

	for (;;) {
		status = common->format == FORMAT_JSON ? show_json_line(v) : show_text(common, v);
		if (status || ferror(stdout))
			return status;
		sleep(WHO_SECONDS);
		(void)!who_look(path, v, &reached);
	}
}

static int watch(const struct common_args *common, const char *path, struct who_view *v)
{
	int status = EXIT_YES;
	enum err e = common->format == FORMAT_TEXT ? who_watch(path, v, &status) : ERR_UNSUPPORTED;

	if (e == ERR_UNSUPPORTED)
		return watch_plain(common, path, v);
	return e ? fail(e, "cannot go on watching") : status;
}

static int who_run(const struct common_args *common, void *args, const struct strings *rest)
{
	const struct who_args *a = args;
	struct who_view v = { 0 };
	bool reached;
	int status;
	enum err e;

	(void)rest;
	if (a->watch && common->output)
		return complain("--watch does not go with --output");
	if (a->watch && common->format == FORMAT_PROMETHEUS)
		return complain("--watch does not go with --format prometheus: a timer writes that");
	e = who_look(a->socket, &v, &reached);
	/* that the daemon is down is just what whoever watches the metrics wants to know */
	if (common->format == FORMAT_PROMETHEUS)
		status = show_metrics(common, &v);
	else if (e)
		status = reached ? gate_fail(e) : gate_unreachable(a->socket, e);
	else if (a->watch)
		status = watch(common, a->socket, &v);
	else
		status = common->format == FORMAT_JSON ? show_json(common, &v) : show_text(common, &v);
	who_clear(&v);
	return status;
}

const struct command cmd_who = {
	.name = "who",
	.summary = "who is let in now, and what was refused",
	.arguments = "",
	.common = COMMON_METRICS,
	.options = options,
	.args_size = sizeof(struct who_args),
	.examples = "  sudo sallyport who\n"
		    "  sudo sallyport who --watch        # while somebody tries to get in\n"
		    "  sudo sallyport who --format json\n"
		    "  sudo sallyport who --format prometheus -o /var/lib/prometheus/node-exporter/sallyport.prom\n",
	.run = who_run,
};
