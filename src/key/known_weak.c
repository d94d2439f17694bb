/* SPDX-License-Identifier: GPL-3.0-or-later */
/* known_weak.c - reads lists of keys that others can sign with, and looks a key up in all of them. */
#include "key/known_weak.h"

#include "base/array.h"
#include "base/text.h"
#include "key/authorized.h"
#include "key/plain.h"

#include <openssl/evp.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define TEXT_MAX ((size_t)64 << 20)
#define ANY_RELEASE 902 /* that has all types of keys */
#define FAULTS_TOLD 10	/* of one file */
#define MD5_BYTES 16
#define TAIL_BYTES 10 /* of an MD5 fingerprint, as in Debian's lists */
#define FINGERPRINT "SHA256:"
#define FINGERPRINT_CHARACTERS 43

struct tail {
	uint8_t hash[TAIL_BYTES];
	uint16_t file;
	unsigned line;
};

struct fingerprint {
	uint8_t hash[PLAIN_SHA256];
	unsigned file, line;
	char *note; /* NULL: none */
};

struct known_weak {
	struct strings files;
	struct tail *tails;
	size_t ntails, tails_size;
	struct fingerprint *fingerprints;
	size_t nfingerprints, fingerprints_size;
};

struct piece {
	const char *at;
	size_t len;
};

enum err known_weak_new(struct known_weak **out)
{
	struct known_weak *k = calloc(1, sizeof *k);

	if (!k)
		return ERR_MEMORY;
	*out = k;
	return ERR_NONE;
}

void known_weak_free(struct known_weak *k)
{
	if (!k)
		return;
	for (size_t i = 0; i < k->nfingerprints; i++)
		free(k->fingerprints[i].note);
	free(k->fingerprints);
	free(k->tails);
	strings_free(&k->files);
	free(k);
}

static struct piece piece_of(const char *s)
{
	return (struct piece){ s, strlen(s) };
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static struct piece word_take(struct piece *rest)
{
	struct piece w;

	for (; rest->len && is_blank(*rest->at); rest->len--)
		rest->at++;
	w = (struct piece){ .at = rest->at };
	for (; rest->len && !is_blank(*rest->at); rest->len--, w.len++)
		rest->at++;
	return w;
}

static struct piece trimmed(struct piece p)
{
	for (; p.len && is_blank(*p.at); p.len--)
		p.at++;
	while (p.len && is_blank(p.at[p.len - 1]))
		p.len--;
	return p;
}

static bool is_number(struct piece w)
{
	size_t i;

	for (i = 0; i < w.len && w.at[i] >= '0' && w.at[i] <= '9'; i++)
		;
	return w.len && i == w.len;
}

static bool is_fingerprint(struct piece w)
{
	return w.len > strlen(FINGERPRINT) && !memcmp(w.at, FINGERPRINT, strlen(FINGERPRINT));
}

static enum err tail_add(struct known_weak *k, struct piece w, unsigned line)
{
	struct tail *v = array_room(k->tails, k->ntails, &k->tails_size, sizeof *v);
	struct tail t = { .file = (uint16_t)(k->files.n - 1), .line = line };
	size_t len;

	if (!v)
		return ERR_MEMORY;
	k->tails = v;
	if (sodium_hex2bin(t.hash, sizeof t.hash, w.at, w.len, NULL, &len, NULL) || len != sizeof t.hash)
		return ERR_SYNTAX;
	k->tails[k->ntails++] = t;
	return ERR_NONE;
}

static enum err hash_add(struct known_weak *k, const uint8_t hash[PLAIN_SHA256], struct piece note, unsigned line)
{
	struct fingerprint *v = array_room(k->fingerprints, k->nfingerprints, &k->fingerprints_size, sizeof *v);
	struct fingerprint f = { .file = (unsigned)k->files.n - 1, .line = line };

	if (!v)
		return ERR_MEMORY;
	k->fingerprints = v;
	note = trimmed(note);
	if (note.len && !(f.note = strndup(note.at, note.len)))
		return ERR_MEMORY;
	memcpy(f.hash, hash, sizeof f.hash);
	k->fingerprints[k->nfingerprints++] = f;
	return ERR_NONE;
}

static enum err fingerprint_add(struct known_weak *k, struct piece w, struct piece note, unsigned line)
{
	uint8_t hash[PLAIN_SHA256];
	size_t len;

	w.at += strlen(FINGERPRINT);
	w.len -= strlen(FINGERPRINT);
	if (w.len != FINGERPRINT_CHARACTERS || sodium_base642bin(hash, sizeof hash, w.at, w.len, NULL, &len, NULL,
								 sodium_base64_VARIANT_ORIGINAL_NO_PADDING))
		return ERR_SYNTAX;
	return len == sizeof hash ? hash_add(k, hash, note, line) : ERR_SYNTAX;
}

/* A key alone, then one behind options; of a certificate it is the key in it. */
static enum err key_add(struct known_weak *k, struct piece text, unsigned line)
{
	struct piece rest = text;
	struct authorized_keys keys;
	struct public_key key;
	enum err e = public_key_parse_line(text.at, text.len, &key);

	if (!e) {
		(void)word_take(&rest);
		(void)word_take(&rest);
		return fingerprint_add(k, piece_of(key.fingerprint), rest, line);
	}
	if (e == ERR_MEMORY || (e = authorized_keys_parse(text.at, text.len, ANY_RELEASE, &keys)))
		return e;
	e = ERR_SYNTAX;
	if (keys.n == 1)
		e = fingerprint_add(k, piece_of(keys.v[0].key.fingerprint), piece_of(keys.v[0].comment), line);
	authorized_keys_clear(&keys);
	return e;
}

static enum err line_add(struct known_weak *k, struct piece text, unsigned line)
{
	struct piece rest = text, word = word_take(&rest);

	if (!word.len || *word.at == '#')
		return ERR_NONE;
	if (word.len == 2 * TAIL_BYTES && !rest.len)
		return tail_add(k, word, line);
	if (is_number(word))
		word = word_take(&rest);
	if (is_fingerprint(word))
		return fingerprint_add(k, word, rest, line);
	return key_add(k, text, line);
}

static int tail_order(const void *a, const void *b)
{
	return memcmp(((const struct tail *)a)->hash, ((const struct tail *)b)->hash, TAIL_BYTES);
}

static int fingerprint_order(const void *a, const void *b)
{
	return memcmp(((const struct fingerprint *)a)->hash, ((const struct fingerprint *)b)->hash, PLAIN_SHA256);
}

static void lists_sort(struct known_weak *k)
{
	if (k->ntails)
		qsort(k->tails, k->ntails, sizeof *k->tails, tail_order);
	if (k->nfingerprints)
		qsort(k->fingerprints, k->nfingerprints, sizeof *k->fingerprints, fingerprint_order);
}

/* Counts lines, those that could be read, and those that could not. */
struct lines {
	unsigned line;
	size_t good, bad;
};

static enum err lines_add(struct known_weak *k, const char *file, struct piece rest, struct lines *l,
			  struct diags *problems)
{
	enum err e;

	while (rest.len) {
		const char *end = memchr(rest.at, '\n', rest.len);
		struct piece text = { rest.at, end ? (size_t)(end - rest.at) : rest.len };
		size_t before = k->ntails + k->nfingerprints;
		l->line++;
		e = line_add(k, text, l->line);
		if (e == ERR_MEMORY)
			return e;
		l->good += k->ntails + k->nfingerprints - before;
		if (e && l->bad++ < FAULTS_TOLD)
			diag_warning(problems, file, l->line, "this is neither a key nor a fingerprint");
		rest.at += text.len + !!end;
		rest.len -= text.len + !!end;
	}
	return ERR_NONE;
}

enum err known_weak_parse(struct known_weak *k, const char *file, const char *content, size_t len,
			  struct diags *problems)
{
	struct lines l = { 0 };
	enum err e;

	if (k->files.n > UINT16_MAX)
		return ERR_TOO_BIG;
	if ((e = strings_add(&k->files, file)))
		return e;
	e = lines_add(k, file, (struct piece){ content, len }, &l, problems);
	lists_sort(k);
	if (e)
		return e;
	if (l.bad > FAULTS_TOLD)
		diag_warning(problems, file, 0, "%zu more lines are neither a key nor a fingerprint",
			     l.bad - FAULTS_TOLD);
	return l.bad && !l.good ? ERR_SYNTAX : ERR_NONE;
}

enum err known_weak_load(struct known_weak *k, const struct root *r, const char *path, struct diags *problems)
{
	char *content;
	size_t len;
	enum err e;

	if ((e = root_read(r, path, TEXT_MAX, &content, &len)))
		return e;
	e = known_weak_parse(k, path, content, len, problems);
	free(content);
	return e;
}

enum err known_weak_load_debian(struct known_weak *k, const struct root *r, struct diags *problems, size_t *found)
{
	static const char *const patterns[] = { "/usr/share/ssh/blacklist.*-*", "/etc/ssh/blacklist.*-*" };
	struct strings files = { 0 };
	enum err e = ERR_NONE;

	for (size_t i = 0; i < ARRAY_SIZE(patterns) && !e; i++)
		e = root_glob(r, patterns[i], &files);
	for (size_t i = 0; i < files.n && !e; i++)
		e = known_weak_load(k, r, files.v[i], problems);
	if (!e && found)
		*found = files.n;
	strings_free(&files);
	return e;
}

/* Of the key as its owner would show it: a certificate's key alone. */
static enum err md5_tail(const uint8_t *blob, size_t len, uint8_t out[TAIL_BYTES])
{
	uint8_t digest[EVP_MAX_MD_SIZE], *copy = NULL;
	struct plain_key plain;
	unsigned size = 0;
	bool done;

	if (!plain_read(blob, len, ANY_RELEASE, &plain) && plain.certificate) {
		len = plain_length(&plain);
		if (!(copy = malloc(len)))
			return ERR_MEMORY;
		plain_copy(&plain, copy);
		blob = copy;
	}
	done = EVP_Digest(blob, len, digest, &size, EVP_md5(), NULL) == 1 && size == MD5_BYTES;
	free(copy);
	if (!done)
		return ERR_UNSUPPORTED;
	memcpy(out, digest + MD5_BYTES - TAIL_BYTES, TAIL_BYTES);
	return ERR_NONE;
}

static enum err tail_look(const struct known_weak *k, const uint8_t *blob, size_t len, const struct tail **out)
{
	struct tail want = { 0 };
	enum err e;

	*out = NULL;
	if (!k->ntails)
		return ERR_NONE;
	if (!(e = md5_tail(blob, len, want.hash)))
		*out = bsearch(&want, k->tails, k->ntails, sizeof want, tail_order);
	return e;
}

static const struct fingerprint *fingerprint_look(const struct known_weak *k, const char *text)
{
	struct fingerprint want = { 0 };
	size_t len;

	if (!k->nfingerprints || !is_fingerprint(piece_of(text)) ||
	    sodium_base642bin(want.hash, sizeof want.hash, text + strlen(FINGERPRINT), FINGERPRINT_CHARACTERS, NULL,
			      &len, NULL, sodium_base64_VARIANT_ORIGINAL_NO_PADDING))
		return NULL;
	return bsearch(&want, k->fingerprints, k->nfingerprints, sizeof want, fingerprint_order);
}

enum err known_weak_look(const struct known_weak *k, const uint8_t *blob, size_t len, bool *known,
			 struct known_weak_hit *hit)
{
	const struct fingerprint *f;
	const struct tail *t = NULL;
	struct public_key key;
	enum err e;

	if ((e = public_key_parse_blob(blob, len, &key)))
		return e;
	f = fingerprint_look(k, key.fingerprint);
	if (!f && (e = tail_look(k, blob, len, &t)))
		return e;
	if (f)
		*hit = (struct known_weak_hit){ k->files.v[f->file], f->line, f->note ? f->note : "" };
	else if (t)
		*hit = (struct known_weak_hit){ k->files.v[t->file], t->line, "" };
	*known = f || t;
	return ERR_NONE;
}
