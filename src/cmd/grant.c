/* SPDX-License-Identifier: GPL-3.0-or-later */
/* grant.c - sallyport grant: let an address in by hand, for a time. */
#include "base/json.h"
#include "base/message.h"
#include "base/number.h"
#include "cmd/command.h"
#include "cmd/door.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/banned.h"

#define SECONDS_MAX 86400

struct grant_args {
	uint64_t seconds, port;
};

static const struct option_row options[] = { { "for", 0, OPTION_DURATION, OPTION_AT(struct grant_args, seconds),
					       "<time>", "how long, at most a day; wanted" },
					     { "port", 'p', OPTION_NUMBER, OPTION_AT(struct grant_args, port), "<port>",
					       "this protected port only", NULL, 1, 65535 },
					     { 0 } };

/* For who and the log. */
static void say_who(char *out, size_t size)
{
	const char *sudo = getenv("SUDO_USER");
	const struct passwd *pw = getpwuid(getuid());

	snprintf(out, size, "%s", sudo && *sudo ? sudo : pw ? pw->pw_name : "root");
}

static int explain(enum err e, const char *address, const struct grant_args *a)
{
	if (e == ERR_NOT_FOUND)
		return complain("port %u is none that the gate shuts", (unsigned)a->port);
	if (e == ERR_RANGE)
		return complain("nobody can come from '%s'", address);
	return fail(e, "cannot let '%s' in", address);
}

static int answer(const struct common_args *common, const char *address, const struct grant_args *a, unsigned changed)
{
	char text[32];

	if (common->format == FORMAT_JSON) {
		json_t *j = json_pack("{s:s,s:b,s:s,s:i}", "schema", "sallyport.grant.v1", "changed", changed > 0,
				      "addr", address, "seconds", (int)a->seconds);
		int status = command_print_json(common, j, EXIT_YES);

		json_decref(j);
		return status;
	}
	duration_format(a->seconds, text, sizeof text);
	inform("%s is let in for %s. Undo: sudo sallyport close %s", address, text, address);
	return EXIT_YES;
}

static int grant_run(const struct common_args *common, void *args, const struct strings *rest)
{
	const struct grant_args *a = args;
	struct control_grant want = { .port = (uint16_t)a->port, .seconds = (uint32_t)a->seconds };
	struct control_done done = { 0 };
	int fd = -1, status;
	enum err e;

	if (rest->n != 1)
		return complain("wants one address: sallyport grant ADDRESS --for 10m");
	if (door_address_parse(rest->v[0], &want.address))
		return complain("'%s' is no address", rest->v[0]);
	if (!a->seconds || a->seconds > SECONDS_MAX)
		return complain("--for wants a time from 1s to 1d");
	say_who(want.comment, sizeof want.comment);
	if ((status = door_open(&fd)))
		return status;
	e = control_grant(fd, &want, &done);
	door_close(fd);
	if (e)
		return fail(e, "the daemon does not answer");
	return done.error ? explain((enum err)done.error, rest->v[0], a) : answer(common, rest->v[0], a, done.changed);
}

const struct command cmd_grant = {
	.name = "grant",
	.summary = "let an address in by hand, for a time",
	.arguments = "ADDRESS --for TIME",
	.common = COMMON_REPORT,
	.options = options,
	.args_size = sizeof(struct grant_args),
	.examples = "  sudo sallyport grant 203.0.113.9 --for 10m\n"
		    "  sudo sallyport grant 2001:db8::9 --for 1h --port 22\n",
	.run = grant_run,
};
