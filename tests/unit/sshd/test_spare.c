/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_spare.c - the list of what was kept. */
#include "sshd/spare.h"

#include "base/scratch.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/banned.h"

#define HEAD "spare 1\n"
#define SSHD "sshd /usr/sbin/sshd\n"

static const char usual[] = HEAD "kept 1764425370\n" SSHD "listen 22 0.0.0.0\nlisten 2222 fd83::1\nprogram sshd\n"
				 "program sshd-auth\nargument -o\nargument DenyUsers=bob\n";

static void a_list_is_read_and_written(void **state)
{
	struct spare *s = NULL;
	struct text t = { 0 };

	assert_int_equal(spare_parse(usual, sizeof usual - 1, &s), ERR_NONE);
	assert_int_equal(s->kept, 1764425370);
	assert_string_equal(s->sshd, "/usr/sbin/sshd");
	assert_int_equal(s->nlistens, 2);
	assert_int_equal(s->listen[1].address.family, AF_INET6);
	assert_true(spare_listens(s, 22) && spare_listens(s, 2222) && !spare_listens(s, 23));
	assert_true(s->program[SPARE_SSHD] && !s->program[SPARE_SESSION] && s->program[SPARE_AUTH]);
	assert_int_equal(s->arguments.n, 2);
	spare_print(s, &t);
	assert_string_equal(text_string(&t), usual);
	text_free(&t);
	spare_free(s);
}

static void what_is_no_list_is_refused(void **state)
{
	static const char *const cases[] = {
		"",
		HEAD,
		"spare 2\n" SSHD,
		SSHD,
		HEAD SSHD SSHD,
		HEAD "sshd usr/sbin/sshd\n",
		HEAD SSHD "kept -1\n",
		HEAD SSHD "kept 99999999999999999999\n",
		HEAD SSHD "listen 0 0.0.0.0\n",
		HEAD SSHD "listen 22\n",
		HEAD SSHD "listen 22 10.0.0.0/8\n",
		HEAD SSHD "listen 22 localhost\n",
		HEAD SSHD "program sh\n",
		HEAD SSHD "other x\n",
		HEAD SSHD "\n",
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct spare *s = NULL;

		assert_int_not_equal(spare_parse(cases[i], strlen(cases[i]), &s), ERR_NONE);
		assert_null(s);
	}
	assert_int_not_equal(spare_parse("spare 1\0\n", 9, &(struct spare *){ NULL }), ERR_NONE);
}

/* One that ends with a whole line behind the name of sshd is a list; the rest comes by one rename and cannot be cut. */
static void one_that_is_cut_is_refused_or_ends_with_a_line(void **state)
{
	const size_t least = (size_t)(strstr(usual, "listen") - usual);

	for (size_t len = 0; len < sizeof usual - 1; len++) {
		struct spare *s = NULL;
		const bool whole = len && len >= least && usual[len - 1] == '\n';

		assert_int_equal(spare_parse(usual, len, &s) == ERR_NONE, whole);
		spare_free(s);
	}
}

static void too_many_are_refused(void **state)
{
	struct text t = { 0 };
	struct spare *s = NULL;

	text_add_string(&t, HEAD SSHD);
	for (int i = 0; i <= SPARE_LISTENS; i++)
		text_add_string(&t, "listen 22 ::\n");
	assert_int_equal(spare_parse(text_string(&t), t.len, &s), ERR_TOO_BIG);
	text_reset(&t);
	text_add_string(&t, HEAD SSHD);
	for (int i = 0; i <= SPARE_ARGUMENTS; i++)
		text_add_string(&t, "argument x\n");
	assert_int_equal(spare_parse(text_string(&t), t.len, &s), ERR_TOO_BIG);
	text_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_list_is_read_and_written),
		cmocka_unit_test(what_is_no_list_is_refused),
		cmocka_unit_test(one_that_is_cut_is_refused_or_ends_with_a_line),
		cmocka_unit_test(too_many_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
