/* SPDX-License-Identifier: GPL-3.0-or-later */
/* edit.c - changes single lines of an sshd_config; every other byte stays where it was. */
#include "sshd/edit.h"

#include "sshd/keyword.h"
#include "sshd/lexer.h"
#include "sshd/version.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

/* A line in the content: where it begins, its end without the newline, and what its newline is. */
struct span {
	size_t start, end, next;
	const char *newline; /* "\n" or "\r\n"; of a last line without one that of the line before */
};

static unsigned lines_count(const struct text *t)
{
	unsigned n = 0;

	for (size_t i = 0; i < t->len; i++)
		n += t->s[i] == '\n';
	return t->len && t->s[t->len - 1] != '\n' ? n + 1 : n;
}

/* The first newline says which kind the file has. */
static const char *newline_of(const struct text *t)
{
	const char *first = t->len ? memchr(t->s, '\n', t->len) : NULL;

	return first && first > t->s && first[-1] == '\r' ? "\r\n" : "\n";
}

static bool line_find(const struct text *t, unsigned line, struct span *out)
{
	struct span s = { .newline = newline_of(t) };
	const char *newline;

	if (!line || line > lines_count(t))
		return false;
	for (unsigned i = 1; i < line; i++)
		s.start = (size_t)((const char *)memchr(t->s + s.start, '\n', t->len - s.start) - t->s) + 1;
	newline = memchr(t->s + s.start, '\n', t->len - s.start);
	s.end = newline ? (size_t)(newline - t->s) : t->len;
	s.next = newline ? s.end + 1 : s.end;
	if (newline && s.end > s.start && t->s[s.end - 1] == '\r')
		s.end--;
	*out = s;
	return true;
}

/* Puts 'with' in the place of the bytes from start to end. */
static enum err splice(struct text *t, size_t start, size_t end, const struct text *with)
{
	struct text new = { 0 };
	enum err e;

	text_add_bytes(&new, t->s, start);
	text_add_bytes(&new, with->s, with->len);
	text_add_bytes(&new, t->s + end, t->len - end);
	if ((e = text_check(&new))) {
		text_free(&new);
		return e;
	}
	text_free(t);
	*t = new;
	return ERR_NONE;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static size_t blanks_skip(const char *s, size_t at, size_t end)
{
	while (at < end && is_blank(s[at]))
		at++;
	return at;
}

/* Behind the keyword, its blanks and its "=": where the arguments begin. *keyword_end: behind the keyword itself. */
static size_t arguments_start(const char *s, size_t at, size_t end, size_t *keyword_end)
{
	bool quoted = false, equals = false;

	at = blanks_skip(s, at, end);
	for (; at < end; at++) {
		if (s[at] == '"')
			quoted = !quoted;
		else if (!quoted && (is_blank(s[at]) || s[at] == '='))
			break;
	}
	*keyword_end = at;
	for (; at < end && (is_blank(s[at]) || (s[at] == '=' && !equals)); at++)
		equals |= s[at] == '=';
	return at;
}

/* Behind the last argument, in front of the blanks and the comment that follow. */
static size_t arguments_end(const char *s, size_t at, size_t end)
{
	size_t last = at;
	char quote = '\0';
	bool word = false;

	for (; at < end; at++) {
		if (!quote && !word && s[at] == '#')
			return last;
		if (s[at] == '\\' && at + 1 < end && strchr("'\"\\ ", s[at + 1]))
			at++;
		else if (quote && s[at] == quote)
			quote = '\0';
		else if (!quote && (s[at] == '"' || s[at] == '\''))
			quote = s[at];
		else if (!quote && is_blank(s[at])) {
			word = false;
			continue;
		}
		word = true;
		last = at + 1;
	}
	return last;
}

/* false: sshd cannot read it. *k is NULL where it has no keyword, or none that is known. */
static bool read_keyword(const char *line, size_t len, const struct sshd_keyword **k)
{
	struct lexer_line l = { 0 };

	if (lexer_read(line, len, SSHD_NEWEST, &l))
		return false;
	*k = l.keyword ? sshd_keyword_find(l.keyword) : NULL;
	lexer_clear(&l);
	return true;
}

/* These take the rest of their line as it is: a "#" in it is no comment. */
static bool takes_rest(const char *line, size_t len)
{
	const struct sshd_keyword *k;

	return read_keyword(line, len, &k) && k &&
	       (k->kind == KIND_REST || k->id == KW_AUTHORIZEDKEYSCOMMAND || k->id == KW_AUTHORIZEDPRINCIPALSCOMMAND);
}

enum err edit_set_args(struct text *content, unsigned line, const char *args)
{
	struct text with = { 0 };
	struct span at;
	size_t start, end, keyword_end;
	enum err e;

	if (!line_find(content, line, &at))
		return ERR_NOT_FOUND;
	start = arguments_start(content->s, at.start, at.end, &keyword_end);
	end = takes_rest(content->s + at.start, at.end - at.start) ? at.end : arguments_end(content->s, start, at.end);
	if (!*args)
		start = keyword_end;
	else if (start == keyword_end)
		text_add_string(&with, " ");
	text_add_string(&with, args);
	/* a comment that stood directly behind the blanks of an empty value */
	if (end < at.end && !is_blank(content->s[end]) && *args)
		text_add_string(&with, " ");
	if (!(e = text_check(&with)))
		e = splice(content, start, end > start ? end : start, &with);
	text_free(&with);
	return e;
}

/* Where one argument stands, its quotes among it. */
struct word {
	size_t start, end;
};

/* The next argument between w->end and end; false: there is none. */
static bool word_next(const char *s, size_t end, struct word *w)
{
	size_t at = blanks_skip(s, w->end, end);
	char quote = '\0';

	w->start = at;
	for (; at < end && (quote || !is_blank(s[at])); at++) {
		if (s[at] == '\\' && at + 1 < end && strchr("'\"\\ ", s[at + 1]))
			at++;
		else if (quote && s[at] == quote)
			quote = '\0';
		else if (!quote && (s[at] == '"' || s[at] == '\''))
			quote = s[at];
	}
	w->end = at < end ? at : end;
	return w->end > w->start;
}

/* Whether it means this word once its quotes are off. */
static enum err word_is(const char *s, const struct word *w, const char *word, bool *same)
{
	struct text line = { 0 };
	struct lexer_line l = { 0 };
	enum err e;

	text_add_string(&line, "x ");
	text_add_bytes(&line, s + w->start, w->end - w->start);
	if ((e = text_check(&line)) == ERR_NONE && (e = lexer_read(line.s, line.len, SSHD_NEWEST, &l)) == ERR_NONE)
		*same = l.args.n == 1 && strcmp(l.args.v[0], word) == 0;
	lexer_clear(&l);
	text_free(&line);
	return e;
}

enum err edit_add_word(struct text *content, unsigned line, const char *word)
{
	bool quote = strpbrk(word, " \t#='") != NULL;
	struct text with = { 0 };
	struct span at;
	size_t start, end, keyword_end;
	enum err e;

	if (!line_find(content, line, &at))
		return ERR_NOT_FOUND;
	start = arguments_start(content->s, at.start, at.end, &keyword_end);
	end = arguments_end(content->s, start, at.end);
	text_add(&with, "%s%s%s%s", end > start || start == keyword_end ? " " : "", quote ? "\"" : "", word,
		 quote ? "\"" : "");
	if (end < at.end && !is_blank(content->s[end]))
		text_add_string(&with, " ");
	if (!(e = text_check(&with)))
		e = splice(content, end, end, &with);
	text_free(&with);
	return e;
}

enum err edit_remove_word(struct text *content, unsigned line, const char *word, size_t *left)
{
	const struct text nothing = { 0 };
	struct word w = { 0 }, found = { 0 };
	struct span at;
	size_t end, keyword_end, n = 0;
	enum err e;

	if (!line_find(content, line, &at))
		return ERR_NOT_FOUND;
	w.end = arguments_start(content->s, at.start, at.end, &keyword_end);
	end = arguments_end(content->s, w.end, at.end);
	for (; word_next(content->s, end, &w); n++) {
		bool same = false;

		if (!found.end && (e = word_is(content->s, &w, word, &same)))
			return e;
		if (same)
			found = w;
	}
	if (!found.end)
		return ERR_NOT_FOUND;
	/* with the blanks behind it, or in front of it where it is the last */
	if (found.end < end)
		found.end = blanks_skip(content->s, found.end, end);
	while (found.end == end && found.start > keyword_end && is_blank(content->s[found.start - 1]))
		found.start--;
	if ((e = splice(content, found.start, found.end, &nothing)))
		return e;
	*left = n - 1;
	return ERR_NONE;
}

enum err edit_remove(struct text *content, unsigned line)
{
	const struct text nothing = { 0 };
	struct span at;

	return line_find(content, line, &at) ? splice(content, at.start, at.next, &nothing) : ERR_NOT_FOUND;
}

/* One comment line: control characters would end it. */
static void comment_add(struct text *t, const char *s)
{
	for (; *s; s++)
		text_add(t, "%c", (unsigned char)*s < ' ' ? ' ' : *s);
}

enum err edit_comment_out(struct text *content, unsigned line, const char *why)
{
	struct text with = { 0 };
	struct span at;
	size_t text;
	enum err e;

	if (!line_find(content, line, &at))
		return ERR_NOT_FOUND;
	text = blanks_skip(content->s, at.start, at.end);
	if (why) {
		text_add_bytes(&with, content->s + at.start, text - at.start);
		text_add_string(&with, "# sallyport: ");
		comment_add(&with, why);
		text_add_string(&with, at.newline);
	}
	text_add_bytes(&with, content->s + at.start, text - at.start);
	text_add_string(&with, "# ");
	if (!(e = text_check(&with)))
		e = splice(content, at.start, text, &with);
	text_free(&with);
	return e;
}

enum err edit_insert(struct text *content, unsigned line, const char *text)
{
	const char *newline = newline_of(content);
	unsigned count = lines_count(content);
	struct text with = { 0 };
	struct span at = { .start = content->len };
	enum err e;

	if (!line || line > count + 1 || (line <= count && !line_find(content, line, &at)))
		return ERR_NOT_FOUND;
	if (line == count + 1 && content->len && content->s[content->len - 1] != '\n')
		text_add_string(&with, newline);
	for (; *text; text++) {
		if (*text == '\n')
			text_add_string(&with, newline);
		else
			text_add_bytes(&with, text, 1);
	}
	text_add_string(&with, newline);
	if (!(e = text_check(&with)))
		e = splice(content, at.start, at.start, &with);
	text_free(&with);
	return e;
}

static bool ends_global(const char *line, size_t len)
{
	const struct sshd_keyword *k;

	return !read_keyword(line, len, &k) || (k && (k->id == KW_MATCH || k->id == KW_INCLUDE));
}

unsigned edit_global_end(const struct text *content)
{
	unsigned line = 1;

	for (size_t at = 0; at < content->len; line++) {
		const char *newline = memchr(content->s + at, '\n', content->len - at);
		size_t end = newline ? (size_t)(newline - content->s) : content->len;
		if (ends_global(content->s + at, end - at))
			return line;
		at = end + 1;
	}
	return line;
}
