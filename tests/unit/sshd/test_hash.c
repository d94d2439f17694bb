/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_hash.c - everything that was put away is found, also where keys are the same. */
#include "sshd/hash.h"

#include "base/scratch.h"

#include "base/banned.h"

static void nothing_is_lost_while_it_grows(void **state)
{
	static int values[5000];
	struct hash h = { 0 };

	for (size_t at = 0; !at; at = 1)
		assert_null(hash_next(&h, 7, &at));
	for (size_t i = 0; i < ARRAY_SIZE(values); i++)
		assert_int_equal(hash_add(&h, hash_bytes(HASH_START, &i, sizeof i), &values[i]), ERR_NONE);
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		size_t at = 0;
		int *found;
		while ((found = hash_next(&h, hash_bytes(HASH_START, &i, sizeof i), &at)) && found != &values[i])
			;
		assert_ptr_equal(found, &values[i]);
	}
	hash_free(&h);
}

static void all_values_of_one_key_are_given(void **state)
{
	static int values[100];
	struct hash h = { 0 };
	size_t at = 0, n = 0;
	int *v;

	for (size_t i = 0; i < ARRAY_SIZE(values); i++)
		assert_int_equal(hash_add(&h, i % 2, &values[i]), ERR_NONE);
	while ((v = hash_next(&h, 1, &at))) {
		assert_int_equal((v - values) % 2, 1);
		n++;
	}
	assert_int_equal(n, ARRAY_SIZE(values) / 2);
	hash_free(&h);
}

static void text_and_its_bytes_are_the_same(void **state)
{
	assert_true(hash_text(HASH_START, "anna") == hash_bytes(HASH_START, "anna", 4));
	assert_true(hash_text(HASH_START, "anna") != hash_text(HASH_START, "annb"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_lost_while_it_grows),
		cmocka_unit_test(all_values_of_one_key_are_given),
		cmocka_unit_test(text_and_its_bytes_are_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
