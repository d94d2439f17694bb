/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_interrupt.c - signals that would end us are seen while they wait, and forgotten once they were answered. */
#include "base/interrupt.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/banned.h"

static void test_what_came_meanwhile_is_seen_and_ends_nobody(void **state)
{
	static const int ends[] = { SIGINT, SIGTERM, SIGQUIT }, waits[] = { SIGHUP, SIGPIPE };
	sigset_t before, after;

	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		interrupt_hold(&before);
		assert_false(interrupt_pending());
		raise(ends[i]);
		assert_true(interrupt_pending());
		errno = ENOENT;
		interrupt_release(&before);
		assert_int_equal(errno, ENOENT);
		assert_false(interrupt_pending());
	}
	for (size_t i = 0; i < sizeof waits / sizeof *waits; i++) {
		interrupt_hold(&before);
		raise(waits[i]);
		assert_false(interrupt_pending());
		interrupt_release(&before);
	}
	sigprocmask(SIG_BLOCK, NULL, &after);
	assert_int_equal(sigismember(&after, SIGINT), 0);
}

static void test_one_within_another_still_holds(void **state)
{
	sigset_t outer, inner;

	interrupt_hold(&outer);
	interrupt_hold(&inner);
	interrupt_release(&inner);
	raise(SIGTERM);
	assert_true(interrupt_pending());
	interrupt_release(&outer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_came_meanwhile_is_seen_and_ends_nobody),
		cmocka_unit_test(test_one_within_another_still_holds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
