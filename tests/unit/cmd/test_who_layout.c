/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_who_layout.c - a view of the gate fits every screen, and what matters most is on it. */
#include "cmd/who.h"

#include "base/clock.h"

#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include <cmocka.h>

#include "base/banned.h"

#define GRANTS 40

static struct control_entry entries[GRANTS];

static struct control_entry made_entry(const char *user, uint8_t last, uint32_t left)
{
	struct control_entry e = {
		.address = { .family = 4, .bytes = { 192, 0, 2, last } }, .port = 22, .known = 1, .seconds_left = left
	};

	snprintf(e.user, sizeof e.user, "%s", user);
	return e;
}

/* Some grants, the last to end first, and some refusals. */
static struct who_view made_view(size_t n)
{
	struct who_view v = { .seen = true, .entries = entries, .n = n, .now = 1790000000 };

	for (size_t i = 0; i < n; i++)
		entries[i] = made_entry("anna", (uint8_t)(i + 1), (uint32_t)(100000 - i));
	v.status.started = 1789990000;
	v.status.granted = 1234567;
	v.status.ended[STAGE_GATE] = 17;
	v.status.ended[STAGE_KEY] = 4000;
	v.status.ended[STAGE_TIME] = 5;
	return v;
}

static struct who_screen made_screen(const struct who_view *v, const struct who_samples *s, unsigned columns,
				     unsigned rows, size_t top)
{
	static const struct who_samples none;
	const struct who_frame f = { .columns = columns, .rows = rows, .top = top, .utf8 = true };
	struct who_screen screen;

	assert_int_equal(who_layout(v, s ? s : &none, &f, &screen), ERR_NONE);
	return screen;
}

static int columns_of(const char *line)
{
	wchar_t wide[1024];
	size_t n = mbstowcs(wide, line, 1024);

	assert_true(n < 1024);
	return wcswidth(wide, n);
}

static const char *find(const struct who_screen *s, const char *word)
{
	for (size_t i = 0; i < s->n; i++)
		if (strstr(s->v[i].text, word))
			return s->v[i].text;
	return NULL;
}

static void every_size_is_filled_and_never_exceeded(void **state)
{
	struct who_view v = made_view(GRANTS);

	(void)state;
	snprintf(entries[3].user, sizeof entries[3].user, "%s",
		 "\xe6\xbc\xa2\xe5\xad\x97\xe6\xbc\xa2\xe5\xad\x97 e\xcc\x81 \xff\x1b");
	for (unsigned columns = 1; columns <= 130; columns += columns < 50 ? 1 : 9)
		for (unsigned rows = 1; rows <= 60; rows += rows < 20 ? 1 : 7)
			for (size_t top = 0; top < 100; top += 33) {
				struct who_screen s = made_screen(&v, NULL, columns, rows, top);

				assert_int_equal(s.n, rows);
				assert_true(s.top + s.page <= s.grants || s.top == 0);
				for (size_t i = 0; i < s.n; i++)
					assert_int_equal(columns_of(s.v[i].text), columns);
				who_screen_clear(&s);
			}
}

static void a_low_screen_is_shared_by_grants_and_refusals(void **state)
{
	struct who_view v = made_view(GRANTS);
	struct who_screen s = made_screen(&v, NULL, 80, 12, 0);

	(void)state;
	/* two lines of head, one of foot; of the nine others four are for refusals: two of them */
	assert_int_equal(s.page, 4);
	assert_non_null(find(&s, "192.0.2.1 "));
	assert_non_null(find(&s, "4,000"));
	assert_non_null(find(&s, "gate "));
	assert_null(find(&s, "time "));
	assert_non_null(strstr(s.v[11].text, "1-4 of 40"));
	who_screen_clear(&s);

	v.n = 2;
	s = made_screen(&v, NULL, 80, 12, 0);
	assert_non_null(find(&s, "time "));
	who_screen_clear(&s);
}

static void columns_give_way_in_their_order(void **state)
{
	static const struct {
		unsigned columns;
		const char *titles;
	} cases[] = {
		{ 120, "ACCOUNT KEY FROM PORT LEFT SESSIONS IN OUT" },
		{ 80, "ACCOUNT KEY FROM PORT LEFT SESSIONS IN OUT" },
		{ 66, "ACCOUNT KEY FROM PORT LEFT SESSIONS" },
		{ 50, "ACCOUNT KEY FROM LEFT" },
		{ 40, "ACCOUNT FROM LEFT" },
		{ 24, "FROM LEFT" },
	};
	struct who_view v = made_view(GRANTS);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct who_screen s = made_screen(&v, NULL, cases[i].columns, 24, 0);
		struct strings words = { 0 };
		struct text t = { 0 };

		assert_int_equal(strings_split(&words, s.v[2].text, " "), ERR_NONE);
		strings_join(&words, " ", &t);
		assert_string_equal(text_string(&t), cases[i].titles);
		text_free(&t);
		strings_free(&words);
		who_screen_clear(&s);
	}
}

static void names_cannot_disturb_the_terminal(void **state)
{
	struct who_view v = made_view(1);
	struct who_screen s;

	(void)state;
	snprintf(entries[0].user, sizeof entries[0].user, "%s", "an\x1b[2Jna\xe2\x80\xae\n");
	s = made_screen(&v, NULL, 120, 24, 0);
	assert_non_null(find(&s, "an\\x1B[2Jna\\xE2\\x80\\xAE\\x0A  "));
	who_screen_clear(&s);
}

static void where_the_terminal_has_ascii_alone_it_gets_that(void **state)
{
	static const struct who_samples none;
	const struct who_frame f = { .columns = 80, .rows = 24 };
	struct who_view v = made_view(1);
	struct who_screen s;

	(void)state;
	snprintf(entries[0].user, sizeof entries[0].user, "%s", "b\xc3\xb6\x62");
	assert_int_equal(who_layout(&v, &none, &f, &s), ERR_NONE);
	assert_non_null(find(&s, "b?b  "));
	who_screen_clear(&s);
}

static void what_happens_now_stands_on_top(void **state)
{
	struct who_view v = made_view(1);
	struct who_samples samples = { 0 };
	struct who_screen s;

	(void)state;
	who_samples_add(&samples, &v);
	v.answered_boot_ms = v.now_boot_ms = 30000;
	v.status.ended[STAGE_TIME] += 6;
	v.status.granted += 75;
	who_samples_add(&samples, &v);
	s = made_screen(&v, &samples, 80, 24, 0);
	assert_non_null(strstr(s.v[1].text, "1,234,642 granted (2.5/s)"));
	assert_non_null(strstr(s.v[6].text, "time "));
	assert_non_null(strstr(s.v[6].text, " 12/min "));
	assert_int_equal(s.v[6].style, WHO_WARNING);
	assert_int_equal(s.v[7].style, WHO_PLAIN);
	who_screen_clear(&s);
}

static void grants_count_down_and_end_while_the_daemon_is_away(void **state)
{
	struct who_view v = made_view(2);
	struct who_screen s;

	(void)state;
	entries[0].seconds_left = 100;
	entries[1].seconds_left = 20;
	v.why = "sallyportd does not run here";
	v.now_boot_ms = 21000;
	s = made_screen(&v, NULL, 80, 24, 0);
	assert_non_null(find(&s, "sallyportd does not run here, for 21s"));
	assert_non_null(find(&s, "1m19s"));
	assert_null(find(&s, "192.0.2.2 "));
	assert_int_equal(s.grants, 1);
	who_screen_clear(&s);
}

static void sessions_and_bytes_are_shown_where_the_kernel_tells(void **state)
{
	struct traffic_peer peer = {
		.family = 4, .bytes = { 192, 0, 2, 1 }, .port = 22, .sessions = 3, .received = 999, .sent = 5 << 20
	};
	struct who_view v = made_view(2);
	struct who_screen s;
	const char *line;

	(void)state;
	v.traffic = (struct traffic){ .v = &peer, .n = 1 };
	s = made_screen(&v, NULL, 80, 24, 0);
	assert_non_null(strstr(s.v[3].text, " -  "));
	who_screen_clear(&s);
	v.has_traffic = true;
	s = made_screen(&v, NULL, 80, 24, 0);
	line = find(&s, "192.0.2.1 ");
	assert_non_null(strstr(line, " 3  999B  5.0M"));
	assert_non_null(strstr(find(&s, "192.0.2.2 "), " 0  "));
	who_screen_clear(&s);
}

static void before_the_first_answer_there_is_only_the_reason(void **state)
{
	struct who_view v = { .why = "only root can ask sallyportd" };
	struct who_screen s = made_screen(&v, NULL, 60, 5, 0);

	(void)state;
	assert_non_null(strstr(s.v[1].text, "only root can ask sallyportd  "));
	assert_int_equal(s.v[1].style, WHO_ALARM);
	who_screen_clear(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_size_is_filled_and_never_exceeded),
		cmocka_unit_test(a_low_screen_is_shared_by_grants_and_refusals),
		cmocka_unit_test(columns_give_way_in_their_order),
		cmocka_unit_test(names_cannot_disturb_the_terminal),
		cmocka_unit_test(where_the_terminal_has_ascii_alone_it_gets_that),
		cmocka_unit_test(what_happens_now_stands_on_top),
		cmocka_unit_test(grants_count_down_and_end_while_the_daemon_is_away),
		cmocka_unit_test(sessions_and_bytes_are_shown_where_the_kernel_tells),
		cmocka_unit_test(before_the_first_answer_there_is_only_the_reason),
	};

	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
