/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_server_answer.c - what a server says of its clock and its site's secret is taken whole, or not at all. */
#include "client/server_answer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/banned.h"

#define KEY "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE4tX/c root@web1\n"
#define HEX "00112233445566778899aabbccddeeff00112233445566778899aAbBcCdDeEfF"
#define PATH "/etc/sallyport/site-secret"
#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"

static void takes_what_is_told(void **state)
{
	static const struct {
		const char *text;
		uint64_t time;
		enum server_secret secret;
	} cases[] = {
		{ KEY "sallyport-time 1790000000\nsallyport-secret " PATH " " HEX "\n", 1790000000,
		  SERVER_SECRET_TOLD },
		{ "a shell's greeting\r\nsallyport-time 5\r\nsallyport-secret\r\n", 5, SERVER_SECRET_NONE },
		{ "sallyport-secret " PATH "\n", 0, SERVER_SECRET_UNREADABLE },
		{ "sallyport-secret " PATH " " ZEROS "\n", 0, SERVER_SECRET_UNREADABLE },
		{ "sallyport-secret " PATH " " HEX "0\n", 0, SERVER_SECRET_UNREADABLE },
		{ "sallyport-secret " PATH " " HEX " more\n", 0, SERVER_SECRET_UNREADABLE },
		/* the first counts */
		{ "sallyport-time 7\nsallyport-time 8\nsallyport-secret\nsallyport-secret " PATH " " HEX "\n", 7,
		  SERVER_SECRET_NONE },
		{ "sallyport-time\nsallyport-time -1\nsallyport-time 99999999999\n", 0, SERVER_SECRET_UNTOLD },
		{ "sallyport-secrets\nxsallyport-secret\n", 0, SERVER_SECRET_UNTOLD },
		{ "", 0, SERVER_SECRET_UNTOLD },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct server_answer a = { 0 };

		assert_int_equal(server_answer_parse(cases[i].text, strlen(cases[i].text), &a), ERR_NONE);
		if (a.time != cases[i].time || a.secret != cases[i].secret)
			fail_msg("case %zu: time %llu, secret %d", i, (unsigned long long)a.time, (int)a.secret);
		assert_string_equal(a.digits, a.secret == SERVER_SECRET_TOLD ? HEX : "");
		if (a.path)
			assert_string_equal(a.path, PATH);
		server_answer_clear(&a);
		assert_null(a.path);
	}
}

static void no_truncation_tells_a_secret(void **state)
{
	static const char text[] = KEY "sallyport-time 1790000000\nsallyport-secret " PATH " " HEX "\n";

	for (size_t cut = 0; cut < sizeof text - 1; cut++) {
		struct server_answer a = { 0 };
		char *copy = malloc(cut ? cut : 1);

		assert_non_null(copy);
		memcpy(copy, text, cut);
		assert_int_equal(server_answer_parse(copy, cut, &a), ERR_NONE);
		assert_int_equal(a.secret, SERVER_SECRET_UNTOLD);
		assert_true(a.time == 0 || a.time == 1790000000);
		server_answer_clear(&a);
		free(copy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_what_is_told),
		cmocka_unit_test(no_truncation_tells_a_secret),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
