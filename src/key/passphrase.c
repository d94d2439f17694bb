/* SPDX-License-Identifier: GPL-3.0-or-later */
/* passphrase.c - words and bytes from the random generator of the kernel, without a bias. */
#include "key/passphrase.h"

#include <assert.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define WORD_BITS 12.924812503605781 /* log2(7776) */
#define DICE 5
#define LONGEST 9

struct word_list {
	char word[WORD_LIST_WORDS][LONGEST + 1];
};

static bool is_word(const char *s, size_t len)
{
	if (!len || len > LONGEST)
		return false;
	return strspn(s, "abcdefghijklmnopqrstuvwxyz-") >= len;
}

/* One line, "11111\tabacus\n". */
static enum err parse_line(const char *line, size_t len, char out[LONGEST + 1])
{
	if (len <= DICE || strspn(line, "123456") != DICE || line[DICE] != '\t' ||
	    !is_word(line + DICE + 1, len - DICE - 1))
		return ERR_SYNTAX;
	memcpy(out, line + DICE + 1, len - DICE - 1);
	out[len - DICE - 1] = '\0';
	return ERR_NONE;
}

static enum err parse_list(const char *content, size_t len, struct word_list *out)
{
	const char *at = content, *end = content + len;
	size_t n;

	for (n = 0; at < end && n < WORD_LIST_WORDS; n++) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));

		if (!stop || parse_line(at, (size_t)(stop - at), out->word[n]) ||
		    (n && strcmp(out->word[n - 1], out->word[n]) >= 0))
			return ERR_SYNTAX;
		at = stop + 1;
	}
	return n == WORD_LIST_WORDS && at == end ? ERR_NONE : ERR_SYNTAX;
}

enum err word_list_parse(const char *content, size_t len, struct word_list **out)
{
	struct word_list *list = malloc(sizeof *list);
	enum err e;

	if (!list)
		return ERR_MEMORY;
	e = parse_list(content, len, list);
	if (e)
		free(list);
	else
		*out = list;
	return e;
}

void word_list_free(struct word_list *list)
{
	free(list);
}

void passphrase_from_words(const struct word_list *list, unsigned words, char *out)
{
	size_t len = 0;

	assert(words && words <= PASSPHRASE_WORDS_MOST);
	for (unsigned i = 0; i < words; i++) {
		const char *word = list->word[randombytes_uniform(WORD_LIST_WORDS)];

		if (i)
			out[len++] = ' ';
		memcpy(out + len, word, strlen(word));
		len += strlen(word);
	}
	out[len] = '\0';
}

void passphrase_from_bytes(unsigned bytes, char *out)
{
	unsigned char raw[PASSPHRASE_BYTES_MOST];

	assert(bytes && bytes <= PASSPHRASE_BYTES_MOST);
	randombytes_buf(raw, bytes);
	sodium_bin2base64(out, PASSPHRASE_SIZE, raw, bytes, sodium_base64_VARIANT_ORIGINAL);
	sodium_memzero(raw, sizeof raw);
}

double passphrase_words_bits(unsigned words)
{
	return WORD_BITS * words;
}

double passphrase_bytes_bits(unsigned bytes)
{
	return 8.0 * bytes;
}
