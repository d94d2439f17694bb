/* SPDX-License-Identifier: GPL-3.0-or-later */
/* revoked_compile.c - from what people wrote to a list that can be asked and written as a KRL, and back. */
#include "base/digest.h"
#include "base/number.h"
#include "key/krl_write.h"
#include "key/revoked_list.h"
#include "key/serials.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

/* As the reader of sources: this release has every type. */
#define ALL_TYPES 902

struct compiler {
	struct revoked *r;
	uint8_t *room; /* of r->content, what is free */
	struct revoked_certificates *ca;
	const struct revoked_source *ca_of; /* the entry that ca was made for */
};

static size_t room_for(const struct revoked_source *s)
{
	return s->blob.len + s->ca.len + (s->id ? strlen(s->id) : 0);
}

static const uint8_t *keep(struct compiler *c, const void *bytes, size_t len)
{
	uint8_t *at = c->room;

	if (len)
		memcpy(at, bytes, len);
	c->room += len;
	return at;
}

static enum err add_blob(struct compiler *c, struct revoked_blobs *l, const struct revoked_source *s)
{
	return revoked_blobs_add(l, keep(c, s->blob.at, s->blob.len), s->blob.len);
}

/* Entries of one CA mostly stand together: one list for all of them. */
static enum err choose_ca(struct compiler *c, const struct revoked_source *s)
{
	const struct source_blob *last = c->ca_of ? &c->ca_of->ca : NULL;
	enum err e;

	if (last && last->len == s->ca.len && (!last->len || !memcmp(last->at, s->ca.at, last->len)))
		return ERR_NONE;
	if ((e = revoked_certificates_add(c->r, keep(c, s->ca.at, s->ca.len), s->ca.len, &c->ca)) == ERR_NONE)
		c->ca_of = s;
	return e;
}

/* A certificate without a serial is known by its key id, as ssh-keygen -k has it. */
static enum err add_certificate(struct compiler *c, const struct revoked_source *s)
{
	size_t len = s->id ? strlen(s->id) : 0;
	enum err e = choose_ca(c, s);

	if (e)
		return e;
	if (s->first)
		return revoked_range_add(c->ca, s->first, s->final);
	return revoked_blobs_add(&c->ca->ids, keep(c, s->id, len), len);
}

static enum err add(struct compiler *c, const struct revoked_source *s)
{
	switch (s->kind) {
	case SOURCE_KEY: return add_blob(c, &c->r->keys, s);
	case SOURCE_SHA256: return add_blob(c, &c->r->sha256, s);
	case SOURCE_SHA1: return add_blob(c, &c->r->sha1, s);
	case SOURCE_CERTIFICATE:
	case SOURCE_SERIAL:
	case SOURCE_KEY_ID: return add_certificate(c, s);
	}
	return ERR_SYNTAX;
}

enum err revoked_compile(const struct revoked_sources *l, time_t now, struct revoked **out)
{
	struct compiler c = { .r = calloc(1, sizeof *c.r) };
	size_t room = 1;
	enum err e = ERR_NONE;

	for (size_t i = 0; i < l->n; i++)
		room += room_for(&l->v[i]);
	if (!c.r || !(c.room = c.r->content = malloc(room))) {
		revoked_free(c.r);
		return ERR_MEMORY;
	}
	c.r->krl = true;
	c.r->release = ALL_TYPES;
	c.r->comment = strdup(KRL_COMMENT);
	for (size_t i = 0; i < l->n && !e; i++)
		if (!revoked_source_expired(&l->v[i], now))
			e = add(&c, &l->v[i]);
	if (!c.r->comment)
		e = ERR_MEMORY;
	if (e || (e = revoked_sort(c.r)))
		revoked_free(c.r);
	else
		*out = c.r;
	return e;
}

enum err krl_comment(const struct revoked *r, char **out)
{
	const struct krl_head none = { .comment = "" };
	char digest[DIGEST_HEX];
	struct text krl = { 0 };
	enum err e = krl_write(r, &none, &krl);

	if (!e && !(e = text_check(&krl))) {
		digest_hex(krl.s, krl.len, digest);
		text_free(&krl);
		text_add(&krl, KRL_COMMENT "%s", digest);
		*out = text_take(&krl);
		return *out ? ERR_NONE : ERR_MEMORY;
	}
	text_free(&krl);
	return e;
}

enum err krl_is_made(const struct revoked *r, bool *made)
{
	struct revoked_summary s = { 0 };
	char *comment = NULL;
	enum err e = revoked_summarise(r, &s);

	*made = false;
	if (!e && s.krl && strncmp(s.comment, KRL_COMMENT, strlen(KRL_COMMENT)) == 0 && !(e = krl_comment(r, &comment)))
		*made = strcmp(s.comment, comment) == 0;
	free(comment);
	free(s.comment);
	return e == ERR_RANGE ? ERR_NONE : e;
}

static enum err write_made(const struct revoked *r, const struct krl_head *head, struct text *out)
{
	struct krl_head made = *head;
	char *comment = NULL;
	enum err e = krl_comment(r, &comment);

	made.comment = comment;
	if (!e)
		e = krl_write(r, &made, out);
	free(comment);
	return e;
}

enum err krl_compile(const struct revoked_sources *l, time_t now, const struct krl_head *head, struct text *out)
{
	struct revoked *r;
	enum err e = revoked_compile(l, now, &r);

	if (e)
		return e;
	if (head->comment)
		e = krl_write(r, head, out);
	else
		e = write_made(r, head, out);
	revoked_free(r);
	return e;
}

enum err krl_with_key(const uint8_t *krl, size_t len, const uint8_t *blob, size_t blob_len, struct text *out)
{
	struct revoked *r = NULL;
	unsigned line;
	enum err e = revoked_parse(krl, len, ALL_TYPES, &r, &line, NULL);

	if (!e && !r->krl)
		e = ERR_SYNTAX;
	if (!e && !(e = revoked_blobs_add(&r->keys, blob, blob_len)) && !(e = revoked_sort(r))) {
		const struct krl_head head = { r->version, r->generated, r->comment };

		e = krl_write(r, &head, out);
	}
	revoked_free(r);
	return e;
}

/* ---- back ---- */

static void put_base64(struct text *out, const uint8_t *bytes, size_t len)
{
	size_t size = sodium_base64_ENCODED_LEN(len, sodium_base64_VARIANT_ORIGINAL);
	char *s = malloc(size);

	out->failed = out->failed || !s;
	if (s)
		text_add_string(out, sodium_bin2base64(s, size, bytes, len, sodium_base64_VARIANT_ORIGINAL));
	free(s);
}

/* The type is the first string of the blob. */
static void put_key(struct text *out, const char *word, const struct revoked_blob *b)
{
	size_t len = b->len < 4 ? 0 : (size_t)b->at[2] << 8 | b->at[3];

	text_add(out, "%s: %.*s ", word, len + 4 > b->len ? 0 : (int)len, (const char *)b->at + 4);
	put_base64(out, b->at, b->len);
	text_add_string(out, "\n");
}

static void put_sha256(struct text *out, const struct revoked_blob *b)
{
	char base64[64];

	text_add(out, "hash: SHA256:%s\n",
		 sodium_bin2base64(base64, sizeof base64, b->at, b->len, sodium_base64_VARIANT_ORIGINAL_NO_PADDING));
}

static void put_sha1(struct text *out, const struct revoked_blob *b)
{
	char hex[64];

	text_add(out, "hash: SHA1:%s\n", sodium_bin2hex(hex, sizeof hex, b->at, b->len));
}

struct exporter {
	const struct revoked_sources *known;
	time_t now;
	struct text ca, entry, tail; /* lines: of the CA, of one entry, and the indented ones */
	bool ca_written;
	struct text *out;
	size_t n;
};

/* One that has ended does not keep it out. */
static bool is_known(const struct revoked_sources *l, const struct revoked_source *s, time_t now)
{
	for (size_t i = 0; i < l->n; i++)
		if (!revoked_source_expired(&l->v[i], now) && revoked_source_equal(&l->v[i], s))
			return true;
	return false;
}

static void write_out(struct exporter *x)
{
	if (x->out->len && x->out->s[x->out->len - 1] != '\n')
		text_add_string(x->out, "\n");
	if (!x->ca_written)
		text_add_string(x->out, text_string(&x->ca));
	x->ca_written = true;
	text_add_string(x->out, text_string(&x->entry));
	text_add_string(x->out, text_string(&x->tail));
	x->n++;
}

/* Takes the entry. What no file of sources can say, such as a broken key, revokes nobody. */
static enum err export_entry(struct exporter *x)
{
	struct revoked_sources s = { 0 };
	struct diags problems = { 0 };
	struct text whole = { 0 };
	enum err e;

	text_add_string(&whole, text_string(&x->ca));
	text_add_string(&whole, text_string(&x->entry));
	if ((e = text_check(&x->entry)) == ERR_NONE && (e = text_check(&whole)) == ERR_NONE)
		e = revoked_sources_parse(whole.s, whole.len, "", &s, &problems);
	if (e == ERR_NONE && !is_known(x->known, &s.v[0], x->now))
		write_out(x);
	diags_free(&problems);
	revoked_sources_clear(&s);
	text_free(&whole);
	text_reset(&x->entry);
	return e == ERR_CONFIG ? ERR_NONE : e;
}

static enum err export_ids(struct exporter *x, const struct revoked_blobs *ids)
{
	enum err e = ERR_NONE;

	for (size_t i = 0; i < ids->n && !e; i++) {
		if (!ids->v[i].len)
			return ERR_UNSUPPORTED;
		text_add_string(&x->entry, "id: ");
		revoked_source_id_add(&x->entry, ids->v[i].at, ids->v[i].len);
		text_add_string(&x->entry, "\n");
		e = export_entry(x);
	}
	return e;
}

static enum err export_ca(struct exporter *x, const struct revoked_certificates *c)
{
	struct serials s = { 0 };
	enum err e;

	text_reset(&x->ca);
	x->ca_written = false;
	if (c->ca.len)
		put_key(&x->ca, "ca", &c->ca);
	else
		text_add_string(&x->ca, "ca: any\n");
	if ((e = text_check(&x->ca)) || (e = serials_of(c, &s)))
		return e;
	for (size_t i = 0; i < s.n && !e; i++) {
		text_add(&x->entry, "serial: %llu", (unsigned long long)s.v[i].first);
		if (s.v[i].last != s.v[i].first)
			text_add(&x->entry, "-%llu", (unsigned long long)s.v[i].last);
		text_add_string(&x->entry, "\n");
		e = export_entry(x);
	}
	serials_free(&s);
	return e ? e : export_ids(x, &c->ids);
}

static void put_plain(struct text *out, const struct revoked_blob *b)
{
	put_key(out, "key", b);
}

enum err revoked_to_sources(const struct revoked *r, const struct revoked_sources *known, const char *reason,
			    time_t added, struct text *out, size_t *n)
{
	const struct {
		const struct revoked_blobs *blobs;
		void (*put)(struct text *out, const struct revoked_blob *b);
	} lists[] = { { &r->keys, put_plain }, { &r->sha256, put_sha256 }, { &r->sha1, put_sha1 } };
	struct exporter x = { .known = known, .now = added, .out = out };
	enum err e;
	char date[32];

	date_format(added, date, sizeof date);
	text_add(&x.tail, "\treason: %s\n\tadded: %s\n", reason, date);
	e = text_check(&x.tail);
	for (size_t k = 0; k < ARRAY_SIZE(lists); k++)
		for (size_t i = 0; i < lists[k].blobs->n && !e; i++) {
			lists[k].put(&x.entry, &lists[k].blobs->v[i]);
			e = export_entry(&x);
		}
	for (size_t i = 0; i < r->ncas && !e; i++)
		e = export_ca(&x, &r->cas[i]);
	text_free(&x.ca);
	text_free(&x.entry);
	text_free(&x.tail);
	if (!e && !(e = text_check(out)))
		*n = x.n;
	return e;
}
