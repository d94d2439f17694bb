/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lexer.c - sshd's two ways to cut a line into words: the old one, and the shell-like one since 8.7. */
#include "sshd/lexer.h"

#include "sshd/version.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define BLANKS " \t\r\n"
#define SHELL_LIKE SSHD_RELEASE(8, 7)

static char *blanks_skip(char *s)
{
	return s + strspn(s, BLANKS);
}

char *lexer_word(char **at)
{
	char *word = *at, *end;
	bool equals;

	if (!word)
		return NULL;
	end = word + strcspn(word, BLANKS "\"=");
	if (*end == '\0') {
		*at = NULL;
		return word;
	}
	if (*end == '"') {
		/* the quote goes away: what stood before it moves up by one */
		memmove(word + 1, word, (size_t)(end - word));
		word++;
		end = strchr(end + 1, '"');
		*at = end;
		if (!end)
			return NULL;
		*end = '\0';
		*at = blanks_skip(end + 1);
		return word;
	}
	equals = *end == '=';
	*end = '\0';
	*at = blanks_skip(end + 1);
	if (!equals && **at == '=')
		*at = blanks_skip(*at + 1);
	return word;
}

static enum err words_old(char *s, struct strings *out)
{
	const char *word;
	enum err e;

	while ((word = lexer_word(&s)) && *word)
		if ((e = strings_add(out, word)))
			return e;
	return ERR_NONE;
}

/* Copies one argument from *s to 'word' without its quoting; *open if a quote has no end. */
static size_t argument_copy(const char **s, char *word, bool *open)
{
	const char *p = *s;
	size_t n = 0;
	char quote = '\0';

	for (; *p; p++) {
		if (*p == '\\' && p[1] && (strchr("'\"\\", p[1]) || (!quote && p[1] == ' ')))
			word[n++] = *++p;
		else if (!quote && (*p == ' ' || *p == '\t'))
			break;
		else if (!quote && (*p == '"' || *p == '\''))
			quote = *p;
		else if (quote && *p == quote)
			quote = '\0';
		else
			word[n++] = *p;
	}
	*open = quote != '\0';
	*s = p;
	return n;
}

static enum err words_shell(const char *s, struct strings *out, bool *open)
{
	char *word = malloc(strlen(s) + 1);
	enum err e = word ? ERR_NONE : ERR_MEMORY;

	while (!e) {
		size_t n;
		s += strspn(s, " \t");
		if (!*s || *s == '#')
			break;
		n = argument_copy(&s, word, open);
		if (*open)
			break;
		e = strings_add_bytes(out, word, n);
	}
	free(word);
	return e;
}

/* A copy without what sshd cuts off: blanks in front, blanks and form feeds at the end. */
static char *line_trim(const char *line, size_t len)
{
	while (len && memchr(" \t\r", *line, 3)) {
		line++;
		len--;
	}
	while (len > 1 && memchr(BLANKS "\f", line[len - 1], 5))
		len--;
	return strndup(line, len);
}

static enum err arguments_split(char *rest, unsigned release, struct lexer_line *l)
{
	bool open = false;
	enum err e;

	if (release < SHELL_LIKE)
		return words_old(rest, &l->args);
	e = words_shell(rest, &l->args, &open);
	if (!e && open)
		l->kind = LEXER_OPEN_QUOTE;
	return e;
}

enum err lexer_read(const char *line, size_t len, unsigned release, struct lexer_line *out)
{
	struct lexer_line l = { .kind = LEXER_BLANK };
	char *copy = line_trim(line, len), *at = copy;
	const char *keyword;
	enum err e = ERR_NONE;

	if (!copy)
		return ERR_MEMORY;
	keyword = lexer_word(&at);
	if (keyword && !*keyword)
		keyword = lexer_word(&at);
	if (!keyword || !*keyword || *keyword == '#')
		goto out;

	l.kind = LEXER_LINE;
	l.keyword = strdup(keyword);
	l.rest = strdup(at ? at : "");
	if (!l.keyword || !l.rest) {
		e = ERR_MEMORY;
		goto out;
	}
	if (at && *at)
		e = arguments_split(at, release, &l);
	else if (release >= SHELL_LIKE)
		l.kind = LEXER_NO_ARGUMENT;
out:
	free(copy);
	if (e) {
		lexer_clear(&l);
		return e;
	}
	*out = l;
	return ERR_NONE;
}

void lexer_clear(struct lexer_line *l)
{
	free(l->keyword);
	free(l->rest);
	strings_free(&l->args);
	*l = (struct lexer_line){ 0 };
}
