/* SPDX-License-Identifier: GPL-3.0-or-later */
/* accept.c - findings that somebody keeps on purpose: read, written, looked up. */
#include "audit/audit.h"

#include "base/file.h"
#include "base/json.h"
#include "base/number.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define SCHEMA "sallyport.accepted.v1"
#define FILE_MAX (1024 * 1024)
#define ACCEPTANCES_MAX 1000

static void acceptance_clear(struct acceptance *a)
{
	free(a->rule);
	free(a->reason);
	free(a->by);
}

void acceptances_free(struct acceptances *a)
{
	for (size_t i = 0; i < a->n; i++)
		acceptance_clear(&a->v[i]);
	free(a->v);
	*a = (struct acceptances){ 0 };
}

/* The list owns one's strings from then on; on failure they stay the caller's. */
static enum err add(struct acceptances *a, const struct acceptance *one)
{
	struct acceptance *v = realloc(a->v, (a->n + 1) * sizeof *v);

	if (!v)
		return ERR_MEMORY;
	a->v = v;
	v[a->n++] = *one;
	return ERR_NONE;
}

static bool is_digest(const char *s)
{
	return strlen(s) == DIGEST_HEX - 1 && strspn(s, "0123456789abcdef") == DIGEST_HEX - 1;
}

static enum err read_one(const json_t *value, struct acceptance *out)
{
	const char *rule, *reason, *by, *when, *until = NULL, *digest;
	struct acceptance a = { 0 };

	if (json_unpack((json_t *)value, "{s:s,s:s,s:s,s:s,s?s,s:s}", "rule", &rule, "reason", &reason, "by", &by,
			"when", &when, "until", &until, "evidence_digest", &digest) ||
	    !is_digest(digest) || date_parse(when, &a.when) || (until && date_parse(until, &a.until)))
		return ERR_SYNTAX;
	a.rule = strdup(rule);
	a.reason = strdup(reason);
	a.by = strdup(by);
	memcpy(a.evidence_digest, digest, DIGEST_HEX);
	if (!a.rule || !a.reason || !a.by) {
		acceptance_clear(&a);
		return ERR_MEMORY;
	}
	*out = a;
	return ERR_NONE;
}

static enum err read_list(const json_t *root, struct acceptances *out)
{
	const json_t *list = json_object_get(root, "accepted"), *value;
	const char *schema = json_string_value(json_object_get(root, "schema"));
	struct acceptances a = { 0 };
	enum err e = ERR_NONE;
	size_t i;

	if (!schema || strcmp(schema, SCHEMA) != 0 || !json_is_array(list) || json_array_size(list) > ACCEPTANCES_MAX)
		return ERR_SYNTAX;
	json_array_foreach(list, i, value)
	{
		struct acceptance one;

		if ((e = read_one(value, &one)))
			break;
		if ((e = add(&a, &one))) {
			acceptance_clear(&one);
			break;
		}
	}
	if (e) {
		acceptances_free(&a);
		return e;
	}
	*out = a;
	return ERR_NONE;
}

static enum err damaged(struct diags *problems)
{
	diag_error(problems, ACCEPTANCES_PATH, 0, "not in the form that 'sallyport accept' writes: wants %s", SCHEMA);
	return ERR_CONFIG;
}

enum err acceptances_parse(const char *content, size_t len, struct acceptances *out, struct diags *problems)
{
	json_error_t why;
	json_t *root = len <= FILE_MAX ? json_loadb(content, len, JSON_REJECT_DUPLICATES, &why) : NULL;
	enum err e = root ? read_list(root, out) : ERR_SYNTAX;

	json_decref(root);
	return e == ERR_SYNTAX ? damaged(problems) : e;
}

enum err acceptances_read(const struct root *r, struct acceptances *out, struct diags *problems)
{
	char *content = NULL;
	size_t len;
	enum err e = root_read(r, ACCEPTANCES_PATH, FILE_MAX, &content, &len);

	if (e == ERR_SYSTEM && (errno == ENOENT || errno == ENOTDIR)) {
		*out = (struct acceptances){ 0 };
		return ERR_NONE;
	}
	if (e == ERR_TOO_BIG || e == ERR_NOT_FILE)
		return damaged(problems);
	if (!e)
		e = acceptances_parse(content, len, out, problems);
	free(content);
	return e;
}

static json_t *write_one(const struct acceptance *a)
{
	char when[32], until[32];

	date_format(a->when, when, sizeof when);
	if (!a->until)
		return json_pack("{s:s,s:o,s:o,s:s,s:s}", "rule", a->rule, "reason", json_safe_string(a->reason), "by",
				 json_safe_string(a->by), "when", when, "evidence_digest", a->evidence_digest);
	date_format(a->until, until, sizeof until);
	return json_pack("{s:s,s:o,s:o,s:s,s:s,s:s}", "rule", a->rule, "reason", json_safe_string(a->reason), "by",
			 json_safe_string(a->by), "when", when, "until", until, "evidence_digest", a->evidence_digest);
}

enum err acceptances_write(const struct root *r, const struct acceptances *a)
{
	json_t *list = json_array(), *root;
	enum err e = ERR_NONE;

	for (size_t i = 0; i < a->n; i++)
		if (json_array_append_new(list, write_one(&a->v[i])))
			e = ERR_MEMORY;
	root = json_pack("{s:s,s:o}", "schema", SCHEMA, "accepted", list);
	if (!root)
		return ERR_MEMORY;
	if (!e && !(e = file_make_dirs(r, "/var/lib/sallyport", 0700)))
		e = json_write_file(r, ACCEPTANCES_PATH, root, 0600);
	json_decref(root);
	return e;
}

enum err acceptances_put(struct acceptances *a, const struct finding *f, const char *reason, const char *by,
			 time_t when, time_t until)
{
	struct acceptance one = { .when = when, .until = until };
	enum err e;

	if ((e = audit_evidence_digest(f, one.evidence_digest)))
		return e;
	one.rule = strdup(f->rule->id);
	one.reason = strdup(reason);
	one.by = strdup(by);
	if (!one.rule || !one.reason || !one.by || a->n >= ACCEPTANCES_MAX) {
		acceptance_clear(&one);
		return a->n >= ACCEPTANCES_MAX ? ERR_TOO_BIG : ERR_MEMORY;
	}
	if ((e = add(a, &one))) {
		acceptance_clear(&one);
		return e;
	}
	/* The new one is the last, so an older one of the same rule is found first. */
	for (size_t i = 0; i + 1 < a->n; i++) {
		if (strcmp(a->v[i].rule, f->rule->id) != 0)
			continue;
		acceptance_clear(&a->v[i]);
		a->v[i] = a->v[--a->n];
		break;
	}
	return ERR_NONE;
}

bool acceptances_drop(struct acceptances *a, const char *rule)
{
	for (size_t i = 0; i < a->n; i++) {
		if (strcmp(a->v[i].rule, rule) != 0)
			continue;
		acceptance_clear(&a->v[i]);
		a->n--;
		memmove(&a->v[i], &a->v[i + 1], (a->n - i) * sizeof *a->v);
		return true;
	}
	return false;
}

const struct acceptance *acceptances_find(const struct acceptances *a, const struct finding *f, time_t now)
{
	char digest[DIGEST_HEX];

	if (f->status != STATUS_FAIL && f->status != STATUS_WARN)
		return NULL;
	for (size_t i = 0; i < a->n; i++) {
		if (strcmp(a->v[i].rule, f->rule->id) != 0 || (a->v[i].until && now > a->v[i].until))
			continue;
		if (audit_evidence_digest(f, digest) == ERR_NONE && strcmp(digest, a->v[i].evidence_digest) == 0)
			return &a->v[i];
	}
	return NULL;
}
