/* SPDX-License-Identifier: GPL-3.0-or-later */
/* revoked_source_text.c - what is to be revoked in words, and as lines of a file. */
#include "base/number.h"
#include "key/public.h"
#include "key/revoked_source.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

static const struct {
	const char *word;  /* in a file */
	const char *shown; /* to people */
} kinds[] = {
	[SOURCE_KEY] = { "key", "key" },	  [SOURCE_CERTIFICATE] = { "certificate", "certificate" },
	[SOURCE_SHA256] = { "hash", "hash" },	  [SOURCE_SHA1] = { "hash", "hash" },
	[SOURCE_SERIAL] = { "serial", "serial" }, [SOURCE_KEY_ID] = { "id", "key-id" },
};

const char *revoked_source_kind(const struct revoked_source *s)
{
	return kinds[s->kind].shown;
}

void revoked_source_id_add(struct text *out, const void *id, size_t len)
{
	const unsigned char *at = id;

	for (size_t i = 0; i < len; i++) {
		bool edge = i == 0 || i == len - 1;

		if (at[i] == '\\')
			text_add_string(out, "\\\\");
		else if (at[i] < 0x20 || at[i] == 0x7f || (at[i] == ' ' && edge))
			text_add(out, "\\x%02x", at[i]);
		else
			text_add_bytes(out, &at[i], 1);
	}
}

/* ---- in words ---- */

static void fingerprint_add(const struct source_blob *blob, struct text *out)
{
	struct public_key k;

	if (public_key_parse_blob(blob->at, blob->len, &k) == ERR_NONE)
		text_add(out, "%s", k.fingerprint);
}

static void ca_add(const struct revoked_source *s, struct text *out)
{
	text_add_string(out, s->ca.len ? " of CA " : " of any CA");
	if (s->ca.len)
		fingerprint_add(&s->ca, out);
}

static void id_add(const struct revoked_source *s, struct text *out)
{
	text_add_string(out, "'");
	text_add_escaped(out, s->id, strlen(s->id));
	text_add_string(out, "'");
}

/* Behind the type and the base64. */
static const char *comment_of(const char *value)
{
	for (int word = 0; word < 2; word++) {
		value += strcspn(value, " \t");
		value += strspn(value, " \t");
	}
	return value;
}

static void key_add(const struct revoked_source *s, struct text *out)
{
	const char *comment = comment_of(s->value);

	text_add(out, "%.*s ", (int)strcspn(s->value, " \t"), s->value);
	fingerprint_add(&s->blob, out);
	text_add_string(out, *comment ? " " : "");
	text_add_escaped(out, comment, strlen(comment));
}

static void hash_add(const struct revoked_source *s, struct text *out)
{
	char base64[64], hex[64];

	if (s->kind == SOURCE_SHA256)
		text_add(out, "SHA256:%s",
			 sodium_bin2base64(base64, sizeof base64, s->blob.at, s->blob.len,
					   sodium_base64_VARIANT_ORIGINAL_NO_PADDING));
	else
		text_add(out, "SHA1:%s", sodium_bin2hex(hex, sizeof hex, s->blob.at, s->blob.len));
}

enum err revoked_source_describe(const struct revoked_source *s, struct text *out)
{
	switch (s->kind) {
	case SOURCE_KEY: key_add(s, out); break;
	case SOURCE_SHA256:
	case SOURCE_SHA1: hash_add(s, out); break;
	case SOURCE_CERTIFICATE:
		key_add(s, out);
		text_add(out, ", serial %llu, key id ", (unsigned long long)s->first);
		id_add(s, out);
		ca_add(s, out);
		break;
	case SOURCE_SERIAL:
		text_add(out, "serial %llu", (unsigned long long)s->first);
		if (s->final != s->first)
			text_add(out, "-%llu", (unsigned long long)s->final);
		ca_add(s, out);
		break;
	case SOURCE_KEY_ID:
		text_add_string(out, "key id ");
		id_add(s, out);
		ca_add(s, out);
		break;
	}
	return text_check(out);
}

/* ---- lines ---- */

static bool needs_ca(const struct revoked_source *s)
{
	return s->kind == SOURCE_SERIAL || s->kind == SOURCE_KEY_ID;
}

static void date_add(struct text *out, const char *word, time_t t)
{
	char date[32];

	if (!t)
		return;
	date_format(t, date, sizeof date);
	text_add(out, "\t%s: %s\n", word, date);
}

static void lines_add(struct text *out, const struct revoked_source *s)
{
	if (s->kind == SOURCE_SHA256 || s->kind == SOURCE_SHA1) {
		text_add_string(out, "hash: ");
		hash_add(s, out);
		text_add_string(out, "\n");
	} else {
		text_add(out, "%s: %s\n", kinds[s->kind].word, s->value);
	}
	if (s->reason)
		text_add(out, "\treason: %s\n", s->reason);
	if (s->by)
		text_add(out, "\tby: %s\n", s->by);
	date_add(out, "added", s->added);
	date_add(out, "until", s->until);
}

/* Where line number 'line' begins; the end where there is no such line. */
static size_t line_start(const struct text *t, unsigned line)
{
	size_t at = 0;

	for (unsigned n = 1; n < line && at < t->len; n++) {
		const char *end = memchr(t->s + at, '\n', t->len - at);

		at = end ? (size_t)(end - t->s) + 1 : t->len;
	}
	return at;
}

/* The last entry of the same CA that has serials or key ids; NULL if there is none. */
static const struct revoked_source *last_of_ca(const struct revoked_sources *l, const struct revoked_source *s)
{
	for (size_t i = l->n; i-- > 0;)
		if (needs_ca(&l->v[i]) && l->v[i].ca.len == s->ca.len &&
		    (!s->ca.len || memcmp(l->v[i].ca.at, s->ca.at, s->ca.len) == 0))
			return &l->v[i];
	return NULL;
}

enum err revoked_source_insert(struct text *content, const struct revoked_source *s)
{
	struct revoked_sources there = { 0 };
	struct diags problems = { 0 };
	struct text out = { 0 };
	const struct revoked_source *last = NULL;
	size_t at = content->len;
	enum err e = revoked_sources_parse(text_string(content), content->len, "", &there, &problems);

	diags_free(&problems);
	if (e)
		return e;
	if (needs_ca(s) && (last = last_of_ca(&there, s)))
		at = line_start(content, last->last + 1);
	text_add_bytes(&out, text_string(content), at);
	if (at && out.s && out.s[out.len - 1] != '\n')
		text_add_string(&out, "\n");
	if (needs_ca(s) && !last)
		text_add(&out, "ca: %s\n", s->ca_value);
	lines_add(&out, s);
	text_add_bytes(&out, text_string(content) + at, content->len - at);
	revoked_sources_clear(&there);
	if ((e = text_check(&out))) {
		text_free(&out);
		return e;
	}
	text_free(content);
	*content = out;
	return ERR_NONE;
}

enum err revoked_source_delete(struct text *content, const struct revoked_source *s)
{
	size_t from = line_start(content, s->line), to = line_start(content, s->last + 1);
	struct text out = { 0 };
	enum err e;

	text_add_bytes(&out, text_string(content), from);
	text_add_bytes(&out, text_string(content) + to, content->len - to);
	if ((e = text_check(&out))) {
		text_free(&out);
		return e;
	}
	text_free(content);
	*content = out;
	return ERR_NONE;
}
