/* SPDX-License-Identifier: GPL-3.0-or-later */
/* server_answer.c - lines that begin with a word of ours. */
#include "client/server_answer.h"

#include "base/number.h"
#include "base/text.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define TIME "sallyport-time"
#define SECRET "sallyport-secret"
#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"

static void wipe(struct strings *words)
{
	for (size_t i = 0; i < words->n; i++)
		sodium_memzero(words->v[i], strlen(words->v[i]));
	strings_free(words);
}

static bool are_digits(const char *s)
{
	return strlen(s) == SERVER_SECRET_DIGITS && strspn(s, "0123456789abcdefABCDEF") == SERVER_SECRET_DIGITS &&
	       strcmp(s, ZEROS) != 0;
}

static enum err take_secret(const struct strings *words, struct server_answer *a)
{
	if (a->secret != SERVER_SECRET_UNTOLD)
		return ERR_NONE;
	if (words->n == 1) {
		a->secret = SERVER_SECRET_NONE;
		return ERR_NONE;
	}
	a->path = strdup(words->v[1]);
	if (!a->path)
		return ERR_MEMORY;
	a->secret = words->n == 3 && are_digits(words->v[2]) ? SERVER_SECRET_TOLD : SERVER_SECRET_UNREADABLE;
	if (a->secret == SERVER_SECRET_TOLD)
		memcpy(a->digits, words->v[2], SERVER_SECRET_DIGITS);
	return ERR_NONE;
}

static enum err take_line(const char *line, size_t len, struct server_answer *a)
{
	struct strings whole = { 0 }, words = { 0 };
	enum err e = strings_add_bytes(&whole, line, len);

	if (!e)
		e = strings_split(&words, whole.v[0], " \r");
	if (!e && words.n == 2 && !strcmp(words.v[0], TIME) && !a->time &&
	    number_parse(words.v[1], 1, UINT32_MAX, &a->time))
		a->time = 0;
	else if (!e && words.n && !strcmp(words.v[0], SECRET))
		e = take_secret(&words, a);
	wipe(&words);
	wipe(&whole);
	return e;
}

enum err server_answer_parse(const char *text, size_t len, struct server_answer *out)
{
	struct server_answer a = { 0 };
	enum err e = ERR_NONE;

	while (len && !e) {
		const char *end = memchr(text, '\n', len);
		const size_t n = end ? (size_t)(end - text) : len;

		/* one that was cut off says less than was meant */
		if (end && !memchr(text, '\0', n))
			e = take_line(text, n, &a);
		text += n + (end != NULL);
		len -= n + (end != NULL);
	}
	if (e)
		server_answer_clear(&a);
	else
		*out = a;
	return e;
}

void server_answer_clear(struct server_answer *a)
{
	free(a->path);
	sodium_memzero(a, sizeof *a);
}
