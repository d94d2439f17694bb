/* SPDX-License-Identifier: GPL-3.0-or-later */
/* keys_text.c - the keys for people: one paragraph for each thing that is wrong. */
#include "report/keys.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define PLACES_SHOWN 3

enum tint { TINT_RED, TINT_YELLOW, TINT_DIM };

static const char *const tints[] = { "\033[31m", "\033[33m", "\033[2m" };
static const enum tint status_tints[KEY_STATUS_COUNT] = { TINT_RED, TINT_YELLOW, TINT_DIM, TINT_DIM };

static void tinted(const struct keys_page *p, enum tint tint, const char *s, struct text *out)
{
	text_add(out, "%s%-8s%s", p->color ? tints[tint] : "", s, p->color ? "\033[0m" : "");
}

static void add_escaped(struct text *out, const char *s)
{
	text_add_escaped(out, s, strlen(s));
}

static void count_add(size_t n, const char *one, const char *many, const char *between, struct text *out)
{
	if (n)
		text_add(out, "%s%zu %s", out->len && out->s[out->len - 1] != '\n' ? between : "", n,
			 n == 1 ? one : many);
}

static void seen_add(const struct keys_page *p, struct text *out)
{
	const struct key_report *r = p->report;
	struct text line = { 0 };

	count_add(r->privates - r->host, "private key", "private keys", ", ", &line);
	count_add(r->host, "host key", "host keys", ", ", &line);
	count_add(r->authorized, "authorized key", "authorized keys", ", ", &line);
	count_add(r->accounts, "account", "accounts", " of ", &line);
	count_add(r->known_hosts, "known host", "known hosts", ", ", &line);
	count_add(r->agent, "key of the agent", "keys of the agent", ", ", &line);
	text_add(out, "Seen: %s\n", line.len ? line.s : "no keys");
	text_free(&line);
}

static void summary_add(const struct keys_page *p, struct text *out)
{
	const struct key_report *r = p->report;

	text_add(out, "%u fail  %u warn  %u unknown", r->count[KEY_FAIL], r->count[KEY_WARN], r->count[KEY_UNKNOWN]);
	if (r->count[KEY_UNKNOWN] && !p->privileged)
		text_add_string(out, "  (run it as root to see all)");
	text_add_string(out, "\n");
}

/* "ED25519" is how people know it. */
static const char *short_type(const struct public_key *k)
{
	static const struct {
		const char *start, *name;
	} rows[] = {
		{ "ssh-ed25519", "ED25519" },	    { "ssh-rsa", "RSA" },
		{ "ecdsa-sha2-", "ECDSA" },	    { "ssh-dss", "DSA" },
		{ "sk-ssh-ed25519", "ED25519-SK" }, { "sk-ecdsa-", "ECDSA-SK" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (!strncmp(k->type, rows[i].start, strlen(rows[i].start)))
			return rows[i].name;
	return k->type;
}

static void place_add(const struct key_finding *f, struct text *out)
{
	const struct sighting *s = f->at;

	text_add_string(out, "          ");
	add_escaped(out, s->file);
	if (s->line)
		text_add(out, ":%" PRIu64, s->line);
	if (s->account) {
		text_add_string(out, " (");
		add_escaped(out, s->account);
		text_add_string(out, ")");
	}
	if (s->key.type[0]) {
		text_add_string(out, "  ");
		add_escaped(out, short_type(&s->key));
		if (s->key.bits)
			text_add(out, " %u", s->key.bits);
		text_add(out, " %s", s->key.fingerprint);
	}
	if (f->detail)
		text_add(out, "%s%s", s->key.type[0] ? "  " : ": ", f->detail);
	text_add_string(out, "\n");
}

static void command_add(const struct keys_page *p, const struct key_finding *f, struct text *out)
{
	const char *at = f->check->command, *mark = strstr(at, "%s");

	text_add_string(out, ": ");
	text_add_bytes(out, at, mark ? (size_t)(mark - at) : strlen(at));
	if (mark) {
		add_escaped(out, f->at->file);
		text_add_string(out, mark + 2);
	}
}

static void fix_add(const struct keys_page *p, const struct key_finding *f, struct text *out)
{
	const struct key_check *c = f->check;

	if (!c->fix || (c->status == KEY_UNKNOWN && p->privileged))
		return;
	text_add(out, "          fix: %s", c->fix);
	if (c->command)
		command_add(p, f, out);
	text_add_string(out, "\n");
}

/* All findings of one check, from..to. */
static void check_add(const struct keys_page *p, const struct key_finding *from, size_t n, struct text *out)
{
	const struct key_check *c = from->check;
	const bool open = c->status == KEY_FAIL || c->status == KEY_WARN;
	size_t shown = p->all || n <= PLACES_SHOWN + 1 ? n : PLACES_SHOWN;

	tinted(p, status_tints[c->status], open ? severity_text(c->severity) : key_status_text(c->status), out);
	text_add(out, "  %s: %s\n", c->id, c->title);
	for (size_t i = 0; i < shown; i++)
		place_add(&from[i], out);
	if (shown < n)
		text_add(out, "          and %zu more: --all\n", n - shown);
	fix_add(p, from, out);
}

struct stretch {
	const struct key_finding *from;
	size_t n;
};

/* Failures first, then by severity, else as the checks stand. */
static int compare_stretches(const void *a, const void *b)
{
	const struct stretch *x = a, *y = b;
	const struct key_check *c = x->from->check, *d = y->from->check;

	if (c->status != d->status)
		return c->status < d->status ? -1 : 1;
	if (c->severity != d->severity)
		return c->severity < d->severity ? -1 : 1;
	return c < d ? -1 : c > d;
}

enum err keys_text(const struct keys_page *p, struct text *out)
{
	const struct key_report *r = p->report;
	struct stretch *v = calloc(key_checks_count(), sizeof *v);
	size_t n = 0;

	if (!v)
		return ERR_MEMORY;
	for (size_t i = 0; i < r->n; i++) {
		if (i && r->v[i].check == r->v[i - 1].check)
			v[n - 1].n++;
		else
			v[n++] = (struct stretch){ &r->v[i], 1 };
	}
	qsort(v, n, sizeof *v, compare_stretches);
	seen_add(p, out);
	summary_add(p, out);
	for (size_t i = 0; i < n; i++)
		if (p->all || v[i].from->check->status != KEY_NOTE)
			check_add(p, v[i].from, v[i].n, out);
	if (!p->all && r->count[KEY_NOTE])
		text_add(out, "%zu key%s held by hardware: --all\n", r->hardware, r->hardware == 1 ? " is" : "s are");
	free(v);
	return text_check(out);
}
