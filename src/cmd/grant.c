/* SPDX-License-Identifier: GPL-3.0-or-later */
/* grant.c - let an address in by hand, for a while. */
#include "base/clock.h"
#include "base/file.h"
#include "base/message.h"
#include "base/number.h"
#include "cmd/command.h"
#include "cmd/gate.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/banned.h"

#define SECONDS_MAX 86400

struct grant_args {
	uint64_t seconds, port;
	bool clock;
	const char *socket;
};

static const struct option_row options[] = {
	{ "for", 0, OPTION_DURATION, OPTION_AT(struct grant_args, seconds), "<time>", "how long: 1s to 24h" },
	{ .name = "port",
	  .letter = 'p',
	  .kind = OPTION_NUMBER,
	  .offset = OPTION_AT(struct grant_args, port),
	  .value = "<port>",
	  .help = "only this one of the protected ports",
	  .min = 1,
	  .max = 65535 },
	{ "clock-is-right", 0, OPTION_FLAG, OPTION_AT(struct grant_args, clock), NULL,
	  "take knocks again where the record of them is lost" },
	{ "socket", 0, OPTION_TEXT, OPTION_AT(struct grant_args, socket), "<path>", "where sallyportd listens" },
	{ 0 },
};

struct request {
	struct control_grant wanted;
	char address[CLAIM_TEXT], length[32], until[16];
};

/* For the log and for who: the account behind sudo. */
static void sign_with_name(char *comment, size_t size)
{
	const char *sudo = getenv("SUDO_USER");
	const struct passwd *pw = sudo && sudo[0] ? NULL : getpwuid(getuid());
	struct text shown = { 0 };
	const char *name = sudo && sudo[0] ? sudo : pw ? pw->pw_name : "root";

	text_add_escaped(&shown, name, strlen(name));
	snprintf(comment, size, "%.63s", text_string(&shown));
	text_free(&shown);
}

static int request_fill(const struct grant_args *a, const char *address, struct request *r)
{
	time_t until = clock_wall() + (time_t)a->seconds;
	struct tm tm;

	*r = (struct request){ .wanted = { .port = (uint16_t)a->port, .seconds = (uint32_t)a->seconds } };
	if (gate_address(address, &r->wanted.address))
		return EXIT_TROUBLE;
	if (!a->seconds) {
		int status = complain("grant wants a time");

		hint("sudo sallyport grant %s --for 10m", address);
		return status;
	}
	if (a->seconds > SECONDS_MAX)
		return complain("--for is at most 24h: what is to last belongs into sallyportd.conf");
	gate_address_print(&r->wanted.address, r->address);
	duration_format(a->seconds, r->length, sizeof r->length);
	localtime_r(&until, &tm);
	strftime(r->until, sizeof r->until, "%H:%M:%S", &tm);
	sign_with_name(r->wanted.comment, sizeof r->wanted.comment);
	return 0;
}

static int refused(const struct request *r, enum err e)
{
	if (e == ERR_NOT_FOUND && r->wanted.port) {
		complain("port %u is none that sallyportd protects", r->wanted.port);
		hint("which it does: sallyportd -T");
		return EXIT_TROUBLE;
	}
	if (e == ERR_RANGE)
		return complain("sallyportd does not let anybody in from %s", r->address);
	return fail(e, "sallyportd cannot let %s in", r->address);
}

static int answer(const struct common_args *common, const struct request *r, uint32_t ports)
{
	struct text out = { 0 };
	int status;

	if (common->format == FORMAT_JSON) {
		json_t *j = json_pack("{s:s,s:b,s:b,s:s,s:i,s:i,s:i}", "schema", "sallyport.grant.v1", "changed", 1,
				      "dry_run", common->dry_run, "address", r->address, "port", (int)r->wanted.port,
				      "seconds", (int)r->wanted.seconds, "grants", (int)ports);

		status = command_print_json(common, j, common->dry_run ? EXIT_NO : EXIT_YES);
		json_decref(j);
		return status;
	}
	text_add(&out, common->dry_run ? "Would let %s in" : "%s is let in", r->address);
	if (r->wanted.port)
		text_add(&out, " to port %u", r->wanted.port);
	if (common->dry_run)
		text_add(&out, " for %s.\n", r->length);
	else
		text_add(&out, " for %s, until %s. Undo: sudo sallyport close %s\n", r->length, r->until, r->address);
	status = command_print(common, &out, common->dry_run ? EXIT_NO : EXIT_YES);
	text_free(&out);
	return status;
}

/* ---- a record that is lost ---- */

static int clock_answer(const struct common_args *common, bool changed)
{
	const int status = common->dry_run || !changed ? EXIT_NO : EXIT_YES;
	struct text out = { 0 };
	int printed;

	if (common->format == FORMAT_JSON) {
		json_t *j = json_pack("{s:s,s:b,s:b}", "schema", "sallyport.grant.v1", "changed", changed, "dry_run",
				      common->dry_run);

		printed = command_print_json(common, j, status);
		json_decref(j);
		return printed;
	}
	if (common->dry_run)
		text_add_string(&out, "Would begin the record of knocks anew, if it is lost.\n");
	else
		text_add_string(
			&out,
			changed ? "The record of knocks begins anew: those made from five minutes from now on are taken.\n"
				: "The record of knocks is not lost: there is nothing to do.\n");
	printed = command_print(common, &out, status);
	text_free(&out);
	return printed;
}

static int clock_run(const struct common_args *common, const struct grant_args *a)
{
	struct control_recover wanted = { 0 };
	struct control_done done = { 0 };
	int fd = -1, status;
	enum err e;

	if (a->seconds || a->port)
		return complain("--clock-is-right goes with no other wish");
	if (common->dry_run)
		return clock_answer(common, false);
	sign_with_name(wanted.comment, sizeof wanted.comment);
	if ((status = gate_connect(a->socket, &fd)))
		return status;
	e = control_recover(fd, &wanted, &done);
	file_close(fd);
	if (e)
		return gate_fail(e);
	return done.error ? fail((enum err)done.error, "sallyportd cannot begin anew")
			  : clock_answer(common, done.changed);
}

static int grant_run(const struct common_args *common, void *args, const struct strings *rest)
{
	const struct grant_args *a = args;
	struct control_done done = { 0 };
	struct request r;
	int fd = -1, status;
	enum err e;

	if (a->clock && !rest->n)
		return clock_run(common, a);
	if (rest->n != 1) {
		status = complain(rest->n ? "grant takes one address at a time" : "grant wants an address");
		hint("sudo sallyport grant 192.0.2.7 --for 10m");
		return status;
	}
	if ((status = request_fill(a, rest->v[0], &r)))
		return status;
	if (common->dry_run)
		return answer(common, &r, 0);
	if ((status = gate_connect(a->socket, &fd)))
		return status;
	e = control_grant(fd, &r.wanted, &done);
	file_close(fd);
	if (e)
		return gate_fail(e);
	return done.error ? refused(&r, (enum err)done.error) : answer(common, &r, done.changed);
}

const struct command cmd_grant = {
	.name = "grant",
	.summary = "let an address in by hand, for a while",
	.arguments = "ADDRESS --for TIME | --clock-is-right",
	.common = COMMON_REPORT | COMMON_CHANGE,
	.options = options,
	.args_size = sizeof(struct grant_args),
	.examples = "  sudo sallyport grant 192.0.2.7 --for 10m           # for who has no key at hand\n"
		    "  sudo sallyport grant 2001:db8::7 --for 1h -p 2222  # to one of several ports\n",
	.run = grant_run,
};
