/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_nearest.c - slips of the finger find their word, other words find nothing. */
#include "base/nearest.h"

#include "base/scratch.h"

#include "base/macros.h"

#include "base/banned.h"

static const char *const words[] = {
	"audit", "accept", "harden", "confirm", "rollback", "history", "status", "ps", NULL
};

static const struct {
	const char *typed, *nearest;
} cases[] = {
	{ "audit", "audit" },
	{ "AUDIT", "audit" },
	{ "adit", "audit" },
	{ "auddit", "audit" },
	{ "aufit", "audit" },
	{ "uadit", "audit" },
	{ "auidt", "audit" },
	{ "hadren", "harden" },
	{ "conform", "confirm" },
	{ "rolback", "rollback" },
	{ "history", "history" },
	{ "sttaus", "status" },
	{ "sp", "ps" },
	{ "", NULL },
	{ "zzzzz", NULL },
	{ "install", NULL },
	{ "x", NULL },
	{ "revert", NULL },
	{ "roll", NULL },
};

static void finds_slips_and_nothing_else(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *got = nearest_word(cases[i].typed, words);

		if (cases[i].nearest)
			assert_string_equal(got ? got : "nothing", cases[i].nearest);
		else
			assert_null(got);
	}
}

static void of_several_the_nearest_then_the_first(void **state)
{
	static const char *const similar[] = { "abcdef", "abcxyf", "abcxyz", NULL };

	assert_string_equal(nearest_word("abcxyy", similar), "abcxyf");
	assert_string_equal(nearest_word("abcxyz", similar), "abcxyz");
}

static void very_long_words_are_refused_quietly(void **state)
{
	char endless[1000], just[65];
	const char *list[] = { endless, just, NULL };

	memset(endless, 'a', sizeof endless - 1);
	endless[sizeof endless - 1] = '\0';
	memset(just, 'a', 64);
	just[64] = '\0';
	assert_null(nearest_word(endless, list));
	assert_ptr_equal(nearest_word(just, list), just);
	assert_null(nearest_word("a", (const char *const[]){ NULL }));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_slips_and_nothing_else),
		cmocka_unit_test(of_several_the_nearest_then_the_first),
		cmocka_unit_test(very_long_words_are_refused_quietly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
