/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_who_look.c - rates over the last looks, and metrics. */
#include "cmd/who.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/banned.h"

static struct who_view look_at(uint64_t seconds, uint64_t started, uint64_t granted, uint64_t keys)
{
	struct who_view v = { .seen = true, .answered_boot_ms = seconds * 1000 };

	v.status.started = started;
	v.status.granted = granted;
	v.status.ended[STAGE_KEY] = keys;
	return v;
}

static void a_rate_wants_two_looks(void **state)
{
	struct who_samples s = { 0 };
	struct who_view v = look_at(10, 1, 5, 0);

	(void)state;
	assert_true(who_rate(&s, STAGE_ACCEPTED) < 0);
	who_samples_add(&s, &v);
	assert_true(who_rate(&s, STAGE_ACCEPTED) < 0);
	who_samples_add(&s, &v); /* at the same moment */
	assert_true(who_rate(&s, STAGE_ACCEPTED) < 0);
	v = look_at(14, 1, 7, 40);
	who_samples_add(&s, &v);
	assert_true(who_rate(&s, STAGE_ACCEPTED) == 0.5);
	assert_true(who_rate(&s, STAGE_KEY) == 10);
	assert_true(who_rate(&s, STAGE_TIME) == 0);
}

static void what_is_long_ago_counts_no_more(void **state)
{
	struct who_samples s = { 0 };

	(void)state;
	for (uint64_t i = 0; i < 100; i++) {
		struct who_view v = look_at(2 * i, 1, i < 60 ? 1000 * i : 60000 + i, 0);

		who_samples_add(&s, &v);
	}
	assert_int_equal(s.n, WHO_SAMPLES);
	assert_true(who_rate(&s, STAGE_ACCEPTED) == 0.5);
}

static void another_run_of_the_daemon_begins_anew(void **state)
{
	struct who_samples s = { 0 };
	struct who_view v = look_at(0, 1, 1000, 0);

	(void)state;
	who_samples_add(&s, &v);
	v = look_at(2, 2, 3, 0);
	who_samples_add(&s, &v);
	assert_int_equal(s.n, 1);
	assert_true(who_rate(&s, STAGE_ACCEPTED) < 0);
	/* started within the same second: its counters are smaller */
	v = look_at(4, 2, 0, 0);
	who_samples_add(&s, &v);
	assert_true(who_rate(&s, STAGE_ACCEPTED) < 0);
}

static void every_check_has_its_sentence(void **state)
{
	(void)state;
	for (unsigned i = 1; i < STAGE_COUNT; i++)
		assert_true(strlen(who_meaning((enum knock_stage)i)) > 10);
	assert_string_equal(who_meaning(STAGE_ACCEPTED), "");
}

static void metrics_of_a_daemon_that_is_away_are_not_its_last_ones(void **state)
{
	struct who_view v = look_at(0, 1, 1000, 0);
	struct text t = { 0 };

	(void)state;
	v.why = "sallyportd does not run here";
	who_prometheus(&v, 1, &t);
	assert_non_null(strstr(text_string(&t), "\nsallyport_up 0\n"));
	assert_non_null(strstr(text_string(&t), "\nsallyport_table_loaded 1\n"));
	assert_null(strstr(text_string(&t), "granted"));
	text_reset(&t);
	v.why = NULL;
	who_prometheus(&v, -1, &t);
	assert_non_null(strstr(text_string(&t), "\nsallyport_up 1\n"));
	assert_non_null(strstr(text_string(&t), "\nsallyport_knocks_granted_total 1000\n"));
	assert_null(strstr(text_string(&t), "table_loaded"));
	text_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_rate_wants_two_looks),
		cmocka_unit_test(what_is_long_ago_counts_no_more),
		cmocka_unit_test(another_run_of_the_daemon_begins_anew),
		cmocka_unit_test(every_check_has_its_sentence),
		cmocka_unit_test(metrics_of_a_daemon_that_is_away_are_not_its_last_ones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
