/* SPDX-License-Identifier: GPL-3.0-or-later */
/* firewall.c - the life of our table, and the grants in it. */
#include "gate/firewall.h"

#include "base/clock.h"
#include "base/file.h"
#include "gate/connections.h"
#include "gate/firewall_rules.h"
#include "gate/firewall_table.h"
#include "gate/firewall_watch.h"

#include <errno.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

#define DAY_SECONDS 86400u
/* Longer than any grant that makes sense, and far from what 64 bits of milliseconds hold. */
#define LONGEST_SECONDS (366 * DAY_SECONDS)

/* Opening */

struct adopting {
	struct firewall *f;
	uint64_t now_ms;
};

/* What the kernel had when we came. One without an end is not ours: we never make such. */
static enum err adopt(void *arg, const struct mirror_key *k, uint64_t left_ms)
{
	const struct adopting *a = arg;
	struct message_address address = { .family = k->family };
	struct mirror_entry *known;
	struct mirror_key key;
	enum err e;

	memcpy(address.bytes, k->bytes, sizeof address.bytes);
	if (left_ms > (uint64_t)LONGEST_SECONDS * 1000 ||
	    mirror_key_make(&address, k->port, a->f->rules.ipv6_bits, &key))
		return ERR_NONE;
	known = mirror_find(&a->f->mirror, &key);
	if (!known) {
		if ((e = mirror_add(&a->f->mirror, &key, a->now_ms + left_ms)))
			return e;
	} else if (known->until_ms < a->now_ms + left_ms) {
		known->until_ms = a->now_ms + left_ms;
	}
	return ERR_NONE;
}

/* Sessions that conntrack does not take: their peers may go on by a grant. */
struct unentered {
	struct firewall *f;
	unsigned n;
	int reason;
};

static void unentered_take(void *arg, const struct message_address *peer, uint16_t port)
{
	struct unentered *u = arg;
	struct adopting a = { u->f, clock_boot_ms() };
	struct mirror_key key;

	u->n++;
	u->reason = errno;
	/* Without memory for the grant it is still counted, and so told. */
	if (mirror_key_make(peer, port, 128, &key) == ERR_NONE)
		(void)!adopt(&a, &key, DAY_SECONDS * 1000ull);
}

static void unentered_say(const struct unentered *u, enum err e, char **why)
{
	struct text t = { 0 };

	if (!why || (!e && !u->n))
		return;
	if (e)
		text_add(&t, "sessions that are open now may end: connection tracking: %s", err_text(e));
	else
		text_add(&t, "connection tracking refuses %u open sessions (%s): their addresses have a grant of a day",
			 u->n, strerror(u->reason));
	*why = text_take(&t);
}

/* A table that is new begins with the whole time; what an older one has left of it goes on. */
static enum err attended_adopt(struct firewall *f, uint64_t now_ms)
{
	uint64_t left_ms = 0, most_ms = f->rules.unattended_seconds * 1000ull;
	enum err e = firewall_table_attended(f, &left_ms);

	if (e && e != ERR_NOT_FOUND)
		return e;
	if (e || left_ms > most_ms)
		left_ms = most_ms;
	f->attended_ms = left_ms ? now_ms + left_ms : 0;
	return ERR_NONE;
}

static enum err table_open(struct firewall *f, unsigned *entered, char **why)
{
	struct adopting a = { f, clock_boot_ms() };
	struct unentered u = { .f = f };
	unsigned before = 0, meanwhile = 0;
	enum err e, sessions;

	if ((e = firewall_table_grants(f, adopt, &a)) || (e = attended_adopt(f, a.now_ms)))
		return e;
	sessions = connections_enter(f->rules.ports, f->rules.nports, &before, unentered_take, &u);
	if ((e = firewall_table_put(f, why)))
		return e;
	/* And those that came between the list and the table. */
	u.n = 0;
	if (!sessions)
		sessions = connections_enter(f->rules.ports, f->rules.nports, &meanwhile, unentered_take, &u);
	unentered_say(&u, sessions, why);
	if (u.n)
		e = firewall_table_put(f, NULL);
	if (!e && entered)
		*entered = before + meanwhile;
	return e;
}

enum err firewall_open(const struct firewall_rules *rules, int socket, struct firewall **out, unsigned *entered,
		       char **why)
{
	struct firewall *f = calloc(1, sizeof *f);
	enum err e;

	if (!f) {
		file_close(socket);
		return ERR_MEMORY;
	}
	f->rules = *rules;
	f->watch = -1;
	e = socket < 0 ? netlink_open(&f->netlink, NETLINK_NETFILTER) : netlink_adopt(&f->netlink, socket);
	if (e || (e = firewall_rules_check(rules)) || (e = firewall_watch_open(f)) ||
	    (e = table_open(f, entered, why)) || (e = firewall_watch_begin(f))) {
		firewall_close(f);
		return e;
	}
	*out = f;
	return ERR_NONE;
}

void firewall_close(struct firewall *f)
{
	int saved = errno;

	if (!f)
		return;
	netlink_close(&f->netlink);
	netlink_batch_free(&f->batch);
	mirror_free(&f->mirror);
	text_free(&f->shape);
	if (f->watch >= 0)
		close(f->watch);
	free(f);
	errno = saved;
}

enum err firewall_remove(struct firewall *f)
{
	enum err e = firewall_table_delete(f);

	if (e)
		return e;
	/* Nothing is now what must stay. */
	mirror_free(&f->mirror);
	text_reset(&f->shape);
	return ERR_NONE;
}

enum err firewall_attend(struct firewall *f)
{
	const uint64_t until_ms = clock_boot_ms() + f->rules.unattended_seconds * 1000ull;
	enum err e;

	netlink_begin(&f->batch, &f->netlink);
	for (unsigned i = 0; f->rules.unattended_seconds && i < f->rules.nports; i++) {
		const struct mirror_key port = { .port = f->rules.ports[i] };

		/* As for grants: one that is there keeps its time. */
		firewall_element(f, &port, 0);
		firewall_element_delete(f, &port);
		firewall_element_new(f, &port, f->rules.unattended_seconds * 1000ull);
	}
	if (!f->rules.unattended_seconds || (e = netlink_commit(&f->batch, NULL)) == ERR_NONE) {
		f->attended_ms = until_ms;
		return ERR_NONE;
	}
	return e;
}

enum err firewall_take_away(char **why)
{
	struct firewall *f = calloc(1, sizeof *f);
	enum err e = f ? netlink_open(&f->netlink, NETLINK_NETFILTER) : ERR_MEMORY;

	if (!f)
		return e;
	f->watch = -1;
	f->guarded = true;
	if (!e && (e = firewall_table_delete(f)) == ERR_SYSTEM && errno == EPERM)
		*why = strdup(
			"another process owns it: the daemon still runs, or we lack the right to change firewalls");
	firewall_close(f);
	return e;
}

bool firewall_owned(const struct firewall *f)
{
	return f->owned;
}

/* Granting */

/* A grant on its way, and what the mirror has to go back to if it fails. */
struct staged {
	struct mirror_key key;
	uint64_t before_ms; /* 0: there was none */
	bool changes;
};

/* Afresh: the element may be in the kernel although the mirror does not know it. */
static enum err stage(struct firewall *f, const struct firewall_grant *g, uint64_t now_ms, bool afresh,
		      struct staged *s)
{
	uint64_t until_ms = now_ms + g->seconds * 1000ull;
	struct mirror_entry *known;
	enum err e;

	*s = (struct staged){ 0 };
	if (!g->seconds || g->seconds > LONGEST_SECONDS)
		return ERR_RANGE;
	if ((e = mirror_key_make(&g->address, g->port, f->rules.ipv6_bits, &s->key)))
		return e;
	known = mirror_find(&f->mirror, &s->key);
	if (known && known->until_ms >= until_ms)
		return ERR_NONE;
	s->before_ms = known ? known->until_ms : 0;
	if (known)
		known->until_ms = until_ms;
	else if ((e = mirror_add(&f->mirror, &s->key, until_ms)))
		return e;
	s->changes = true;
	/* An element that is there keeps its time when it is added: it has to go first, and to be there for that. */
	if (known || afresh) {
		firewall_element(f, &s->key, 0);
		firewall_element_delete(f, &s->key);
	}
	firewall_element_new(f, &s->key, g->seconds * 1000ull);
	return ERR_NONE;
}

static void unstage(struct firewall *f, const struct staged *s)
{
	struct mirror_entry *known = s->changes ? mirror_find(&f->mirror, &s->key) : NULL;

	if (!known)
		return;
	if (s->before_ms)
		known->until_ms = s->before_ms;
	else
		mirror_remove(&f->mirror, &s->key);
}

/* All of them in one transaction; each that could not even be tried has its answer. */
static enum err grant_batch(struct firewall *f, const struct firewall_grant *grants, size_t n, bool afresh,
			    struct staged *staged, enum err *answers)
{
	uint64_t now_ms = clock_boot_ms();
	enum err e;

	netlink_begin(&f->batch, &f->netlink);
	for (size_t i = 0; i < n; i++)
		answers[i] = stage(f, &grants[i], now_ms, afresh, &staged[i]);
	e = netlink_commit(&f->batch, NULL);
	/* Backwards: of two grants of one address the first knows what was before. */
	for (size_t i = n; e && i-- > 0;)
		unstage(f, &staged[i]);
	return e;
}

void firewall_grant(struct firewall *f, const struct firewall_grant *grants, size_t n, enum err *answers)
{
	struct staged *staged = calloc(n + 1, sizeof *staged), alone;
	enum err e;

	/* A table that cannot be made anew after a sleep still has its grants, which only end later. */
	(void)!firewall_watch_woken(f);
	mirror_prune(&f->mirror, clock_boot_ms());
	if (staged) {
		e = grant_batch(f, grants, n, false, staged, answers);
		free(staged);
		if (!e)
			return;
	}
	for (size_t i = 0; i < n; i++)
		if ((e = grant_batch(f, &grants[i], 1, true, &alone, &answers[i])))
			answers[i] = e;
}

struct revoking {
	const struct mirror_key *key; /* its port 0: any */
	struct firewall *f;
	struct mirror_key *v;
	size_t n;
	unsigned running;
	uint64_t now_ms;
};

static void revoke_take(void *arg, struct mirror_entry *e)
{
	struct revoking *r = arg;

	if (e->key.family != r->key->family || memcmp(e->key.bytes, r->key->bytes, sizeof e->key.bytes) != 0 ||
	    (r->key->port && r->key->port != e->key.port))
		return;
	/* It may have ended meanwhile, and what is not there cannot be taken away. */
	firewall_element(r->f, &e->key, 0);
	firewall_element_delete(r->f, &e->key);
	r->running += e->until_ms > r->now_ms;
	r->v[r->n++] = e->key;
}

enum err firewall_revoke(struct firewall *f, const struct message_address *a, uint16_t port, unsigned *ended)
{
	struct mirror_key key;
	struct revoking r = { .key = &key, .f = f, .now_ms = clock_boot_ms() };
	enum err e;

	if ((e = mirror_key_make(a, port ? port : 1, f->rules.ipv6_bits, &key)))
		return e;
	key.port = port;
	r.v = calloc(f->mirror.n + 1, sizeof *r.v);
	if (!r.v)
		return ERR_MEMORY;
	netlink_begin(&f->batch, &f->netlink);
	mirror_each(&f->mirror, revoke_take, &r);
	e = netlink_commit(&f->batch, NULL);
	for (size_t i = 0; !e && i < r.n; i++)
		mirror_remove(&f->mirror, &r.v[i]);
	free(r.v);
	if (!e && ended)
		*ended = r.running;
	return e;
}

/* Listing */

struct list {
	struct firewall_grant *v;
	size_t n, size;
};

static enum err list_take(void *arg, const struct mirror_key *k, uint64_t left_ms)
{
	struct list *l = arg;
	size_t size = l->size ? l->size * 2 : 64;
	struct firewall_grant *grown, *g;

	if (l->n == l->size) {
		grown = reallocarray(l->v, size, sizeof *grown);
		if (!grown)
			return ERR_MEMORY;
		l->v = grown;
		l->size = size;
	}
	g = &l->v[l->n++];
	*g = (struct firewall_grant){ .address.family = k->family, .port = k->port };
	memcpy(g->address.bytes, k->bytes, sizeof g->address.bytes);
	g->seconds = left_ms / 1000 >= UINT32_MAX ? UINT32_MAX : (uint32_t)((left_ms + 999) / 1000);
	return ERR_NONE;
}

enum err firewall_list(struct firewall *f, struct firewall_grant **out, size_t *n)
{
	struct list l = { 0 };
	enum err e = firewall_table_grants(f, list_take, &l);

	if (e) {
		free(l.v);
		return e;
	}
	*out = l.v;
	*n = l.n;
	return ERR_NONE;
}
