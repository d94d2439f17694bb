/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_unpack.c - packed files come out as they went in; what is damaged or cut off is said. */
#include "audit/unpack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "packed.h"

#include "base/banned.h"

#define TEXT_LEN 70000u /* more than a block of ours, in and out */
#define ROOM (3 * TEXT_LEN)

static char text[TEXT_LEN];
static unsigned char packed[ROOM];
static char unpacked[ROOM];

static int make_text(void **state)
{
	unsigned x = 1;

	for (size_t i = 0; i < TEXT_LEN; i++) {
		x = x * 1103515245u + 12345u;
		text[i] = (char)(x >> 16);
	}
	return 0;
}

/* What comes of these bytes, in pieces of 'size'. */
static enum err run(const void *bytes, size_t len, size_t size, size_t *n)
{
	int fd = memfd_create("packed", MFD_CLOEXEC);
	struct unpack *u = NULL;
	size_t got = 0;
	enum err e;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), len);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	*n = 0;
	e = unpack_new(fd, &u);
	while (e == ERR_NONE && (e = unpack_read(u, unpacked + *n, size, &got)) == ERR_NONE && got) {
		*n += got;
		assert_true(*n + size <= sizeof unpacked);
	}
	if (e == ERR_NONE) { /* and so it stays */
		assert_int_equal(unpack_read(u, unpacked + *n, size, &got), ERR_NONE);
		assert_int_equal(got, 0);
	}
	unpack_free(u);
	close(fd);
	return e;
}

static void as_it_went_in(void **state)
{
	static const size_t sizes[] = { 7, 1000, 16384, TEXT_LEN };
	static const size_t lens[] = { 0, 1, 5, 6, 7, 1000, TEXT_LEN };
	size_t n;

	for (int how = 0; how <= PACKING_COUNT; how++) {
		for (size_t i = 0; i < ARRAY_SIZE(lens); i++) {
			size_t len = how == PACKING_COUNT ? lens[i] : pack(how, text, lens[i], packed, 0, ROOM);

			for (size_t k = 0; k < ARRAY_SIZE(sizes); k++) {
				assert_int_equal(run(how == PACKING_COUNT ? (void *)text : packed, len, sizes[k], &n),
						 ERR_NONE);
				assert_int_equal(n, lens[i]);
				assert_memory_equal(unpacked, text, n);
			}
		}
	}
}

static void several_parts_are_one_file(void **state)
{
	size_t n;

	for (int how = 0; how < PACKING_COUNT; how++) {
		size_t len = pack(how, text, 1000, packed, 0, ROOM);

		len = pack(how, text + 1000, TEXT_LEN - 1000, packed, len, ROOM);
		assert_int_equal(run(packed, len, 777, &n), ERR_NONE);
		assert_int_equal(n, TEXT_LEN);
		assert_memory_equal(unpacked, text, n);
	}
}

static void every_truncation_is_said(void **state)
{
	size_t n;

	for (int how = 0; how < PACKING_COUNT; how++) {
		const size_t len = pack(how, text, 100, packed, 0, ROOM);

		for (size_t cut = 6; cut < len; cut++) {
			assert_int_equal(run(packed, cut, 500, &n), ERR_SHORT);
			assert_true(n <= 100);
			assert_memory_equal(unpacked, text, n);
		}
	}
}

/* They end with a sum over what was in them; not so zstd, unless asked. */
static void every_damage_is_said(void **state)
{
	size_t n;

	for (int how = 0; how < PACKING_ZSTD; how++) {
		const size_t len = pack(how, text, 100, packed, 0, ROOM);
		/* gzip has a time and a system in its head that mean nothing here; bzip2 ends with bits that fill the byte */
		const size_t first = how == PACKING_GZIP ? 10 : 6, end = how == PACKING_BZIP2 ? len - 1 : len;

		for (size_t i = first; i < end; i++) {
			packed[i] ^= 0x55;
			if (run(packed, len, 500, &n) == ERR_NONE)
				fail_msg("packing %d: byte %zu of %zu", how, i, len);
			packed[i] ^= 0x55;
		}
	}
}

static void a_window_of_a_gigabyte_is_refused(void **state)
{
	/* RFC 8878, 3.1.1: magic, no single segment, window of 2^30, one empty last block */
	static const unsigned char zstd[] = { 0x28, 0xb5, 0x2f, 0xfd, 0x00, 20 << 3, 0x01, 0x00, 0x00 };
	size_t n;

	assert_int_equal(run(zstd, sizeof zstd, 100, &n), ERR_SYNTAX);
}

static void what_cannot_be_read_is_trouble(void **state)
{
	struct unpack *u = NULL;

	assert_int_equal(unpack_new(-1, &u), ERR_SYSTEM);
	unpack_free(u);
}

static void the_libraries_are_named(void **state)
{
	assert_non_null(strstr(unpack_versions(), "zlib 1."));
	assert_non_null(strstr(unpack_versions(), ", zstd 1."));
	assert_null(strchr(unpack_versions(), '-'));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_it_went_in),
		cmocka_unit_test(several_parts_are_one_file),
		cmocka_unit_test(every_truncation_is_said),
		cmocka_unit_test(every_damage_is_said),
		cmocka_unit_test(a_window_of_a_gigabyte_is_refused),
		cmocka_unit_test(what_cannot_be_read_is_trouble),
		cmocka_unit_test(the_libraries_are_named),
	};

	return cmocka_run_group_tests(tests, make_text, NULL);
}
