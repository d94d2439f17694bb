/* SPDX-License-Identifier: GPL-3.0-or-later */
/* revoked.c - who is in the file that RevokedKeys names. */
#include "key/revoked.h"
#include "base/reader.h"
#include "key/plain.h"
#include "key/revoked_list.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

/* What sshd's decoder of base64 skips inside of a word, which ends at blanks and tabs. */
#define BASE64_SKIPPED "\r\n\v\f"

struct line {
	const char *at;
	size_t left;
};

static void blanks_skip(struct line *l)
{
	while (l->left && (*l->at == ' ' || *l->at == '\t')) {
		l->at++;
		l->left--;
	}
}

static struct line word_take(struct line *l)
{
	struct line word = { .at = l->at };

	while (word.left < l->left && word.at[word.left] != ' ' && word.at[word.left] != '\t')
		word.left++;
	l->at += word.left;
	l->left -= word.left;
	blanks_skip(l);
	return word;
}

static enum err key_add(struct revoked *r, const struct plain_key *k)
{
	size_t len = plain_length(k);
	uint8_t *copy = malloc(len);
	enum err e;

	if (!copy)
		return ERR_MEMORY;
	plain_copy(k, copy);
	if ((e = revoked_blobs_add(&r->keys, copy, len)))
		free(copy);
	return e; /* the list owns it now */
}

/* A key that sshd finds too short is not looked at any further, and does no harm. */
static enum err blob_add(struct revoked *r, const struct line *type, const uint8_t *blob, size_t len, const char **why)
{
	struct plain_key k;
	enum err e;

	if ((e = plain_read(blob, len, r->release, &k)) == ERR_RANGE)
		return ERR_NONE;
	*why = "is no public key";
	if (e)
		return ERR_SYNTAX;
	if (!plain_is_called(&k, type->at, type->left)) {
		*why = "names another type than its key has";
		return ERR_SYNTAX;
	}
	if ((e = plain_check(&k, blob, len)))
		return e == ERR_MEMORY ? e : ERR_SYNTAX;
	return key_add(r, &k);
}

static enum err line_add(struct revoked *r, struct line l, uint8_t *scratch, const char **why)
{
	struct line type, base64;
	size_t len;

	blanks_skip(&l);
	if (!l.left || *l.at == '#')
		return ERR_NONE;
	type = word_take(&l);
	base64 = word_take(&l);
	*why = "is no public key";
	if (!plain_is_type(type.at, type.left, r->release) || !base64.left ||
	    sodium_base642bin(scratch, base64.left, base64.at, base64.left, BASE64_SKIPPED, &len, NULL,
			      sodium_base64_VARIANT_ORIGINAL))
		return ERR_SYNTAX;
	return blob_add(r, &type, scratch, len, why);
}

/* One key in a line; the first line that is none ends it, as sshd goes no further. */
static enum err text_read(struct revoked *r, const char *content, size_t len, unsigned *line, const char **why)
{
	uint8_t *scratch = malloc(len + 1);
	enum err e = ERR_NONE;

	if (!scratch)
		return ERR_MEMORY;
	for (unsigned n = 1; len && !e; n++) {
		const char *end = memchr(content, '\n', len);
		size_t whole = end ? (size_t)(end - content) + 1 : len;
		struct line l = { content, strnlen(content, end ? whole - 1 : whole) };

		if ((e = line_add(r, l, scratch, why)) == ERR_SYNTAX)
			*line = n;
		content += whole;
		len -= whole;
	}
	free(scratch);
	r->fault = e == ERR_SYNTAX;
	return e;
}

static enum err content_read(struct revoked *r, const uint8_t *content, size_t len, unsigned *line, const char **why)
{
	enum err e, sorted;

	if (!r->krl) {
		e = text_read(r, (const char *)content, len, line, why);
		return (sorted = revoked_sort(r)) ? sorted : e;
	}
	if (!(r->content = malloc(len)))
		return ERR_MEMORY;
	memcpy(r->content, content, len);
	return krl_read(r, len, why);
}

enum err revoked_parse(const uint8_t *content, size_t len, unsigned release, struct revoked **out, unsigned *line,
		       char **why)
{
	struct revoked *r = calloc(1, sizeof *r);
	const char *reason = "it cannot be read";
	char *said = NULL;
	unsigned at = 0;
	enum err e;

	if (!r)
		return ERR_MEMORY;
	r->release = release;
	r->krl = krl_has_magic(content, len);
	e = content_read(r, content, len, &at, &reason);
	if (e == ERR_MEMORY || (e && why && !(said = strdup(reason)))) {
		revoked_free(r);
		return ERR_MEMORY;
	}
	if (e) {
		*line = at;
		if (why)
			*why = said;
	}
	if (e && !r->fault)
		revoked_free(r);
	else
		*out = r;
	return e;
}

static bool blobs_have_key(const struct revoked_blobs *l, const struct plain_key *k)
{
	for (size_t low = 0, high = l->n; low < high;) {
		size_t mid = low + (high - low) / 2;
		int c = plain_compare(k, l->v[mid].at, l->v[mid].len);

		if (!c)
			return true;
		if (c < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return false;
}

static const struct revoked_certificates *ca_find(const struct revoked *r, const struct plain_key *ca)
{
	for (size_t low = 0, high = r->ncas; low < high;) {
		size_t mid = low + (high - low) / 2;
		int c = plain_compare(ca, r->cas[mid].ca.at, r->cas[mid].ca.len);

		if (!c)
			return &r->cas[mid];
		if (c < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return NULL;
}

struct named {
	uint64_t serial;
	const uint8_t *id;
	size_t id_len;
	struct plain_key ca;
};

/* NULL: not by this CA's list. Serial 0 stands for "none was given". */
static const char *certificate_listed(const struct revoked_certificates *c, const struct named *n)
{
	if (!c)
		return NULL;
	if (revoked_blobs_have(&c->ids, n->id, n->id_len))
		return "key id";
	if (n->serial && (revoked_ranges_find(&c->ranges, n->serial) || revoked_pages_find(&c->pages, n->serial)))
		return "serial";
	return NULL;
}

static enum err certificate_read(const struct revoked *r, const struct plain_key *k, struct named *out)
{
	struct reader in = k->rest;
	struct named n;
	const uint8_t *at;
	size_t len;
	enum err e;

	if ((e = read_u64(&in, &n.serial)) || (e = read_skip(&in, 4)) || (e = read_string(&in, &n.id, &n.id_len)) ||
	    (e = read_string(&in, &at, &len)) || (e = read_skip(&in, 8 + 8)) || (e = read_string(&in, &at, &len)) ||
	    (e = read_string(&in, &at, &len)) || (e = read_string(&in, &at, &len)) ||
	    (e = read_string(&in, &at, &len)) || (e = plain_read(at, len, r->release, &n.ca)) ||
	    (e = read_string(&in, &at, &len)) || (e = read_end(&in)))
		return e;
	if (n.ca.certificate)
		return ERR_SYNTAX;
	if (n.id_len && !n.id[n.id_len - 1])
		n.id_len--;
	*out = n;
	return ERR_NONE;
}

/* NULL: not as a key. */
static const char *key_listed(const struct revoked *r, const struct plain_key *k, bool *broken)
{
	uint8_t hash[PLAIN_SHA256];

	if (r->sha1.n && plain_sha1(k, hash))
		*broken = true;
	else if (r->sha1.n && revoked_blobs_have(&r->sha1, hash, PLAIN_SHA1))
		return "SHA-1 of the key";
	if (r->sha256.n) {
		plain_sha256(k, hash);
		if (revoked_blobs_have(&r->sha256, hash, PLAIN_SHA256))
			return "SHA-256 of the key";
	}
	return blobs_have_key(&r->keys, k) ? "key" : NULL;
}

enum err revoked_look(const struct revoked *r, const uint8_t *blob, size_t len, enum revoked_verdict *verdict,
		      const char **how)
{
	bool broken = r->fault;
	struct plain_key k;
	struct named n;
	const char *by;

	if (plain_read(blob, len, r->release, &k) || (k.certificate && certificate_read(r, &k, &n)))
		return ERR_SYNTAX;
	if (!(by = key_listed(r, &k, &broken)) && k.certificate && !(by = certificate_listed(ca_find(r, &n.ca), &n)) &&
	    !(by = certificate_listed(r->ncas && !r->cas[0].ca.len ? &r->cas[0] : NULL, &n)) &&
	    key_listed(r, &n.ca, &broken))
		by = "CA";
	*verdict = by ? REVOKED_YES : broken ? REVOKED_BROKEN : REVOKED_NO;
	*how = by ? by : "";
	return ERR_NONE;
}

enum err revoked_summarise(const struct revoked *r, struct revoked_summary *out)
{
	struct revoked_summary s = {
		.krl = r->krl,
		.version = r->version,
		.generated = r->generated,
		.keys = r->keys.n,
		.sha1 = r->sha1.n,
		.sha256 = r->sha256.n,
		.serials = r->serials,
		.ranges = r->nranges,
		.cas = r->ncas,
	};

	for (size_t i = 0; i < r->ncas; i++)
		s.key_ids += r->cas[i].ids.n;
	if (r->krl && !(s.comment = strdup(r->comment)))
		return ERR_MEMORY;
	*out = s;
	return ERR_NONE;
}
