/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sources.c - read revoked-sources.conf: one table of what may stand in it. */
#include "fetch/sources.h"

#include "base/nearest.h"
#include "base/number.h"
#include "key/public.h"
#include "sshd/lexer.h"
#include "sshd/version.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/banned.h"

#define FILE_MAX (256u << 10)
#define KEYS_MAX 8 /* of one source: the old one and the new one, and room */
#define HTTPS "https://"
/* What other commands write is called so. */
#define ADDED "local"
#define IMPORTED "imported"

/* One file while it is read. */
struct reading {
	struct sources *s;
	struct diags *problems;
	const char *file;
	unsigned line;
	unsigned seen; /* bits of the rows that the source has */
};

/* ---- values: ERR_SYNTAX or ERR_RANGE is not what is wanted, ERR_TOO_BIG one too many, ERR_MEMORY ---- */

static bool is_plain_text(const char *value)
{
	for (const char *p = value; *p; p++)
		if ((unsigned char)*p <= ' ' || *p == '\177')
			return false;
	return *value != '\0';
}

static bool is_path(const char *value)
{
	for (const char *p = value; *p; p++)
		if ((unsigned char)*p < ' ' || *p == '\177')
			return false;
	return *value == '/';
}

static enum err text_set(char **to, const char *value)
{
	char *copy = strdup(value);

	if (!copy)
		return ERR_MEMORY;
	free(*to);
	*to = copy;
	return ERR_NONE;
}

/* Names in front of "@" would be sent to whoever answers, and stand in the log. */
static bool is_https(const char *value)
{
	size_t scheme = strlen(HTTPS), host;

	if (strncasecmp(value, HTTPS, scheme) != 0 || !is_plain_text(value))
		return false;
	host = strcspn(value + scheme, "/?#");
	return host > 0 && !memchr(value + scheme, '@', host);
}

static enum err set_from(struct source *s, const struct strings *args)
{
	return args->n == 1 && (is_https(args->v[0]) || is_path(args->v[0])) ? text_set(&s->from, args->v[0])
									     : ERR_SYNTAX;
}

static enum err add_key(struct source *s, const struct strings *args)
{
	struct public_key key;
	struct text line = { 0 };
	enum err e;

	if (args->n < 2)
		return ERR_SYNTAX;
	text_add(&line, "%s %s", args->v[0], args->v[1]);
	if ((e = text_check(&line)) == ERR_NONE && (e = public_key_parse_line(line.s, line.len, &key)) == ERR_NONE)
		e = !key.bits ? ERR_SYNTAX : s->keys.n == KEYS_MAX ? ERR_TOO_BIG : strings_add(&s->keys, line.s);
	text_free(&line);
	return e == ERR_MEMORY || e == ERR_TOO_BIG ? e : e ? ERR_SYNTAX : ERR_NONE;
}

static enum err set_signed_by(struct source *s, const struct strings *args)
{
	enum err e;

	if (!args->n || args->v[0][0] != '/')
		return s->signers ? ERR_TOO_BIG : add_key(s, args);
	if (s->keys.n || s->signers)
		return ERR_TOO_BIG;
	if (args->n != 2 || !is_path(args->v[0]) || !is_plain_text(args->v[1]) || args->v[1][0] == '-')
		return ERR_SYNTAX;
	if ((e = text_set(&s->signers, args->v[0])))
		return e;
	return text_set(&s->signer, args->v[1]);
}

static enum err set_namespace(struct source *s, const struct strings *args)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@._-";
	size_t len = args->n == 1 ? strspn(args->v[0], letters) : 0;

	return len && len <= 200 && !args->v[0][len] && args->v[0][0] != '-' ? text_set(&s->name_space, args->v[0])
									     : ERR_SYNTAX;
}

static enum err set_ca_file(struct source *s, const struct strings *args)
{
	return args->n == 1 && is_path(args->v[0]) ? text_set(&s->ca_file, args->v[0]) : ERR_SYNTAX;
}

static enum err seconds_read(const struct strings *args, uint64_t min, uint64_t max, uint64_t *out)
{
	uint64_t n;
	enum err e = args->n == 1 ? duration_parse(args->v[0], &n) : ERR_SYNTAX;

	if (!e && (n < min || n > max))
		e = ERR_RANGE;
	if (!e)
		*out = n;
	return e;
}

static enum err set_max_age(struct source *s, const struct strings *args)
{
	return seconds_read(args, 60, 10 * 366 * 86400, &s->max_age);
}

static enum err set_timeout(struct source *s, const struct strings *args)
{
	return seconds_read(args, 1, 600, &s->seconds);
}

/* "65536", "64K", "8M" */
static enum err set_max_size(struct source *s, const struct strings *args)
{
	char digits[16];
	size_t len = args->n == 1 ? strlen(args->v[0]) : 0;
	unsigned shift = len && strchr("Kk", args->v[0][len - 1])   ? 10
			 : len && strchr("Mm", args->v[0][len - 1]) ? 20
								    : 0;
	uint64_t n;
	enum err e;

	if (shift)
		len--;
	if (!len || len >= sizeof digits)
		return ERR_SYNTAX;
	memcpy(digits, args->v[0], len);
	digits[len] = '\0';
	if ((e = number_parse(digits, 1, SOURCE_BYTES_MAX, &n)))
		return e;
	if ((n << shift) < 1024 || (n << shift) > SOURCE_BYTES_MAX)
		return ERR_RANGE;
	s->max_bytes = n << shift;
	return ERR_NONE;
}

static const struct row {
	const char *name;
	enum err (*set)(struct source *s, const struct strings *args);
	bool repeats;
	const char *wants;
} rows[] = {
	{ "From", set_from, false, "an https:// address without a name in front of the host, or an absolute path" },
	{ "SignedBy", set_signed_by, true,
	  "up to 8 public keys, each on a line of its own, or an allowed signers file and who in it" },
	{ "Namespace", set_namespace, false, "a word of letters, digits and @._-" },
	{ "CAFile", set_ca_file, false, "an absolute path" },
	{ "MaxAge", set_max_age, false, "a time from 1m to 10 years such as 7d" },
	{ "MaxSize", set_max_size, false, "bytes from 1K to 8M" },
	{ "Timeout", set_timeout, false, "a time from 1s to 10m" },
};

/* ---- lines ---- */

static void source_clear(struct source *s)
{
	free(s->name);
	free(s->from);
	strings_free(&s->keys);
	free(s->signers);
	free(s->signer);
	free(s->name_space);
	free(s->ca_file);
}

void sources_clear(struct sources *s)
{
	for (size_t i = 0; i < s->n; i++)
		source_clear(&s->v[i]);
	free(s->v);
	strings_free(&s->keep);
	*s = (struct sources){ 0 };
}

static struct source *current(const struct reading *r)
{
	return r->s->n ? &r->s->v[r->s->n - 1] : NULL;
}

static bool name_fits(const char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
	size_t len = strspn(name, letters);

	return len > 0 && len <= SOURCE_NAME_MAX && !name[len] && !strchr(".-", name[0]) &&
	       strcasecmp(name, ADDED) != 0 && strcasecmp(name, IMPORTED) != 0;
}

static void source_finish(const struct reading *r)
{
	const struct source *s = current(r);

	if (s && !s->from)
		diag_error_escaped(r->problems, r->file, s->line, "the source '%s' has no From: wants %s", s->name,
				   rows[0].wants);
	if (s && !s->keys.n && !s->signers)
		diag_error_escaped(r->problems, r->file, s->line, "the source '%s' has no SignedBy: wants %s", s->name,
				   rows[1].wants);
}

static enum err source_start(struct reading *r, const struct strings *args)
{
	struct source *more, s = { .line = r->line, .max_bytes = 1u << 20, .seconds = 30 };

	source_finish(r);
	r->seen = 0;
	if (args->n != 1 || !name_fits(args->v[0])) {
		diag_error_escaped(
			r->problems, r->file, r->line,
			"Source is '%s': wants one name of letters, digits and -_. that begins with a letter or digit, and is "
			"neither " ADDED " nor " IMPORTED,
			args->n ? args->v[0] : "");
		return ERR_NONE;
	}
	for (size_t i = 0; i < r->s->n; i++)
		if (strcasecmp(r->s->v[i].name, args->v[0]) == 0)
			diag_error_escaped(r->problems, r->file, r->line, "Source '%s' is there already, in line %u",
					   args->v[0], r->s->v[i].line);
	if (r->s->n == SOURCES_MAX) {
		diag_error_escaped(r->problems, r->file, r->line, "Source '%s' is one too many: there may be %d",
				   args->v[0], SOURCES_MAX);
		return ERR_NONE;
	}
	more = reallocarray(r->s->v, r->s->n + 1, sizeof *more);
	if (!more)
		return ERR_MEMORY;
	r->s->v = more;
	s.name = strdup(args->v[0]);
	s.name_space = strdup(SOURCE_NAMESPACE);
	if (!s.name || !s.name_space) {
		source_clear(&s);
		return ERR_MEMORY;
	}
	more[r->s->n++] = s;
	return ERR_NONE;
}

static enum err keep_add(struct reading *r, const struct strings *args)
{
	if (r->s->n)
		diag_error_escaped(r->problems, r->file, r->line,
				   "Keep is about all sources: wants to stand above the first Source");
	if (!args->n)
		diag_error_escaped(r->problems, r->file, r->line,
				   "Keep has no value: wants accounts such as anna or anna@192.0.2.1");
	return strings_copy(&r->s->keep, args);
}

static const char *const names[] = { "Source", "Keep",	 "From",    "SignedBy", "Namespace",
				     "CAFile", "MaxAge", "MaxSize", "Timeout",	NULL };

static enum err row_set(struct reading *r, size_t i, const struct strings *args)
{
	struct text shown = { 0 };
	struct source *s = current(r);
	enum err e;

	if (!s) {
		diag_error_escaped(r->problems, r->file, r->line,
				   "%s stands above the first Source: wants to stand below the one that it is about",
				   rows[i].name);
		return ERR_NONE;
	}
	if (!rows[i].repeats && r->seen & 1u << i) {
		diag_error_escaped(r->problems, r->file, r->line, "%s is set twice for the source '%s'", rows[i].name,
				   s->name);
		return ERR_NONE;
	}
	r->seen |= 1u << i;
	e = rows[i].set(s, args);
	if (!e || e == ERR_MEMORY)
		return e;
	strings_join(args, " ", &shown);
	diag_error_escaped(r->problems, r->file, r->line, "%s is '%s'%s: wants %s", rows[i].name, text_string(&shown),
			   e == ERR_TOO_BIG ? ", one too many" : "", rows[i].wants);
	text_free(&shown);
	return ERR_NONE;
}

static enum err keyword_read(struct reading *r, const struct lexer_line *l)
{
	const char *near;

	if (strcasecmp(l->keyword, "Source") == 0)
		return source_start(r, &l->args);
	if (strcasecmp(l->keyword, "Keep") == 0)
		return keep_add(r, &l->args);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (strcasecmp(l->keyword, rows[i].name) == 0)
			return row_set(r, i, &l->args);
	near = nearest_word(l->keyword, names);
	diag_error_escaped(r->problems, r->file, r->line, "there is no setting '%s'%s%s%s", l->keyword,
			   near ? ": did you mean '" : "", near ? near : "", near ? "'?" : "");
	return ERR_NONE;
}

static enum err line_read(struct reading *r, const char *line, size_t len)
{
	struct lexer_line l = { 0 };
	enum err e;

	if (memchr(line, '\0', len)) {
		diag_error_escaped(r->problems, r->file, r->line, "there is a NUL in this line: wants text");
		return ERR_NONE;
	}
	if ((e = lexer_read(line, len, SSHD_NEWEST, &l)))
		return e;
	if (l.kind == LEXER_OPEN_QUOTE)
		diag_error_escaped(r->problems, r->file, r->line, "a quote has no end");
	else if (l.kind != LEXER_BLANK)
		e = keyword_read(r, &l);
	lexer_clear(&l);
	return e;
}

enum err sources_parse(const char *content, size_t len, const char *name, struct sources *out, struct diags *problems)
{
	const char *end = content + len;
	struct sources s = { 0 };
	struct reading r = { .s = &s, .problems = problems, .file = name };
	size_t before = problems->errors;
	enum err e = ERR_NONE;

	if (len > FILE_MAX) {
		diag_error_escaped(r.problems, r.file, 0, "it is larger than %u KiB", FILE_MAX >> 10);
		return ERR_CONFIG;
	}
	while (content < end && !e) {
		const char *newline = memchr(content, '\n', (size_t)(end - content)), *stop = newline ? newline : end;

		r.line++;
		e = line_read(&r, content, (size_t)(stop - content));
		content = stop + 1;
	}
	source_finish(&r);
	if (!e && problems->errors > before)
		e = ERR_CONFIG;
	if (e)
		sources_clear(&s);
	else
		*out = s;
	return e;
}

enum err sources_load(const struct root *r, const char *path, struct sources *out, struct diags *problems)
{
	char *content = NULL;
	size_t len = 0;
	enum err e = root_read(r, path, FILE_MAX, &content, &len);

	if (!e)
		e = sources_parse(content, len, path, out, problems);
	free(content);
	return e;
}
