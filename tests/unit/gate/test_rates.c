/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_rates.c - how often a key may knock, what strangers may cost at the most, and that no flood shuts a class out. */
#include "base/scratch.h"

#include "base/macros.h"
#include "gate/rates.h"

#include <string.h>

#include "base/banned.h"

#define NOW UINT64_C(5000000)
#define MS UINT64_C(1000000) /* nanoseconds */
#define PERCENT 25
#define SHARE_MS 250 /* what that is of a second */

static const uint8_t *key_of(uint64_t n)
{
	static uint8_t key[NATIVE_KEY_ID];

	memcpy(key, &n, sizeof n);
	return key;
}

/* ---- keys ---- */

static unsigned taken(struct rates *r, uint64_t key, unsigned tries, uint64_t now)
{
	unsigned n = 0;

	for (unsigned i = 0; i < tries; i++)
		n += rates_take(r, key_of(key), now);
	return n;
}

static void ten_at_once_then_one_in_six_seconds(void **state)
{
	static const uint64_t begins[] = { 0, 1, 59999, 60000, NOW, UINT64_MAX / 2 };

	for (size_t i = 0; i < ARRAY_SIZE(begins); i++) {
		uint64_t now = begins[i];
		struct rates *r = NULL;

		assert_int_equal(rates_new(&r), ERR_NONE);
		assert_int_equal(taken(r, 1, 100, now), RATES_BURST);
		for (int k = 0; k < 5; k++) {
			assert_int_equal(taken(r, 1, 3, now + RATES_EVERY_MS - 1), 0);
			now += RATES_EVERY_MS;
			assert_int_equal(taken(r, 1, 3, now), 1);
		}
		/* Somebody else has ten of his own. */
		assert_int_equal(taken(r, 2, 100, now), RATES_BURST);
		now += (RATES_BURST - 1) * RATES_EVERY_MS;
		assert_int_equal(taken(r, 1, 100, now), RATES_BURST - 1);
		now += 100 * RATES_BURST * (uint64_t)RATES_EVERY_MS;
		assert_int_equal(taken(r, 1, 100, now), RATES_BURST);
		rates_free(r);
	}
	rates_free(NULL);
}

/* Keys without number push each other out, and not the one that is at its end. */
static void many_keys_do_not_fill_the_bucket_of_another(void **state)
{
	struct rates *r = NULL;

	assert_int_equal(rates_new(&r), ERR_NONE);
	assert_int_equal(taken(r, 1, 100, NOW), RATES_BURST);
	for (uint64_t i = 0; i < 20 * RATES_KEYS; i++)
		assert_int_equal(taken(r, 1000 + i, 1, NOW), 1);
	assert_int_equal(taken(r, 1, 100, NOW), 0);
	/* And those that come new have all that is theirs. */
	assert_int_equal(taken(r, 2, 100, NOW), RATES_BURST);
	rates_free(r);
}

static void a_clock_that_was_set_back_locks_nobody_out(void **state)
{
	struct rates *r = NULL;

	assert_int_equal(rates_new(&r), ERR_NONE);
	assert_int_equal(taken(r, 1, 100, NOW), RATES_BURST);
	assert_int_equal(taken(r, 1, 100, NOW / 2), 0);
	assert_int_equal(taken(r, 1, 100, NOW / 2 + RATES_EVERY_MS), 1);
	rates_free(r);
}

/* ---- processor time ---- */

static uint64_t chance_state;

static uint32_t chance(void)
{
	chance_state = chance_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(chance_state >> 32);
}

/* Whether a packet of this cost gets in; then it is paid for. */
static bool packet(struct budget *b, enum budget_class c, uint64_t cost_ns, uint64_t now)
{
	if (!budget_allows(b, c, chance(), now))
		return false;
	budget_charge(b, c, cost_ns);
	return true;
}

static void what_is_below_the_share_always_gets_in(void **state)
{
	for (int c = 0; c < BUDGET_CLASSES; c++) {
		struct budget b;

		budget_start(&b, PERCENT, NOW);
		/* 100 ms of each second, of 250. */
		for (uint64_t ms = 0; ms < 20000; ms++)
			if (ms % 10 == 0)
				assert_true(packet(&b, (enum budget_class)c, MS, NOW + ms));
	}
}

/* All of them together, each with a hundred times as much as there is. */
static void all_classes_together_stay_below_the_share(void **state)
{
	static const unsigned percents[] = { 1, 5, PERCENT, 100 };

	for (size_t i = 0; i < ARRAY_SIZE(percents); i++) {
		const uint64_t seconds = 30;
		uint64_t used = 0, of_class[BUDGET_CLASSES] = { 0 };
		struct budget b;

		budget_start(&b, percents[i], NOW);
		for (uint64_t ms = 0; ms < seconds * 1000; ms++)
			for (int n = 0; n < 4 * BUDGET_CLASSES; n++)
				if (packet(&b, (enum budget_class)(n % BUDGET_CLASSES), MS, NOW + ms)) {
					of_class[n % BUDGET_CLASSES] += MS;
					used += MS;
				}
		/* What was saved up before is one second's at the most, and twice that with what all may use. */
		assert_true(used <= (seconds + 2) * 10 * MS * percents[i] + BUDGET_CLASSES * MS);
		assert_true(used >= seconds * 9 * MS * percents[i]);
		for (int c = 0; c < BUDGET_CLASSES; c++)
			assert_true(of_class[c] >= used / BUDGET_CLASSES * 8 / 10);
	}
}

static void one_class_alone_may_use_what_the_others_leave(void **state)
{
	for (int c = 0; c < BUDGET_CLASSES; c++) {
		uint64_t used = 0;
		struct budget b;

		budget_start(&b, PERCENT, NOW);
		for (uint64_t ms = 0; ms < 30000; ms++)
			for (int n = 0; n < 4; n++)
				used += packet(&b, (enum budget_class)c, MS, NOW + ms) ? MS : 0;
		assert_true(used >= 30 * SHARE_MS * MS * 95 / 100);
		assert_true(used <= 32 * SHARE_MS * MS + MS);
	}
}

/* Whatever floods one class, a knock of another one now and then gets in. */
static void a_flood_of_one_class_does_not_reach_another(void **state)
{
	for (int flooded = 0; flooded < BUDGET_CLASSES; flooded++)
		for (int c = 0; c < BUDGET_CLASSES; c++) {
			struct budget b;

			if (c == flooded)
				continue;
			budget_start(&b, PERCENT, NOW);
			for (uint64_t ms = 0; ms < 20000; ms++) {
				for (int n = 0; n < 20; n++)
					packet(&b, (enum budget_class)flooded, MS / 10 * 6, NOW + ms);
				if (ms % 100 == 99)
					assert_true(packet(&b, (enum budget_class)c, 2 * MS, NOW + ms));
			}
		}
}

/* Of what floods with ten times as much as there is, a tenth gets in, and of what somebody else sends meanwhile no less. */
static void over_the_share_chance_decides(void **state)
{
	unsigned flood = 0, flooded = 0, honest = 0, honestly = 0;
	struct budget b;

	budget_start(&b, PERCENT, NOW);
	for (uint64_t ms = 0; ms < 60000; ms++) {
		/* The flood comes first in each millisecond. */
		for (int n = 0; n < 25; n++, flood++)
			flooded += packet(&b, BUDGET_REST, MS / 10, NOW + ms);
		if (ms % 20 == 7) {
			honest++;
			honestly += packet(&b, BUDGET_REST, MS / 10, NOW + ms);
		}
	}
	assert_true(flooded >= flood / 12 && flooded <= flood / 8);
	assert_true(honestly >= honest / 15 && honestly <= honest / 6);
}

/* A flood that stops and starts in step with a clock: in the pauses everybody gets in, soon after it has stopped. */
static void a_flood_in_pulses_shuts_nobody_out_in_its_pauses(void **state)
{
	static const uint64_t periods[] = { 200, 1000, 2000, 4000 };

	for (size_t i = 0; i < ARRAY_SIZE(periods); i++) {
		unsigned honest = 0, honestly = 0;
		struct budget b;

		budget_start(&b, PERCENT, NOW);
		for (uint64_t ms = 0; ms < 60000; ms++) {
			if (ms % periods[i] < periods[i] / 2) {
				for (int n = 0; n < 100; n++)
					packet(&b, BUDGET_REST, MS / 10, NOW + ms);
			} else if (ms % 20 == 7) {
				honest++;
				honestly += packet(&b, BUDGET_REST, MS / 10, NOW + ms);
			}
		}
		assert_true(honestly >= honest / 3);
	}
}

/* Who has won once goes on to the end, unless nothing at all is left. */
static void who_was_let_in_is_not_drawn_again(void **state)
{
	unsigned finished = 0, begun = 0;
	struct budget b;

	budget_start(&b, PERCENT, NOW);
	for (uint64_t ms = 0; ms < 60000; ms++) {
		for (int n = 0; n < 100; n++)
			packet(&b, BUDGET_REST, MS / 20, NOW + ms);
		if (!packet(&b, BUDGET_REST, MS / 20, NOW + ms))
			continue;
		begun++;
		if (!budget_allows(&b, BUDGET_REST, 0, NOW + ms))
			continue;
		budget_charge(&b, BUDGET_REST, 3 * MS / 2);
		finished++;
	}
	assert_true(begun > 500 && finished >= begun * 9 / 10);
}

static void a_long_pause_or_a_clock_set_back_gives_no_more_than_a_second(void **state)
{
	static const uint64_t laters[] = { NOW + 1000, NOW + 1000000000, NOW / 2, 0, UINT64_MAX };

	for (size_t i = 0; i < ARRAY_SIZE(laters); i++) {
		uint64_t used = 0;
		struct budget b;

		budget_start(&b, PERCENT, NOW);
		while (budget_allows(&b, BUDGET_REST, 0, NOW))
			budget_charge(&b, BUDGET_REST, MS);
		for (int n = 0; n < 10000 && budget_allows(&b, BUDGET_REST, 0, laters[i]); n++) {
			budget_charge(&b, BUDGET_REST, MS);
			used += MS;
		}
		assert_true(used <= 2 * SHARE_MS * MS + MS);
		if (laters[i] > NOW)
			assert_true(used >= SHARE_MS * MS / BUDGET_CLASSES - MS);
	}
}

/* Nothing has been left over by then. */
static void a_start_gives_a_share_to_each_and_nothing_else(void **state)
{
	for (int c = 0; c < BUDGET_CLASSES; c++) {
		uint64_t used = 0;
		struct budget b;

		budget_start(&b, PERCENT, NOW);
		for (; budget_allows(&b, (enum budget_class)c, 0, NOW); used += MS)
			budget_charge(&b, (enum budget_class)c, MS);
		assert_true(used >= SHARE_MS * MS / BUDGET_CLASSES && used <= SHARE_MS * MS / BUDGET_CLASSES + MS);
	}
}

/* A cost that nobody foresaw is paid for later, but shuts the class out for a second at the most. */
static void a_debt_is_paid(void **state)
{
	static const uint64_t costs[] = { 10 * SHARE_MS * MS, UINT64_MAX };

	for (size_t i = 0; i < ARRAY_SIZE(costs); i++) {
		struct budget b;

		budget_start(&b, PERCENT, NOW);
		budget_charge(&b, BUDGET_REST, costs[i]);
		assert_false(budget_allows(&b, BUDGET_REST, 0, NOW));
		assert_true(budget_allows(&b, BUDGET_KNOWN, chance(), NOW));
		assert_true(packet(&b, BUDGET_KNOWN, SHARE_MS * MS / BUDGET_CLASSES, NOW));
		/* The others are busy: nothing is left over. */
		for (int c = 0; c < BUDGET_CLASSES; c++)
			budget_charge(&b, (enum budget_class)c, SHARE_MS * MS);
		assert_false(budget_allows(&b, BUDGET_REST, 0, NOW + 999));
		assert_true(budget_allows(&b, BUDGET_REST, 0, NOW + 1001));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ten_at_once_then_one_in_six_seconds),
		cmocka_unit_test(many_keys_do_not_fill_the_bucket_of_another),
		cmocka_unit_test(a_clock_that_was_set_back_locks_nobody_out),
		cmocka_unit_test(what_is_below_the_share_always_gets_in),
		cmocka_unit_test(all_classes_together_stay_below_the_share),
		cmocka_unit_test(one_class_alone_may_use_what_the_others_leave),
		cmocka_unit_test(a_flood_of_one_class_does_not_reach_another),
		cmocka_unit_test(over_the_share_chance_decides),
		cmocka_unit_test(a_flood_in_pulses_shuts_nobody_out_in_its_pauses),
		cmocka_unit_test(who_was_let_in_is_not_drawn_again),
		cmocka_unit_test(a_long_pause_or_a_clock_set_back_gives_no_more_than_a_second),
		cmocka_unit_test(a_start_gives_a_share_to_each_and_nothing_else),
		cmocka_unit_test(a_debt_is_paid),
	};

	return cmocka_run_group_tests_name("gate/rates", tests, NULL, NULL);
}
