/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_carry.c - printed knocks come back as they were, and nothing else is taken for one. */
#include "client/carry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/banned.h"

static void fill(uint8_t d[NATIVE_DATAGRAM], unsigned seed)
{
	for (size_t i = 0; i < NATIVE_DATAGRAM; i++)
		d[i] = (uint8_t)(i * 7 + seed);
}

static void comes_back_as_it_was(void **state)
{
	uint8_t in[CARRY_MAX][NATIVE_DATAGRAM], out[CARRY_MAX][NATIVE_DATAGRAM];
	struct text t = { 0 };
	size_t n = 0;

	text_add_string(&t, "# for the server\n\n");
	for (unsigned i = 0; i < CARRY_MAX; i++) {
		fill(in[i], i);
		carry_print(in[i], &t);
	}
	assert_int_equal(carry_parse(t.s, t.len, out, &n), ERR_NONE);
	assert_int_equal(n, CARRY_MAX);
	assert_memory_equal(in, out, sizeof in);
	carry_print(in[0], &t);
	assert_int_equal(carry_parse(t.s, t.len, out, &n), ERR_TOO_BIG);
	text_free(&t);
}

static void refuses_every_truncation(void **state)
{
	uint8_t in[NATIVE_DATAGRAM], out[CARRY_MAX][NATIVE_DATAGRAM];
	struct text t = { 0 };
	size_t n = 7;

	fill(in, 1);
	carry_print(in, &t);
	for (size_t len = 0; len < t.len - 1; len++) {
		char *cut = malloc(len ? len : 1);

		memcpy(cut, t.s, len);
		assert_int_equal(carry_parse(cut, len, out, &n), ERR_SYNTAX);
		free(cut);
	}
	assert_int_equal(n, 7);
	/* the last line feed may be missing, or be that of another system */
	assert_int_equal(carry_parse(t.s, t.len - 1, out, &n), ERR_NONE);
	t.s[t.len - 1] = '\r';
	assert_int_equal(carry_parse(t.s, t.len, out, &n), ERR_NONE);
	t.s[t.len - 1] = 'A';
	assert_int_equal(carry_parse(t.s, t.len, out, &n), ERR_SYNTAX);
	text_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comes_back_as_it_was),
		cmocka_unit_test(refuses_every_truncation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
