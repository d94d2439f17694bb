/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_pull.c - a list that was pulled against the one in place: newer, the same, or refused. */
#include "fetch/pull.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/banned.h"

static char from[] = "https://keys.example.org/list";
static const struct source source = { .from = from, .max_age = 3600 };

static struct pulled pulled_of(const char *text)
{
	struct pulled p = { .len = strlen(text) };
	struct text t = { 0 };
	unsigned line;

	text_add_string(&t, text);
	p.content = text_take(&t);
	assert_non_null(p.content);
	assert_int_equal(header_parse(p.content, p.len, &p.header, &line), ERR_NONE);
	return p;
}

static void lists_are_told_apart(void **state)
{
	static const struct {
		const char *now, *old; /* old without the mark */
		enum pull_verdict verdict;
		uint64_t in_place;
	} cases[] = {
		{ "# version 2\n", "# version 1\n", PULL_NEWER, 1 },
		{ "# version 2\n", "# version 2\n", PULL_SAME, 2 },
		{ "# version 2\nid: x\n", "# version 2\n", PULL_REUSED, 2 },
		{ "# version 2\n", "# version 3\n", PULL_OLDER, 3 },
		{ "# version 2\n", "# version 18446744073709551615\n", PULL_OLDER, UINT64_MAX },
		{ "# version 2\n", "nonsense\n", PULL_NEWER, 0 },
		{ "# version 2\n", "", PULL_NEWER, 0 },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct pulled p = pulled_of(cases[i].now);
		struct text old = { 0 };
		uint64_t in_place = 99;

		text_add(&old, PULLED_MARK " from somewhere\n%s", cases[i].old);
		if (pull_compare(&p, old.s, old.len, &in_place) != cases[i].verdict || in_place != cases[i].in_place)
			fail_msg("%s after %s", cases[i].now, cases[i].old);
		text_free(&old);
		pulled_clear(&p);
	}
}

static void what_somebody_wrote_is_not_replaced(void **state)
{
	struct pulled p = pulled_of("# version 2\n");
	uint64_t in_place;

	assert_int_equal(pull_compare(&p, NULL, 0, &in_place), PULL_NEWER);
	assert_int_equal(pull_compare(&p, "# version 1\n", 12, &in_place), PULL_FOREIGN);
	assert_int_equal(pull_compare(&p, "", 0, &in_place), PULL_FOREIGN);
	assert_int_equal(pull_compare(&p, PULLED_MARK, strlen(PULLED_MARK), &in_place), PULL_FOREIGN);
	pulled_clear(&p);
}

static void what_is_put_in_place_holds_the_signed_text(void **state)
{
	struct pulled p = pulled_of("# version 2\nid: a\n");
	struct text t = { 0 };
	uint64_t in_place;
	const char *part;
	size_t len = 0;

	assert_int_equal(pull_format(&source, &p, &t), ERR_NONE);
	part = pull_signed_part(t.s, t.len, &len);
	assert_non_null(part);
	assert_int_equal(len, p.len);
	assert_memory_equal(part, p.content, len);
	assert_int_equal(pull_compare(&p, t.s, t.len, &in_place), PULL_SAME);
	text_free(&t);
	pulled_clear(&p);
}

static void a_list_grows_old(void **state)
{
	const struct header h = { .version = 1, .date = 10000 };
	const struct source any = { .max_age = 0 };

	assert_false(pull_stale(&source, &h, 10000));
	assert_false(pull_stale(&source, &h, 13600));
	assert_true(pull_stale(&source, &h, 13601));
	assert_false(pull_stale(&any, &h, 1000000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_are_told_apart),
		cmocka_unit_test(what_somebody_wrote_is_not_replaced),
		cmocka_unit_test(what_is_put_in_place_holds_the_signed_text),
		cmocka_unit_test(a_list_grows_old),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
