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
	struct carried out[CARRY_MAX];
	uint8_t in[NATIVE_DATAGRAM];
	struct text t = { 0 };
	size_t n = 0;

	text_add_string(&t, "# for the server\n\n");
	for (unsigned i = 0; i < CARRY_MAX; i++) {
		fill(in, i);
		carry_print("server.example.org", 1 + i, in, &t);
	}
	assert_int_equal(carry_parse(t.s, t.len, out, &n), ERR_NONE);
	assert_int_equal(n, CARRY_MAX);
	for (unsigned i = 0; i < CARRY_MAX; i++) {
		fill(in, i);
		assert_memory_equal(out[i].datagram, in, sizeof in);
		assert_string_equal(out[i].host, "server.example.org");
		assert_int_equal(out[i].port, 1 + i);
	}
	carry_print("one", 1, in, &t);
	assert_int_equal(carry_parse(t.s, t.len, out, &n), ERR_TOO_BIG);
	text_free(&t);
}

static void refuses_every_truncation(void **state)
{
	struct carried out[CARRY_MAX];
	uint8_t in[NATIVE_DATAGRAM];
	struct text t = { 0 };
	size_t n = 7;

	fill(in, 1);
	carry_print("server", 22, in, &t);
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

static void refuses_a_line_of_another_form(void **state)
{
	static const char *const forms[] = {
		"knock server 22 %s",
		"sallyport-knock server %s",
		"sallyport-knock server 0 %s",
		"sallyport-knock server 65536 %s",
		"sallyport-knock server 22 %s more",
		"# %s",
		"",
	};
	char base64[1700], line[2000], longest[400] = "sallyport-knock ";
	struct carried out[CARRY_MAX];
	uint8_t in[NATIVE_DATAGRAM];
	struct text t = { 0 };
	size_t n = 7;

	fill(in, 1);
	carry_print("x", 1, in, &t);
	snprintf(base64, sizeof base64, "%s", t.s + strlen("sallyport-knock x 1 "));
	base64[strcspn(base64, "\n")] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		snprintf(line, sizeof line, forms[i], base64);
		assert_int_equal(carry_parse(line, strlen(line), out, &n), ERR_SYNTAX);
	}
	memset(longest + strlen(longest), 'x', CARRY_HOST_MAX + 1);
	snprintf(line, sizeof line, "%s 22 %s", longest, base64);
	assert_int_equal(carry_parse(line, strlen(line), out, &n), ERR_SYNTAX);
	assert_int_equal(n, 7);
	text_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comes_back_as_it_was),
		cmocka_unit_test(refuses_every_truncation),
		cmocka_unit_test(refuses_a_line_of_another_form),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
