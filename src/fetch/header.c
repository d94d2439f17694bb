/* SPDX-License-Identifier: GPL-3.0-or-later */
/* header.c - version and date of a list. */
#include "fetch/header.h"

#include "base/number.h"

#include <stdbool.h>
#include <string.h>

#include "base/banned.h"

#define VALUE_MAX 64

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* "# WORD VALUE" -> VALUE; false: the line is about something else. */
static bool value_of(const char *line, size_t len, const char *word, char value[VALUE_MAX])
{
	const char *end = line + len;
	size_t word_len = strlen(word), n;

	for (line++; line < end && is_blank(*line); line++)
		;
	if ((size_t)(end - line) <= word_len || memcmp(line, word, word_len) != 0 || !is_blank(line[word_len]))
		return false;
	for (line += word_len; line < end && is_blank(*line); line++)
		;
	while (end > line && is_blank(end[-1]))
		end--;
	n = (size_t)(end - line);
	/* what does not fit is no value, and is said to be none */
	if (n >= VALUE_MAX || memchr(line, '\0', n))
		n = 0;
	memcpy(value, line, n);
	value[n] = '\0';
	return true;
}

struct reading {
	struct header h;
	bool version, date;
};

static enum err line_read(struct reading *r, const char *line, size_t len)
{
	char value[VALUE_MAX];

	if (value_of(line, len, "version", value)) {
		if (r->version || number_parse(value, 1, UINT64_MAX, &r->h.version))
			return ERR_SYNTAX;
		r->version = true;
	} else if (value_of(line, len, "date", value)) {
		if (r->date || date_parse(value, &r->h.date) || r->h.date <= 0)
			return ERR_SYNTAX;
		r->date = true;
	}
	return ERR_NONE;
}

enum err header_parse(const char *content, size_t len, struct header *out, unsigned *line)
{
	const char *end = content + len;
	struct reading r = { 0 };
	unsigned number = 0;

	while (content < end) {
		const char *newline = memchr(content, '\n', (size_t)(end - content)), *stop = newline ? newline : end;
		const char *at = content;

		number++;
		while (at < stop && is_blank(*at))
			at++;
		if (at < stop && *at != '#')
			break;
		if (at < stop && line_read(&r, at, (size_t)(stop - at))) {
			*line = number;
			return ERR_SYNTAX;
		}
		content = stop + 1;
	}
	if (!r.version)
		return ERR_NOT_FOUND;
	*out = r.h;
	return ERR_NONE;
}
