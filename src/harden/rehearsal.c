/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rehearsal.c - who got in and would not any more, and what they used and could not any more. */
#include "harden/rehearsal.h"

#include "base/json.h"
#include "sshd/access.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define WORLD_MS 60000
#define USUAL_PORT 22
#define NAMES_MAX 3 /* of those who used a feature */

/* What one configuration says of one entry of the logins. */
struct outcome {
	enum access_verdict verdict;
	unsigned features; /* PAST_* that the rules let this login use */
	bool by_method;	   /* refused because the method is not offered */
	bool jailed;	   /* locked into a folder, ChrootDirectory */
	char *reason, *detail;
};

/* All entries under one configuration. */
struct side {
	struct outcome *v;
	size_t n;
};

static void side_free(struct side *s)
{
	for (size_t i = 0; i < s->n; i++) {
		free(s->v[i].reason);
		free(s->v[i].detail);
	}
	free(s->v);
	*s = (struct side){ 0 };
}

/* ---- features ---- */

static bool sftp_possible(const struct sshd_effective *rules)
{
	const char *command = sshd_value(rules, KW_FORCECOMMAND);
	const struct strings *subsystems = sshd_values(rules, KW_SUBSYSTEM);

	if (command[0] && strcmp(command, "none") != 0)
		return strncmp(command, "internal-sftp", strlen("internal-sftp")) == 0;
	for (size_t i = 0; i < subsystems->n; i++)
		if (strncmp(subsystems->v[i], "sftp ", 5) == 0)
			return true;
	return false;
}

static unsigned features_left(const struct sshd_effective *rules)
{
	const char *tcp = sshd_value(rules, KW_ALLOWTCPFORWARDING);
	unsigned left = sftp_possible(rules) ? PAST_SFTP : 0;

	if (strcmp(sshd_value(rules, KW_DISABLEFORWARDING), "yes") == 0 || strcmp(tcp, "no") == 0)
		return left;
	if (strcmp(tcp, "remote") != 0)
		left |= PAST_LOCAL_FORWARDING;
	if (strcmp(tcp, "local") != 0)
		left |= PAST_REMOTE_FORWARDING;
	return left;
}

/* ---- one configuration ---- */

static unsigned method_of(const struct past_login *l)
{
	static const struct {
		const char *name;
		unsigned method;
	} names[] = {
		{ "password", METHOD_PASSWORD },
		{ "none", METHOD_PASSWORD }, /* an empty one */
		{ "keyboard-interactive", METHOD_KEYBOARD },
		{ "hostbased", METHOD_HOSTBASED },
		{ "gssapi-with-mic", METHOD_GSSAPI },
		{ "gssapi-keyex", METHOD_GSSAPI },
	};
	size_t len = strcspn(l->method, "/");

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strlen(names[i].name) == len && strncmp(names[i].name, l->method, len) == 0)
			return names[i].method;
	return 0;
}

/* Of several methods that one login takes the log names only the last. */
static bool wants_several(const struct sshd_effective *rules)
{
	const struct strings *lists = sshd_values(rules, KW_AUTHENTICATIONMETHODS);

	for (size_t i = 0; i < lists->n; i++)
		if (strchr(lists->v[i], ','))
			return true;
	return false;
}

static enum err copy_reasons(struct access *a, const struct access_login *l, struct access_decision *d,
			     struct outcome *out)
{
	struct text detail = { 0 };
	enum err e = ERR_NONE;

	out->by_method = d->reason == REASON_METHOD_DISABLED || d->reason == REASON_ROOT_LOGIN;
	out->reason = strdup(access_reason_word(d));
	if (d->detail)
		text_add_string(&detail, d->detail);
	else
		e = access_detail(a, l, d, &detail);
	if (e == ERR_NONE && !(out->detail = text_take(&detail)))
		out->detail = strdup("");
	text_free(&detail);
	return e || (out->reason && out->detail) ? e : ERR_MEMORY;
}

static enum err decide_one(struct access *a, const struct past_login *past, const struct account *account, bool reasons,
			   struct outcome *out)
{
	const struct offered_key key = { .fingerprint = past->fingerprint,
					 .ca_fingerprint = past->ca_fingerprint,
					 .type = past->key_type };
	struct access_login l = { .user = past->user,
				  .account = account,
				  .host = past->addr,
				  .addr = past->addr,
				  .lport = USUAL_PORT,
				  .key = past->fingerprint ? &key : NULL,
				  .assume = method_of(past) };
	const struct sshd_effective *rules;
	struct access_decision d = { 0 };
	enum err e;

	if ((e = access_rules(a, &l, &rules)))
		return e;
	if (wants_several(rules))
		l.assume = 0;
	if ((e = access_decide(a, &l, &d)))
		return e;
	out->verdict = d.verdict;
	out->features = past->features ? features_left(rules) : 0;
	out->jailed = strcmp(sshd_value(rules, KW_CHROOTDIRECTORY), "none") != 0;
	if (reasons && d.verdict == ACCESS_DENIED)
		e = copy_reasons(a, &l, &d, out);
	access_decision_clear(&d);
	return e;
}

/* skip: entries that this side has refused need no decision of the other. */
static enum err decide_all(const struct root *r, const struct sshd_config *c, const struct past_logins *logins,
			   time_t now, const struct side *skip, struct side *out)
{
	struct side s = { .v = calloc(logins->n ? logins->n : 1, sizeof *s.v), .n = logins->n };
	struct account *account = NULL;
	struct access *a = NULL;
	enum err e = s.v ? access_new(r, c, now, &a) : ERR_MEMORY;

	for (size_t i = 0; e == ERR_NONE && i < s.n; i++) {
		const struct past_login *l = &logins->v[i];

		if (i == 0 || strcmp(l->user, logins->v[i - 1].user) != 0) {
			account_free(account);
			account = NULL;
			e = account_find(r, l->user, &account);
			e = e == ERR_NOT_FOUND ? ERR_NONE : e;
		}
		if (e == ERR_NONE && !(skip && skip->v[i].verdict == ACCESS_DENIED))
			e = decide_one(a, l, account, skip != NULL, &s.v[i]);
	}
	access_free(a);
	account_free(account);
	if (e)
		side_free(&s);
	else
		*out = s;
	return e;
}

/* ---- what differs ---- */

static bool is_lost(const struct side *before, const struct side *after, size_t i)
{
	return before->v[i].verdict != ACCESS_DENIED && after->v[i].verdict == ACCESS_DENIED;
}

static int most_frequent_first(const void *a, const void *b)
{
	const struct rehearsal_loss *x = a, *y = b;

	if (x->login->count != y->login->count)
		return x->login->count < y->login->count ? 1 : -1;
	return x->login < y->login ? -1 : x->login > y->login; /* by name and address */
}

static enum err find_lost(const struct past_logins *logins, const struct side *before, struct side *after,
			  struct rehearsal *r)
{
	size_t n = 0;

	for (size_t i = 0; i < logins->n; i++)
		n += is_lost(before, after, i);
	r->lost = calloc(n ? n : 1, sizeof *r->lost);
	if (!r->lost)
		return ERR_MEMORY;
	for (size_t i = 0; i < logins->n; i++) {
		struct outcome *o = &after->v[i];

		if (before->v[i].verdict == ACCESS_DENIED)
			continue;
		if (!is_lost(before, after, i)) {
			r->kept += logins->v[i].count;
			r->kept_jailed += o->jailed ? logins->v[i].count : 0;
			continue;
		}
		r->lost_logins += logins->v[i].count;
		r->lost[r->nlost++] =
			(struct rehearsal_loss){ .login = &logins->v[i], .reason = o->reason, .detail = o->detail };
		o->reason = o->detail = NULL; /* the rehearsal owns them now */
	}
	qsort(r->lost, r->nlost, sizeof *r->lost, most_frequent_first);
	for (; r->nlost > REHEARSAL_LOST_MAX; r->nlost--) {
		free(r->lost[r->nlost - 1].reason);
		free(r->lost[r->nlost - 1].detail);
	}
	return ERR_NONE;
}

/* Each feature, and whether entry i used it before and cannot after. */
struct ended {
	const char *name;
	unsigned feature; /* PAST_*, or 0: a method */
	unsigned method;
};

static const struct ended features[] = {
	{ "password", 0, METHOD_PASSWORD },
	{ "keyboard-interactive", 0, METHOD_KEYBOARD },
	{ "sftp", PAST_SFTP, 0 },
	{ "local TCP forwarding", PAST_LOCAL_FORWARDING, 0 },
	{ "remote TCP forwarding", PAST_REMOTE_FORWARDING, 0 },
};

static bool has_ended(const struct ended *f, const struct past_login *l, const struct side *before,
		      const struct side *after, size_t i)
{
	if (f->feature)
		return before->v[i].verdict != ACCESS_DENIED && l->features & before->v[i].features & f->feature &&
		       !is_lost(before, after, i) && !(after->v[i].features & f->feature);
	return method_of(l) == f->method && is_lost(before, after, i) && after->v[i].by_method;
}

/* Users come in order, so one that stands there already is the last. */
static enum err count_ended(const struct ended *f, const struct past_logins *logins, const struct side *before,
			    const struct side *after, struct rehearsal_feature *out)
{
	const char *last = NULL;
	struct text by = { 0 };
	size_t users = 0;

	for (size_t i = 0; i < logins->n; i++) {
		const struct past_login *l = &logins->v[i];

		if (!has_ended(f, l, before, after, i))
			continue;
		out->count += l->count;
		if (last && strcmp(last, l->user) == 0)
			continue;
		last = l->user;
		if (users++ < NAMES_MAX) {
			text_add_string(&by, users > 1 ? ", " : "");
			text_add_escaped(&by, l->user, strlen(l->user));
		}
	}
	if (users > NAMES_MAX)
		text_add(&by, " and %zu more", users - NAMES_MAX);
	if (text_check(&by)) {
		text_free(&by);
		return ERR_MEMORY;
	}
	out->name = f->name;
	out->by = text_take(&by);
	return ERR_NONE;
}

static enum err find_ended(const struct past_logins *logins, const struct side *before, const struct side *after,
			   struct rehearsal *r)
{
	r->ended = calloc(ARRAY_SIZE(features), sizeof *r->ended);
	if (!r->ended)
		return ERR_MEMORY;
	for (size_t i = 0; i < ARRAY_SIZE(features); i++) {
		struct rehearsal_feature *f = &r->ended[r->nended];
		enum err e = count_ended(&features[i], logins, before, after, f);

		if (e)
			return e;
		if (f->count)
			r->nended++;
		else
			free(f->by), *f = (struct rehearsal_feature){ 0 };
	}
	return ERR_NONE;
}

/* The reasons move from 'after' to the rehearsal. */
static enum err compare(const struct past_logins *logins, const struct side *before, struct side *after,
			struct rehearsal *out)
{
	struct rehearsal r = { .from = logins, .logins = logins->logins };
	enum err e;

	if ((e = find_lost(logins, before, after, &r)) || (e = find_ended(logins, before, after, &r))) {
		rehearsal_clear(&r);
		return e;
	}
	*out = r;
	return ERR_NONE;
}

enum err rehearsal_run(const struct root *r_before, const struct sshd_config *before, const struct root *r_after,
		       const struct sshd_config *after, const struct past_logins *logins, time_t now,
		       struct rehearsal *out)
{
	struct side old = { 0 }, fresh = { 0 };
	enum err e;

	if ((e = decide_all(r_before, before, logins, now, NULL, &old)) == ERR_NONE &&
	    (e = decide_all(r_after, after, logins, now, &old, &fresh)) == ERR_NONE)
		e = compare(logins, &old, &fresh, out);
	side_free(&old);
	side_free(&fresh);
	return e;
}

void rehearsal_clear(struct rehearsal *r)
{
	for (size_t i = 0; i < r->nlost; i++) {
		free(r->lost[i].reason);
		free(r->lost[i].detail);
	}
	for (size_t i = 0; i < r->nended; i++)
		free(r->ended[i].by);
	free(r->lost);
	free(r->ended);
	*r = (struct rehearsal){ 0 };
}

/* ---- in a world with the staged files ---- */

/* What the world needs to know; it inherits all of it. */
struct staged {
	const struct facts *facts;
	const struct past_logins *logins;
	const struct side *before;
	time_t now;
};

/* {"kept","kept_jailed","lost_logins","lost":[[entry,reason,detail]],"ended":[[name,by,count]]} */
static json_t *to_json(const struct rehearsal *r)
{
	json_t *lost = json_array(), *ended = json_array();

	for (size_t i = 0; i < r->nlost; i++)
		json_array_append_new(lost, json_pack("[I,o,o]", (json_int_t)(r->lost[i].login - r->from->v),
						      json_safe_string(r->lost[i].reason),
						      json_safe_string(r->lost[i].detail)));
	for (size_t i = 0; i < r->nended; i++)
		json_array_append_new(ended, json_pack("[s,o,I]", r->ended[i].name, json_safe_string(r->ended[i].by),
						       (json_int_t)r->ended[i].count));
	return json_pack("{s:I,s:I,s:I,s:o,s:o}", "kept", (json_int_t)r->kept, "kept_jailed",
			 (json_int_t)r->kept_jailed, "lost_logins", (json_int_t)r->lost_logins, "lost", lost, "ended",
			 ended);
}

/* In the world the root must be opened anew: a descriptor from outside sees what lies below the copy. */
static enum err rehearse_here(const struct staged *s, struct rehearsal *out)
{
	struct sshd_config *config = NULL;
	struct side after = { 0 };
	struct diags problems = { 0 };
	struct root *here = NULL;
	enum err e = root_open(root_dir(s->facts->root), &here);

	if (e)
		return e;
	e = sshd_config_load(here, s->facts->config_path, s->facts->release, &config, &problems);
	if ((e == ERR_NONE || e == ERR_CONFIG) &&
	    (e = decide_all(here, config, s->logins, s->now, s->before, &after)) == ERR_NONE)
		e = compare(s->logins, s->before, &after, out);
	side_free(&after);
	sshd_config_free(config);
	diags_free(&problems);
	root_close(here);
	return e;
}

static json_t *rehearsal_task(void *arg)
{
	struct rehearsal r = { 0 };
	enum err e = rehearse_here(arg, &r);
	json_t *answer = e ? json_pack("{s:s}", "trouble", err_text(e)) : to_json(&r);

	rehearsal_clear(&r);
	return answer;
}

static const char *feature_name(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(features); i++)
		if (strcmp(features[i].name, name) == 0)
			return features[i].name;
	return NULL;
}

static enum err lost_from_json(const json_t *list, struct rehearsal *r)
{
	r->lost = calloc(json_array_size(list) + 1, sizeof *r->lost);
	if (!r->lost)
		return ERR_MEMORY;
	for (size_t i = 0; i < json_array_size(list); i++) {
		struct rehearsal_loss *l = &r->lost[r->nlost];
		const char *reason, *detail;
		json_int_t entry;

		if (json_unpack(json_array_get(list, i), "[I,s,s]", &entry, &reason, &detail) || entry < 0 ||
		    (size_t)entry >= r->from->n)
			return ERR_CHILD;
		r->nlost++;
		l->login = &r->from->v[entry];
		l->reason = strdup(reason);
		l->detail = strdup(detail);
		if (!l->reason || !l->detail)
			return ERR_MEMORY;
	}
	return ERR_NONE;
}

static enum err ended_from_json(const json_t *list, struct rehearsal *r)
{
	r->ended = calloc(json_array_size(list) + 1, sizeof *r->ended);
	if (!r->ended)
		return ERR_MEMORY;
	for (size_t i = 0; i < json_array_size(list); i++) {
		struct rehearsal_feature *f = &r->ended[r->nended];
		const char *name, *by;
		json_int_t count;

		if (json_unpack(json_array_get(list, i), "[s,s,I]", &name, &by, &count) || !feature_name(name))
			return ERR_CHILD;
		r->nended++;
		f->name = feature_name(name);
		f->count = (unsigned long)count;
		if (!(f->by = strdup(by)))
			return ERR_MEMORY;
	}
	return ERR_NONE;
}

static enum err from_json(const json_t *j, const struct past_logins *logins, struct rehearsal *out)
{
	struct rehearsal r = { .from = logins, .logins = logins->logins };
	json_int_t kept, kept_jailed, lost_logins;
	json_t *lost, *ended;
	enum err e;

	if (json_unpack((json_t *)j, "{s:I,s:I,s:I,s:o,s:o}", "kept", &kept, "kept_jailed", &kept_jailed, "lost_logins",
			&lost_logins, "lost", &lost, "ended", &ended))
		return ERR_CHILD;
	r.kept = (unsigned long)kept;
	r.kept_jailed = (unsigned long)kept_jailed;
	r.lost_logins = (unsigned long)lost_logins;
	if ((e = lost_from_json(lost, &r)) || (e = ended_from_json(ended, &r)))
		rehearsal_clear(&r);
	else
		*out = r;
	return e;
}

enum err rehearsal_run_staged(const struct facts *f, const struct stage *s, const struct past_logins *logins,
			      time_t now, struct rehearsal *out)
{
	struct side before = { 0 };
	struct staged what = { .facts = f, .logins = logins, .before = &before, .now = now };
	json_t *answer = NULL;
	enum err e = decide_all(f->root, f->config, logins, now, NULL, &before);

	if (e == ERR_NONE && (e = stage_world(s, rehearsal_task, &what, WORLD_MS, &answer)) == ERR_NONE)
		e = from_json(answer, logins, out);
	json_decref(answer);
	side_free(&before);
	return e;
}
