/* SPDX-License-Identifier: GPL-3.0-or-later */
/* place.c - collect from rules and keys what tells addresses apart. */
#include "sshd/place.h"

#include "sshd/pattern.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

/* --- lists --- */

void places_free(struct places *l)
{
	for (size_t i = 0; i < l->n; i++) {
		free(l->v[i].item);
		free(l->v[i].rule);
	}
	free(l->v);
	*l = (struct places){ 0 };
}

static bool is_network(const char *item)
{
	struct network n;

	return network_parse(item, &n) != ERR_SYNTAX;
}

static enum err places_add(struct places *l, const char *item, size_t len, const char *rule)
{
	struct place p = { .item = strndup(item, len), .rule = strdup(rule) };

	if (l->n == l->size) {
		size_t size = l->size ? l->size * 2 : 16;
		struct place *v = reallocarray(l->v, size, sizeof *v);

		if (v) {
			l->v = v;
			l->size = size;
		}
	}
	if (!p.item || !p.rule || l->n == l->size) {
		free(p.item);
		free(p.rule);
		return ERR_MEMORY;
	}
	p.on_interface = strchr(p.item, '%') && is_network(p.item);
	p.by_name = p.item[strspn(p.item, "*")] && !is_network(p.item);
	l->v[l->n++] = p;
	return ERR_NONE;
}

enum err places_of_list(const char *list, const char *rule, struct places *out)
{
	enum err e = ERR_NONE;

	while (*list && !e) {
		size_t len;
		list += *list == '!';
		len = strcspn(list, ",");
		if (len)
			e = places_add(out, list, len, rule);
		list += len + (list[len] == ',');
	}
	return e;
}

/* --- rules --- */

static void add_escaped(struct text *out, const char *s)
{
	text_add_escaped(out, s, strlen(s));
}

/* "AllowUsers anna@10.0.0.0/8 (FILE:LINE)" */
static enum err rule_text(const char *keyword, const char *value, const char *file, unsigned line, struct text *out)
{
	add_escaped(out, keyword);
	text_add_string(out, " ");
	add_escaped(out, value);
	text_add_string(out, " (");
	add_escaped(out, file);
	text_add(out, ":%u)", line);
	return text_check(out);
}

static enum err list_add(const char *list, const char *keyword, const char *value, const char *file, unsigned line,
			 struct places *out)
{
	struct text rule = { 0 };
	enum err e = rule_text(keyword, value, file, line, &rule);

	if (!e)
		e = places_of_list(list, text_string(&rule), out);
	text_free(&rule);
	return e;
}

/* One word of AllowUsers or DenyUsers, if its user part fits. */
static enum err word_add(const struct sshd_line *l, const char *word, const char *user, struct places *out)
{
	const char *at = strrchr(word, '@');
	char *pattern;
	bool fits;

	if (!at)
		return ERR_NONE;
	pattern = strndup(word, (size_t)(at - word));
	if (!pattern)
		return ERR_MEMORY;
	fits = !user || pattern_match(user, pattern);
	free(pattern);
	return fits ? list_add(at + 1, l->keyword->name, word, l->file, l->line, out) : ERR_NONE;
}

static enum err words_add(const struct sshd_config *c, enum sshd_keyword_id id, const char *user, struct places *out)
{
	const struct sshd_line **lines = NULL;
	size_t n = 0;
	enum err e = sshd_lines_of(c, id, &lines, &n);

	for (size_t i = 0; i < n && !e; i++)
		for (size_t j = 0; j < lines[i]->args.n && !e; j++)
			e = word_add(lines[i], lines[i]->args.v[j], user, out);
	free(lines);
	return e;
}

static enum err match_add(const struct sshd_match *m, struct places *out)
{
	enum err e = ERR_NONE;

	for (size_t i = 0; i < m->ncriteria && !e; i++) {
		const struct sshd_criterion *c = &m->criteria[i];
		if (c->kind == CRITERION_ADDRESS)
			e = list_add(c->pattern, "Match Address", c->pattern, m->file, m->line, out);
		else if (c->kind == CRITERION_HOST)
			e = list_add(c->pattern, "Match Host", c->pattern, m->file, m->line, out);
	}
	return e;
}

enum err places_of_config(const struct sshd_config *c, const char *user, struct places *out)
{
	enum err e = words_add(c, KW_DENYUSERS, user, out);

	if (!e)
		e = words_add(c, KW_ALLOWUSERS, user, out);
	for (size_t i = 0; i < c->nmatches && !e; i++)
		e = match_add(c->matches[i], out);
	return e;
}

enum err places_of_credentials(const struct credentials *from, struct places *out)
{
	enum err e = ERR_NONE;

	for (size_t i = 0; i < from->n && !e; i++) {
		const struct credential *c = &from->v[i];
		const char *list = c->key ? c->key->options.from : NULL;
		if (list)
			e = list_add(list, "from=", list, c->file, c->line, out);
	}
	return e;
}

/* --- addresses --- */

enum err place_find(const struct place *p, size_t limit, struct wildcard *out)
{
	struct wildcard w = {
		{ .family = AF_INET }, { .family = AF_INET6 }, { .family = AF_INET }, { .family = AF_INET6 }
	};
	struct network n;
	struct range r;
	char *lower;
	enum err e = network_parse(p->item, &n);

	if (e == ERR_NONE) {
		r = network_range(&n);
		if ((e = ranges_add(n.family == AF_INET ? &w.v4 : &w.v6, r.first, r.last)))
			return e;
		*out = w;
		return ERR_NONE;
	}
	/* a network that sshd refuses or that holds on one interface only is no text either */
	if (e == ERR_RANGE) {
		*out = w;
		return ERR_NONE;
	}
	/* in most places names are compared in lower case, and no address is written in upper case */
	lower = strdup(p->item);
	if (!lower)
		return ERR_MEMORY;
	for (char *s = lower; *s; s++)
		*s = (char)tolower((unsigned char)*s);
	e = wildcard_find(lower, limit, out);
	free(lower);
	return e;
}
