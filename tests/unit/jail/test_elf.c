/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_elf.c - ELF files are read for what they are, whatever they claim. */
#include "jail/elf.h"

#include "base/scratch.h"
#include "jail/elf_make.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

struct bytes {
	const uint8_t *at;
	size_t len;
	size_t read; /* of all calls */
};

static enum err read_bytes_at(void *arg, uint64_t at, void *out, size_t len)
{
	struct bytes *b = arg;

	if (at > b->len || len > b->len - at)
		return ERR_SHORT;
	memcpy(out, b->at + at, len);
	b->read += len;
	return ERR_NONE;
}

static enum err parse(const uint8_t *at, size_t len, struct elf *e, const char **why)
{
	/* a copy of its own: whatever is read behind the end shows under a sanitizer */
	uint8_t *copy = malloc(len ? len : 1);
	struct bytes b = { copy, len, 0 };
	const struct elf_source from = { read_bytes_at, &b };
	enum err got;

	assert_non_null(copy);
	memcpy(copy, at, len);
	got = elf_parse(&from, e, why);
	assert_true(got ? *why != NULL : *why == NULL);
	free(copy);
	return got;
}

static void refused(const struct elf_made *m, enum err wanted, const char *words)
{
	struct elf e = { 0 };
	const char *why;

	assert_int_equal(parse(m->bytes, m->len, &e, &why), wanted);
	if (!strstr(why, words))
		fail_msg("'%s' is not in '%s'", words, why);
	assert_null(e.needs);
}

static const struct elf_making usual = {
	.wide = true,
	.type = ET_DYN,
	.machine = EM_X86_64,
	.interp = "/lib64/ld-linux-x86-64.so.2",
	.soname = "libone.so.1",
	.rpath = "/opt/a:$ORIGIN/../lib",
	.runpath = "/opt/b",
	.needs = { "libc.so.6", "$ORIGIN/libtwo.so", "/opt/libthree.so" },
	.flags_1 = DF_1_NODEFLIB | DF_1_NOW,
};

static void reads_every_class_and_byte_order(void **state)
{
	for (unsigned kind = 0; kind < 4; kind++) {
		struct elf_making from = usual;
		struct elf_made m;
		struct elf e = { 0 };
		const char *why;

		from.wide = kind & 1;
		from.big = kind & 2;
		elf_make(&m, &from);
		assert_int_equal(parse(m.bytes, m.len, &e, &why), ERR_NONE);
		assert_int_equal(e.wide, from.wide);
		assert_int_equal(e.big, from.big);
		assert_int_equal(e.type, ET_DYN);
		assert_int_equal(e.machine, EM_X86_64);
		assert_true(e.dynamic);
		assert_string_equal(e.interp, from.interp);
		assert_string_equal(e.soname, from.soname);
		assert_string_equal(e.rpath, from.rpath);
		assert_string_equal(e.runpath, from.runpath);
		assert_int_equal(e.nneeds, 3);
		for (size_t i = 0; i < 3; i++)
			assert_string_equal(e.needs[i].name, from.needs[i]);
		assert_true(e.nodeflib);
		elf_clear(&e);
	}
}

static void static_and_bare_ones_need_nothing(void **state)
{
	struct elf_making from = { .wide = true, .type = ET_EXEC, .machine = EM_X86_64 };
	struct elf_made m;
	struct elf e = { 0 };
	const char *why;

	elf_make(&m, &from);
	assert_int_equal(parse(m.bytes, m.len, &e, &why), ERR_NONE);
	assert_true(e.dynamic);
	assert_null(e.interp);
	assert_int_equal(e.nneeds, 0);
	elf_clear(&e);
	make_number(&m, 64 + 2 * 56, 4, PT_NULL); /* no dynamic section */
	assert_int_equal(parse(m.bytes, m.len, &e, &why), ERR_NONE);
	assert_false(e.dynamic);
	elf_clear(&e);
}

static void refuses_every_truncation(void **state)
{
	for (unsigned kind = 0; kind < 4; kind++) {
		struct elf_making from = usual;
		struct elf_made m;

		from.wide = kind & 1;
		from.big = kind & 2;
		elf_make(&m, &from);
		for (size_t len = 0; len < m.len; len++) {
			struct elf e = { 0 };
			const char *why;

			assert_int_equal(parse(m.bytes, len, &e, &why), ERR_SHORT);
		}
	}
}

static void survives_every_flipped_bit(void **state)
{
	struct elf_made m;

	elf_make(&m, &usual);
	for (size_t bit = 0; bit < m.len * 8; bit++) {
		struct elf e = { 0 };
		const char *why;

		m.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		if (!parse(m.bytes, m.len, &e, &why))
			assert_true(e.nneeds <= ELF_NEEDS_MAX);
		elf_clear(&e);
		m.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
}

/* A real one: every truncation is refused, or says the same, since what is behind the loaded part does not matter. */
static void truncations_of_a_real_library_never_say_otherwise(void **state)
{
	char path[PATH_MAX];
	static uint8_t bytes[16384];
	struct elf whole = { 0 };
	const char *why;
	size_t len, refused_ones = 0;
	FILE *f;

	assert_true(snprintf(path, sizeof path, "%s/tests/fuzz/corpus/elf/program", getenv("SALLYPORT_SOURCE")) > 0);
	assert_non_null(f = fopen(path, "rb"));
	len = fread(bytes, 1, sizeof bytes, f);
	fclose(f);
	assert_int_equal(parse(bytes, len, &whole, &why), ERR_NONE);
	assert_string_equal(whole.needs[0].name, "libone.so.1");
	assert_string_equal(whole.interp, "/lib64/ld-linux-x86-64.so.2");
	assert_string_equal(whole.runpath, "/opt/b");
	for (size_t cut = 0; cut < len; cut++) {
		struct elf e = { 0 };

		if (parse(bytes, cut, &e, &why)) {
			refused_ones++;
			continue;
		}
		assert_int_equal(e.nneeds, whole.nneeds);
		assert_string_equal(e.needs[0].name, whole.needs[0].name);
		elf_clear(&e);
	}
	assert_true(refused_ones > 500);
	elf_clear(&whole);
}

static void names_must_lie_in_the_strings(void **state)
{
	struct elf_making from = usual;
	struct elf_made m;

	from.name_at = 100000;
	elf_make(&m, &from);
	refused(&m, ERR_SYNTAX, "outside of its strings");
	from.name_at = UINT64_MAX;
	elf_make(&m, &from);
	refused(&m, ERR_SYNTAX, "outside of its strings");
	from.name_at = 0;
	elf_make(&m, &from);
	m.bytes[m.dynamic_at - 1] = 'x'; /* the last string, and the filling behind it */
	for (size_t i = m.strings_at; i < m.dynamic_at; i++)
		m.bytes[i] = m.bytes[i] ? m.bytes[i] : 'x';
	refused(&m, ERR_SYNTAX, "has no end");
}

static void sizes_that_overflow_are_refused(void **state)
{
	static const uint64_t values[] = { UINT64_MAX, UINT64_MAX - 8, INT64_MAX, (uint64_t)1 << 32 };
	struct elf_made m;

	for (size_t i = 0; i < ARRAY_SIZE(values); i++)
		for (size_t place = 0; place < 3; place++)
			for (size_t field = 8; field < 56; field += 8) {
				struct elf e = { 0 };
				const char *why;

				elf_make(&m, &usual);
				make_number(&m, 64 + place * 56 + field, 8, values[i]);
				if (!parse(m.bytes, m.len, &e, &why))
					elf_clear(&e);
			}
	elf_make(&m, &usual);
	make_number(&m, 32, 8, UINT64_MAX - 10); /* where the program headers are */
	refused(&m, ERR_SHORT, "program headers");
	elf_make(&m, &usual);
	make_number(&m, 64 + 2 * 56 + 32, 8, (uint64_t)1 << 40); /* the size of the dynamic section */
	refused(&m, ERR_SYNTAX, "not loaded");
	make_number(&m, 64 + 56 + 32, 8, (uint64_t)1 << 41); /* and of what is loaded */
	refused(&m, ERR_TOO_BIG, "65536 rows");
}

static void numbers_are_bounded(void **state)
{
	struct elf_making from = usual;
	struct elf_made m;
	struct elf e = { 0 };
	const char *why;

	from.many = ELF_NEEDS_MAX - 3;
	elf_make(&m, &from);
	assert_int_equal(parse(m.bytes, m.len, &e, &why), ERR_NONE);
	assert_int_equal(e.nneeds, ELF_NEEDS_MAX);
	elf_clear(&e);
	from.many++;
	elf_make(&m, &from);
	refused(&m, ERR_TOO_BIG, "1024 libraries");
	elf_make(&m, &usual);
	make_number(&m, 56, 2, 0xffff);
	refused(&m, ERR_TOO_BIG, "128 program headers");
	make_number(&m, 56, 2, 3);
	make_number(&m, 54, 2, 32);
	refused(&m, ERR_SYNTAX, "that of its class");
}

static void says_what_is_no_elf_file(void **state)
{
	struct elf_made m = { .len = 64 };

	refused(&m, ERR_SYNTAX, "no ELF file");
	elf_make(&m, &usual);
	m.bytes[4] = 3;
	refused(&m, ERR_SYNTAX, "neither of 32 nor of 64 bit");
	elf_make(&m, &usual);
	m.bytes[5] = 0;
	refused(&m, ERR_SYNTAX, "byte order");
	elf_make(&m, &usual);
	m.bytes[6] = 2;
	refused(&m, ERR_SYNTAX, "version");
	elf_make(&m, &usual);
	make_number(&m, 64 + 32, 8, 1); /* the interpreter's name */
	refused(&m, ERR_SYNTAX, "empty or too long");
}

static void names_machines(void **state)
{
	char text[32];

	assert_string_equal(elf_machine_text(&(struct elf){ .machine = EM_AARCH64, .wide = true }, text),
			    "ARM, 64 bit");
	assert_string_equal(elf_machine_text(&(struct elf){ .machine = EM_MIPS, .big = true }, text),
			    "MIPS, 32 bit, big-endian");
	assert_string_equal(elf_machine_text(&(struct elf){ .machine = 65535 }, text), "machine 65535, 32 bit");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_every_class_and_byte_order),
		cmocka_unit_test(static_and_bare_ones_need_nothing),
		cmocka_unit_test(refuses_every_truncation),
		cmocka_unit_test(survives_every_flipped_bit),
		cmocka_unit_test(truncations_of_a_real_library_never_say_otherwise),
		cmocka_unit_test(names_must_lie_in_the_strings),
		cmocka_unit_test(sizes_that_overflow_are_refused),
		cmocka_unit_test(numbers_are_bounded),
		cmocka_unit_test(says_what_is_no_elf_file),
		cmocka_unit_test(names_machines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
