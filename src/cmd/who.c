/* SPDX-License-Identifier: GPL-3.0-or-later */
/* who.c - sallyport who: who is let in by the gate now, and what it refused. */
#include "base/json.h"
#include "base/message.h"
#include "base/number.h"
#include "cmd/command.h"
#include "cmd/door.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

static json_t *entry_json(const struct control_entry *e)
{
	char addr[DOOR_ADDRESS], key[DOOR_KEY] = "";

	door_address_print(&e->address, addr);
	if (e->known && !e->by_hand)
		door_key_print(e->key, key);
	return json_pack("{s:s,s:i,s:i,s:b,s:s?,s:s?,s:o}", "addr", addr, "port", (int)e->port, "seconds_left",
			 (int)e->seconds_left, "by_hand", e->by_hand, "user", e->known && !e->by_hand ? e->user : NULL,
			 "key", *key ? key : NULL, "comment", e->by_hand ? json_safe_string(e->user) : json_null());
}

static json_t *status_json(const struct control_status *s)
{
	json_t *ended = json_object(), *j;
	char since[32];

	for (int i = 1; i < STAGE_COUNT; i++)
		if (s->ended[i])
			json_object_set_new(ended, knock_stage_text((enum knock_stage)i),
					    json_integer((json_int_t)s->ended[i]));
	date_format((time_t)s->started, since, sizeof since);
	j = json_pack("{s:s,s:I,s:o,s:i,s:b,s:b,s:b}", "since", since, "granted", (json_int_t)s->granted, "refused",
		      ended, "remembered", (int)s->replay_entries, "record_lost", s->replay_lost,
		      "record_in_memory_only", s->memory_only, "table_owned", s->table_owned);
	return j;
}

static void row_add(const struct control_entry *e, struct text *out)
{
	char addr[DOOR_ADDRESS], key[DOOR_KEY] = "", left[32];

	door_address_print(&e->address, addr);
	duration_format(e->seconds_left, left, sizeof left);
	text_add(out, "%-39s %5u  %-7s ", addr, e->port, left);
	if (!e->known) {
		text_add_string(out, "from before the daemon started");
	} else {
		text_add_escaped(out, e->user, strlen(e->user));
		if (e->by_hand) {
			text_add_string(out, ", by hand");
		} else {
			door_key_print(e->key, key);
			text_add(out, " %s", key);
		}
	}
	text_add_string(out, "\n");
}

static void rest_add(const struct control_status *s, struct text *out)
{
	char since[32];
	bool any = false;

	date_format((time_t)s->started, since, sizeof since);
	text_add(out, "since %s: %llu granted", since, (unsigned long long)s->granted);
	for (int i = 1; i < STAGE_COUNT; i++) {
		if (!s->ended[i])
			continue;
		text_add(out, "%s %s %llu", any ? "," : "; refused:", knock_stage_text((enum knock_stage)i),
			 (unsigned long long)s->ended[i]);
		any = true;
	}
	text_add_string(out, "\n");
	if (s->replay_lost)
		text_add_string(
			out, "The record of past knocks is lost: nobody is let in until the clock is synchronised.\n");
	if (s->memory_only)
		text_add_string(out, "The record of past knocks cannot be written: is the disk full or read-only?\n");
}

static int answer(const struct common_args *common, const struct control_entry *v, size_t n,
		  const struct control_status *s)
{
	struct text out = { 0 };
	int status;

	if (common->format == FORMAT_JSON) {
		json_t *grants = json_array(), *j;

		for (size_t i = 0; i < n; i++)
			json_array_append_new(grants, entry_json(&v[i]));
		j = json_pack("{s:s,s:o,s:o}", "schema", "sallyport.who.v1", "grants", grants, "gate", status_json(s));
		status = command_print_json(common, j, EXIT_YES);
		json_decref(j);
		return status;
	}
	if (!n)
		text_add_string(&out, "Nobody is let in now.\n");
	for (size_t i = 0; i < n; i++)
		row_add(&v[i], &out);
	rest_add(s, &out);
	status = command_print(common, &out, EXIT_YES);
	text_free(&out);
	return status;
}

static int who_run(const struct common_args *common, void *args, const struct strings *rest)
{
	struct control_entry *v = NULL;
	struct control_status s = { 0 };
	size_t n = 0;
	int fd = -1, status;
	enum err e;

	(void)args;
	if (rest->n)
		return complain("takes no arguments, not '%s'", rest->v[0]);
	if ((status = door_open(&fd)))
		return status;
	e = control_who(fd, &v, &n, &s);
	status = e ? fail(e, "the daemon does not answer") : answer(common, v, n, &s);
	free(v);
	door_close(fd);
	return status;
}

const struct command cmd_who = {
	.name = "who",
	.summary = "who is let in by the gate now, and what was refused",
	.arguments = "",
	.common = COMMON_REPORT,
	.examples = "  sudo sallyport who\n"
		    "  sudo sallyport who --format json\n",
	.run = who_run,
};
