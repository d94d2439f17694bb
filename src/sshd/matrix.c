/* SPDX-License-Identifier: GPL-3.0-or-later */
/* matrix.c - find the columns that the rules tell apart, decide every account in each, fold equal rows together. */
#include "sshd/matrix.h"

#include "sshd/hash.h"
#include "sshd/place.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

/* Different networks and patterns that can make columns; a set of them is a signature. */
#define ITEMS 256
#define WORDS (ITEMS / 64)
/* Ranges of one pattern. */
#define PATTERN_PIECES 2000

enum { V4, V6, FAMILIES };

static const int families[FAMILIES] = { AF_INET, AF_INET6 };
static const char *const family_words[FAMILIES] = { "IPv4", "IPv6" };

/* Addresses that people know, in the order in which they stand for what no rule names: for documentation, then any. */
static const char *const known_addresses[FAMILIES][3] = { { "203.0.113.1", "198.51.100.1", "192.0.2.1" },
							  { "2001:db8::1", "2001:db8:ffff::1", "2620::1" } };
static const char *const loopbacks[FAMILIES] = { "127.0.0.0/8", "::1" };

/* A network or pattern that rules name. */
struct item {
	char *text;
	struct ranges in[FAMILIES];
	struct strings rules;
};

struct signature {
	uint64_t word[WORDS];
};

/* A piece of a family: from here to the next. */
struct piece {
	struct address first;
	struct signature in;
};

struct column {
	int family;
	struct signature in;
	struct ranges all;
};

struct making {
	struct access *access;
	const struct sshd_config *config;
	struct access_login who;
	struct item items[ITEMS];
	size_t nitems;
	bool items_full, columns_full;
	struct column *columns;
	size_t ncolumns, size;
	struct access_matrix *m;
	struct hash rows;
	bool *partly; /* of each account */
};

/* --- items --- */

static struct item *item_find(struct making *k, const char *text)
{
	for (size_t i = 0; i < k->nitems; i++)
		if (!strcmp(k->items[i].text, text))
			return &k->items[i];
	return NULL;
}

static enum err note_add(struct making *k, const char *rule, const char *what)
{
	struct text t = { 0 };
	enum err e;

	text_add(&t, "%s %s", rule, what);
	e = text_check(&t);
	if (!e && !strings_has(&k->m->notes, text_string(&t)))
		e = strings_add(&k->m->notes, text_string(&t));
	text_free(&t);
	return e;
}

/* *added stays false where there is no room for it; a pattern that no table can show is noted. */
static enum err item_add(struct making *k, const struct place *p, struct item **added)
{
	struct item *item = &k->items[k->nitems];
	struct wildcard w;
	enum err e;

	if (k->nitems == ITEMS) {
		k->items_full = true;
		return ERR_NONE;
	}
	if ((e = place_find(p, PATTERN_PIECES, &w)))
		return e;
	if (w.mixed4.n || w.mixed6.n)
		e = note_add(k, p->rule, "tells single addresses apart: it has no column");
	else if (p->by_name && !w.v4.n && !w.v6.n)
		e = note_add(k, p->rule, "names hosts and no addresses: it has no column");
	*item = (struct item){ .text = strdup(p->item), .in = { w.v4, w.v6 } };
	if (!item->text || e) {
		free(item->text);
		wildcard_clear(&w);
		return e ? e : ERR_MEMORY;
	}
	ranges_free(&w.mixed4);
	ranges_free(&w.mixed6);
	k->nitems++;
	*added = item;
	return ERR_NONE;
}

static enum err place_add(struct making *k, const struct place *p)
{
	struct item *item = item_find(k, p->item);
	enum err e = ERR_NONE;

	if (!item && ((e = item_add(k, p, &item)) || !item))
		return e;
	if (!strings_has(&item->rules, p->rule) && item->rules.n < MATRIX_MEMBERS)
		e = strings_add(&item->rules, p->rule);
	return e;
}

static enum err loopbacks_add(struct making *k)
{
	enum err e = ERR_NONE;

	for (size_t f = 0; f < FAMILIES && !e; f++) {
		struct places own = { 0 };
		e = places_of_list(loopbacks[f], "this host itself", &own);
		for (size_t i = 0; i < own.n && !e; i++)
			e = place_add(k, &own.v[i]);
		places_free(&own);
	}
	return e;
}

static enum err config_items(struct making *k)
{
	struct places places = { 0 };
	enum err e = loopbacks_add(k);

	if (!e)
		e = places_of_config(k->config, NULL, &places);
	for (size_t i = 0; i < places.n && !e; i++)
		e = place_add(k, &places.v[i]);
	places_free(&places);
	if (!e && k->items_full)
		e = strings_add_format(&k->m->notes, "The rules name more than %d networks: the others have no column.",
				       ITEMS);
	return e;
}

/* --- columns --- */

static void signature_set(struct signature *s, size_t item)
{
	s->word[item / 64] |= (uint64_t)1 << item % 64;
}

static bool signature_has(const struct signature *s, size_t item)
{
	return s->word[item / 64] >> item % 64 & 1;
}

static int piece_compare(const void *a, const void *b)
{
	return address_compare(((const struct piece *)a)->first, ((const struct piece *)b)->first);
}

/* The beginnings of all pieces of a family. */
static enum err pieces_cut(const struct making *k, size_t f, struct piece **out, size_t *n)
{
	size_t room = 1, kept = 1;
	struct piece *v;

	for (size_t i = 0; i < k->nitems; i++)
		room += 2 * k->items[i].in[f].n;
	v = calloc(room, sizeof *v);
	if (!v)
		return ERR_MEMORY;
	*n = 1;
	for (size_t i = 0; i < k->nitems; i++)
		for (size_t j = 0; j < k->items[i].in[f].n; j++) {
			const struct range *r = &k->items[i].in[f].v[j];
			v[(*n)++].first = r->first;
			if (address_compare(r->last, address_last(families[f])))
				v[(*n)++].first = address_next(r->last);
		}
	qsort(v, *n, sizeof *v, piece_compare);
	for (size_t i = 1; i < *n; i++)
		if (address_compare(v[kept - 1].first, v[i].first))
			v[kept++] = v[i];
	*n = kept;
	*out = v;
	return ERR_NONE;
}

/* Both are sorted, so one pass over the pieces for each item. */
static void pieces_sign(const struct making *k, size_t f, struct piece *v, size_t n)
{
	for (size_t i = 0; i < k->nitems; i++) {
		const struct ranges *in = &k->items[i].in[f];
		size_t at = 0;
		for (size_t p = 0; p < n && at < in->n; p++) {
			while (at < in->n && address_compare(in->v[at].last, v[p].first) < 0)
				at++;
			if (at < in->n && address_compare(in->v[at].first, v[p].first) <= 0)
				signature_set(&v[p].in, i);
		}
	}
}

static struct column *column_find(struct making *k, int family, const struct signature *in)
{
	for (size_t i = 0; i < k->ncolumns; i++)
		if (k->columns[i].family == family && !memcmp(&k->columns[i].in, in, sizeof *in))
			return &k->columns[i];
	return NULL;
}

static enum err column_add(struct making *k, int family, const struct signature *in, struct column **out)
{
	*out = column_find(k, family, in);
	if (*out)
		return ERR_NONE;
	/* "elsewhere" is made first, so it is always there */
	if (k->ncolumns == MATRIX_NETWORKS) {
		k->columns_full = true;
		return ERR_NONE;
	}
	if (k->ncolumns == k->size) {
		size_t size = k->size ? k->size * 2 : 16;
		struct column *v = reallocarray(k->columns, size, sizeof *v);

		if (!v)
			return ERR_MEMORY;
		k->columns = v;
		k->size = size;
	}
	*out = &k->columns[k->ncolumns++];
	**out = (struct column){ .family = family, .in = *in, .all = { .family = family } };
	return ERR_NONE;
}

static enum err family_columns(struct making *k, size_t f)
{
	struct piece *v = NULL;
	size_t n = 0;
	enum err e = pieces_cut(k, f, &v, &n);

	if (!e)
		pieces_sign(k, f, v, n);
	for (size_t i = 0; i < n && !e; i++) {
		struct address last = i + 1 < n ? address_before(v[i + 1].first) : address_last(families[f]);
		struct column *to = NULL;
		e = column_add(k, families[f], &v[i].in, &to);
		if (!e && to)
			e = ranges_add(&to->all, v[i].first, last);
	}
	free(v);
	return e;
}

static void columns_clear(struct making *k)
{
	for (size_t i = 0; i < k->ncolumns; i++)
		ranges_free(&k->columns[i].all);
	k->ncolumns = 0;
	k->columns_full = false;
}

static bool is_elsewhere(const struct column *c)
{
	static const struct signature none;

	return !memcmp(&c->in, &none, sizeof none);
}

/* By family and address, what no rule names last. */
static int column_compare(const void *a, const void *b)
{
	const struct column *x = a, *y = b;

	if (x->family != y->family)
		return x->family == AF_INET ? -1 : 1;
	if (is_elsewhere(x) != is_elsewhere(y))
		return is_elsewhere(x) ? 1 : -1;
	return address_compare(x->all.v[0].first, y->all.v[0].first);
}

static enum err columns_find(struct making *k)
{
	static const struct signature none;
	struct column *elsewhere;
	enum err e = ERR_NONE;

	columns_clear(k);
	for (size_t f = 0; f < FAMILIES && !e; f++)
		e = column_add(k, families[f], &none, &elsewhere);
	for (size_t f = 0; f < FAMILIES && !e; f++)
		e = family_columns(k, f);
	if (e)
		return e;
	/* a rule for every address leaves no elsewhere */
	for (size_t i = 0; i < k->ncolumns;) {
		if (k->columns[i].all.n)
			i++;
		else
			k->columns[i] = k->columns[--k->ncolumns];
	}
	qsort(k->columns, k->ncolumns, sizeof *k->columns, column_compare);
	return ERR_NONE;
}

/* --- what a column is called --- */

/* How much of a family an item holds, roughly: for which is the narrower. */
static double item_share(const struct item *item, size_t f)
{
	double share = 0;

	for (size_t i = 0; i < item->in[f].n; i++) {
		const struct range *r = &item->in[f].v[i];
		share += (double)(r->last.hi - r->first.hi) * 18446744073709551616.0 + (double)r->last.lo -
			 (double)r->first.lo + 1;
	}
	return share;
}

/* The narrowest item of a signature that is not 'but'; nitems if there is none. */
static size_t narrowest(const struct making *k, const struct column *c, size_t but)
{
	size_t f = c->family == AF_INET ? V4 : V6, best = k->nitems;

	for (size_t i = 0; i < k->nitems; i++)
		if (i != but && signature_has(&c->in, i) &&
		    (best == k->nitems || item_share(&k->items[i], f) < item_share(&k->items[best], f)))
			best = i;
	return best;
}

static bool name_is_taken(const struct access_matrix *m, const char *name)
{
	for (size_t i = 0; i < m->nnetworks; i++)
		if (!strcmp(m->networks[i].name, name))
			return true;
	return false;
}

/* An item that holds both families has a column in each. */
static bool is_of_both(const struct item *item)
{
	return item->in[V4].n && item->in[V6].n;
}

static enum err network_name(const struct making *k, const struct column *c, char **out)
{
	size_t f = c->family == AF_INET ? V4 : V6, first = narrowest(k, c, k->nitems), next;
	struct text t = { 0 };

	if (first == k->nitems) {
		text_add(&t, "elsewhere (%s)", family_words[f]);
	} else {
		text_add_string(&t, k->items[first].text);
		if (is_of_both(&k->items[first]))
			text_add(&t, " (%s)", family_words[f]);
		next = narrowest(k, c, first);
		if (name_is_taken(k->m, text_string(&t)) && next < k->nitems)
			text_add(&t, " in %s", k->items[next].text);
		else if (name_is_taken(k->m, text_string(&t)))
			text_add_string(&t, " (rest)");
		if (name_is_taken(k->m, text_string(&t)))
			text_add(&t, ", part %zu", k->m->nnetworks + 1);
	}
	if (text_check(&t)) {
		text_free(&t);
		return ERR_MEMORY;
	}
	*out = text_take(&t);
	return ERR_NONE;
}

static void network_address(const struct column *c, char out[NETWORK_TEXT])
{
	size_t f = c->family == AF_INET ? V4 : V6;
	struct range r = c->all.v[0];
	struct network n;

	for (size_t i = 0; i < ARRAY_SIZE(known_addresses[f]) && is_elsewhere(c); i++)
		if (!network_parse(known_addresses[f][i], &n) &&
		    ranges_contain(&c->all, address_of(n.family, n.addr))) {
			network_text(&n, out);
			return;
		}
	/* the first of a network is its name rather than a host */
	address_text(c->family, address_compare(r.first, r.last) ? address_next(r.first) : r.first, out);
}

static enum err network_members(const struct column *c, struct matrix_network *to)
{
	enum err e = ranges_networks(&c->all, &to->members);

	if (!e && to->members.n > MATRIX_MEMBERS) {
		to->members.n = MATRIX_MEMBERS;
		to->more = true;
	}
	return e;
}

static enum err network_make(struct making *k, const struct column *c)
{
	struct matrix_network *to = &k->m->networks[k->m->nnetworks];
	enum err e = network_name(k, c, &to->name);

	if (e)
		return e;
	k->m->nnetworks++;
	to->family = c->family;
	to->elsewhere = is_elsewhere(c);
	network_address(c, to->addr);
	for (size_t i = 0; i < k->nitems && !e; i++)
		if (signature_has(&c->in, i))
			e = strings_copy(&to->rules, &k->items[i].rules);
	return e ? e : network_members(c, to);
}

static enum err networks_make(struct making *k)
{
	enum err e = ERR_NONE;

	k->m->networks = calloc(k->ncolumns ? k->ncolumns : 1, sizeof *k->m->networks);
	if (!k->m->networks)
		return ERR_MEMORY;
	for (size_t i = 0; i < k->ncolumns && !e; i++)
		e = network_make(k, &k->columns[i]);
	if (!e && k->columns_full)
		e = strings_add_format(&k->m->notes,
				       "The rules tell more than %d networks apart: the others have no column.",
				       MATRIX_NETWORKS);
	return e;
}

/* --- keys that hold only from some networks --- */

/* What from= of one account names: columns where there is room, else the account is only partly shown. */
static enum err account_items(struct making *k, size_t account, const struct credentials *from, bool room)
{
	struct places places = { 0 };
	enum err e = places_of_credentials(from, &places);

	for (size_t i = 0; i < places.n && !e; i++) {
		if (room && !item_find(k, places.v[i].item))
			e = place_add(k, &places.v[i]);
		if (!e && !item_find(k, places.v[i].item))
			k->partly[account] = true;
	}
	places_free(&places);
	return e;
}

/* As many columns as people can read come from keys; the rules may have taken more. */
#define KEY_ITEMS 32

static enum err keys_items(struct making *k, const struct accounts *who)
{
	size_t most = k->nitems + KEY_ITEMS;
	enum err e = ERR_NONE;

	if (k->who.assume)
		return ERR_NONE;
	for (size_t i = 0; i < who->n && !e; i++) {
		const struct credentials *c = NULL;
		k->who.user = who->v[i]->name;
		k->who.account = who->v[i];
		k->who.addr = "203.0.113.1";
		e = access_credentials(k->access, &k->who, &c);
		if (!e && c && c->n)
			e = account_items(k, i, c, k->nitems < most);
	}
	return e;
}

/* --- cells --- */

static enum err cell_decide(struct making *k, size_t network, struct matrix_cell *out)
{
	struct access_decision d = { 0 };
	enum err e;

	k->who.addr = k->m->networks[network].addr;
	if ((e = access_decide(k->access, &k->who, &d)))
		return e;
	*out = (struct matrix_cell){ .verdict = d.verdict,
				     .reason = d.reason,
				     .obstacle = d.obstacle,
				     .methods = d.methods,
				     .unknown = d.unknown,
				     .by = d.by,
				     .pattern = d.pattern,
				     .detail = d.detail };
	return ERR_NONE;
}

static bool cells_equal(const struct matrix_cell *a, const struct matrix_cell *b)
{
	return a->verdict == b->verdict && a->reason == b->reason && a->obstacle == b->obstacle &&
	       a->methods == b->methods && a->unknown == b->unknown && a->by == b->by && a->pattern == b->pattern;
}

static uint64_t cells_hash(const struct matrix_cell *v, size_t n)
{
	uint64_t h = HASH_START;

	for (size_t i = 0; i < n; i++) {
		const unsigned parts[] = { v[i].verdict, v[i].reason, v[i].obstacle, v[i].methods, v[i].unknown };
		h = hash_bytes(h, parts, sizeof parts);
		h = hash_bytes(h, &v[i].by, sizeof v[i].by);
		h = hash_bytes(h, &v[i].pattern, sizeof v[i].pattern);
	}
	return h;
}

static void details_free(struct matrix_cell *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(v[i].detail);
		v[i].detail = NULL;
	}
}

/* The row with these cells, which it takes or frees. Rows are found by cells, so 'rows' has room for all accounts. */
static enum err row_find(struct making *k, struct matrix_cell *cells, size_t *out)
{
	struct access_matrix *m = k->m;
	uint64_t key = cells_hash(cells, m->nnetworks);
	struct matrix_row *row;
	size_t at = 0;

	while ((row = hash_next(&k->rows, key, &at))) {
		size_t i = 0;
		while (i < m->nnetworks && cells_equal(&row->cells[i], &cells[i]))
			i++;
		if (i < m->nnetworks)
			continue;
		/* sentences about the keys of one account are not true of the other */
		details_free(row->cells, m->nnetworks);
		details_free(cells, m->nnetworks);
		free(cells);
		*out = (size_t)(row - m->rows);
		return ERR_NONE;
	}
	row = &m->rows[m->nrows];
	row->cells = cells;
	*out = m->nrows++;
	return hash_add(&k->rows, key, row);
}

static enum err account_row(struct making *k, const struct account *account, size_t *row)
{
	struct matrix_cell *cells = calloc(k->m->nnetworks ? k->m->nnetworks : 1, sizeof *cells);
	enum err e = cells ? ERR_NONE : ERR_MEMORY;

	k->who.user = account->name;
	k->who.account = account;
	for (size_t i = 0; i < k->m->nnetworks && !e; i++)
		e = cell_decide(k, i, &cells[i]);
	if (!e)
		return row_find(k, cells, row);
	if (cells)
		details_free(cells, k->m->nnetworks);
	free(cells);
	return e;
}

static enum err account_add(struct making *k, const struct account *account, bool partly)
{
	struct access_matrix *m = k->m;
	struct matrix_account *to = &m->accounts[m->naccounts];
	enum err e;

	to->user = strdup(account->name);
	if (!to->user)
		return ERR_MEMORY;
	m->naccounts++;
	to->partly = partly;
	if ((e = account_row(k, account, &to->row)))
		return e;
	m->rows[to->row].naccounts++;
	m->rows[to->row].root |= account->uid == 0;
	return ERR_NONE;
}

/* Room for a row an account, given back at the end: most share theirs. */
static enum err accounts_add(struct making *k, const struct accounts *who)
{
	enum err e = ERR_NONE;

	k->m->accounts = calloc(who->n ? who->n : 1, sizeof *k->m->accounts);
	k->m->rows = calloc(who->n ? who->n : 1, sizeof *k->m->rows);
	if (!k->m->accounts || !k->m->rows)
		return ERR_MEMORY;
	for (size_t i = 0; i < who->n && !e; i++)
		e = account_add(k, who->v[i], k->partly[i]);
	return e;
}

/* The superuser's row to the front. */
static void root_first(struct access_matrix *m)
{
	size_t root = 0;
	struct matrix_row row;

	while (root < m->nrows && !m->rows[root].root)
		root++;
	if (root == m->nrows || !root)
		return;
	row = m->rows[root];
	memmove(m->rows + 1, m->rows, root * sizeof *m->rows);
	m->rows[0] = row;
	for (size_t i = 0; i < m->naccounts; i++) {
		size_t *at = &m->accounts[i].row;
		*at = *at == root ? 0 : *at + (*at < root);
	}
}

static void making_clear(struct making *k)
{
	for (size_t i = 0; i < k->nitems; i++) {
		free(k->items[i].text);
		ranges_free(&k->items[i].in[V4]);
		ranges_free(&k->items[i].in[V6]);
		strings_free(&k->items[i].rules);
	}
	columns_clear(k);
	free(k->columns);
	hash_free(&k->rows);
	free(k->partly);
	free(k);
}

static enum err matrix_make(struct making *k, const struct accounts *who)
{
	enum err e;

	k->m = calloc(1, sizeof *k->m);
	k->partly = calloc(who->n ? who->n : 1, sizeof *k->partly);
	if (!k->m || !k->partly)
		return ERR_MEMORY;
	if ((e = config_items(k)) || (e = keys_items(k, who)) || (e = columns_find(k)) || (e = networks_make(k)) ||
	    (e = accounts_add(k, who)))
		return e;
	root_first(k->m);
	return ERR_NONE;
}

enum err access_matrix_make(struct access *a, const struct sshd_config *c, const struct accounts *who,
			    const struct access_login *like, struct access_matrix **out)
{
	struct making *k = calloc(1, sizeof *k);
	enum err e;

	if (!k)
		return ERR_MEMORY;
	k->access = a;
	k->config = c;
	k->who = (struct access_login){ .laddr = like->laddr, .lport = like->lport, .assume = like->assume };
	e = matrix_make(k, who);
	if (e)
		access_matrix_free(k->m);
	else
		*out = k->m;
	making_clear(k);
	return e;
}

void access_matrix_free(struct access_matrix *m)
{
	if (!m)
		return;
	for (size_t i = 0; i < m->nrows; i++) {
		details_free(m->rows[i].cells, m->nnetworks);
		free(m->rows[i].cells);
	}
	for (size_t i = 0; i < m->nnetworks; i++) {
		free(m->networks[i].name);
		networks_free(&m->networks[i].members);
		strings_free(&m->networks[i].rules);
	}
	for (size_t i = 0; i < m->naccounts; i++)
		free(m->accounts[i].user);
	free(m->networks);
	free(m->rows);
	free(m->accounts);
	strings_free(&m->notes);
	free(m);
}

const struct matrix_cell *access_matrix_cell(const struct access_matrix *m, size_t account, size_t network)
{
	return &m->rows[m->accounts[account].row].cells[network];
}
