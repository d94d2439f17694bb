/* SPDX-License-Identifier: GPL-3.0-or-later */
/* keys_json.c - the keys for programs: schema sallyport.keys.v1. */
#include "report/keys.h"

#include "audit/policy.h"
#include "base/json.h"
#include "base/number.h"

#include <string.h>

#include "base/banned.h"

static json_t *string_or_null(const char *s)
{
	return s && s[0] ? json_safe_string(s) : json_null();
}

static json_t *number_or_null(uint64_t n)
{
	return n ? json_integer((json_int_t)n) : json_null();
}

static json_t *command_json(const struct key_finding *f)
{
	const char *at = f->check->command, *mark = at ? strstr(at, "%s") : NULL;
	struct text t = { 0 };
	json_t *v;

	if (!at)
		return json_null();
	if (!mark)
		return json_string(at);
	text_add(&t, "%.*s%s%s", (int)(mark - at), at, f->at->file, mark + 2);
	v = text_check(&t) ? NULL : json_safe_string(t.s);
	text_free(&t);
	return v;
}

static json_t *fix_json(const struct key_finding *f)
{
	if (!f->check->fix)
		return json_null();
	return json_pack("{s:s,s:o}", "summary", f->check->fix, "command", command_json(f));
}

static json_t *finding_json(const struct key_finding *f)
{
	const struct sighting *s = f->at;

	return json_pack("{s:s,s:s,s:s,s:s,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "id", f->check->id, "status",
			 key_status_text(f->check->status), "severity", severity_text(f->check->severity), "title",
			 f->check->title, "detail", string_or_null(f->detail), "file", json_safe_string(s->file),
			 "line", number_or_null(s->line), "account", string_or_null(s->account), "fingerprint",
			 string_or_null(s->key.fingerprint), "type", string_or_null(s->key.type), "bits",
			 number_or_null(s->key.bits), "comment", string_or_null(s->comment), "fix", fix_json(f));
}

static json_t *summary_json(const struct key_report *r)
{
	return json_pack("{s:i,s:i,s:i,s:i,s:I,s:I,s:I,s:I,s:I,s:I,s:I}", "fail", (int)r->count[KEY_FAIL], "warn",
			 (int)r->count[KEY_WARN], "note", (int)r->count[KEY_NOTE], "unknown",
			 (int)r->count[KEY_UNKNOWN], "private", (json_int_t)(r->privates - r->host), "host",
			 (json_int_t)r->host, "authorized", (json_int_t)r->authorized, "accounts",
			 (json_int_t)r->accounts, "known_hosts", (json_int_t)r->known_hosts, "agent",
			 (json_int_t)r->agent, "hardware", (json_int_t)r->hardware);
}

/* What is in the agent, with where it lives: findings say only what is noteworthy. */
static json_t *agent_json(const struct sightings *l)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < l->n; i++) {
		const struct sighting *s = &l->v[i];
		if (s->kind != SIGHT_AGENT)
			continue;
		json_array_append_new(list, json_pack("{s:o,s:o,s:o,s:o,s:o}", "type", string_or_null(s->key.type),
						      "bits", number_or_null(s->key.bits), "fingerprint",
						      string_or_null(s->key.fingerprint), "comment",
						      string_or_null(s->comment), "held_by",
						      string_or_null(key_holder_text(s))));
	}
	return list;
}

enum err keys_json(const struct keys_page *p, json_t **out)
{
	const struct key_report *r = p->report;
	json_t *list = json_array(), *answer;
	char time[32];

	for (size_t i = 0; list && i < r->n; i++)
		if (json_array_append_new(list, finding_json(&r->v[i]))) {
			json_decref(list);
			return ERR_MEMORY;
		}
	date_format(p->now, time, sizeof time);
	answer = json_pack("{s:s,s:s,s:s,s:b,s:s,s:s,s:o,s:o,s:o}", "schema", "sallyport.keys.v1", "time", time,
			   "version", SALLYPORT_VERSION, "privileged", p->privileged, "root", p->root ? p->root : "/",
			   "policy", policy_name(p->policy), "summary", summary_json(r), "agent", agent_json(p->seen),
			   "findings", list);
	*out = answer;
	return answer ? ERR_NONE : ERR_MEMORY;
}
