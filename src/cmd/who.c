/* SPDX-License-Identifier: GPL-3.0-or-later */
/* who.c - who is let in now, until when and by which key; what was refused, and why. */
#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/message.h"
#include "base/number.h"
#include "cmd/command.h"
#include "cmd/gate.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/banned.h"

#define WATCH_SECONDS 2
#define FINGERPRINT_LEN 52

struct who_args {
	bool watch;
	const char *socket;
};

static const struct option_row options[] = {
	{ "watch", 'w', OPTION_FLAG, OPTION_AT(struct who_args, watch), NULL, "again and again, until Ctrl-C" },
	{ "socket", 0, OPTION_TEXT, OPTION_AT(struct who_args, socket), "<path>", "where sallyportd listens" },
	{ 0 },
};

/* What the words of knock_stage_text() mean to somebody who asks why a knock did not open. */
static const char *const meanings[STAGE_COUNT] = {
	[STAGE_LENGTH] = "packets of another length: no knocks",
	[STAGE_GATE] = "not sealed to this host's key, or by a clock that is far off",
	[STAGE_BUDGET] = "dropped under load",
	[STAGE_OPEN] = "the seal does not hold: another host key or site secret",
	[STAGE_PARSE] = "opened, but not well-formed",
	[STAGE_TIME] = "more than five minutes old or early: clocks differ",
	[STAGE_FLOOR] = "from a time whose knocks are forgotten",
	[STAGE_DUPLICATE] = "copies of knocks seen before, as every client sends",
	[STAGE_KEY] = "by keys that nobody has",
	[STAGE_USER] = "by keys that the account does not list",
	[STAGE_CA] = "by certificates of a CA that is not trusted",
	[STAGE_REVOKED] = "by revoked keys",
	[STAGE_CASIG] = "by certificates that their CA did not sign",
	[STAGE_CERT] = "by certificates that are not valid now",
	[STAGE_PRINCIPAL] = "by certificates for other accounts",
	[STAGE_CRITICAL] = "by certificates with options that forbid it",
	[STAGE_SIGNATURE] = "by signatures that do not hold",
	[STAGE_TOUCH] = "by security keys that were not touched",
	[STAGE_RATE] = "too many from one key or account",
	[STAGE_POLICY] = "sshd would refuse the login, or the gate the request",
	[STAGE_UNKNOWN] = "what decides could not be read in time",
	[STAGE_STATE] = "the record of knocks is lost, full or cannot be written",
	[STAGE_FIREWALL] = "the kernel did not take the grant",
};

struct view {
	struct control_entry *v;
	size_t n;
	struct control_status status;
};

static void fingerprint_print(const uint8_t key[NATIVE_KEY_ID], char out[FINGERPRINT_LEN])
{
	char base64[sodium_base64_ENCODED_LEN(NATIVE_KEY_ID, sodium_base64_VARIANT_ORIGINAL_NO_PADDING)];

	sodium_bin2base64(base64, sizeof base64, key, NATIVE_KEY_ID, sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
	snprintf(out, FINGERPRINT_LEN, "SHA256:%s", base64);
}

static void clock_print(time_t when, const char *format, char *out, size_t size)
{
	struct tm tm;

	localtime_r(&when, &tm);
	strftime(out, size, format, &tm);
}

static void line_entry(const struct control_entry *e, struct text *out)
{
	char address[CLAIM_TEXT], left[32], until[16], key[FINGERPRINT_LEN];

	gate_address_print(&e->address, address);
	duration_format(e->seconds_left, left, sizeof left);
	clock_print(clock_wall() + (time_t)e->seconds_left, "%H:%M:%S", until, sizeof until);
	text_add(out, "%-15s port %-5u until %s (%s)  ", address, e->port, until, left);
	if (!e->known) {
		text_add_string(out, "from before the daemon started\n");
		return;
	}
	if (e->by_hand)
		text_add_string(out, "by hand: ");
	text_add_escaped(out, e->user, strlen(e->user));
	if (!e->by_hand) {
		fingerprint_print(e->key, key);
		text_add(out, " %s", key);
	}
	text_add_string(out, "\n");
}

static void lines_status(const struct control_status *s, struct text *out)
{
	char since[32];
	bool any = false;

	clock_print((time_t)s->started, "%Y-%m-%d %H:%M", since, sizeof since);
	text_add(out, "Since %s: %llu knock%s granted", since, (unsigned long long)s->granted,
		 s->granted == 1 ? "" : "s");
	for (size_t i = 1; i < STAGE_COUNT; i++) {
		if (!s->ended[i])
			continue;
		text_add_string(out, any ? "" : "; packets that opened nothing:\n");
		text_add(out, "  %-10s %8llu  %s\n", knock_stage_text((enum knock_stage)i),
			 (unsigned long long)s->ended[i], meanings[i]);
		any = true;
	}
	text_add_string(out, any ? "" : ", none refused.\n");
	if (s->replay_lost)
		text_add_string(
			out, "The record of past knocks is lost: nothing is granted until the clock is "
			     "synchronised.\nWhere it is right all the same: sudo sallyport grant --clock-is-right\n");
	if (s->memory_only)
		text_add_string(out,
				"The record of knocks cannot be written: knocks are remembered in memory alone.\n");
}

static void render(const struct view *v, struct text *out)
{
	text_add_string(out, v->n ? "" : "Nobody is let in now.\n");
	for (size_t i = 0; i < v->n; i++)
		line_entry(&v->v[i], out);
	lines_status(&v->status, out);
}

static json_t *entry_json(const struct control_entry *e)
{
	char address[CLAIM_TEXT], key[FINGERPRINT_LEN];
	const bool has_key = e->known && !e->by_hand;

	gate_address_print(&e->address, address);
	fingerprint_print(e->key, key);
	return json_pack("{s:o?,s:o?,s:s?,s:s,s:i,s:I,s:b,s:b}", "user",
			 has_key ? json_safe_string(e->user) : json_null(), "comment",
			 e->by_hand ? json_safe_string(e->user) : json_null(), "key", has_key ? key : NULL, "address",
			 address, "port", (int)e->port, "seconds_left", (json_int_t)e->seconds_left, "by_hand",
			 e->by_hand != 0, "known", e->known != 0);
}

static json_t *render_json(const struct view *v)
{
	const struct control_status *s = &v->status;
	json_t *grants = json_array(), *refused = json_object();
	char started[32];

	date_format((time_t)s->started, started, sizeof started);
	for (size_t i = 0; i < v->n; i++)
		json_array_append_new(grants, entry_json(&v->v[i]));
	for (size_t i = 1; i < STAGE_COUNT; i++)
		if (s->ended[i])
			json_object_set_new(refused, knock_stage_text((enum knock_stage)i),
					    json_integer((json_int_t)s->ended[i]));
	return json_pack("{s:s,s:o,s:s,s:I,s:o,s:{s:I,s:b,s:b},s:b}", "schema", "sallyport.who.v1", "grants", grants,
			 "started", started, "granted", (json_int_t)s->granted, "refused", refused, "replay", "entries",
			 (json_int_t)s->replay_entries, "lost", s->replay_lost != 0, "memory_only", s->memory_only != 0,
			 "table_owned", s->table_owned != 0);
}

static int show(const struct common_args *common, const struct view *v, bool clear)
{
	struct text out = { 0 };
	int status;

	if (common->format == FORMAT_JSON) {
		json_t *j = render_json(v);

		status = command_print_json(common, j, EXIT_YES);
		json_decref(j);
		return status;
	}
	if (clear)
		text_add_string(&out, "\033[H\033[2J");
	render(v, &out);
	status = command_print(common, &out, EXIT_YES);
	text_free(&out);
	return status;
}

static int look(const struct common_args *common, int fd, bool clear)
{
	struct view v = { 0 };
	enum err e = control_who(fd, &v.v, &v.n, &v.status);
	int status;

	if (e)
		return gate_fail(e);
	status = show(common, &v, clear);
	free(v.v);
	return status;
}

static int who_run(const struct common_args *common, void *args, const struct strings *rest)
{
	const struct who_args *a = args;
	int fd = -1, status;

	(void)rest;
	if (a->watch && common->output)
		return complain("--watch does not go with --output");
	do {
		/* anew each time: the daemon may have been started anew, and has few places */
		if ((status = gate_connect(a->socket, &fd)))
			return status;
		status = look(common, fd, a->watch && isatty(STDOUT_FILENO));
		file_close(fd);
	} while (a->watch && status == EXIT_YES && !ferror(stdout) && !sleep(WATCH_SECONDS));
	return status;
}

const struct command cmd_who = {
	.name = "who",
	.summary = "who is let in now, and what was refused",
	.arguments = "",
	.common = COMMON_REPORT,
	.options = options,
	.args_size = sizeof(struct who_args),
	.examples = "  sudo sallyport who\n"
		    "  sudo sallyport who --watch        # while somebody tries to get in\n"
		    "  sudo sallyport who --format json\n",
	.run = who_run,
};
