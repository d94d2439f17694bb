/* SPDX-License-Identifier: GPL-3.0-or-later */
/* authorized.c - which lines of authorized_keys and of a file of principals sshd can use, and what they say. */
#include "key/authorized.h"

#include "key/certificate.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define SINCE_ANY_LENGTH 708
#define OLD_LINE_MAX 8191 /* with the line feed; sshd before 7.8 skips what is longer */

/* A line up to its first NUL, where sshd stops reading; 'full' counts what stands in the file, the line feed too. */
struct line {
	const char *s;
	size_t len, full;
	unsigned number;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Room for one more behind n; sizes double, so n alone says when it is full. NULL: no memory, the array stays. */
static void *grow(void *array, size_t n, size_t size)
{
	if (n & (n - 1))
		return array;
	if (n > SIZE_MAX / 2 / size)
		return NULL;
	return realloc(array, (n ? 2 * n : 1) * size);
}

static enum err fault_add(struct authorized_fault **v, size_t *n, unsigned line, const char *why)
{
	struct authorized_fault *bigger = grow(*v, *n, sizeof **v);
	char *copy;

	if (!bigger)
		return ERR_MEMORY;
	*v = bigger;
	if (!(copy = strdup(why)))
		return ERR_MEMORY;
	(*v)[(*n)++] = (struct authorized_fault){ .line = line, .why = copy };
	return ERR_NONE;
}

static void faults_clear(struct authorized_fault *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(v[i].why);
	free(v);
}

static bool line_next(const char **at, size_t *left, struct line *l)
{
	const char *end;

	if (!*left)
		return false;
	end = memchr(*at, '\n', *left);
	l->s = *at;
	l->full = end ? (size_t)(end - *at) + 1 : *left;
	l->len = strnlen(*at, l->full - !!end);
	l->number++;
	*at += l->full;
	*left -= l->full;
	while (l->len && is_blank(*l->s)) {
		l->s++;
		l->len--;
	}
	return true;
}

/* A CR alone is no key for sshd either. */
static bool line_empty(const struct line *l)
{
	return !l->len || *l->s == '#' || (l->len == 1 && *l->s == '\r');
}

/* The end of the options: the first blank outside of quotes. False where the last quote is not closed. */
static bool options_end(const char *s, size_t len, size_t *end)
{
	bool quoted = false;
	size_t i;

	for (i = 0; i < len && (quoted || !is_blank(s[i])); i++) {
		if (s[i] == '\\' && i + 1 < len && s[i + 1] == '"')
			i++;
		else if (s[i] == '"')
			quoted = !quoted;
	}
	*end = i < len ? i : len;
	return i < len || !quoted;
}

static const char *key_fault(enum err e)
{
	switch (e) {
	case ERR_UNSUPPORTED: return "there is no key of a type that this sshd knows";
	case ERR_RANGE: return "an RSA key must have 1024 to 16384 bits";
	case ERR_SIGNATURE: return "the signature of a certificate does not hold";
	default: return "the key is damaged";
	}
}

/* As sshd tries it: a key at once, else a key behind options. */
static enum err key_find(const struct line *l, unsigned release, struct public_key_line *key, size_t *options,
			 const char **why)
{
	enum err e, first;
	size_t at;

	*options = 0;
	first = e = public_key_decode_line(l->s, l->len, release, key);
	if (!e || e == ERR_MEMORY)
		return e;
	*why = "a closing quote is missing";
	if (!options_end(l->s, l->len, &at))
		return ERR_SYNTAX;
	*options = at;
	while (at < l->len && is_blank(l->s[at]))
		at++;
	if (!(e = public_key_decode_line(l->s + at, l->len - at, release, key)) || e == ERR_MEMORY)
		return e;
	/* the type word was there: what is wrong with that key, not with one behind it */
	*why = key_fault(first == ERR_UNSUPPORTED ? e : first);
	return ERR_SYNTAX;
}

/* What sshd checks once the key is the one that is offered: no login can use such a line. */
static const char *line_contradiction(const struct authorized_options *o, const struct public_key *k)
{
	if (o->has_principals && !o->cert_authority)
		return "'principals' needs 'cert-authority'";
	if (certificate_is_type(k->type))
		return "a certificate cannot be listed, its CA or its key can";
	return NULL;
}

static enum err key_parse(const struct line *l, unsigned release, struct authorized_key *k, const char **why)
{
	struct public_key_line key = { 0 };
	struct authorized_options o;
	size_t options;
	enum err e;

	*why = "the line is longer than this sshd reads";
	if (release < SINCE_ANY_LENGTH && l->full > OLD_LINE_MAX)
		return ERR_SYNTAX;
	if ((e = key_find(l, release, &key, &options, why)))
		return e;
	if ((e = authorized_options_parse(l->s, options ? l->len : 0, release, &o, why)))
		goto out;
	if ((*why = line_contradiction(&o, &key.key))) {
		authorized_options_clear(&o);
		e = ERR_SYNTAX;
		goto out;
	}
	*k = (struct authorized_key){
		.line = l->number,
		.options = o,
		.key = key.key,
		.blob = key.blob,
		.blob_len = key.blob_len,
		.comment = key.comment,
	};
	return ERR_NONE;
out:
	public_key_line_clear(&key);
	return e;
}

static enum err key_line(const struct line *l, unsigned release, struct authorized_keys *keys)
{
	struct authorized_key *bigger;
	const char *why;
	enum err e;

	if (line_empty(l))
		return ERR_NONE;
	if (!(bigger = grow(keys->v, keys->n, sizeof *bigger)))
		return ERR_MEMORY;
	keys->v = bigger;
	e = key_parse(l, release, &keys->v[keys->n], &why);
	if (!e)
		keys->n++;
	else if (e != ERR_MEMORY)
		e = fault_add(&keys->faults, &keys->nfaults, l->number, why);
	return e;
}

enum err authorized_keys_parse(const char *content, size_t len, unsigned release, struct authorized_keys *out)
{
	struct authorized_keys keys = { 0 };
	struct line l = { 0 };
	enum err e;

	while (line_next(&content, &len, &l))
		if ((e = key_line(&l, release, &keys))) {
			authorized_keys_clear(&keys);
			return e;
		}
	*out = keys;
	return ERR_NONE;
}

void authorized_keys_clear(struct authorized_keys *k)
{
	for (size_t i = 0; i < k->n; i++) {
		authorized_options_clear(&k->v[i].options);
		free(k->v[i].blob);
		free(k->v[i].comment);
	}
	free(k->v);
	faults_clear(k->faults, k->nfaults);
	*k = (struct authorized_keys){ 0 };
}

/* Behind the last c; 0 if there is none. */
static size_t after_last(const char *s, size_t len, char c)
{
	while (len && s[len - 1] != c)
		len--;
	return len;
}

/* sshd looks for the last blank, and for the last tab only where there is none. */
static size_t name_start(const char *s, size_t len)
{
	size_t at = after_last(s, len, ' ');

	if (!at)
		at = after_last(s, len, '\t');
	while (at < len && is_blank(s[at]))
		at++;
	return at;
}

static enum err principal_parse(const struct line *l, size_t len, unsigned release, struct authorized_principal *p,
				const char **why)
{
	struct authorized_options o;
	size_t name = name_start(l->s, len);
	enum err e;

	*why = "sshd takes the carriage return for a part of the name";
	if (l->s[len - 1] == '\r')
		return ERR_SYNTAX;
	/* sshd does not care where the options end, as long as they do */
	if ((e = authorized_options_parse(l->s, name ? len : 0, release, &o, why)))
		return e;
	*p = (struct authorized_principal){ .line = l->number, .name = strndup(l->s + name, len - name), .options = o };
	if (p->name)
		return ERR_NONE;
	authorized_options_clear(&p->options);
	return ERR_MEMORY;
}

static enum err principal_line(const struct line *l, unsigned release, struct authorized_principals *list)
{
	const char *comment = memchr(l->s, '#', l->len);
	size_t len = comment ? (size_t)(comment - l->s) : l->len;
	struct authorized_principal *bigger;
	const char *why;
	enum err e;

	while (len && is_blank(l->s[len - 1]))
		len--;
	if (!len)
		return ERR_NONE;
	if (!(bigger = grow(list->v, list->n, sizeof *bigger)))
		return ERR_MEMORY;
	list->v = bigger;
	e = principal_parse(l, len, release, &list->v[list->n], &why);
	if (!e)
		list->n++;
	else if (e != ERR_MEMORY)
		e = fault_add(&list->faults, &list->nfaults, l->number, why);
	return e;
}

enum err authorized_principals_parse(const char *content, size_t len, unsigned release,
				     struct authorized_principals *out)
{
	struct authorized_principals list = { 0 };
	struct line l = { 0 };
	enum err e;

	while (line_next(&content, &len, &l))
		if ((e = principal_line(&l, release, &list))) {
			authorized_principals_clear(&list);
			return e;
		}
	*out = list;
	return ERR_NONE;
}

void authorized_principals_clear(struct authorized_principals *p)
{
	for (size_t i = 0; i < p->n; i++) {
		authorized_options_clear(&p->v[i].options);
		free(p->v[i].name);
	}
	free(p->v);
	faults_clear(p->faults, p->nfaults);
	*p = (struct authorized_principals){ 0 };
}
