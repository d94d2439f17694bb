/* SPDX-License-Identifier: GPL-3.0-or-later */
/* carry.c - knocks to lines of text and back. */
#include "client/carry.h"

#include "base/number.h"

#include <sodium.h>
#include <string.h>

#include "base/banned.h"

#define VARIANT sodium_base64_VARIANT_ORIGINAL
#define WORD "sallyport-knock"

void carry_print(const char *host, unsigned port, const uint8_t datagram[NATIVE_DATAGRAM], struct text *out)
{
	char base64[sodium_base64_ENCODED_LEN(NATIVE_DATAGRAM, VARIANT)];

	sodium_bin2base64(base64, sizeof base64, datagram, NATIVE_DATAGRAM, VARIANT);
	text_add(out, WORD " %s %u %s\n", host, port, base64);
}

static enum err words_parse(char *const *word, struct carried *out)
{
	struct carried c = { 0 };
	uint64_t port;
	const char *end;
	size_t n;

	if (strcmp(word[0], WORD) != 0 || strlen(word[1]) > CARRY_HOST_MAX || number_parse(word[2], 1, 65535, &port))
		return ERR_SYNTAX;
	if (sodium_base642bin(c.datagram, sizeof c.datagram, word[3], strlen(word[3]), NULL, &n, &end, VARIANT) ||
	    *end || n != sizeof c.datagram)
		return ERR_SYNTAX;
	memcpy(c.host, word[1], strlen(word[1]));
	c.port = (unsigned)port;
	*out = c;
	return ERR_NONE;
}

static enum err line_parse(const char *line, struct carried *out)
{
	struct strings words = { 0 };
	enum err e = strings_split(&words, line, " \r");

	if (!e)
		e = words.n == 4 ? words_parse(words.v, out) : ERR_SYNTAX;
	strings_free(&words);
	return e;
}

static enum err lines_parse(const struct strings *lines, struct carried *out, size_t *n)
{
	for (size_t i = 0; i < lines->n; i++) {
		enum err e;

		if (lines->v[i][0] == '#')
			continue;
		if (*n == CARRY_MAX)
			return ERR_TOO_BIG;
		if ((e = line_parse(lines->v[i], &out[*n])))
			return e;
		(*n)++;
	}
	return *n ? ERR_NONE : ERR_SYNTAX;
}

enum err carry_parse(const char *text, size_t len, struct carried out[CARRY_MAX], size_t *n)
{
	struct strings whole = { 0 }, lines = { 0 };
	struct carried made[CARRY_MAX];
	size_t count = 0;
	enum err e;

	if (len > CARRY_TEXT_MAX)
		return ERR_TOO_BIG;
	if (!len || memchr(text, '\0', len))
		return ERR_SYNTAX;
	if (!(e = strings_add_bytes(&whole, text, len)) && !(e = strings_split(&lines, whole.v[0], "\n")))
		e = lines_parse(&lines, made, &count);
	strings_free(&whole);
	strings_free(&lines);
	if (e)
		return e;
	memcpy(out, made, count * sizeof *made);
	*n = count;
	return ERR_NONE;
}
