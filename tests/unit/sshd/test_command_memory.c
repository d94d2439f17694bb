/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_command_memory.c - what was asked a minute ago is known, in this process and in the one it was forked from. */
#include "sshd/command_memory.h"

#include "base/macros.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/banned.h"

static int memory_make(void **state)
{
	struct command_memory *m = NULL;

	assert_int_equal(command_memory_new(&m), ERR_NONE);
	*state = m;
	return 0;
}

static int memory_end(void **state)
{
	command_memory_free(*state);
	return 0;
}

/* NULL: it is not known. */
static const char *known(const struct command_memory *m, const char *asked, uint64_t now)
{
	const char *output = "?";
	size_t len = 0;

	if (!command_memory_find(m, asked, now, &output, &len))
		return NULL;
	assert_int_equal(strlen(output), len);
	return output;
}

static void keep(struct command_memory *m, const char *asked, const char *output, uint64_t now)
{
	assert_int_equal(command_memory_keep(m, asked, output, strlen(output), now), ERR_NONE);
}

static void an_answer_is_known_for_a_minute(void **state)
{
	struct command_memory *m = *state;

	keep(m, "anna\nnobody\nkeys /x", "one", 1000);
	keep(m, "berta\nnobody\nkeys /x", "", 2000);
	assert_string_equal(known(m, "anna\nnobody\nkeys /x", 60999), "one");
	assert_null(known(m, "anna\nnobody\nkeys /x", 61000));
	assert_string_equal(known(m, "berta\nnobody\nkeys /x", 61000), "");
	assert_null(known(m, "anna\nroot\nkeys /x", 1000));
	keep(m, "anna\nnobody\nkeys /x", "two", 50000);
	assert_string_equal(known(m, "anna\nnobody\nkeys /x", 61000), "two");
	/* of a clock that went back nothing is known */
	assert_null(known(m, "anna\nnobody\nkeys /x", 49999));
}

static void the_oldest_makes_room(void **state)
{
	struct command_memory *m = *state;
	char asked[32];

	for (unsigned i = 0; i <= COMMAND_MEMORY_ENTRIES; i++) {
		snprintf(asked, sizeof asked, "%u", i);
		keep(m, asked, asked, 1000 + i);
	}
	assert_null(known(m, "0", 2000));
	for (unsigned i = 1; i <= COMMAND_MEMORY_ENTRIES; i++) {
		snprintf(asked, sizeof asked, "%u", i);
		assert_string_equal(known(m, asked, 2000), asked);
	}
}

static void what_is_large_is_not_kept(void **state)
{
	struct command_memory *m = *state;
	char *large = calloc(1, COMMAND_MEMORY_OUTPUT + 2);

	assert_non_null(large);
	memset(large, 'x', COMMAND_MEMORY_OUTPUT + 1);
	keep(m, "a", large, 0);
	keep(m, large, "a", 0);
	assert_null(known(m, "a", 0));
	assert_null(known(m, large, 0));
	large[COMMAND_MEMORY_OUTPUT] = '\0';
	keep(m, "a", large, 0);
	assert_string_equal(known(m, "a", 0), large);
	free(large);
}

static void commands_are_counted_and_forbidden(void **state)
{
	struct command_memory *m = *state;

	assert_true(command_memory_start(m));
	assert_true(command_memory_start(m));
	assert_int_equal(command_memory_started(m), 2);
	command_memory_allow(m, false);
	assert_false(command_memory_start(m));
	assert_int_equal(command_memory_started(m), 2);
	command_memory_mark(m);
	command_memory_allow(m, true);
	assert_int_equal(command_memory_started(m), 0);
	command_memory_hold(m);
	assert_false(command_memory_release(m));
	command_memory_hold(m);
	assert_false(command_memory_start(m));
	assert_true(command_memory_release(m));
	assert_int_equal(command_memory_started(m), 0);
	assert_true(command_memory_start(m));
}

static void news_are_handed_on_and_nothing_else(void **state)
{
	struct command_memory *child = *state, *parent = NULL;
	struct text news = { 0 };

	keep(child, "old", "from before", 1);
	command_memory_mark(child);
	assert_int_equal(command_memory_write(child, &news), ERR_NONE);
	assert_int_equal(news.len, 0);
	keep(child, "anna", "key one", 2);
	keep(child, "berta", "", 2);
	assert_int_equal(command_memory_write(child, &news), ERR_NONE);
	for (size_t len = 0; len <= news.len; len++) {
		/* every truncation but the one between the two is refused, and leaves nothing */
		const bool whole = !len || len == 8 + 4 + 7 || len == news.len;
		assert_int_equal(command_memory_new(&parent), ERR_NONE);
		assert_int_equal(command_memory_read(parent, news.s, len, 5), whole ? ERR_NONE : ERR_SHORT);
		assert_int_equal(known(parent, "anna", 5) != NULL, whole && len);
		assert_int_equal(known(parent, "berta", 5) != NULL, len == news.len);
		if (len == news.len)
			assert_string_equal(known(parent, "anna", 60004), "key one");
		command_memory_free(parent);
	}
	text_free(&news);
}

static void damaged_news_are_refused(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		enum err e;
	} rows[] = {
		{ "\0\0\0\0\0\0\0\1x", 9, ERR_SYNTAX },
		{ "\0\0\0\2a\0\0\0\0\1x", 11, ERR_SYNTAX },
		{ "\xff\xff\xff\xff", 4, ERR_SHORT },
	};
	char *large = calloc(1, COMMAND_MEMORY_NEWS + 1);

	assert_non_null(large);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(command_memory_read(*state, rows[i].bytes, rows[i].len, 0), rows[i].e);
	assert_int_equal(command_memory_read(*state, large, COMMAND_MEMORY_NEWS + 1, 0), ERR_TOO_BIG);
	/* an output of one byte more than is ever kept */
	memcpy(large, "\0\0\0\1a\0\1\0\1", 9);
	assert_int_equal(command_memory_read(*state, large, 9 + COMMAND_MEMORY_OUTPUT + 1, 0), ERR_TOO_BIG);
	assert_null(known(*state, "a", 0));
	free(large);
}

#define WITH_MEMORY(test) cmocka_unit_test_setup_teardown(test, memory_make, memory_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_MEMORY(an_answer_is_known_for_a_minute),	  WITH_MEMORY(the_oldest_makes_room),
		WITH_MEMORY(what_is_large_is_not_kept),		  WITH_MEMORY(commands_are_counted_and_forbidden),
		WITH_MEMORY(news_are_handed_on_and_nothing_else), WITH_MEMORY(damaged_news_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
