/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_clock.c - the clocks are those that they say they are. */
#include "base/clock.h"

#include "base/scratch.h"

#include "base/banned.h"

static void boot_time_goes_on_and_agrees_with_the_kernel(void **state)
{
	uint64_t first = clock_boot_ms(), second;
	char uptime[64];

	usleep(20000);
	second = clock_boot_ms();
	assert_true(second >= first + 20);
	assert_true(scratch_read("/proc/uptime", uptime, sizeof uptime));
	assert_true(second / 1000 <= strtoull(uptime, NULL, 10) + 2);
	assert_true(second / 1000 + 2 >= strtoull(uptime, NULL, 10));
}

static void wall_time_is_that_of_the_system(void **state)
{
	time_t before = time(NULL), now = clock_wall();

	assert_true(now >= before && now <= before + 5);
}

static void the_boot_id_is_that_of_the_kernel(void **state)
{
	char wanted[64], got[37];

	assert_true(scratch_read("/proc/sys/kernel/random/boot_id", wanted, sizeof wanted));
	wanted[strcspn(wanted, "\n")] = '\0';
	clock_boot_id(got);
	assert_int_equal(strlen(got), 36);
	assert_string_equal(got, wanted);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(boot_time_goes_on_and_agrees_with_the_kernel),
		cmocka_unit_test(wall_time_is_that_of_the_system),
		cmocka_unit_test(the_boot_id_is_that_of_the_kernel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
