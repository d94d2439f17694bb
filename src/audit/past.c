/* SPDX-License-Identifier: GPL-3.0-or-later */
/* past.c - collects accepted logins: each once, those that differ in nothing but time as one entry. */
#include "audit/past_log.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define DAY 86400
#define ENTRIES_MAX 200000 /* that differ */
#define SLOTS_MAX (1u << 23)
#define NO_SESSION UINT32_MAX

/* A set of 64-bit digests with a number to each. Open addressing; a digest is keyed, so nobody can aim at a slot. */
struct table {
	struct slot {
		uint64_t key; /* 0: free */
		uint32_t value;
	} * v;
	size_t n, size;
};

struct past_log {
	time_t since, until, now;
	time_t first;
	struct past_logins l;
	size_t size;	       /* allocated entries */
	struct table entries;  /* what makes a login differ -> index of l.v */
	struct table seen;     /* single logins, to count each once */
	struct table peers;    /* address and port of a session -> index */
	struct table pids;     /* process of a session -> index */
	struct table promised; /* process of a session not known yet -> features */
	unsigned char key[crypto_shorthash_KEYBYTES];
};

/* ---- tables ---- */

static struct slot *table_slot(const struct table *t, uint64_t key)
{
	size_t i = key & (t->size - 1);

	while (t->v[i].key && t->v[i].key != key)
		i = (i + 1) & (t->size - 1);
	return &t->v[i];
}

static enum err table_grow(struct table *t)
{
	struct table more = { .n = t->n, .size = t->size ? 2 * t->size : 1024 };

	if (more.size > SLOTS_MAX)
		return ERR_TOO_BIG;
	more.v = calloc(more.size, sizeof *more.v);
	if (!more.v)
		return ERR_MEMORY;
	for (size_t i = 0; i < t->size; i++)
		if (t->v[i].key)
			*table_slot(&more, t->v[i].key) = t->v[i];
	free(t->v);
	*t = more;
	return ERR_NONE;
}

/* NULL: not in there. */
static uint32_t *table_find(const struct table *t, uint64_t key)
{
	struct slot *s = t->size ? table_slot(t, key) : NULL;

	return s && s->key ? &s->value : NULL;
}

static enum err table_set(struct table *t, uint64_t key, uint32_t value)
{
	struct slot *s;
	enum err e;

	if (2 * t->n >= t->size && (e = table_grow(t)))
		return e;
	s = table_slot(t, key);
	t->n += s->key == 0;
	*s = (struct slot){ key, value };
	return ERR_NONE;
}

/* Every field with its length, so that no two lists of fields look the same. */
static uint64_t digest(const struct past_log *p, const struct past_word *fields, size_t n)
{
	unsigned char bytes[1024], out[crypto_shorthash_BYTES];
	uint64_t h = n;

	for (size_t i = 0; i < n; i++) {
		size_t len = fields[i].len < sizeof bytes - 16 ? fields[i].len : sizeof bytes - 16;

		memcpy(bytes, &h, 8);
		memcpy(bytes + 8, &fields[i].len, 8);
		if (len)
			memcpy(bytes + 16, fields[i].s, len);
		crypto_shorthash(out, bytes, 16 + len, p->key);
		memcpy(&h, out, 8);
	}
	return h ? h : 1;
}

static uint64_t digest_pid(const struct past_log *p, unsigned long pid)
{
	return digest(p, &(struct past_word){ (const char *)&pid, sizeof pid }, 1);
}

static uint64_t digest_peer(const struct past_log *p, struct past_word addr, unsigned port)
{
	return digest(p, (struct past_word[]){ addr, { (const char *)&port, sizeof port } }, 2);
}

static struct past_word string_word(const char *s)
{
	return (struct past_word){ s, s ? strlen(s) : 0 };
}

static uint64_t digest_login(const struct past_log *p, const struct past_login *l)
{
	return digest(p,
		      (struct past_word[]){ string_word(l->user), string_word(l->addr), string_word(l->method),
					    string_word(l->key_type), string_word(l->fingerprint),
					    string_word(l->ca_fingerprint) },
		      6);
}

static uint64_t digest_accepted(const struct past_log *p, const struct past_accepted *a)
{
	return digest(
		p,
		(struct past_word[]){
			{ a->user, a->user_len }, a->addr, a->method, a->key_type, a->fingerprint, a->ca_fingerprint },
		6);
}

/* ---- the log ---- */

enum err past_log_new(time_t since, time_t now, struct past_log **out)
{
	struct past_log *p = calloc(1, sizeof *p);

	if (!p)
		return ERR_MEMORY;
	if (sodium_init() < 0) {
		free(p);
		return ERR_MEMORY;
	}
	p->since = since;
	p->now = now;
	p->until = now + DAY; /* clocks differ a little */
	randombytes_buf(p->key, sizeof p->key);
	*out = p;
	return ERR_NONE;
}

void past_log_free(struct past_log *p)
{
	if (!p)
		return;
	past_logins_free(&p->l);
	free(p->entries.v);
	free(p->seen.v);
	free(p->peers.v);
	free(p->pids.v);
	free(p->promised.v);
	free(p);
}

time_t past_log_now(const struct past_log *p)
{
	return p->now;
}

time_t past_log_since(const struct past_log *p)
{
	return p->since;
}

time_t past_log_first(const struct past_log *p)
{
	return p->first;
}

time_t past_log_reach(const struct past_log *p)
{
	return p->l.since;
}

void past_log_cut(struct past_log *p, time_t until)
{
	if (until < p->until)
		p->until = until;
}

void past_log_reaches(struct past_log *p, time_t when)
{
	if (when > p->now)
		return;
	if (when < p->since)
		when = p->since;
	if (!p->l.since || when < p->l.since)
		p->l.since = when;
}

/* The login now belongs to the log. */
static enum err add_entry(struct past_log *p, uint64_t key, struct past_login *login)
{
	struct past_login *v;
	enum err e;

	if (p->l.n == ENTRIES_MAX)
		return ERR_TOO_BIG;
	if (p->l.n == p->size) {
		size_t size = p->size ? 2 * p->size : 64;

		if (!(v = realloc(p->l.v, size * sizeof *v)))
			return ERR_MEMORY;
		p->l.v = v;
		p->size = size;
	}
	if ((e = table_set(&p->entries, key, (uint32_t)p->l.n)))
		return e;
	p->l.v[p->l.n++] = *login;
	*login = (struct past_login){ 0 };
	return ERR_NONE;
}

static enum err entry_of(struct past_log *p, const struct past_accepted *a, uint32_t *out)
{
	uint64_t key = digest_accepted(p, a);
	const uint32_t *found = table_find(&p->entries, key);
	struct past_login fresh;
	enum err e;

	if (found) {
		*out = *found;
		return ERR_NONE;
	}
	if ((e = past_login_from(a, &fresh)))
		return e;
	if ((e = add_entry(p, key, &fresh)) == ERR_NONE)
		*out = (uint32_t)(p->l.n - 1);
	past_login_clear(&fresh);
	return e;
}

static void count(struct past_log *p, time_t when, unsigned long pid, struct past_login *l)
{
	if (!l->count || when < l->first)
		l->first = when;
	if (!l->count || when >= l->last) {
		l->last = when;
		l->pid = pid;
	}
	if (!p->first || when < p->first)
		p->first = when;
	l->count++;
	p->l.logins++;
}

/* A line that says the same login again, perhaps by another method, adds none: the entry of the first one stands. */
static enum err say_accepted(struct past_log *p, time_t when, unsigned long pid, const struct past_accepted *a)
{
	struct past_word once[] = { { (const char *)&when, sizeof when },
				    { (const char *)&pid, sizeof pid },
				    { (const char *)&a->port, sizeof a->port },
				    { a->user, a->user_len },
				    a->addr };
	uint64_t key = digest(p, once, ARRAY_SIZE(once));
	const uint32_t *counted = table_find(&p->seen, key);
	uint32_t at = counted ? *counted : 0;
	enum err e;

	if (!counted && ((e = entry_of(p, a, &at)) || (e = table_set(&p->seen, key, at))))
		return e;
	if (!counted)
		count(p, when, pid, &p->l.v[at]);
	if ((e = table_set(&p->peers, digest_peer(p, a->addr, a->port), at)) ||
	    (e = table_set(&p->pids, digest_pid(p, pid), at)))
		return e;
	return table_set(&p->promised, digest_pid(p, pid), 0);
}

static enum err say_feature(struct past_log *p, unsigned long pid, unsigned feature)
{
	uint64_t key = digest_pid(p, pid);
	const uint32_t *at = table_find(&p->pids, key), *promised;

	if (at && *at != NO_SESSION) {
		p->l.v[*at].features |= feature;
		return ERR_NONE;
	}
	promised = table_find(&p->promised, key);
	return table_set(&p->promised, key, (promised ? *promised : 0) | feature);
}

/* The process of a session is known by the line with which it ends, unless sshd named it before. */
static enum err say_end(struct past_log *p, unsigned long pid, const uint32_t *session)
{
	uint64_t key = digest_pid(p, pid);
	uint32_t *promised = table_find(&p->promised, key), *known = table_find(&p->pids, key);

	if (promised && session)
		p->l.v[*session].features |= *promised;
	if (promised)
		*promised = 0;
	if (known)
		*known = NO_SESSION; /* the number will be somebody else's */
	return ERR_NONE;
}

enum err past_log_say(struct past_log *p, time_t when, unsigned long pid, const char *message, size_t len, bool trusted)
{
	struct past_saying s;
	const uint32_t *session;

	if (when < p->since || when > p->until || past_saying_parse(message, len, &s))
		return ERR_NONE;
	switch (s.kind) {
	case SAYS_ACCEPTED: return trusted ? say_accepted(p, when, pid, &s.accepted) : ERR_NONE;
	case SAYS_CHILD:
		session = trusted ? table_find(&p->pids, digest_pid(p, pid)) : NULL;
		return session && *session != NO_SESSION ? table_set(&p->pids, digest_pid(p, s.child), *session)
							 : ERR_NONE;
	case SAYS_SESSION:
		session = table_find(&p->peers, digest_peer(p, s.addr, s.port));
		if (session)
			p->l.v[*session].features |= s.feature;
		return ERR_NONE;
	case SAYS_HERE: return say_feature(p, pid, s.feature);
	case SAYS_END: return say_end(p, pid, table_find(&p->peers, digest_peer(p, s.addr, s.port)));
	}
	return ERR_NONE;
}

enum err past_log_adopt(struct past_log *p, struct past_logins *l)
{
	enum err e = ERR_NONE;

	for (size_t i = 0; i < l->n; i++) {
		p->l.logins += l->v[i].count;
		if (e == ERR_NONE)
			e = add_entry(p, digest_login(p, &l->v[i]), &l->v[i]);
		past_login_clear(&l->v[i]);
	}
	free(l->v);
	p->l.sources = l->sources;
	p->l.incomplete = l->incomplete;
	p->l.since = l->since;
	*l = (struct past_logins){ 0 };
	return e;
}

static int compare_text(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "");
}

static int by_user_and_address(const void *a, const void *b)
{
	const struct past_login *x = a, *y = b;
	int c;

	if ((c = compare_text(x->user, y->user)) || (c = compare_text(x->addr, y->addr)) ||
	    (c = compare_text(x->method, y->method)) || (c = compare_text(x->fingerprint, y->fingerprint)) ||
	    (c = compare_text(x->ca_fingerprint, y->ca_fingerprint)))
		return c;
	return compare_text(x->key_type, y->key_type);
}

void past_log_take(struct past_log *p, struct past_logins *out)
{
	if (p->l.n)
		qsort(p->l.v, p->l.n, sizeof *p->l.v, by_user_and_address);
	*out = p->l;
	p->l = (struct past_logins){ 0 };
}

/* ---- all together ---- */

void past_logins_free(struct past_logins *l)
{
	for (size_t i = 0; i < l->n; i++)
		past_login_clear(&l->v[i]);
	free(l->v);
	strings_free(&l->sources);
	free(l->incomplete);
	*l = (struct past_logins){ 0 };
}

void past_incomplete(struct past_logins *l, const char *format, ...)
{
	struct text t = { 0 };
	va_list ap;

	if (l->incomplete)
		text_add(&t, "%s; ", l->incomplete);
	va_start(ap, format);
	text_addv(&t, format, ap);
	va_end(ap);
	if (t.len < 2000 && text_check(&t) == ERR_NONE) {
		free(l->incomplete);
		l->incomplete = text_take(&t);
	}
	text_free(&t);
}

const struct past_login *past_login_find(const struct past_logins *l, const char *user, const char *addr,
					 unsigned long pid)
{
	const struct past_login *found = NULL;

	for (size_t i = 0; i < l->n; i++) {
		const struct past_login *v = &l->v[i];

		if (strcmp(v->user, user) != 0 || strcmp(v->addr, addr) != 0)
			continue;
		if (pid && v->pid == pid)
			return v;
		if (!found || v->last > found->last)
			found = v;
	}
	return found;
}

static bool same_key(const struct past_login *a, const struct past_login *b)
{
	return a->fingerprint && b->fingerprint && strcmp(a->fingerprint, b->fingerprint) == 0;
}

const struct past_login *past_login_of_session(const struct past_logins *l, const char *user, const char *addr,
					       unsigned long pid)
{
	const struct past_login *found = past_login_find(l, user, addr, pid);

	if (!found || (pid && found->pid == pid))
		return found;
	for (size_t i = 0; i < l->n; i++) {
		const struct past_login *v = &l->v[i];

		if (strcmp(v->user, user) == 0 && strcmp(v->addr, addr) == 0 && !same_key(v, found))
			return NULL;
	}
	return found;
}

enum err past_logins_read(const struct root *r, time_t now, struct past_logins *out)
{
	struct past_logins notes = { 0 };
	struct past_log *p = NULL;
	bool journal = false;
	enum err e;

	if ((e = past_log_new(now - (time_t)PAST_DAYS * DAY, now, &p)))
		return e;
	if (root_is_live(r) && (e = past_journal_read(r, p, &notes, &journal)) == ERR_NONE && journal)
		e = strings_add(&notes.sources, "journal");
	if (e == ERR_NONE && past_log_first(p))
		past_log_cut(p, past_log_first(p) - 2); /* a file's second may be the one before the journal's */
	if (e == ERR_NONE)
		e = past_files_read(r, p, &notes);
	if (e == ERR_TOO_BIG) {
		past_incomplete(&notes, "there are more logins than are looked at");
		e = ERR_NONE;
	}
	if (e == ERR_NONE) {
		past_log_take(p, out);
		out->sources = notes.sources;
		out->incomplete = notes.incomplete;
	} else {
		past_logins_free(&notes);
	}
	past_log_free(p);
	return e;
}
