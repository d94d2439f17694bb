/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_grants.c - what is open is told as long as it is, under the name of who opened it for longest, and never twice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/macros.h"
#include "gate/grants.h"

#include <stdio.h>
#include <string.h>

#include "base/banned.h"

#define NOW UINT64_C(5000000)

static struct message_address host(unsigned n)
{
	return (struct message_address){ .family = 4, .bytes = { 198, 51, (uint8_t)(n >> 8), (uint8_t)n } };
}

static struct control_entry entry(unsigned from, uint16_t port, const char *user, uint32_t seconds)
{
	struct control_entry e = { .address = host(from), .port = port, .known = 1, .seconds_left = seconds };

	snprintf(e.user, sizeof e.user, "%s", user);
	memset(e.key, user[0], sizeof e.key);
	return e;
}

static struct grants *made(void)
{
	struct grants *g = NULL;

	assert_int_equal(grants_new(128, &g), ERR_NONE);
	return g;
}

static void set(struct grants *g, unsigned from, uint16_t port, const char *user, uint32_t seconds, uint64_t now)
{
	const struct control_entry e = entry(from, port, user, seconds);

	grants_set(g, &e, now);
}

static size_t count(const struct grants *g, uint64_t now)
{
	struct control_entry e;
	size_t n = 0;

	for (size_t at = 0; grants_next(g, &at, now, &e);)
		n++;
	return n;
}

/* The one of that address and port; it must not be there twice. */
static bool find(const struct grants *g, unsigned from, uint16_t port, uint64_t now, struct control_entry *out)
{
	const struct message_address a = host(from);
	struct control_entry e;
	unsigned n = 0;

	for (size_t at = 0; grants_next(g, &at, now, &e);)
		if (e.port == port && !memcmp(&e.address, &a, sizeof a)) {
			*out = e;
			n++;
		}
	assert_true(n <= 1);
	return n == 1;
}

static void is_told_as_it_was_given(void **state)
{
	struct control_entry e = entry(1, 22, "alice", 30), out;
	struct grants *g = made();
	size_t at = 0;

	e.by_hand = 1;
	assert_false(grants_next(g, &at, NOW, &out));
	grants_set(g, &e, NOW);
	at = 0;
	assert_true(grants_next(g, &at, NOW, &out));
	assert_memory_equal(&out, &e, sizeof e);
	assert_false(grants_next(g, &at, NOW, &out));
	grants_free(g);
	grants_free(NULL);
}

/* Begun seconds count, so that none is told to have ended while it is open. */
static void is_told_until_it_ends(void **state)
{
	static const struct {
		uint32_t seconds;
		uint64_t later;
		uint32_t left; /* 0: it has ended */
	} cases[] = {
		{ 30, 0, 30 },
		{ 30, 1, 30 },
		{ 30, 999, 30 },
		{ 30, 1000, 29 },
		{ 30, 29000, 1 },
		{ 30, 29999, 1 },
		{ 30, 30000, 0 },
		{ 30, UINT64_MAX - NOW, 0 },
		{ 0, 0, 0 },
		{ UINT32_MAX, 0, UINT32_MAX },
		{ UINT32_MAX, 1, UINT32_MAX },
		{ UINT32_MAX, UINT64_C(1000) * UINT32_MAX - 1, 1 },
		{ UINT32_MAX, UINT64_C(1000) * UINT32_MAX, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct grants *g = made();
		struct control_entry out = { 0 };

		set(g, 1, 22, "alice", cases[i].seconds, NOW);
		assert_int_equal(find(g, 1, 22, NOW + cases[i].later, &out), cases[i].left > 0);
		assert_int_equal(out.seconds_left, cases[i].left);
		grants_free(g);
	}
}

/* As the kernel does: the time-out is the larger of what remains and what is asked. */
static void the_one_that_lasts_longer_stays(void **state)
{
	static const struct {
		uint32_t first, second;
		uint64_t between;
		const char *user;
		uint32_t left;
	} cases[] = {
		{ 30, 60, 0, "bob", 60 },	{ 60, 30, 0, "alice", 60 },   { 30, 30, 0, "bob", 30 },
		{ 60, 30, 29999, "alice", 31 }, { 60, 30, 30000, "bob", 30 }, { 60, 30, 30001, "bob", 30 },
		{ 60, 1, 59500, "bob", 1 },	{ 60, 1, 3600000, "bob", 1 }, { 60, 1, 58000, "alice", 2 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const uint64_t then = NOW + cases[i].between;
		struct control_entry out, whole;
		struct grants *g = made();

		set(g, 1, 22, "alice", cases[i].first, NOW);
		set(g, 1, 22, "bob", cases[i].second, then);
		assert_true(find(g, 1, 22, then, &out));
		whole = entry(1, 22, cases[i].user, cases[i].left);
		assert_memory_equal(&out, &whole, sizeof whole);
		assert_int_equal(count(g, then), 1);
		grants_free(g);
	}
}

static void others_are_left_alone(void **state)
{
	const struct message_address mapped = { .family = 6, .bytes = { 198, 51, 0, 1 } };
	struct control_entry e = entry(1, 22, "frank", 60), out;
	struct grants *g = made();

	set(g, 1, 22, "alice", 30, NOW);
	set(g, 1, 2222, "bob", 60, NOW);
	set(g, 2, 22, "carol", 60, NOW);
	e.address = mapped;
	grants_set(g, &e, NOW);
	assert_int_equal(count(g, NOW), 4);
	assert_true(find(g, 1, 22, NOW, &out));
	assert_string_equal(out.user, "alice");
	grants_free(g);
}

static void forgets_what_it_is_told_to(void **state)
{
	static const struct {
		unsigned from;
		uint16_t port;
		const char *left; /* users */
	} cases[] = {
		{ 1, 22, "bcd" }, { 1, 2222, "acd" }, { 1, 0, "cd" },	 { 2, 0, "ab" },
		{ 2, 22, "abd" }, { 3, 0, "abcd" },   { 1, 23, "abcd" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct message_address a = host(cases[i].from);
		struct grants *g = made();
		struct control_entry out;
		char left[8] = "";
		size_t n = 0;

		set(g, 1, 22, "a", 30, NOW);
		set(g, 1, 2222, "b", 30, NOW);
		set(g, 2, 22, "c", 30, NOW);
		set(g, 2, 2222, "d", 30, NOW);
		grants_forget(g, &a, cases[i].port, NOW);
		for (size_t at = 0; grants_next(g, &at, NOW, &out);)
			left[n++] = out.user[0];
		assert_string_equal(left, cases[i].left);
		/* However short the next one is, it does not last less than one that was closed. */
		set(g, cases[i].from, 22, "z", 1, NOW);
		if (cases[i].port != 23 && cases[i].port != 2222) {
			assert_true(find(g, cases[i].from, 22, NOW, &out));
			assert_string_equal(out.user, "z");
		}
		grants_free(g);
	}
}

/* Those beyond are not told, but those that are there can be prolonged, and one that has ended makes room. */
static void a_full_table_keeps_what_it_has(void **state)
{
	struct grants *g = made();
	struct control_entry out;

	for (unsigned i = 0; i < GRANTS_MAX; i++)
		set(g, i, 22, "alice", i == 7 ? 10 : 30, NOW);
	set(g, GRANTS_MAX, 22, "bob", 300, NOW);
	assert_int_equal(count(g, NOW), GRANTS_MAX);
	assert_false(find(g, GRANTS_MAX, 22, NOW, &out));
	set(g, GRANTS_MAX - 1, 22, "carol", 60, NOW);
	assert_true(find(g, GRANTS_MAX - 1, 22, NOW, &out));
	assert_string_equal(out.user, "carol");
	assert_int_equal(count(g, NOW), GRANTS_MAX);
	/* The eighth is over. */
	set(g, GRANTS_MAX, 22, "bob", 300, NOW + 10000);
	assert_int_equal(count(g, NOW + 10000), GRANTS_MAX);
	assert_true(find(g, GRANTS_MAX, 22, NOW + 10000, &out));
	assert_false(find(g, 7, 22, NOW + 10000, &out));
	set(g, 7, 22, "dave", 300, NOW + 10000);
	assert_false(find(g, 7, 22, NOW + 10000, &out));
	grants_free(g);
}

/* ---- against a slow and obvious one ---- */

#define HOSTS 40
#define PORTS 4

static uint64_t chance_state = 1;

static unsigned below(unsigned n)
{
	chance_state = chance_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (unsigned)(chance_state >> 33) % n;
}

struct model {
	uint64_t until[HOSTS][PORTS]; /* of port 1 to PORTS */
	char user[HOSTS][PORTS];
};

static void model_set(struct model *m, unsigned from, uint16_t port, char user, uint32_t seconds, uint64_t now)
{
	uint64_t *until = &m->until[from][port - 1];

	if (*until > now && *until > now + seconds * UINT64_C(1000))
		return;
	*until = now + seconds * UINT64_C(1000);
	m->user[from][port - 1] = user;
}

static void same_as(const struct grants *g, const struct model *m, uint64_t now)
{
	size_t open = 0;

	for (unsigned h = 0; h < HOSTS; h++)
		for (unsigned p = 0; p < PORTS; p++)
			open += m->until[h][p] > now;
	assert_int_equal(count(g, now), open);
	for (unsigned h = 0; h < HOSTS; h++)
		for (unsigned p = 0; p < PORTS; p++) {
			struct control_entry e;

			assert_int_equal(find(g, h, (uint16_t)(p + 1), now, &e), m->until[h][p] > now);
			if (m->until[h][p] <= now)
				continue;
			assert_int_equal(e.user[0], m->user[h][p]);
			assert_int_equal(e.seconds_left, (m->until[h][p] - now + 999) / 1000);
		}
}

static void tells_what_a_simple_model_tells(void **state)
{
	struct model m = { 0 };
	struct grants *g = made();
	uint64_t now = NOW;

	for (unsigned i = 0; i < 20000; i++) {
		const unsigned from = below(HOSTS);
		const uint16_t port = (uint16_t)(below(PORTS) + 1);
		const char user[2] = { (char)('a' + below(26)), '\0' };
		const struct message_address a = host(from);
		const uint32_t seconds = below(300);

		now += below(2000);
		if (below(8)) {
			set(g, from, port, user, seconds, now);
			model_set(&m, from, port, user[0], seconds, now);
		} else {
			const bool all = below(2);

			grants_forget(g, &a, all ? 0 : port, NOW);
			for (unsigned p = 0; p < PORTS; p++)
				if (all || p + 1 == port)
					m.until[from][p] = 0;
		}
		if (i % 40 == 0)
			same_as(g, &m, now);
	}
	grants_free(g);
}

/* Whoever reads in parts sees each that was there from the first part to the last. */
static void changes_between_two_parts_hide_none(void **state)
{
	struct grants *g = made();
	unsigned seen[100] = { 0 };
	struct control_entry e;

	for (unsigned i = 0; i < ARRAY_SIZE(seen); i++)
		set(g, i, 22, "alice", 60, NOW);
	for (size_t at = 0; grants_next(g, &at, NOW, &e);) {
		const unsigned from = e.address.bytes[3];

		if (from >= ARRAY_SIZE(seen))
			continue; /* it came later */
		seen[from]++;
		if (from % 10 != 3)
			continue;
		/* One that was seen ends, another is prolonged, and a new one may take the place. */
		set(g, from + 1, 22, "bob", 90, NOW);
		grants_forget(g, &e.address, 0, NOW);
		set(g, ARRAY_SIZE(seen) + from, 22, "carol", 90, NOW);
	}
	for (unsigned i = 0; i < ARRAY_SIZE(seen); i++)
		assert_int_equal(seen[i], 1);
	grants_free(g);
}

static void addresses_of_one_prefix_are_one(void **state)
{
	struct grants *g = NULL;
	struct control_entry e = entry(1, 22, "alice", 60), got;
	const struct message_address one = { .family = 6, .bytes = { 0x20, 0x01, [7] = 1, [15] = 1 } };
	const struct message_address two = { .family = 6, .bytes = { 0x20, 0x01, [7] = 1, [8] = 0xff, [15] = 2 } };
	const struct message_address far = { .family = 6, .bytes = { 0x20, 0x01, [7] = 2 } };

	assert_int_equal(grants_new(64, &g), ERR_NONE);
	grants_set(g, &e, NOW);
	e.address = one;
	grants_set(g, &e, NOW);
	e.address = two;
	grants_set(g, &e, NOW);
	assert_int_equal(count(g, NOW), 2);
	for (size_t at = 0; grants_next(g, &at, NOW, &got);)
		assert_true(got.address.family == 4 || (got.address.bytes[7] == 1 && !got.address.bytes[15]));
	grants_forget(g, &far, 0, NOW);
	assert_int_equal(count(g, NOW), 2);
	grants_forget(g, &two, 0, NOW);
	assert_int_equal(count(g, NOW), 1);
	grants_free(g);
}

static void how_somebody_came_in_last_is_known_after_it_ended(void **state)
{
	struct control_entry hand = entry(1, 22, "root", 5), adopted = entry(2, 22, "", 5);
	const struct message_address one = host(1), two = host(2);
	struct control_latest l;
	struct grants *g = made();

	set(g, 1, 22, "alice", 30, NOW);
	hand.by_hand = 1;
	grants_set(g, &hand, NOW + 1000);
	adopted.known = 0;
	grants_set(g, &adopted, NOW);
	grants_latest(g, &one, &l);
	assert_int_equal(l.knock_ms, NOW);
	assert_int_equal(l.hand_until_ms, NOW + 6000);
	assert_string_equal(l.user, "alice");
	assert_int_equal(l.key[0], 'a');
	grants_latest(g, &two, &l);
	assert_true(!l.knock_ms && !l.hand_until_ms);
	grants_forget(g, &one, 0, NOW + 2000);
	grants_latest(g, &one, &l);
	assert_int_equal(l.hand_until_ms, NOW + 2000);
	/* The one that was heard of longest ago makes room. */
	for (unsigned i = 10; i < 10 + GRANTS_LATEST - 1; i++)
		set(g, i, 22, "bob", 1, NOW + 2000 + i);
	grants_latest(g, &one, &l);
	assert_int_equal(l.knock_ms, NOW);
	set(g, 9000, 22, "bob", 1, NOW + 9000);
	grants_latest(g, &one, &l);
	assert_int_equal(l.knock_ms, 0);
	grants_free(g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_of_one_prefix_are_one),
		cmocka_unit_test(how_somebody_came_in_last_is_known_after_it_ended),
		cmocka_unit_test(is_told_as_it_was_given),
		cmocka_unit_test(is_told_until_it_ends),
		cmocka_unit_test(the_one_that_lasts_longer_stays),
		cmocka_unit_test(others_are_left_alone),
		cmocka_unit_test(forgets_what_it_is_told_to),
		cmocka_unit_test(a_full_table_keeps_what_it_has),
		cmocka_unit_test(tells_what_a_simple_model_tells),
		cmocka_unit_test(changes_between_two_parts_hide_none),
	};

	return cmocka_run_group_tests_name("gate/grants", tests, NULL, NULL);
}
