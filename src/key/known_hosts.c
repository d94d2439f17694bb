/* SPDX-License-Identifier: GPL-3.0-or-later */
/* known_hosts.c - reads known_hosts line by line, and tells which lines are about a host. */
#include "key/known_hosts.h"

#include "base/array.h"
#include "base/text.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define HASHED "|1|"
#define HASH_SIZE 20	     /* SHA-1, for the salt as well */
#define HASH_BASE64 28	     /* characters of it */
#define PATTERN_MAX 1022     /* ssh takes nothing of a list with a longer one */
#define SALT_BASE64_MAX 1024 /* ssh refuses more */

struct word {
	const char *at;
	size_t len;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static void blanks_skip(struct word *rest)
{
	for (; rest->len && is_blank(*rest->at); rest->len--)
		rest->at++;
}

static struct word word_take(struct word *rest)
{
	struct word w = { .at = rest->at };

	while (w.len < rest->len && !is_blank(w.at[w.len]))
		w.len++;
	rest->at += w.len;
	rest->len -= w.len;
	blanks_skip(rest);
	return w;
}

static bool word_is(struct word w, const char *s)
{
	return w.len == strlen(s) && !memcmp(w.at, s, w.len);
}

/* "|1|SALT|": where the salt is; false if ssh could not use it. */
static bool salt_read(const char *names, uint8_t salt[HASH_SIZE])
{
	const char *at = names + strlen(HASHED), *bar;
	size_t len;

	if (strncmp(names, HASHED, strlen(HASHED)) != 0 || !(bar = strchr(at, '|')) || bar - at > SALT_BASE64_MAX)
		return false;
	return !sodium_base642bin(salt, HASH_SIZE, at, (size_t)(bar - at), "\r\n\v\f", &len, NULL,
				  sodium_base64_VARIANT_ORIGINAL) &&
	       len == HASH_SIZE;
}

static void base64_put(const uint8_t bytes[HASH_SIZE], char out[HASH_BASE64 + 1])
{
	sodium_bin2base64(out, HASH_BASE64 + 1, bytes, HASH_SIZE, sodium_base64_VARIANT_ORIGINAL);
}

/* ssh hashes the name with the salt of the line and compares the texts, so another spelling of the same hash is no match. */
static bool hashed_is(const char *names, const char *name)
{
	char text[sizeof HASHED + HASH_BASE64 + 1 + HASH_BASE64], *at = text + strlen(HASHED);
	uint8_t salt[HASH_SIZE], hash[EVP_MAX_MD_SIZE];
	unsigned size = 0;

	if (!salt_read(names, salt) ||
	    !HMAC(EVP_sha1(), salt, HASH_SIZE, (const uint8_t *)name, strlen(name), hash, &size) || size != HASH_SIZE)
		return false;
	memcpy(text, HASHED, strlen(HASHED));
	base64_put(salt, at);
	at[HASH_BASE64] = '|';
	base64_put(hash, at + HASH_BASE64 + 1);
	return !strcmp(text, names);
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* '*' and '?'; the pattern's capitals are small ones. */
static bool pattern_hits(const char *p, size_t len, const char *s)
{
	const char *end = p + len, *star = NULL, *back = NULL;

	while (*s) {
		if (p < end && *p == '*') {
			star = ++p;
			back = s;
		} else if (p < end && (*p == '?' || lower(*p) == *s)) {
			p++;
			s++;
		} else if (star) {
			p = star;
			s = ++back;
		} else {
			return false;
		}
	}
	while (p < end && *p == '*')
		p++;
	return p == end;
}

/* One that hits and none behind a '!' that does. */
static bool list_hits(const char *list, const char *name)
{
	bool hit = false;

	for (size_t len; *list; list += len + (list[len] == ',')) {
		bool negated = *list == '!';

		len = strcspn(list, ",");
		if (len - negated > PATTERN_MAX)
			return false;
		if (!pattern_hits(list + negated, len - negated, name))
			continue;
		if (negated)
			return false;
		hit = true;
	}
	return hit;
}

bool known_host_is(const struct known_host *h, const char *name)
{
	return *h->names == '|' ? hashed_is(h->names, name) : list_hits(h->names, name);
}

const struct known_host *known_hosts_next(const struct known_hosts *k, const char *name, const struct known_host *after)
{
	for (size_t i = after ? (size_t)(after - k->v) + 1 : 0; i < k->n; i++)
		if (known_host_is(&k->v[i], name))
			return &k->v[i];
	return NULL;
}

enum err known_hosts_name(const char *host, unsigned port, char **out)
{
	struct text t = { 0 };
	char *name;

	if (port == 22)
		text_add_string(&t, host);
	else
		text_add(&t, "[%s]:%u", host, port);
	if (!(name = text_take(&t)))
		return ERR_MEMORY;
	for (char *c = name; *c; c++)
		*c = lower(*c);
	*out = name;
	return ERR_NONE;
}

/* Reading */

struct parsing {
	struct known_hosts *into;
	size_t size, faults_size;
	unsigned line, release;
};

static enum err fault(struct parsing *p, const char *why)
{
	struct known_hosts *k = p->into;
	struct known_hosts_fault *v = array_room(k->faults, k->nfaults, &p->faults_size, sizeof *v);

	if (!v)
		return ERR_MEMORY;
	k->faults = v;
	k->faults[k->nfaults++] = (struct known_hosts_fault){ p->line, why };
	return ERR_NONE;
}

static enum err host_add(struct parsing *p, enum known_host_kind kind, struct word names, struct public_key_line *key)
{
	struct known_hosts *k = p->into;
	struct known_host *v = array_room(k->v, k->n, &p->size, sizeof *v);
	char *copy = v ? strndup(names.at, names.len) : NULL;

	if (v)
		k->v = v;
	if (!copy)
		return ERR_MEMORY;
	k->v[k->n++] = (struct known_host){ p->line, kind, copy, *key }; /* the key is the list's now */
	return ERR_NONE;
}

static const char *key_fault(enum err e)
{
	return e == ERR_UNSUPPORTED ? "no type of key that this ssh has"
	       : e == ERR_RANGE	    ? "an RSA key of a size that ssh does not take"
				    : "no key";
}

/* ssh looks for a blank first, and for a tab only in a line without any: "@revoked", a tab and names are no marker. */
static struct word marker_word(struct word *rest)
{
	const char *end = memchr(rest->at, ' ', rest->len);
	struct word w = { .at = rest->at };

	if (!end)
		end = memchr(rest->at, '\t', rest->len);
	w.len = end ? (size_t)(end - rest->at) : rest->len;
	rest->at += w.len;
	rest->len -= w.len;
	blanks_skip(rest);
	return w;
}

/* NULL: fine. There may be one. */
static const char *marker_take(struct word *rest, enum known_host_kind *kind)
{
	struct word marker;

	if (!rest->len || *rest->at != '@')
		return NULL;
	marker = marker_word(rest);
	if (word_is(marker, "@cert-authority"))
		*kind = KNOWN_HOST_CA;
	else if (word_is(marker, "@revoked"))
		*kind = KNOWN_HOST_REVOKED;
	else
		return "no marker that ssh has";
	return rest->len && *rest->at == '@' ? "more than one marker" : NULL;
}

static bool names_are_usable(struct word names)
{
	char head[sizeof HASHED + SALT_BASE64_MAX + 1] = "";
	uint8_t salt[HASH_SIZE];

	if (*names.at != '|')
		return true;
	memcpy(head, names.at, names.len < sizeof head ? names.len : sizeof head - 1);
	return salt_read(head, salt);
}

static enum err line_read(struct parsing *p, struct word rest)
{
	enum known_host_kind kind = KNOWN_HOST_KEY;
	struct public_key_line key = { 0 };
	struct word names;
	const char *why;
	enum err e;

	blanks_skip(&rest);
	if (!rest.len || *rest.at == '#')
		return ERR_NONE;
	if ((why = marker_take(&rest, &kind)))
		return fault(p, why);
	names = word_take(&rest);
	if (!names.len || !rest.len || *rest.at == '#')
		return fault(p, "no key behind the names");
	if (!names_are_usable(names))
		return fault(p, "no hash of a name that ssh can use");
	if ((e = public_key_decode_line(rest.at, rest.len, p->release, &key)))
		return e == ERR_MEMORY ? e : fault(p, key_fault(e));
	if ((e = host_add(p, kind, names, &key)))
		public_key_line_clear(&key);
	return e;
}

enum err known_hosts_parse(const char *content, size_t len, unsigned release, struct known_hosts *out)
{
	struct known_hosts k = { 0 };
	struct parsing p = { .into = &k, .release = release };
	enum err e = ERR_NONE;

	while (len && !e) {
		const char *end = memchr(content, '\n', len);
		size_t line = end ? (size_t)(end - content) : len, whole = line + !!end;

		p.line++;
		e = line_read(&p, (struct word){ content, strnlen(content, line) });
		content += whole;
		len -= whole;
	}
	if (e)
		known_hosts_clear(&k);
	else
		*out = k;
	return e;
}

void known_hosts_clear(struct known_hosts *k)
{
	for (size_t i = 0; i < k->n; i++) {
		free(k->v[i].names);
		public_key_line_clear(&k->v[i].key);
	}
	free(k->v);
	free(k->faults);
	*k = (struct known_hosts){ 0 };
}
