/* SPDX-License-Identifier: GPL-3.0-or-later */
/* identification.c - the first lines of a server, up to the one that says what it is. */
#include "wire/identification.h"

#include "wire/probe.h"

#include <string.h>

#include "base/banned.h"

#define LINES_MAX 32
#define LINE_MAX_LEN 1024
#define IDENTIFICATION_MAX 253 /* 255 with CR LF */

/* What sshd writes before it closes: the first since 9.8, for penalties and start-up limits; the second before. */
static const char *const refusals[] = { "Not allowed at this time", "Exceeded MaxStartups" };

static const char *const versions[] = { "SSH-2.0-", "SSH-1.99-" };

static bool starts_with(const uint8_t *line, size_t len, const char *start)
{
	size_t n = strlen(start);

	return len >= n && !memcmp(line, start, n);
}

static bool is_refusal(const uint8_t *line, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++)
		if (len == strlen(refusals[i]) && starts_with(line, len, refusals[i]))
			return true;
	return false;
}

static size_t version_len(const uint8_t *line, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(versions); i++)
		if (starts_with(line, len, versions[i]))
			return strlen(versions[i]);
	return 0;
}

enum err identification_check(const uint8_t *line, size_t len)
{
	size_t i = version_len(line, len);
	size_t start = i;

	if (!i || len > IDENTIFICATION_MAX || memchr(line, '\0', len) || memchr(line, '\r', len) ||
	    memchr(line, '\n', len))
		return ERR_SYNTAX;
	/* the minus sign is forbidden too, but Cisco and others use it; the comment after the blank is free */
	for (; i < len && line[i] != ' '; i++)
		if (line[i] < ' ' || line[i] >= 0x7f)
			return ERR_SYNTAX;
	return i > start ? ERR_NONE : ERR_SYNTAX;
}

/* A complete line without its end. ERR_SHORT: not this one, go on. */
static enum err line_judge(const uint8_t *line, size_t len)
{
	if (starts_with(line, len, "SSH-"))
		return identification_check(line, len);
	return is_refusal(line, len) ? ERR_PENALTY : ERR_SHORT;
}

static enum err scan_rest(const uint8_t *at, size_t left, bool ended, size_t seen)
{
	if (left > LINE_MAX_LEN)
		return ERR_TOO_BIG;
	if (!ended)
		return ERR_SHORT;
	if (!left && !seen)
		return ERR_CLOSED;
	return is_refusal(at, left) ? ERR_PENALTY : ERR_SYNTAX;
}

enum err identification_scan(const uint8_t *bytes, size_t len, bool ended, struct identification_scan *out)
{
	const uint8_t *at = bytes, *end = bytes + len;

	for (size_t lines = 0;; lines++) {
		const uint8_t *feed = memchr(at, '\n', (size_t)(end - at));
		size_t n;
		enum err e;

		if (!feed)
			return scan_rest(at, (size_t)(end - at), ended, lines);
		n = (size_t)(feed - at);
		if (n >= LINE_MAX_LEN)
			return ERR_TOO_BIG;
		if (n && at[n - 1] == '\r')
			n--;
		e = line_judge(at, n);
		if (!e)
			*out = (struct identification_scan){ .line = at, .len = n, .used = (size_t)(feed + 1 - bytes) };
		if (e != ERR_SHORT)
			return e;
		if (lines == LINES_MAX)
			return ERR_TOO_BIG;
		at = feed + 1;
	}
}
