/* SPDX-License-Identifier: GPL-3.0-or-later */
/* pull.c - the steps between a source and a list that may be put in place; verified first, read afterwards. */
#include "fetch/pull.h"

#include "fetch/https.h"
#include "fetch/signed.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

/* Sets *why, and returns e or ERR_MEMORY. */
static enum err because(char **why, enum err e, const char *format, ...) FORMAT(3, 4);

static enum err because(char **why, enum err e, const char *format, ...)
{
	struct text t = { 0 };
	va_list ap;

	va_start(ap, format);
	text_addv(&t, format, ap);
	va_end(ap);
	free(*why);
	*why = text_take(&t);
	return *why ? e : ERR_MEMORY;
}

void pulled_clear(struct pulled *p)
{
	free(p->content);
	*p = (struct pulled){ 0 };
}

static enum err read_file(const struct root *r, const char *path, size_t max, char **content, size_t *len, char **why)
{
	enum err e = root_read(r, path, max, content, len);

	if (!e || e == ERR_MEMORY)
		return e;
	if (e == ERR_TOO_BIG)
		return because(why, e, "'%s' is larger than %zu bytes", path, max);
	return because(why, e, "'%s' cannot be read: %s", path, err_text(e));
}

static enum err get(const struct root *r, const struct source *s, const char *suffix, size_t max, char **content,
		    size_t *len, char **why)
{
	struct text from = { 0 };
	enum err e;

	text_add(&from, "%s%s", s->from, suffix);
	if ((e = text_check(&from)))
		return e;
	if (from.s[0] == '/') {
		e = read_file(r, from.s, max, content, len, why);
	} else {
		const struct https_request q = {
			.url = from.s, .ca_file = s->ca_file, .max = max, .seconds = s->seconds
		};
		char *said = NULL;

		e = https_get(&q, content, len, &said);
		if (e && e != ERR_MEMORY)
			e = because(why, e, "'%s' cannot be fetched: %s", from.s, said ? said : err_text(e));
		free(said);
	}
	text_free(&from);
	return e;
}

static enum err check_signed(const struct source *s, const struct pulled *p, const char *signature,
			     size_t signature_len, char **why)
{
	char *said = NULL;
	enum err e = signed_check(s, p->content, p->len, signature, signature_len, &said);

	if (e == ERR_SIGNATURE)
		e = because(why, e, "its signature does not hold: %s", said);
	else if (e == ERR_NOT_FOUND)
		e = because(why, e, "its signature could not be checked: there is no ssh-keygen");
	else if (e && e != ERR_MEMORY)
		e = because(why, e, "its signature could not be checked: %s", err_text(e));
	free(said);
	return e;
}

static enum err read_header(const struct source *s, struct pulled *p, char **why)
{
	unsigned line = 0;
	enum err e = header_parse(p->content, p->len, &p->header, &line);

	if (e == ERR_NOT_FOUND)
		return because(why, e, "it has no version: wants a line '# version N' above the first entry");
	if (e)
		return because(why, e,
			       "its line %u is no version or date, or the second one: wants '# version N' and '# date "
			       "2026-11-29T12:00:00Z'",
			       line);
	if (s->max_age && !p->header.date)
		return because(why, ERR_NOT_FOUND,
			       "MaxAge is set, and it has no date: wants a line '# date 2026-11-29T12:00:00Z'");
	return ERR_NONE;
}

enum err pull(const struct root *r, const struct source *s, struct pulled *out, char **why)
{
	struct pulled p = { 0 };
	char *signature = NULL;
	size_t signature_len = 0;
	enum err e;

	*why = NULL;
	if ((e = get(r, s, "", (size_t)s->max_bytes, &p.content, &p.len, why)) ||
	    (e = get(r, s, ".sig", SIGNATURE_MAX, &signature, &signature_len, why)) ||
	    (e = check_signed(s, &p, signature, signature_len, why)) || (e = read_header(s, &p, why)))
		pulled_clear(&p);
	else
		*out = p;
	free(signature);
	return e;
}

const char *pull_signed_part(const char *old, size_t old_len, size_t *len)
{
	const char *newline;

	if (old_len < strlen(PULLED_MARK) || memcmp(old, PULLED_MARK, strlen(PULLED_MARK)) != 0 ||
	    !(newline = memchr(old, '\n', old_len)))
		return NULL;
	*len = old_len - (size_t)(newline + 1 - old);
	return newline + 1;
}

enum pull_verdict pull_compare(const struct pulled *p, const char *old, size_t old_len, uint64_t *in_place)
{
	struct header h;
	unsigned line;
	size_t len = 0;
	const char *text = old ? pull_signed_part(old, old_len, &len) : NULL;

	*in_place = 0;
	if (!old)
		return PULL_NEWER;
	if (!text)
		return PULL_FOREIGN;
	if (len == p->len && !memcmp(text, p->content, len)) {
		*in_place = p->header.version;
		return PULL_SAME;
	}
	/* somebody spoilt it: the signed one puts that right */
	if (header_parse(text, len, &h, &line))
		return PULL_NEWER;
	*in_place = h.version;
	return p->header.version > h.version ? PULL_NEWER : p->header.version < h.version ? PULL_OLDER : PULL_REUSED;
}

bool pull_stale(const struct source *s, const struct header *h, time_t now)
{
	return s->max_age && h->date + (time_t)s->max_age < now;
}

enum err pull_format(const struct source *s, const struct pulled *p, struct text *out)
{
	text_add_string(out, PULLED_MARK " from ");
	text_add_escaped(out, s->from, strlen(s->from));
	text_add_string(out, ", which writes it anew: put entries of your own into another file\n");
	text_add_bytes(out, p->content, p->len);
	return text_check(out);
}
