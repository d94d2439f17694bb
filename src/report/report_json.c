/* SPDX-License-Identifier: GPL-3.0-or-later */
/* report_json.c - an audit in the form sallyport.audit.v1. */
#include "report/report.h"

#include "base/json.h"
#include "base/number.h"

#include "base/banned.h"

/* A member that is null where there is no text. */
static json_t *text_or_null(const char *s)
{
	return s ? json_safe_string(s) : json_null();
}

static json_t *list_json(const char *const *words)
{
	json_t *list = json_array();

	for (; words && *words; words++)
		json_array_append_new(list, json_string(*words));
	return list;
}

static json_t *evidence_json(const struct finding *f)
{
	json_t *list = json_array();

	for (size_t i = 0; i < f->nevidence; i++) {
		const struct evidence *e = &f->evidence[i];
		json_t *line = e->file && e->line ? json_integer(e->line) : json_null();

		json_array_append_new(list, json_pack("{s:o,s:o,s:o}", "file", text_or_null(e->file), "line", line,
						      "text", text_or_null(e->text)));
	}
	return list;
}

static json_t *fix_json(const struct finding *f)
{
	if (!f->fix)
		return json_null();
	return json_pack("{s:o,s:o}", "summary", text_or_null(f->fix), "command", text_or_null(f->command));
}

static json_t *finding_json(const struct finding *f)
{
	const struct rule *r = f->rule;
	json_t *o = json_pack("{s:s,s:i,s:s,s:s,s:s,s:o,s:o,s:o,s:o,s:o}", "id", r->id, "step", (int)r->step, "status",
			      status_text(f->status), "severity", severity_text(f->severity), "title", r->title,
			      "detail", text_or_null(f->detail), "evidence", evidence_json(f), "fix", fix_json(f),
			      "controls", list_json(r->controls), "references", list_json(r->references));

	if (o && f->status == STATUS_ACCEPTED)
		json_object_set_new(o, "accepted",
				    json_pack("{s:o,s:o}", "reason", text_or_null(f->accepted_reason), "by",
					      text_or_null(f->accepted_by)));
	return o;
}

static json_t *findings_json(const struct audit *a)
{
	json_t *list = json_array();

	for (size_t i = 0; i < a->n; i++) {
		if (json_array_append_new(list, finding_json(&a->findings[i]))) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

static json_t *host_json(const struct facts *f)
{
	return json_pack("{s:o,s:o,s:o,s:o,s:o,s:o}", "name", text_or_null(f->hostname), "os", text_or_null(f->os),
			 "openssh", text_or_null(f->openssh), "package", text_or_null(f->package), "sshd",
			 text_or_null(f->sshd), "config", text_or_null(f->config_path));
}

static json_t *summary_json(const struct audit *a)
{
	json_t *o = json_object();

	for (int s = 0; s < STATUS_COUNT; s++)
		json_object_set_new(o, status_text((enum status)s), json_integer(a->count[s]));
	return o;
}

enum err report_json(const struct audit *a, json_t **out)
{
	char when[32];
	json_t *o;

	date_format(a->facts->now, when, sizeof when);
	o = json_pack("{s:s,s:s,s:s,s:s,s:b,s:o,s:o,s:i,s:s,s:o,s:o}", "schema", "sallyport.audit.v1", "time", when,
		      "version", SALLYPORT_VERSION, "rules_digest", a->rules_digest, "privileged", a->facts->privileged,
		      "host", host_json(a->facts), "policy", json_safe_string(policy_name(a->policy)), "score",
		      (int)a->score, "grade", a->grade, "summary", summary_json(a), "findings", findings_json(a));
	if (!o)
		return ERR_MEMORY;
	*out = o;
	return ERR_NONE;
}
