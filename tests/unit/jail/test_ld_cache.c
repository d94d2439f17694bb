/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_ld_cache.c - ld.so.cache in its forms, and damaged. */
#include "jail/ld_cache.h"

#include <elf.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct elf x86_64 = { .wide = true, .machine = EM_X86_64 };
static const struct elf i386 = { .machine = EM_386 };

/* A seed of the fuzz target, ends in a NUL. */
static char *seed(const char *name, size_t *len)
{
	char path[PATH_MAX], *bytes = calloc(1, 4096);
	FILE *f;

	assert_true(snprintf(path, sizeof path, "%s/tests/fuzz/corpus/ld_cache/%s", getenv("SALLYPORT_SOURCE"), name) >
		    0);
	assert_non_null(f = fopen(path, "rb"));
	assert_non_null(bytes);
	*len = fread(bytes, 1, 4095, f);
	fclose(f);
	return bytes;
}

static void reads_all_forms(void **state)
{
	static const char *const names[] = { "new", "big", "behind_old", "plain" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const struct ld_cache_row *rows = NULL;
		struct ld_cache c = { 0 };
		size_t len;
		char *bytes = seed(names[i], &len);

		assert_int_equal(ld_cache_parse(bytes, len, &c), ERR_NONE);
		assert_int_equal(c.n, 4);
		assert_int_equal(ld_cache_find(&c, "libone.so.1", &rows), 2);
		assert_string_equal(rows[0].path, "/opt/h/glibc-hwcaps/x86-64-v3/libone.so.1");
		assert_string_equal(rows[1].path, "/opt/h/libone.so.1");
		if (strcmp(names[i], "new") == 0 || strcmp(names[i], "big") == 0)
			assert_string_equal(rows[0].hwcap, "x86-64-v3");
		if (strcmp(names[i], "plain") == 0)
			assert_true(rows[0].legacy); /* of which nobody says what it is for */
		assert_null(rows[1].hwcap);
		assert_false(rows[1].legacy);
		assert_int_equal(ld_cache_find(&c, "libtwo.so", &rows), 2);
		assert_true(ld_cache_fits(&rows[0], &i386));
		assert_true(ld_cache_fits(&rows[1], &x86_64));
		assert_false(ld_cache_fits(&rows[1], &i386));
		assert_int_equal(ld_cache_find(&c, "libthree.so", &rows), 0);
		ld_cache_clear(&c);
	}
}

static void refuses_every_truncation(void **state)
{
	size_t len, n;
	char *bytes = seed("plain", &len);

	for (n = 0; n < len; n++) {
		struct ld_cache c = { 0 };
		char *copy = malloc(n + 1);

		assert_non_null(copy);
		memcpy(copy, bytes, n);
		copy[n] = '\0';
		assert_int_not_equal(ld_cache_parse(copy, n, &c), ERR_NONE);
		assert_null(c.v);
		free(copy);
	}
	free(bytes);
}

static void refuses_offsets_and_numbers_that_lie_outside(void **state)
{
	struct ld_cache c = { 0 };
	size_t len;
	char *bytes = seed("new", &len);

	memset(bytes + 48 + 4, 0x7f, 4); /* the name of the first row */
	assert_int_equal(ld_cache_parse(bytes, len, &c), ERR_SYNTAX);
	free(bytes);
	bytes = seed("new", &len);
	memset(bytes + 20, 0x7f, 4); /* the number of rows */
	assert_int_equal(ld_cache_parse(bytes, len, &c), ERR_SHORT);
	free(bytes);
	bytes = seed("new", &len);
	bytes[28] = 1; /* the byte order */
	assert_int_equal(ld_cache_parse(bytes, len, &c), ERR_SYNTAX);
	free(bytes);
}

static void survives_every_flipped_bit(void **state)
{
	size_t len;
	char *bytes = seed("behind_old", &len);

	for (size_t bit = 0; bit < len * 8; bit++) {
		struct ld_cache c = { 0 };
		char *copy = malloc(len + 1);

		assert_non_null(copy);
		memcpy(copy, bytes, len + 1);
		copy[bit / 8] = (char)(copy[bit / 8] ^ (1 << bit % 8));
		if (ld_cache_parse(copy, len, &c))
			free(copy);
		for (size_t i = 0; i < c.n; i++)
			assert_true(strlen(c.v[i].path) + strlen(c.v[i].soname) < 2 * len);
		ld_cache_clear(&c);
	}
	free(bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_all_forms),
		cmocka_unit_test(refuses_every_truncation),
		cmocka_unit_test(refuses_offsets_and_numbers_that_lie_outside),
		cmocka_unit_test(survives_every_flipped_bit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
