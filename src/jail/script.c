/* SPDX-License-Identifier: GPL-3.0-or-later */
/* script.c - "#!" as the kernel reads it, and the words of env(1) behind it. */
#include "jail/script.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

/* Options of env that have a word of their own as their value. */
static const char *const with_value[] = { "-u", "--unset", "-C", "--chdir" };

bool script_begins(const void *bytes, size_t len)
{
	return len >= 2 && memcmp(bytes, "#!", 2) == 0;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

struct words {
	const char *at;
	size_t left;
};

static bool word_next(struct words *w, const char **word, size_t *len)
{
	size_t n = 0;

	while (w->left && is_blank(*w->at)) {
		w->at++;
		w->left--;
	}
	while (n < w->left && !is_blank(w->at[n]))
		n++;
	*word = w->at;
	*len = n;
	w->at += n;
	w->left -= n;
	return n != 0;
}

static bool word_is(const char *word, size_t len, const char *text)
{
	return strlen(text) == len && memcmp(word, text, len) == 0;
}

static bool word_begins(const char *word, size_t len, const char *text)
{
	return strlen(text) <= len && memcmp(word, text, strlen(text)) == 0;
}

/* "-S" and what it may be written together with ("-vS", "-iS"): the rest of the line is words. */
static bool splits(const char *word, size_t len, size_t *used)
{
	static const char split[] = "--split-string";

	if (word_begins(word, len, split)) {
		*used = sizeof split - 1 + (len > sizeof split - 1);
		return len == sizeof split - 1 || word[sizeof split - 1] == '=';
	}
	if (len < 2 || word[0] != '-' || word[1] == '-')
		return false;
	for (size_t i = 1; i < len; i++) {
		if (word[i] == 'S') {
			*used = i + 1;
			return true;
		}
		if (word[i] != 'v' && word[i] != 'i' && word[i] != '0')
			break;
	}
	return false;
}

static enum err word_copy(const char *word, size_t len, char **out)
{
	return (*out = strndup(word, len)) ? ERR_NONE : ERR_MEMORY;
}

/* The kernel hands env all of it as one argument: only -S makes words of it. *program stays NULL: it cannot be told. */
static enum err env_program(const char *argument, size_t len, char **program)
{
	struct words w = { argument, len };
	const char *word = NULL;
	size_t n, used;

	if (!word_next(&w, &word, &n))
		return ERR_NONE;
	if (!splits(word, n, &used))
		return word[0] == '-' || memchr(word, '=', n) ? ERR_NONE : word_copy(argument, len, program);
	w.at = word + used;
	w.left = (size_t)(argument + len - w.at);
	while (word_next(&w, &word, &n)) {
		bool takes = false;

		if (word[0] != '-' && !memchr(word, '=', n))
			return word_copy(word, n, program);
		for (size_t i = 0; i < sizeof with_value / sizeof with_value[0]; i++)
			takes = takes || word_is(word, n, with_value[i]);
		if (takes)
			(void)word_next(&w, &word, &n);
	}
	return ERR_NONE;
}

static bool is_env(const char *path)
{
	const char *slash = strrchr(path, '/');

	return strcmp(slash ? slash + 1 : path, "env") == 0;
}

enum err script_parse(const char *bytes, size_t len, struct script *out)
{
	const size_t limit = len < SCRIPT_LINE ? len : SCRIPT_LINE;
	struct script s = { 0 };
	struct words w;
	const char *word, *end;
	size_t n;

	if (!script_begins(bytes, limit))
		return ERR_SYNTAX;
	end = memchr(bytes, '\n', limit);
	w = (struct words){ bytes + 2, (size_t)((end ? end : bytes + limit) - bytes) - 2 };
	while (w.left && is_blank(w.at[w.left - 1]))
		w.left--;
	/* what the limit cuts off would be another program */
	if (!word_next(&w, &word, &n) || memchr(word, '\0', n) ||
	    (!end && len >= SCRIPT_LINE && word + n == bytes + limit))
		return ERR_SYNTAX;
	if (!(s.interpreter = strndup(word, n)))
		return ERR_MEMORY;
	while (w.left && is_blank(*w.at)) {
		w.at++;
		w.left--;
	}
	if (is_env(s.interpreter)) {
		const enum err e = env_program(w.at, strnlen(w.at, w.left), &s.program);

		if (e) {
			script_clear(&s);
			return e;
		}
		s.unclear = !s.program;
	}
	*out = s;
	return ERR_NONE;
}

void script_clear(struct script *s)
{
	free(s->interpreter);
	free(s->program);
	*s = (struct script){ 0 };
}
