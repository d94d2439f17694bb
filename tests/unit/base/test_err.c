/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_err.c - every error has a sentence that fits behind "cannot do this: ". */
#include "base/err.h"

#include "base/scratch.h"

#include <ctype.h>
#include <errno.h>

#include "base/banned.h"

static void every_error_has_a_sentence_of_its_own(void **state)
{
	for (int e = ERR_NONE; e < ERR_COUNT; e++) {
		const char *text = err_text(e);

		errno = ENOSPC;
		assert_string_not_equal(text, "unknown error");
		assert_true(strlen(text) > 5);
		assert_true(text[strlen(text) - 1] != '.');
		for (int other = 0; other < e; other++)
			assert_string_not_equal(text, err_text(other));
	}
}

static void a_system_error_is_explained_by_errno(void **state)
{
	errno = ENOSPC;
	assert_string_equal(err_text(ERR_SYSTEM), strerror(ENOSPC));
	errno = EACCES;
	assert_string_equal(err_text(ERR_SYSTEM), strerror(EACCES));
}

static void a_number_that_is_no_error_is_survived(void **state)
{
	assert_string_equal(err_text(ERR_COUNT), "unknown error");
	assert_string_equal(err_text((enum err)(-1)), "unknown error");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_error_has_a_sentence_of_its_own),
		cmocka_unit_test(a_system_error_is_explained_by_errno),
		cmocka_unit_test(a_number_that_is_no_error_is_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
