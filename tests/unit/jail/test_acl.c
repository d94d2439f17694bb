/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_acl.c - who may write by an access control list. */
#include "base/macros.h"
#include "jail/acl.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/banned.h"

#define HEAD "\2\0\0\0"
#define NOBODY "\377\377\377\377"
#define OWNER "\1\0\7\0" NOBODY
#define USER(may) "\2\0" may "\0\351\3\0\0" /* 1001 */
#define ROOT "\2\0\7\0\0\0\0\0"
#define OWNING_GROUP(may) "\4\0" may "\0" NOBODY
#define GROUP(may) "\10\0" may "\0\351\3\0\0"
#define MASK(may) "\20\0" may "\0" NOBODY
#define OTHER(may) "\40\0" may "\0" NOBODY

static const struct {
	const char *bytes;
	size_t len;
	bool writable;
} lists[] = {
#define ROW(bytes, writable) \
	{ \
		bytes, sizeof(bytes) - 1, writable \
	}
	ROW(HEAD, false),
	ROW(HEAD OWNER OWNING_GROUP("\5") OTHER("\5"), false),
	ROW(HEAD OWNER OWNING_GROUP("\5") OTHER("\7"), true),
	ROW(HEAD OWNER OWNING_GROUP("\2") OTHER("\0"), true),
	ROW(HEAD OWNER USER("\7") OWNING_GROUP("\5") MASK("\7") OTHER("\5"), true),
	ROW(HEAD OWNER USER("\7") OWNING_GROUP("\5") MASK("\5") OTHER("\5"), false),
	ROW(HEAD OWNER GROUP("\2") OWNING_GROUP("\5") MASK("\2") OTHER("\5"), true),
	ROW(HEAD OWNER ROOT OWNING_GROUP("\5") MASK("\7") OTHER("\5"), false),
#undef ROW
};

static void says_who_may_write(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		bool writable = !lists[i].writable;

		assert_int_equal(acl_parse((const uint8_t *)lists[i].bytes, lists[i].len, &writable), ERR_NONE);
		assert_int_equal(writable, lists[i].writable);
	}
}

static void refuses_what_ends_in_the_middle(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		for (size_t len = 0; len < lists[i].len; len++) {
			bool writable = false;

			assert_int_equal(acl_parse((const uint8_t *)lists[i].bytes, len, &writable),
					 len >= 4 && len % 8 == 4 ? ERR_NONE : ERR_SHORT);
		}
}

static void refuses_what_nobody_knows(void **state)
{
	bool writable = true;

	assert_int_equal(acl_parse((const uint8_t *)"\3\0\0\0", 4, &writable), ERR_SYNTAX);
	assert_int_equal(acl_parse((const uint8_t *)HEAD "\3\0\7\0" NOBODY, 12, &writable), ERR_SYNTAX);
	assert_true(writable);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_who_may_write),
		cmocka_unit_test(refuses_what_ends_in_the_middle),
		cmocka_unit_test(refuses_what_nobody_knows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
