/* SPDX-License-Identifier: GPL-3.0-or-later */
/* match.c - Match lines: their criteria from text, by the rules of each release. */
#include "sshd/match.h"

#include "sshd/pattern.h"
#include "sshd/value.h"
#include "sshd/version.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/banned.h"

/* Until 9.8 the line was cut at "=" too; 9.9 took words as they are; 10.0 knows "user=" again. */
#define SHELL_LIKE SSHD_RELEASE(9, 9)
#define EQUALS_AGAIN SSHD_RELEASE(10, 0)
#define COMMENTS SSHD_RELEASE(8, 7)

static const struct criterion_name {
	const char *name;
	enum sshd_criterion_kind kind;
	unsigned since;
	bool alone; /* takes no pattern */
} names[] = {
	{ "all", CRITERION_ALL, 0, true },
	{ "user", CRITERION_USER, 0, false },
	{ "group", CRITERION_GROUP, 0, false },
	{ "host", CRITERION_HOST, 0, false },
	{ "address", CRITERION_ADDRESS, 0, false },
	{ "localaddress", CRITERION_LOCAL_ADDRESS, 0, false },
	{ "localport", CRITERION_LOCAL_PORT, 0, false },
	{ "rdomain", CRITERION_RDOMAIN, SSHD_RELEASE(7, 7), false },
	{ "invalid-user", CRITERION_INVALID_USER, SSHD_RELEASE(9, 9), true },
	{ "version", CRITERION_VERSION, SSHD_RELEASE(10, 0), false },
};

static const struct criterion_name *criterion_find(const char *word, size_t len, unsigned release)
{
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strlen(names[i].name) == len && !strncasecmp(word, names[i].name, len) && release >= names[i].since)
			return &names[i];
	return NULL;
}

/* Where the words of a Match line come from: old rules on the raw text, or the arguments. */
struct source {
	unsigned release;
	char *at;
	const struct strings *args;
	size_t next;
};

static const char *source_next(struct source *s)
{
	const char *word;

	if (s->release >= SHELL_LIKE)
		return s->next < s->args->n ? s->args->v[s->next++] : NULL;
	word = lexer_word(&s->at);
	if (!word || !*word || (*word == '#' && s->release >= COMMENTS))
		return NULL;
	return word;
}

static enum err refuse(struct text *why, const char *format, const char *value)
{
	struct text shown = { 0 };
	size_t len = strnlen(value, 201);

	text_add_escaped(&shown, value, len > 200 ? 200 : len);
	text_add(why, format, text_string(&shown));
	text_free(&shown);
	return text_check(why) ? ERR_MEMORY : ERR_SYNTAX;
}

static enum err pattern_check(const struct criterion_name *name, const char *pattern, struct text *why)
{
	unsigned port;

	switch (name->kind) {
	case CRITERION_ADDRESS:
	case CRITERION_LOCAL_ADDRESS:
		if (pattern_list_match_addr(NULL, pattern))
			return refuse(why,
				      "Match has the address list '%s': wants no empty item, and networks whose length "
				      "fits and whose host bits are zero",
				      pattern);
		break;
	case CRITERION_LOCAL_PORT:
		if (!value_port(pattern, &port))
			return refuse(why, "Match has the port '%s': wants one port from 1 to 65535", pattern);
		break;
	default: break;
	}
	return ERR_NONE;
}

/* The patch level of a release is not known here: "p1" is the usual one. */
static bool version_hits(unsigned release, const char *pattern)
{
	struct text t = { 0 };
	bool hit;

	text_add(&t, "OpenSSH_%u.%up1", release / 100, release % 100);
	hit = pattern_list_match(text_string(&t), pattern, false) == 1;
	text_free(&t);
	return hit;
}

static enum err criterion_add(struct sshd_match *m, enum sshd_criterion_kind kind, const char *pattern,
			      unsigned release)
{
	struct sshd_criterion new = { .kind = kind }, *v;

	/* a power of two, or none: full */
	if (!(m->ncriteria & (m->ncriteria - 1))) {
		v = reallocarray(m->criteria, m->ncriteria ? m->ncriteria * 2 : 1, sizeof *v);
		if (!v)
			return ERR_MEMORY;
		m->criteria = v;
	}
	if (pattern) {
		new.pattern = strdup(pattern);
		if (!new.pattern)
			return ERR_MEMORY;
		new.hit = kind == CRITERION_VERSION &&version_hits(release, pattern);
	}
	m->criteria[m->ncriteria++] = new;
	return ERR_NONE;
}

/* One criterion: its word has been read, its pattern may follow. */
static enum err criterion_read(struct source *s, const char *word, struct sshd_match *m, struct text *why)
{
	const char *equals = s->release >= EQUALS_AGAIN ? strchr(word, '=') : NULL, *pattern = NULL;
	size_t len = equals ? (size_t)(equals - word) : strlen(word);
	const struct criterion_name *name = criterion_find(word, len, s->release);
	enum err e;

	if (!name || (equals && name->alone))
		return refuse(
			why,
			"Match has the criterion '%s', which this sshd does not know: wants all, User, Group, Host, "
			"Address, LocalAddress, LocalPort or RDomain",
			word);
	if (name->alone)
		return criterion_add(m, name->kind, NULL, s->release);
	pattern = equals ? equals + 1 : source_next(s);
	if (!pattern || !*pattern || *pattern == '#')
		return refuse(why, "Match has no pattern behind '%s'", name->name);
	if ((e = pattern_check(name, pattern, why)))
		return e;
	return criterion_add(m, name->kind, pattern, s->release);
}

static bool has_all(const struct sshd_match *m)
{
	for (size_t i = 0; i < m->ncriteria; i++)
		if (m->criteria[i].kind == CRITERION_ALL)
			return true;
	return false;
}

/* Whether sshd's first reading, which knows no connection, takes the block as on. */
static bool on_at_start(const struct sshd_match *m)
{
	for (size_t i = 0; i < m->ncriteria; i++)
		if (m->criteria[i].kind != CRITERION_ALL && !m->criteria[i].hit)
			return false;
	return true;
}

enum err match_parse(const struct lexer_line *line, unsigned release, struct sshd_match *out, struct text *why)
{
	char *copy = strdup(line->rest);
	struct source s = { .release = release, .at = copy, .args = &line->args };
	struct sshd_match m = { 0 };
	const char *word;
	enum err e = copy ? ERR_NONE : ERR_MEMORY;

	while (!e && (word = source_next(&s)))
		e = criterion_read(&s, word, &m, why);
	if (!e && !m.ncriteria)
		e = refuse(why, "Match has no criterion: wants all, or User, Address ... with a pattern%s", "");
	if (!e && has_all(&m) && m.ncriteria > 1)
		e = refuse(why, "Match has other criteria beside all: wants it alone%s", "");
	free(copy);
	if (e) {
		while (m.ncriteria)
			free(m.criteria[--m.ncriteria].pattern);
		free(m.criteria);
		return e;
	}
	out->criteria = m.criteria;
	out->ncriteria = m.ncriteria;
	out->at_start = on_at_start(&m);
	return ERR_NONE;
}

void match_free(struct sshd_match *m)
{
	if (!m)
		return;
	for (size_t i = 0; i < m->ncriteria; i++)
		free(m->criteria[i].pattern);
	free(m->criteria);
	free(m);
}
