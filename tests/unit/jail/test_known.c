/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_known.c - what was put in by its path is found by it, and nothing else. */
#include "jail/known.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MANY 5000

struct thing {
	char *path;
	int number;
};

static size_t released;

static void release(void *thing)
{
	struct thing *t = thing;

	released++;
	free(t->path);
	free(t);
}

static void many_are_found_again(void **state)
{
	struct known k = { 0 };
	char path[32];

	assert_null(known_find(&k, "/0"));
	for (int i = 0; i < MANY; i++) {
		struct thing *t = calloc(1, sizeof *t);

		assert_non_null(t);
		(void)snprintf(path, sizeof path, "/%d", i);
		t->number = i;
		assert_non_null(t->path = strdup(path));
		assert_int_equal(known_add(&k, t), ERR_NONE);
	}
	for (int i = 0; i < MANY; i++) {
		const struct thing *t;

		(void)snprintf(path, sizeof path, "/%d", i);
		assert_non_null(t = known_find(&k, path));
		assert_int_equal(t->number, i);
	}
	assert_null(known_find(&k, "/5000"));
	assert_null(known_find(&k, ""));
	known_clear(&k, release);
	assert_int_equal(released, MANY);
	assert_null(known_find(&k, "/0"));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(many_are_found_again) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
