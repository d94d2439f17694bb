/* SPDX-License-Identifier: GPL-3.0-or-later */
/* guard.c - the guards of a change. */
#include "harden/guard.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/banned.h"

#define WORLD_MS 60000
#define SPACE_RESERVE (1u << 20) /* bytes that must stay free after a change */

const char *const guard_overrides[] = { "space", "configuration", "lockout", "changed", "proof",
					"knock", "second-way",	  "clock",   NULL };

const char *guard_verdict_text(enum guard_verdict v)
{
	static const char *const names[] = { "ok", "refuse", "overridden" };

	return names[v];
}

void guards_clear(struct guards *g)
{
	for (size_t i = 0; i < g->n; i++)
		free(g->v[i].detail);
	*g = (struct guards){ 0 };
}

const struct guard *guards_refusal(const struct guards *g)
{
	for (size_t i = 0; i < g->n; i++)
		if (g->v[i].verdict == GUARD_REFUSE)
			return &g->v[i];
	return NULL;
}

enum err guards_add(struct guards *g, const char *id, const struct strings *overrides, struct text *why)
{
	struct guard *one = &g->v[g->n];

	assert(g->n < GUARDS_MAX);
	if (text_check(why)) {
		text_free(why);
		return ERR_MEMORY;
	}
	*one = (struct guard){ .id = id };
	/* of two changes that wait, the roll-back of the first would undo the second: pending cannot be overridden */
	if (why->len)
		one->verdict =
			strcmp(id, "pending") != 0 && strings_has(overrides, id) ? GUARD_OVERRIDDEN : GUARD_REFUSE;
	one->detail = text_take(why);
	g->n++;
	return ERR_NONE;
}

enum err guard_look_pending(const struct root *r, struct text *why)
{
	unsigned *ids = NULL;
	size_t n = 0;
	enum err e = journal_list(r, false, &ids, &n);

	if (e == ERR_SYSTEM && errno == EACCES)
		return ERR_NONE; /* not root: nothing will be changed either */
	for (size_t i = 0; e == ERR_NONE && i < n; i++) {
		struct tx *t;

		if (journal_read_brief(r, ids[i], &t))
			continue; /* history says that it is damaged */
		if (t->state == TX_WAITING || t->state == TX_APPLYING || t->state == TX_ROLLING_BACK)
			text_add(why, "transaction %u is %s: sallyport confirm, or sallyport rollback\n", t->id,
				 t->state == TX_WAITING ? "waiting for its confirm" : "not finished");
		tx_free(t);
	}
	free(ids);
	return e;
}

enum err guard_look_space(const struct root *r, const char *path, unsigned long long bytes, struct text *why)
{
	char *outside = NULL;
	struct statvfs v;
	enum err e = root_outside(r, path, &outside);

	if (e)
		return e;
	if (statvfs(outside, &v) == 0) {
		unsigned long long have = (unsigned long long)v.f_bavail * v.f_frsize;

		if (v.f_flag & ST_RDONLY)
			text_add(why, "%s is mounted read-only\n", path);
		else if (have < bytes || (v.f_files && v.f_favail < 64))
			text_add(why, "%s has %llu KiB free, %llu KiB are needed\n", path, have / 1024, bytes / 1024);
	}
	free(outside);
	return ERR_NONE;
}

static enum err look_space(const struct check *c, const struct stage *s, struct text *why)
{
	unsigned long long need = SPACE_RESERVE;
	enum err e;

	for (size_t i = 0; i < c->plan->nops; i++)
		need += c->plan->ops[i].old_len + c->plan->ops[i].new_len;
	if ((e = guard_look_space(c->facts->root, "/var/lib", need, why)))
		return e;
	return guard_look_space(c->facts->root, stage_folder(s), need, why);
}

static void say_refused(const json_t *answer, struct text *why)
{
	const char *text;
	size_t i;
	json_t *o;

	if ((text = json_string_value(json_object_get(answer, "refused"))))
		text_add(why, "sshd refuses it: %s\n", text);
	if ((text = json_string_value(json_object_get(answer, "candidate"))))
		text_add(why, "%s\n", text);
	json_array_foreach(json_object_get(answer, "missing"), i, o)
	{
		const char *keyword, *wanted, *found, *who = json_string_value(json_object_get(o, "who"));

		if (json_unpack(o, "{s:s,s:s,s:s}", "keyword", &keyword, "wanted", &wanted, "found", &found) == 0)
			text_add(why, "%s would be %s instead of %s%s%s\n", keyword, found[0] ? found : "unset", wanted,
				 who ? " for " : "", who ? who : "");
	}
}

static void say_lost(const json_t *answer, struct text *why)
{
	size_t i;
	json_t *o;

	json_array_foreach(json_object_get(answer, "lost"), i, o)
	{
		const char *user, *reason, *addr = json_string_value(json_object_get(o, "addr"));
		const char *detail = json_string_value(json_object_get(o, "detail"));
		const char *by = json_string_value(json_object_get(o, "decided_by"));

		if (json_unpack(o, "{s:s,s:s}", "user", &user, "reason", &reason))
			continue;
		text_add_escaped(why, user, strlen(user));
		text_add(why, "%s%s would be locked out: ", addr ? " from " : "", addr ? addr : "");
		reason = detail ? detail : reason;
		text_add_escaped(why, reason, strlen(reason));
		text_add(why, "%s%s%s\n", by ? " (" : "", by ? by : "", by ? ")" : "");
	}
}

enum err guard_look_world(const struct check *c, const struct stage *s, struct text *refused, struct text *lost,
			  bool *tried)
{
	struct check with = *c;
	const char *trouble;
	json_t *answer = NULL;
	enum err e = stage_world(s, check_task, &with, WORLD_MS, &answer);

	if (e == ERR_MEMORY)
		return e;
	trouble = e ? err_text(e) : json_string_value(json_object_get(answer, "trouble"));
	*tried = !trouble;
	if (trouble)
		text_add(refused, "it could not be tried: %s\n", trouble);
	if (e == ERR_NONE) {
		say_refused(answer, refused);
		say_lost(answer, lost);
	}
	json_decref(answer);
	return ERR_NONE;
}

enum err guards_run(const struct check *c, const struct stage *s, const struct strings *overrides, struct guards *out)
{
	static const char *const ids[] = { "pending", "space", "configuration", "lockout" };
	struct text why[ARRAY_SIZE(ids)] = { 0 };
	struct guards g = { 0 };
	bool tried;
	enum err e;

	if ((e = guard_look_pending(c->facts->root, &why[0])) || (e = look_space(c, s, &why[1])))
		goto out;
	if (geteuid() != 0)
		text_add_string(&why[2], "only root can try it: run it with sudo\n");
	else if ((e = guard_look_world(c, s, &why[2], &why[3], &tried)))
		goto out;
	for (size_t i = 0; i < ARRAY_SIZE(ids) && e == ERR_NONE; i++)
		e = guards_add(&g, ids[i], overrides, &why[i]);
out:
	for (size_t i = 0; i < ARRAY_SIZE(ids); i++)
		text_free(&why[i]);
	if (e)
		guards_clear(&g);
	else
		*out = g;
	return e;
}
