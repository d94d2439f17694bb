/* SPDX-License-Identifier: GPL-3.0-or-later */
/* who_report.c - a look at the gate as text and as JSON. */
#include "cmd/who.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/number.h"
#include "cmd/gate.h"

#include <string.h>

#include "base/banned.h"

static void clock_print(time_t when, const char *format, char *out, size_t size)
{
	struct tm tm;

	localtime_r(&when, &tm);
	strftime(out, size, format, &tm);
}

static void line_entry(const struct control_entry *e, struct text *out)
{
	char address[CLAIM_TEXT], left[32], until[16], key[WHO_FINGERPRINT];

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
		who_fingerprint(e->key, key);
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
			 (unsigned long long)s->ended[i], who_meaning((enum knock_stage)i));
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

void who_text(const struct who_view *v, struct text *out)
{
	if (v->why) {
		text_add(out, "No answer: %s.\n", v->why);
		return;
	}
	text_add_string(out, v->n ? "" : "Nobody is let in now.\n");
	for (size_t i = 0; i < v->n; i++)
		line_entry(&v->entries[i], out);
	lines_status(&v->status, out);
}

static json_t *entry_json(const struct who_view *v, const struct control_entry *e)
{
	char address[CLAIM_TEXT], key[WHO_FINGERPRINT];
	const bool has_key = e->known && !e->by_hand;
	const struct traffic_peer *t = who_traffic(v, e), none = { 0 };
	json_t *j;

	gate_address_print(&e->address, address);
	who_fingerprint(e->key, key);
	j = json_pack("{s:o?,s:o?,s:s?,s:s,s:i,s:I,s:b,s:b}", "user", has_key ? json_safe_string(e->user) : json_null(),
		      "comment", e->by_hand ? json_safe_string(e->user) : json_null(), "key", has_key ? key : NULL,
		      "address", address, "port", (int)e->port, "seconds_left", (json_int_t)e->seconds_left, "by_hand",
		      e->by_hand != 0, "known", e->known != 0);
	if (!j || !v->has_traffic)
		return j;
	t = t ? t : &none;
	json_object_set_new(j, "sessions", json_integer(t->sessions));
	json_object_set_new(j, "received", json_integer((json_int_t)t->received));
	json_object_set_new(j, "sent", json_integer((json_int_t)t->sent));
	return j;
}

json_t *who_json(const struct who_view *v)
{
	const struct control_status *s = &v->status;
	json_t *grants, *refused;
	char started[32];

	if (v->why)
		return json_pack("{s:s,s:b,s:s}", "schema", "sallyport.who.v1", "running", 0, "error", v->why);
	grants = json_array();
	refused = json_object();
	date_format((time_t)s->started, started, sizeof started);
	for (size_t i = 0; i < v->n; i++)
		json_array_append_new(grants, entry_json(v, &v->entries[i]));
	for (size_t i = 1; i < STAGE_COUNT; i++)
		if (s->ended[i])
			json_object_set_new(refused, knock_stage_text((enum knock_stage)i),
					    json_integer((json_int_t)s->ended[i]));
	return json_pack("{s:s,s:b,s:o,s:s,s:I,s:o,s:{s:I,s:b,s:b},s:b}", "schema", "sallyport.who.v1", "running", 1,
			 "grants", grants, "started", started, "granted", (json_int_t)s->granted, "refused", refused,
			 "replay", "entries", (json_int_t)s->replay_entries, "lost", s->replay_lost != 0, "memory_only",
			 s->memory_only != 0, "table_owned", s->table_owned != 0);
}
