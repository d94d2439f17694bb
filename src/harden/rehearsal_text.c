/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rehearsal_text.c - the rehearsal in words and as JSON. */
#include "harden/rehearsal.h"

#include "base/json.h"
#include "base/number.h"

#include <stdio.h>
#include <string.h>

#include "base/banned.h"

#define LOST_SHOWN 10
#define DAY 86400

/* "1,211" */
static void add_count(unsigned long n, struct text *out)
{
	char digits[32];
	int len = snprintf(digits, sizeof digits, "%lu", n);

	for (int i = 0; i < len; i++) {
		text_add_string(out, i && (len - i) % 3 == 0 ? "," : "");
		text_add_bytes(out, &digits[i], 1);
	}
}

static void add_days(const struct rehearsal *r, time_t now, struct text *out)
{
	long days = (long)((now - r->from->since + DAY - 1) / DAY);

	if (days <= 1)
		text_add_string(out, "in the last day");
	else
		text_add(out, "in the last %ld days", days);
}

/* "  lost: backup from 10.0.0.7 (7 times, by password)" */
static void add_loss(const struct rehearsal_loss *loss, struct text *out)
{
	const struct past_login *l = loss->login;
	bool obvious = strcmp(loss->reason, "method-disabled") == 0;
	const char *why = loss->detail[0] ? loss->detail : loss->reason;

	text_add_string(out, "  lost: ");
	text_add_escaped(out, l->user, strlen(l->user));
	text_add_string(out, " from ");
	text_add_escaped(out, l->addr, strlen(l->addr));
	text_add_string(out, " (");
	add_count(l->count, out);
	text_add_string(out, l->count == 1 ? " time, by " : " times, by ");
	if (l->key_type)
		text_add(out, "%s key %s", l->key_type, l->fingerprint ? l->fingerprint : "");
	else
		text_add_string(out, l->method);
	text_add_string(out, ")");
	if (!obvious) {
		text_add_string(out, ": ");
		text_add_escaped(out, why, strlen(why));
	}
	text_add_string(out, "\n");
}

static void add_lost(const struct rehearsal *r, struct text *out)
{
	unsigned long left = r->lost_logins;

	for (size_t i = 0; i < r->nlost && i < LOST_SHOWN; i++) {
		add_loss(&r->lost[i], out);
		left -= r->lost[i].login->count;
	}
	if (!left)
		return;
	text_add_string(out, "  lost: ");
	add_count(left, out);
	text_add_string(out, " more: --format json names them\n");
}

static void add_ended(const struct rehearsal *r, struct text *out)
{
	for (size_t i = 0; i < r->nended; i++)
		text_add(out, "  ends: %s, used by %s\n", r->ended[i].name, r->ended[i].by);
}

void rehearsal_describe(const struct rehearsal *r, time_t now, struct text *out)
{
	unsigned long dead = r->logins - r->kept - r->lost_logins;

	if (!r->from->since) {
		text_add_string(out, "No past logins to rehearse: no log of sshd was found\n");
	} else if (!r->logins) {
		text_add_string(out, "No login ");
		add_days(r, now, out);
		text_add_string(out, " is in the logs\n");
	} else {
		text_add_string(out, "Of ");
		add_count(r->logins, out);
		text_add_string(out, r->logins == 1 ? " login " : " logins ");
		add_days(r, now, out);
		text_add_string(out, " ");
		add_count(r->kept, out);
		text_add_string(out, " would still work");
		if (dead) {
			text_add_string(out, ", ");
			add_count(dead, out);
			text_add_string(out, dead == 1 ? " does not work today either" : " do not work today either");
		}
		text_add_string(out, r->nlost || r->nended ? ":\n" : "\n");
	}
	add_lost(r, out);
	add_ended(r, out);
	if (r->from->incomplete) {
		text_add_string(out, "  may be missing: ");
		text_add_escaped(out, r->from->incomplete, strlen(r->from->incomplete));
		text_add_string(out, "\n");
	}
}

static json_t *loss_json(const struct rehearsal_loss *loss)
{
	const struct past_login *l = loss->login;
	json_t *o = json_pack("{s:o,s:o,s:s,s:I,s:o,s:o}", "user", json_safe_string(l->user), "addr",
			      json_safe_string(l->addr), "method", l->method, "count", (json_int_t)l->count, "reason",
			      json_safe_string(loss->reason), "detail", json_safe_string(loss->detail));

	if (o && l->fingerprint)
		json_object_set_new(o, "fingerprint", json_string(l->fingerprint));
	return o;
}

static json_t *time_json(time_t when)
{
	char stamp[32];

	if (!when)
		return json_null();
	date_format(when, stamp, sizeof stamp);
	return json_string(stamp);
}

json_t *rehearsal_json(const struct rehearsal *r)
{
	json_t *lost = json_array(), *ended = json_array(), *o;

	for (size_t i = 0; i < r->nlost; i++)
		json_array_append_new(lost, loss_json(&r->lost[i]));
	for (size_t i = 0; i < r->nended; i++)
		json_array_append_new(ended, json_pack("{s:s,s:o,s:I}", "feature", r->ended[i].name, "by",
						       json_safe_string(r->ended[i].by), "count",
						       (json_int_t)r->ended[i].count));
	o = json_pack("{s:I,s:I,s:o,s:o,s:o,s:o}", "logins", (json_int_t)r->logins, "kept", (json_int_t)r->kept, "lost",
		      lost, "ended", ended, "since", time_json(r->from->since), "sources",
		      json_safe_strings(&r->from->sources));
	if (o && r->from->incomplete)
		json_object_set_new(o, "incomplete", json_safe_string(r->from->incomplete));
	return o;
}
