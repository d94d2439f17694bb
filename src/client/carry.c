/* SPDX-License-Identifier: GPL-3.0-or-later */
/* carry.c - knocks to lines of base64 and back. */
#include "client/carry.h"

#include <sodium.h>
#include <string.h>

#include "base/banned.h"

#define VARIANT sodium_base64_VARIANT_ORIGINAL

void carry_print(const uint8_t datagram[NATIVE_DATAGRAM], struct text *out)
{
	char line[sodium_base64_ENCODED_LEN(NATIVE_DATAGRAM, VARIANT)];

	sodium_bin2base64(line, sizeof line, datagram, NATIVE_DATAGRAM, VARIANT);
	text_add(out, "%s\n", line);
}

static enum err line_parse(const char *line, size_t len, uint8_t out[NATIVE_DATAGRAM])
{
	uint8_t made[NATIVE_DATAGRAM];
	const char *end;
	size_t n;

	if (sodium_base642bin(made, sizeof made, line, len, NULL, &n, &end, VARIANT) || end != line + len ||
	    n != sizeof made)
		return ERR_SYNTAX;
	memcpy(out, made, sizeof made);
	return ERR_NONE;
}

enum err carry_parse(const char *text, size_t len, uint8_t out[CARRY_MAX][NATIVE_DATAGRAM], size_t *n)
{
	uint8_t made[CARRY_MAX][NATIVE_DATAGRAM];
	size_t count = 0;

	if (len > CARRY_TEXT_MAX)
		return ERR_TOO_BIG;
	for (size_t at = 0, next; at < len; at = next) {
		const char *end = memchr(text + at, '\n', len - at);
		size_t line = end ? (size_t)(end - text) - at : len - at;

		next = at + line + 1;
		if (line && text[at + line - 1] == '\r')
			line--;
		if (!line || text[at] == '#')
			continue;
		if (count == CARRY_MAX)
			return ERR_TOO_BIG;
		if (line_parse(text + at, line, made[count]))
			return ERR_SYNTAX;
		count++;
	}
	if (!count)
		return ERR_SYNTAX;
	memcpy(out, made, count * NATIVE_DATAGRAM);
	*n = count;
	return ERR_NONE;
}
