/* SPDX-License-Identifier: GPL-3.0-or-later */
/* words.c - names are found by hash, patterns one after another; of all that hit, the first in the file counts. */
#include "sshd/words.h"

#include "sshd/hash.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

struct word {
	struct pattern_user pattern;
	const struct sshd_line *line;
	const char *text;
	struct word *next, *last; /* the same name further down; of the first one also the last of them */
};

struct words {
	struct word *v;
	size_t n;
	struct hash names;	  /* the first word of each name without wildcards */
	const struct word **wild; /* the others, in order */
	size_t nwild;
	const struct sshd_line **lines;
	size_t nlines;
};

static uint64_t name_key(const struct pattern_text *name)
{
	return hash_bytes(HASH_START, name->s, name->len);
}

static enum err name_add(struct words *w, struct word *word)
{
	const struct pattern_text *name = &word->pattern.name;
	struct word *first;

	for (size_t at = 0; (first = hash_next(&w->names, name_key(name), &at));)
		if (first->pattern.name.len == name->len && !memcmp(first->pattern.name.s, name->s, name->len)) {
			first->last->next = word;
			first->last = word;
			return ERR_NONE;
		}
	word->last = word;
	return hash_add(&w->names, name_key(name), word);
}

typedef enum err (*word_compile)(const char *text, struct pattern_user *out);

static enum err group_compile(const char *text, struct pattern_user *out)
{
	pattern_text_compile(text, strlen(text), &out->name);
	return ERR_NONE;
}

static enum err word_add(struct words *w, const struct sshd_line *line, const char *text, word_compile compile)
{
	struct word *word = &w->v[w->n++];
	enum err e = compile(text, &word->pattern);

	if (e)
		return e;
	word->line = line;
	word->text = text;
	if (word->pattern.name.kind == PATTERN_LITERAL)
		return name_add(w, word);
	w->wild[w->nwild++] = word;
	return ERR_NONE;
}

static enum err words_new(const struct sshd_value *from, word_compile compile, struct words **out)
{
	struct words *w = calloc(1, sizeof *w);
	size_t n = 0;
	enum err e = ERR_NONE;

	if (!w)
		return ERR_MEMORY;
	for (size_t i = 0; i < from->nby; i++)
		n += from->by[i]->args.n;
	w->v = calloc(n + 1, sizeof *w->v);
	w->wild = calloc(n + 1, sizeof(*w->wild));
	w->lines = calloc(from->nby + 1, sizeof(*w->lines));
	if (!w->v || !w->wild || !w->lines)
		e = ERR_MEMORY;
	for (size_t i = 0; i < from->nby && !e; i++) {
		const struct sshd_line *line = w->lines[w->nlines++] = from->by[i];
		for (size_t k = 0; k < line->args.n && !e; k++)
			e = word_add(w, line, line->args.v[k], compile);
	}
	if (e) {
		words_free(w);
		return e;
	}
	*out = w;
	return ERR_NONE;
}

enum err words_users_new(const struct sshd_value *v, struct words **out)
{
	return words_new(v, pattern_user_compile, out);
}

enum err words_groups_new(const struct sshd_value *v, struct words **out)
{
	return words_new(v, group_compile, out);
}

void words_free(struct words *w)
{
	if (!w)
		return;
	for (size_t i = 0; i < w->n; i++)
		pattern_user_clear(&w->v[i].pattern);
	hash_free(&w->names);
	free(w->v);
	free(w->wild);
	free(w->lines);
	free(w);
}

bool words_made_of(const struct words *w, const struct sshd_value *v)
{
	return w->nlines == v->nby && !memcmp(w->lines, v->by, v->nby * sizeof(*v->by));
}

/* The first word of this very name that hits, or NULL. */
static const struct word *named(const struct words *w, const char *name, uint64_t key, const struct pattern_from *from)
{
	const struct word *word;

	for (size_t at = 0; (word = hash_next(&w->names, key, &at));) {
		if (!pattern_text_match(&word->pattern.name, name))
			continue;
		while (word && pattern_user_match(&word->pattern, name, from) != 1)
			word = word->next;
		return word;
	}
	return NULL;
}

/* The earlier of 'best' (NULL: none) and the first pattern that hits. */
static const struct word *earlier(const struct words *w, const struct word *best, const char *name,
				  const struct pattern_from *from)
{
	for (size_t i = 0; i < w->nwild && (!best || w->wild[i] < best); i++)
		if (pattern_user_match(&w->wild[i]->pattern, name, from) == 1)
			return w->wild[i];
	return best;
}

static struct words_hit hit_of(const struct word *word)
{
	return word ? (struct words_hit){ word->line, word->text } : (struct words_hit){ 0 };
}

struct words_hit words_find_user(const struct words *w, const char *user, uint64_t key, const struct pattern_from *from)
{
	return hit_of(earlier(w, named(w, user, key, from), user, from));
}

struct words_hit words_find_group(const struct words *w, const struct strings *groups)
{
	const struct word *best = NULL, *word;

	for (size_t i = 0; i < groups->n; i++) {
		word = named(w, groups->v[i], hash_text(HASH_START, groups->v[i]), NULL);
		if (word && (!best || word < best))
			best = word;
		best = earlier(w, best, groups->v[i], NULL);
	}
	return hit_of(best);
}
