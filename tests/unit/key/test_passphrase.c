/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_passphrase.c - a list of words is whole or refused; what is drawn has the form and the chances that it should. */
#include "key/passphrase.h"

#include "base/root.h"

#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/banned.h"

struct listed {
	char *content;
	size_t len;
	struct word_list *list;
};

static int read_list(void **state)
{
	static struct listed l;
	struct root *live;
	char path[4096];

	snprintf(path, sizeof path, "%s/conf/words/eff-large.txt", getenv("SALLYPORT_SOURCE"));
	assert_int_equal(root_open("/", &live), ERR_NONE);
	assert_int_equal(root_read(live, path, 1u << 20, &l.content, &l.len), ERR_NONE);
	root_close(live);
	assert_int_equal(word_list_parse(l.content, l.len, &l.list), ERR_NONE);
	*state = &l;
	return sodium_init() < 0;
}

static int free_list(void **state)
{
	struct listed *l = *state;

	word_list_free(l->list);
	free(l->content);
	return 0;
}

static void it_is_the_list_of_the_eff(void **state)
{
	static const char published[] = "addd35536511597a02fa0a9ff1e5284677b8883b83e986e43f15a3db996b903e";
	const struct listed *l = *state;
	unsigned char digest[crypto_hash_sha256_BYTES];
	char hex[2 * sizeof digest + 1];

	crypto_hash_sha256(digest, (const unsigned char *)l->content, l->len);
	assert_string_equal(sodium_bin2hex(hex, sizeof hex, digest, sizeof digest), published);
}

static void refuses_every_truncation(void **state)
{
	const struct listed *l = *state;
	struct word_list *none = NULL;

	/* all of the last lines, and the rest in steps that fall everywhere in a line */
	for (size_t len = 0; len < l->len; len += len + 500 < l->len ? 499 : 1) {
		char *cut = malloc(len ? len : 1);

		memcpy(cut, l->content, len);
		assert_int_equal(word_list_parse(cut, len, &none), ERR_SYNTAX);
		assert_null(none);
		free(cut);
	}
}

/* Changes len bytes at 'at' for a moment. */
static void refuses_changed(const struct listed *l, size_t at, const char *bytes)
{
	struct word_list *none = NULL;
	char *copy = malloc(l->len);

	memcpy(copy, l->content, l->len);
	memcpy(copy + at, bytes, strlen(bytes));
	assert_int_equal(word_list_parse(copy, l->len, &none), ERR_SYNTAX);
	assert_null(none);
	free(copy);
}

static void refuses_a_list_that_is_worth_less(void **state)
{
	const struct listed *l = *state;
	const char *second = strchr(l->content, '\n') + 1;
	struct word_list *none = NULL;
	char *longer = malloc(l->len + 12);

	refuses_changed(l, (size_t)(second - l->content), "11112\tabacus\n"); /* a word twice */
	refuses_changed(l, 0, "21111\tzbacus\n");			      /* not rising: it may come again */
	refuses_changed(l, 0, "1111 \tabacus\n");
	refuses_changed(l, 0, "11117\tabacus\n");
	refuses_changed(l, 0, "11111 abacus\n");
	refuses_changed(l, 0, "11111\tAbacus\n");
	refuses_changed(l, 0, "11111\taba us\n");
	refuses_changed(l, 0, "11111\t\nacus\n");
	refuses_changed(l, 6, "abacuses\nabd");
	memcpy(longer, l->content, l->len);
	memcpy(longer + l->len, "66666\tzzzzz\n", 12);
	assert_int_equal(word_list_parse(longer, l->len + 12, &none), ERR_SYNTAX);
	free(longer);
}

static void words_are_of_the_list_with_blanks_between(void **state)
{
	const struct listed *l = *state;
	char drawn[PASSPHRASE_SIZE], line[32];

	for (unsigned words = 1; words <= PASSPHRASE_WORDS_MOST; words++) {
		unsigned n = 0;
		char *at = drawn;

		passphrase_from_words(l->list, words, drawn);
		assert_true(strlen(drawn) < PASSPHRASE_SIZE);
		for (char *end; at; at = end ? end + 1 : NULL, n++) {
			end = strchr(at, ' ');
			snprintf(line, sizeof line, "\t%.*s\n", end ? (int)(end - at) : (int)strlen(at), at);
			assert_non_null(strstr(l->content, line));
		}
		assert_int_equal(n, words);
	}
}

/* No first letter comes more often than its words are many: chi-square. */
static void every_word_is_as_likely_as_any_other(void **state)
{
	enum { DRAWS = 64 * 6000 };
	static unsigned seen[26];
	static unsigned first[26];
	const struct listed *l = *state;
	char drawn[PASSPHRASE_SIZE];
	double off = 0;

	for (const char *at = l->content; (at = strchr(at, '\t')); at++)
		first[at[1] - 'a']++;
	for (unsigned i = 0; i < DRAWS / 64; i++) {
		passphrase_from_words(l->list, 64, drawn);
		for (const char *at = drawn; at; at = strchr(at, ' ') ? strchr(at, ' ') + 1 : NULL)
			seen[at[0] - 'a']++;
	}
	for (unsigned i = 0; i < 26; i++) {
		double want = (double)DRAWS * first[i] / WORD_LIST_WORDS;

		if (first[i])
			off += (seen[i] - want) * (seen[i] - want) / want;
	}
	assert_true(off < 80); /* 25 degrees of freedom: once in ten million runs */
}

static void bytes_are_base64_of_that_many(void **state)
{
	char drawn[PASSPHRASE_SIZE];
	unsigned char raw[PASSPHRASE_BYTES_MOST];
	size_t len;

	for (unsigned bytes = 1; bytes <= PASSPHRASE_BYTES_MOST; bytes++) {
		passphrase_from_bytes(bytes, drawn);
		assert_int_equal(strlen(drawn), (bytes + 2) / 3 * 4);
		assert_int_equal(sodium_base642bin(raw, sizeof raw, drawn, strlen(drawn), NULL, &len, NULL,
						   sodium_base64_VARIANT_ORIGINAL),
				 0);
		assert_int_equal(len, bytes);
	}
	passphrase_from_bytes(32, drawn);
	assert_int_equal(strlen(drawn), 44);
}

static void entropy_is_exact(void **state)
{
	for (unsigned n = 1; n <= PASSPHRASE_WORDS_MOST; n++) {
		double off = passphrase_words_bits(n) - n * 5 * 2.5849625007211562; /* 7776 is 6^5 */

		assert_true(off < 1e-9 && off > -1e-9);
	}
	assert_true(passphrase_bytes_bits(32) == 256);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_the_list_of_the_eff),
		cmocka_unit_test(refuses_every_truncation),
		cmocka_unit_test(refuses_a_list_that_is_worth_less),
		cmocka_unit_test(words_are_of_the_list_with_blanks_between),
		cmocka_unit_test(every_word_is_as_likely_as_any_other),
		cmocka_unit_test(bytes_are_base64_of_that_many),
		cmocka_unit_test(entropy_is_exact),
	};

	return cmocka_run_group_tests(tests, read_list, free_list);
}
