/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_ld_cache_write.c - the loader's own search, written down again here, finds every library of a cache that we wrote. */
#include "jail/ld_cache_write.h"

#include "jail/ld_cache.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/banned.h"

#define X86_64 0x0303

static uint32_t number(const struct text *t, size_t at)
{
	uint32_t n;

	assert_true(at + sizeof n <= t->len);
	memcpy(&n, t->s + at, sizeof n);
	return n;
}

static const char *string(const struct text *t, size_t at)
{
	const size_t strings = 48 + number(t, 20) * (size_t)24;

	assert_true(at >= strings && at < t->len);
	assert_non_null(memchr(t->s + at, '\0', t->len - at));
	return t->s + at;
}

/* As the loader does it: a binary search for any row of the name, back to the first one, on to the first that fits. NULL: not found. */
static const char *find(const struct text *t, const char *name, uint32_t flags)
{
	int left = 0, right = (int)number(t, 20) - 1;

	while (left <= right) {
		int middle = (left + right) / 2;
		const int order = ld_cache_compare(name, string(t, number(t, 48 + (size_t)middle * 24 + 4)));

		if (order < 0) {
			left = middle + 1;
			continue;
		}
		if (order > 0) {
			right = middle - 1;
			continue;
		}
		while (middle > 0 &&
		       ld_cache_compare(name, string(t, number(t, 48 + (size_t)(middle - 1) * 24 + 4))) == 0)
			middle--;
		for (; middle < (int)number(t, 20); middle++) {
			const size_t row = 48 + (size_t)middle * 24;

			if (ld_cache_compare(name, string(t, number(t, row + 4))) != 0)
				return NULL;
			if (number(t, row) == flags && strcmp(name, string(t, number(t, row + 4))) == 0)
				return string(t, number(t, row + 8));
		}
		return NULL;
	}
	return NULL;
}

static void the_bytes_are_those_of_ldconfig(void **state)
{
	static const struct ld_cache_library libraries[] = {
		{ "liba.so.1", "/lib/liba.so.1", X86_64 },
		{ "libb.so.1", "/lib/libb.so.1", X86_64 },
	};
	struct text t = { 0 };

	assert_int_equal(ld_cache_write(libraries, 2, &t), ERR_NONE);
	assert_memory_equal(t.s, "glibc-ld.so.cache1.1", 20);
	assert_int_equal(number(&t, 20), 2);
	assert_int_equal(number(&t, 24), 2 * (10 + 15));
	assert_int_equal(t.s[28], __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? 2 : 3);
	assert_int_equal(number(&t, 32), 0); /* no extensions */
	assert_int_equal(t.len, 48 + 2 * 24 + 2 * (10 + 15));
	/* backwards */
	assert_int_equal(number(&t, 48), X86_64);
	assert_string_equal(string(&t, number(&t, 52)), "libb.so.1");
	assert_string_equal(string(&t, number(&t, 56)), "/lib/libb.so.1");
	assert_int_equal(number(&t, 60), 0);
	assert_int_equal(number(&t, 64), 0);
	assert_int_equal(number(&t, 68), 0);
	assert_string_equal(string(&t, number(&t, 76)), "liba.so.1");
	text_free(&t);
}

static void names_compare_as_the_loader_does(void **state)
{
	static const struct {
		const char *a, *b;
		int order;
	} cases[] = {
		{ "", "", 0 },
		{ "a", "", 1 },
		{ "libc.so.6", "libc.so.6", 0 },
		{ "libc.so.6", "libc.so.10", -1 },
		{ "libc.so.6", "libc.so.06", 0 },
		{ "lib1", "liba", 1 },
		{ "lib1", "lib-", 1 },
		{ "libz.so.1", "libz.so.1.2", -1 },
		{ "liba2b", "liba10", -1 },
		{ "liba2", "liba2b", -1 },
		{ "libB", "liba", -1 },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		assert_int_equal(ld_cache_compare(cases[i].a, cases[i].b), cases[i].order);
		assert_int_equal(ld_cache_compare(cases[i].b, cases[i].a), -cases[i].order);
	}
}

static void every_library_is_found(void **state)
{
	static const char *const stems[] = { "lib", "liba", "libstdc++", "lib1", "libx-2.", "libX" };
	enum { MANY = 600 };
	struct ld_cache_library v[MANY] = { 0 };
	static char names[MANY][40], paths[MANY][80];
	unsigned seed = 1;

	for (size_t n = 0; n < MANY; n += n < 8 ? 1 : 74) {
		struct text t = { 0 };

		for (size_t i = 0; i < n; i++) {
			seed = seed * 1103515245 + 12345;
			snprintf(names[i], sizeof names[i], "%s%u.so.%zu", stems[(seed >> 16) % 6], (seed >> 20) % 30,
				 i);
			snprintf(paths[i], sizeof paths[i], "/usr/lib/%.39s", names[i]);
			v[i] = (struct ld_cache_library){ names[i], paths[i], i % 5 ? X86_64 : 0x0003 };
		}
		assert_int_equal(ld_cache_write(v, n, &t), ERR_NONE);
		assert_int_equal(number(&t, 20), n);
		for (size_t i = 0; i < n; i++) {
			assert_string_equal(find(&t, names[i], v[i].flags), paths[i]);
			assert_null(find(&t, names[i], 0x0503));
		}
		assert_null(find(&t, "libnone.so.1", X86_64));
		text_free(&t);
	}
}

static void one_row_for_a_name_of_a_machine(void **state)
{
	static const struct ld_cache_library libraries[] = {
		{ "libx.so.1", "/lib/libx.so.1", X86_64, 1 },
		{ "libx.so.1", "/lib/glibc-hwcaps/x86-64-v3/libx.so.1", X86_64, 7 },
		{ "libx.so.1", "/lib/glibc-hwcaps/x86-64-v2/libx.so.1", X86_64, 6 },
		{ "libx.so.1", "/lib32/libx.so.1", 0x0003, 1 },
		{ "libx.so.01", "/lib/libx.so.01", X86_64, 1 },
	};
	struct ld_cache_library backwards[5];
	struct text t = { 0 }, again = { 0 };

	assert_int_equal(ld_cache_write(libraries, 5, &t), ERR_NONE);
	assert_int_equal(number(&t, 20), 3);
	assert_string_equal(find(&t, "libx.so.1", X86_64), "/lib/glibc-hwcaps/x86-64-v3/libx.so.1");
	assert_string_equal(find(&t, "libx.so.1", 0x0003), "/lib32/libx.so.1");
	assert_string_equal(find(&t, "libx.so.01", X86_64), "/lib/libx.so.01");
	for (size_t i = 0; i < 5; i++)
		backwards[i] = libraries[4 - i];
	assert_int_equal(ld_cache_write(backwards, 5, &again), ERR_NONE);
	assert_int_equal(again.len, t.len);
	assert_memory_equal(again.s, t.s, t.len);
	text_free(&t);
	text_free(&again);
}

/* Whatever has none comes last: there the loader's search ends. */
static void libraries_for_some_processors_have_rows_besides(void **state)
{
	static const struct ld_cache_library libraries[] = {
		{ "libx.so.1", "/lib/libx.so.1", X86_64, 9 },
		{ "libx.so.1", "/opt/libx.so.1", X86_64, 8 },
		{ "libx.so.1", "/lib/glibc-hwcaps/x86-64-v3/libx.so.1", X86_64, 7, "x86-64-v3" },
		{ "liby.so.1", "/lib/liby.so.1", X86_64, 1 },
		{ "libx.so.1", "/opt/glibc-hwcaps/x86-64-v3/libx.so.1", X86_64, 3, "x86-64-v3" },
		{ "libx.so.1", "/lib/glibc-hwcaps/x86-64-v2/libx.so.1", X86_64, 6, "x86-64-v2" },
	};
	static const char *const paths[] = { "/lib/glibc-hwcaps/x86-64-v2/libx.so.1",
					     "/lib/glibc-hwcaps/x86-64-v3/libx.so.1", "/lib/libx.so.1" };
	static const char *const hwcaps[] = { "x86-64-v2", "x86-64-v3", NULL };
	const struct ld_cache_row *rows = NULL;
	struct ld_cache c = { 0 };
	struct text t = { 0 };
	const size_t n = ARRAY_SIZE(libraries);
	size_t len;
	char *bytes;

	assert_int_equal(ld_cache_write(libraries, n, &t), ERR_NONE);
	assert_int_equal(number(&t, 20), 4);
	assert_int_equal(number(&t, 32) % 4, 0); /* the extension */
	assert_int_equal(number(&t, 32), 48 + 4 * 24 + number(&t, 24));
	len = t.len;
	bytes = text_take(&t);
	assert_non_null(bytes);
	assert_int_equal(ld_cache_parse(bytes, len, &c), ERR_NONE);
	assert_int_equal(ld_cache_find(&c, "libx.so.1", &rows), 3);
	for (size_t i = 0; i < 3; i++) {
		assert_string_equal(rows[i].path, paths[i]);
		assert_false(rows[i].legacy);
		if (hwcaps[i])
			assert_string_equal(rows[i].hwcap, hwcaps[i]);
		else
			assert_null(rows[i].hwcap);
	}
	assert_int_equal(ld_cache_find(&c, "liby.so.1", &rows), 1);
	assert_null(rows[0].hwcap);
	ld_cache_clear(&c);
}

static void too_many_are_refused(void **state)
{
	struct text t = { 0 };

	assert_int_equal(ld_cache_write(NULL, 100001, &t), ERR_TOO_BIG);
	assert_int_equal(t.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_bytes_are_those_of_ldconfig),
		cmocka_unit_test(names_compare_as_the_loader_does),
		cmocka_unit_test(every_library_is_found),
		cmocka_unit_test(one_row_for_a_name_of_a_machine),
		cmocka_unit_test(libraries_for_some_processors_have_rows_besides),
		cmocka_unit_test(too_many_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
