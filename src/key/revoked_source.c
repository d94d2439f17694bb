/* SPDX-License-Identifier: GPL-3.0-or-later */
/* revoked_source.c - reads a file of what is to be revoked. */
#include "key/revoked_source.h"
#include "base/array.h"
#include "base/number.h"
#include "key/certificate.h"
#include "key/plain.h"
#include "key/public.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

/* A release that has every type: what is revoked does not depend on what this sshd still knows. */
#define ALL_TYPES 902
#define BLANKS " \t"
#define SHOWN 60 /* bytes of a wrong value */

struct parser {
	const char *file;
	unsigned line;
	struct revoked_sources *into;
	size_t before; /* entries of other files */
	bool entry;    /* an indented line has something to belong to */
	bool skipped;  /* and that is an entry with a mistake, of which enough was said */
	char *ca_value;
	struct source_blob ca;
	bool ca_known, ca_wrong;
	struct diags *problems;
};

static void source_clear(struct revoked_source *s)
{
	free(s->file);
	free(s->blob.at);
	free(s->ca.at);
	free(s->id);
	free(s->value);
	free(s->ca_value);
	free(s->reason);
	free(s->by);
	*s = (struct revoked_source){ 0 };
}

static void sources_cut(struct revoked_sources *l, size_t n)
{
	while (l->n > n)
		source_clear(&l->v[--l->n]);
}

void revoked_sources_clear(struct revoked_sources *l)
{
	sources_cut(l, 0);
	free(l->v);
	*l = (struct revoked_sources){ 0 };
}

static enum err blob_set(struct source_blob *b, const void *bytes, size_t len)
{
	uint8_t *copy = malloc(len + 1);

	if (!copy)
		return ERR_MEMORY;
	if (len)
		memcpy(copy, bytes, len);
	*b = (struct source_blob){ copy, len };
	return ERR_NONE;
}

/* What is wrong with a value, and what is wanted. ERR_SYNTAX, or ERR_MEMORY. */
static enum err refuse(struct parser *p, const char *word, const char *value, const char *wants)
{
	struct text shown = { 0 };
	size_t len = strlen(value);
	enum err e;

	text_add_escaped(&shown, value, len > SHOWN ? SHOWN : len);
	if ((e = text_check(&shown)) == ERR_NONE)
		diag_error(p->problems, p->file, p->line, "%s is '%s%s': wants %s", word, text_string(&shown),
			   len > SHOWN ? "..." : "", wants);
	text_free(&shown);
	return e ? e : ERR_SYNTAX;
}

/* ---- values ---- */

static const char *key_wanted(enum err e)
{
	return e == ERR_RANGE ? "an RSA key of 1024 bits or more: sshd takes no other, also where nobody revokes it"
	       : e == ERR_SIGNATURE ? "a certificate that its CA has signed"
				    : "a public key, TYPE BASE64 [COMMENT], of a type that OpenSSH has";
}

/* The key in a line, plain; also of a certificate. */
static enum err plain_take(const struct public_key_line *l, struct source_blob *out)
{
	struct plain_key k;
	uint8_t *copy;
	enum err e = plain_read(l->blob, l->blob_len, ALL_TYPES, &k);

	if (e)
		return e;
	if (!(copy = malloc(plain_length(&k))))
		return ERR_MEMORY;
	plain_copy(&k, copy);
	*out = (struct source_blob){ copy, plain_length(&k) };
	return ERR_NONE;
}

static enum err key_take(struct parser *p, const char *word, const char *value, struct source_blob *out)
{
	struct public_key_line l = { 0 };
	enum err e = public_key_decode_line(value, strlen(value), ALL_TYPES, &l);

	if (e == ERR_NONE && certificate_is_type(l.key.type))
		e = refuse(p, word, value, "a plain key, no certificate");
	else if (e == ERR_NONE)
		e = plain_take(&l, out);
	else if (e != ERR_MEMORY)
		e = refuse(p, word, value, key_wanted(e));
	public_key_line_clear(&l);
	return e;
}

static enum err key_read(struct parser *p, struct revoked_source *s)
{
	return key_take(p, "key", s->value, &s->blob);
}

static enum err hash_of_key(struct parser *p, struct revoked_source *s, const char *word)
{
	uint8_t hash[PLAIN_SHA256];
	struct source_blob key = { 0 };
	struct plain_key k;
	enum err e;

	if ((e = key_take(p, word, s->value, &key)))
		return e;
	e = plain_read(key.at, key.len, ALL_TYPES, &k);
	if (e == ERR_NONE && s->kind == SOURCE_SHA1)
		e = plain_sha1(&k, hash);
	else if (e == ERR_NONE)
		plain_sha256(&k, hash);
	if (e == ERR_UNSUPPORTED)
		e = refuse(p, word, s->value, "SHA-1, which this system does not have");
	if (e == ERR_NONE)
		e = blob_set(&s->blob, hash, s->kind == SOURCE_SHA1 ? PLAIN_SHA1 : PLAIN_SHA256);
	free(key.at);
	return e;
}

static enum err sha256_read(struct parser *p, struct revoked_source *s)
{
	return hash_of_key(p, s, "sha256");
}

static enum err sha1_read(struct parser *p, struct revoked_source *s)
{
	s->kind = SOURCE_SHA1;
	return hash_of_key(p, s, "sha1");
}

static enum err hash_read(struct parser *p, struct revoked_source *s)
{
	static const char sha256[] = "SHA256:", sha1[] = "SHA1:";
	uint8_t hash[PLAIN_SHA256];
	size_t len = 0, head = sizeof sha256 - 1, digits = strlen(s->value);
	const char *end = NULL;

	if (strncmp(s->value, sha256, head) == 0) {
		while (digits > head && s->value[digits - 1] == '=') /* ssh-keygen writes none, other programs one */
			digits--;
		if (!sodium_base642bin(hash, sizeof hash, s->value + head, digits - head, NULL, &len, &end,
				       sodium_base64_VARIANT_ORIGINAL_NO_PADDING) &&
		    len == PLAIN_SHA256 && end == s->value + digits)
			return blob_set(&s->blob, hash, len);
	} else if (strncmp(s->value, sha1, head = sizeof sha1 - 1) == 0) {
		s->kind = SOURCE_SHA1;
		if (!sodium_hex2bin(hash, sizeof hash, s->value + head, digits - head, NULL, &len, &end) &&
		    len == PLAIN_SHA1 && end == s->value + digits)
			return blob_set(&s->blob, hash, len);
	}
	return refuse(p, "hash", s->value,
		      "SHA256: and 43 characters of base64, as ssh-keygen -l shows it, or SHA1: and 40 digits");
}

/* A list that names a CA of a type which sshd does not have is one that it cannot read: it would refuse every key of everybody. */
static const char *ca_wanted(const char *type)
{
	return strncmp(type, "ssh-dss", 7) == 0
		       ? "a CA that is not DSA: OpenSSH 10 has no DSA and could not read the list"
		       : NULL;
}

static enum err certificate_read(struct parser *p, struct revoked_source *s)
{
	struct public_key_line l = { 0 }, ca = { 0 };
	struct certificate c = { 0 };
	enum err e = public_key_decode_line(s->value, strlen(s->value), ALL_TYPES, &l);

	if (e && e != ERR_MEMORY)
		e = refuse(p, "certificate", s->value, key_wanted(e));
	else if (e == ERR_NONE && !certificate_is_type(l.key.type))
		e = refuse(p, "certificate", s->value, "a certificate; a plain key goes behind 'key:'");
	if (e || (e = certificate_parse(l.blob, l.blob_len, &c)))
		goto out;
	if (ca_wanted(c.ca_key.type)) {
		e = refuse(p, "certificate", s->value, ca_wanted(c.ca_key.type));
		goto out;
	}
	ca.blob = c.ca;
	ca.blob_len = c.ca_len;
	s->first = s->final = c.serial;
	if (!(s->id = strdup(c.key_id)))
		e = ERR_MEMORY;
	else if ((e = plain_take(&ca, &s->ca)) == ERR_NONE)
		e = blob_set(&s->blob, l.blob, l.blob_len);
out:
	certificate_clear(&c);
	public_key_line_clear(&l);
	return e;
}

/* Serials and key ids are about the CA of the last such line. */
static enum err ca_take(struct parser *p, const char *word, struct revoked_source *s)
{
	if (!p->ca_known) {
		if (!p->ca_wrong)
			diag_error(p->problems, p->file, p->line,
				   "%s stands below no 'ca:' line: wants one with the key of the CA, or 'ca: any'",
				   word);
		return ERR_SYNTAX;
	}
	if (!(s->ca_value = strdup(p->ca_value)))
		return ERR_MEMORY;
	return blob_set(&s->ca, p->ca.at, p->ca.len);
}

static enum err serial_read(struct parser *p, struct revoked_source *s)
{
	static const char wants[] =
		"a serial from 1 to 18446744073709551615, or two with a '-' between them, the smaller first";
	const char *dash = strchr(s->value, '-');
	char *first = dash ? strndup(s->value, (size_t)(dash - s->value)) : strdup(s->value);
	enum err e;

	if (!first)
		return ERR_MEMORY;
	e = number_parse(first, 1, UINT64_MAX, &s->first);
	s->final = s->first;
	if (e == ERR_NONE && dash)
		e = number_parse(dash + 1, s->first, UINT64_MAX, &s->final);
	free(first);
	return e ? refuse(p, "serial", s->value, wants) : ca_take(p, "serial", s);
}

static int hex_value(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, c | 0x20) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* In place. A NUL is in no key id that sshd reads. */
static bool unescape(char *s)
{
	char *to = s;

	while (*s) {
		int high, low;

		if (*s != '\\') {
			*to++ = *s++;
		} else if (s[1] == '\\') {
			*to++ = '\\';
			s += 2;
		} else if (s[1] == 'x' && (high = hex_value(s[2])) >= 0 && (low = hex_value(s[3])) >= 0 &&
			   (high || low)) {
			*to++ = (char)(high << 4 | low);
			s += 4;
		} else {
			return false;
		}
	}
	*to = '\0';
	return true;
}

static enum err id_read(struct parser *p, struct revoked_source *s)
{
	if (!(s->id = strdup(s->value)))
		return ERR_MEMORY;
	if (!unescape(s->id))
		return refuse(p, "id", s->value, "a backslash as \\\\, and \\xNN only for a byte that is not 0");
	return ca_take(p, "id", s);
}

/* ---- lines ---- */

static const struct word {
	const char *word;
	enum source_kind kind;
	enum err (*read)(struct parser *p, struct revoked_source *s);
} words[] = {
	{ "key", SOURCE_KEY, key_read },      { "certificate", SOURCE_CERTIFICATE, certificate_read },
	{ "hash", SOURCE_SHA256, hash_read }, { "sha256", SOURCE_SHA256, sha256_read },
	{ "sha1", SOURCE_SHA1, sha1_read },   { "serial", SOURCE_SERIAL, serial_read },
	{ "id", SOURCE_KEY_ID, id_read },
};

static enum err ca_line(struct parser *p, const char *value)
{
	struct source_blob ca = { 0 };
	char *copy;
	enum err e = ERR_NONE;

	p->entry = p->ca_known = false;
	p->ca_wrong = true;
	if (ca_wanted(value))
		return refuse(p, "ca", value, ca_wanted(value));
	if (strcmp(value, "any") != 0 && (e = key_take(p, "ca", value, &ca)))
		return e;
	if (!(copy = strdup(value))) {
		free(ca.at);
		return ERR_MEMORY;
	}
	free(p->ca_value);
	free(p->ca.at);
	p->ca_value = copy;
	p->ca = ca;
	p->ca_known = true;
	return ERR_NONE;
}

static enum err entry_line(struct parser *p, const struct word *w, const char *value)
{
	struct revoked_source s = { .kind = w->kind, .line = p->line, .last = p->line };
	enum err e = ERR_MEMORY;

	p->entry = p->skipped = true;
	s.file = strdup(p->file);
	s.value = strdup(value);
	if (s.file && s.value && (e = w->read(p, &s)) == ERR_NONE) {
		struct revoked_source *v = array_room(p->into->v, p->into->n, &p->into->size, sizeof *v);

		if (v) {
			p->into->v = v;
			v[p->into->n++] = s;
			p->skipped = false;
			return ERR_NONE;
		}
		e = ERR_MEMORY;
	}
	source_clear(&s);
	return e;
}

static enum err date_set(struct parser *p, const char *word, const char *value, time_t *out)
{
	time_t t;

	if (date_parse(value, &t) || t <= 0)
		return refuse(p, word, value, "a date such as 2027-01-31 or 2027-01-31T12:00:00Z");
	*out = t;
	return ERR_NONE;
}

static enum err attribute_set(struct parser *p, const char *word, const char *value)
{
	struct revoked_source *s = &p->into->v[p->into->n - 1];
	const struct {
		const char *word;
		char **text;
		time_t *date;
	} all[] = { { "reason", &s->reason, NULL },
		    { "by", &s->by, NULL },
		    { "added", NULL, &s->added },
		    { "until", NULL, &s->until } };

	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		if (strcmp(word, all[i].word) != 0)
			continue;
		if (all[i].text ? *all[i].text != NULL : *all[i].date != 0) {
			diag_error(p->problems, p->file, p->line, "'%s:' stands twice below one entry: wants it once",
				   word);
			return ERR_SYNTAX;
		}
		s->last = p->line;
		if (all[i].date)
			return date_set(p, word, value, all[i].date);
		return (*all[i].text = strdup(value)) ? ERR_NONE : ERR_MEMORY;
	}
	return refuse(p, "the word of an indented line", word, "reason, by, added or until");
}

static enum err indented_line(struct parser *p, const char *word, const char *value)
{
	if (!p->entry || !p->into->v) {
		diag_error(p->problems, p->file, p->line,
			   "'%s:' is indented and below no entry: wants a key, a serial or the like above it", word);
		return ERR_SYNTAX;
	}
	return p->skipped ? ERR_NONE : attribute_set(p, word, value);
}

/* "word: value", apart; both end in a NUL. */
static enum err word_line(struct parser *p, char *line, bool indented)
{
	static const char wants[] =
		"a line such as 'key: TYPE BASE64', with one of key, certificate, hash, sha256, sha1, ca, serial, id";
	char *colon = strchr(line, ':'), *value, *end;

	if (!colon)
		return refuse(p, "this line", line, indented ? "'reason: TEXT' or the like" : wants);
	*colon = '\0';
	value = colon + 1 + strspn(colon + 1, BLANKS);
	for (end = value + strlen(value); end > value && strchr(BLANKS, end[-1]); end--)
		;
	*end = '\0';
	if (strcspn(line, BLANKS) != strlen(line)) {
		*colon = ':';
		return refuse(p, "this line", line, indented ? "'reason: TEXT' or the like" : wants);
	}
	if (!*value) {
		diag_error(p->problems, p->file, p->line, "nothing stands behind '%s:': wants a value", line);
		p->entry = p->entry || !indented;
		p->skipped = p->skipped || !indented;
		return ERR_SYNTAX;
	}
	if (indented)
		return indented_line(p, line, value);
	if (strcmp(line, "ca") == 0)
		return ca_line(p, value);
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strcmp(line, words[i].word) == 0)
			return entry_line(p, &words[i], value);
	p->entry = p->skipped = true;
	return refuse(p, "the first word", line, wants);
}

static bool has_control(const char *line, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (((unsigned char)line[i] < 0x20 && line[i] != '\t') || line[i] == 0x7f)
			return true;
	return false;
}

static enum err one_line(struct parser *p, const char *at, size_t len)
{
	size_t blanks = 0;
	char *line;
	enum err e;

	if (len && at[len - 1] == '\r')
		len--;
	if (has_control(at, len)) {
		diag_error(p->problems, p->file, p->line, "this line has a control character: wants plain text");
		p->entry = p->skipped = true;
		return ERR_SYNTAX;
	}
	while (blanks < len && strchr(BLANKS, at[blanks]))
		blanks++;
	if (blanks == len || at[blanks] == '#')
		return ERR_NONE;
	if (!(line = strndup(at + blanks, len - blanks)))
		return ERR_MEMORY;
	e = word_line(p, line, blanks > 0);
	free(line);
	return e;
}

enum err revoked_sources_parse(const char *content, size_t len, const char *file, struct revoked_sources *into,
			       struct diags *problems)
{
	struct parser p = { .file = file, .into = into, .before = into->n, .problems = problems };
	enum err e = ERR_NONE;
	bool wrong = false;

	while (len && e != ERR_MEMORY) {
		const char *end = memchr(content, '\n', len);
		size_t n = end ? (size_t)(end - content) : len;

		p.line++;
		e = one_line(&p, content, n);
		wrong = wrong || e;
		n += end != NULL;
		content += n;
		len -= n;
	}
	free(p.ca_value);
	free(p.ca.at);
	if (wrong)
		sources_cut(into, p.before);
	return e == ERR_MEMORY ? e : wrong ? ERR_CONFIG : ERR_NONE;
}

/* ---- questions ---- */

static bool blob_equal(const struct source_blob *a, const struct source_blob *b)
{
	return a->len == b->len && (!a->len || !memcmp(a->at, b->at, a->len));
}

bool revoked_source_equal(const struct revoked_source *a, const struct revoked_source *b)
{
	if (a->kind != b->kind || !blob_equal(&a->blob, &b->blob))
		return false;
	if (a->kind == SOURCE_SERIAL || a->kind == SOURCE_KEY_ID)
		return blob_equal(&a->ca, &b->ca) && a->first == b->first && a->final == b->final &&
		       (a->kind == SOURCE_SERIAL || strcmp(a->id, b->id) == 0);
	return true;
}

bool revoked_source_is_name(const char *name)
{
	size_t len = strlen(name), end = strlen(REVOKED_SUFFIX);

	return name[0] != '.' && len > end && strcmp(name + len - end, REVOKED_SUFFIX) == 0;
}

bool revoked_source_expired(const struct revoked_source *s, time_t now)
{
	return s->until && s->until < now;
}
