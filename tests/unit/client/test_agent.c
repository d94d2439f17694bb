/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_agent.c - answers of an agent are read to the last byte, and agents that say nothing do not hold us. */
#include "client/agent.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/banned.h"
#define KEY \
	"\0\0\0\x0bssh-ed25519\0\0\0\x20" \
	"0123456789abcdef0123456789abcdef"
#define KEY_LEN 51

/* Two keys, of which the second is damaged. */
static const char list[] = "\x0c\0\0\0\2\0\0\0\x33" KEY "\0\0\0\4anna\0\0\0\5"
			   "\0\0\0\3x"
			   "\0\0\0\0";
static const char signature[] = "\x0e\0\0\0\5"
				"12345";
static const char failure[] = "\5";

/* In memory of exactly that size, for the sanitizer to see what is read beyond it. */
static uint8_t *exact(const char *bytes, size_t len)
{
	uint8_t *copy = malloc(len ? len : 1);

	assert_non_null(copy);
	memcpy(copy, bytes, len);
	return copy;
}

static void reads_a_list_and_leaves_damaged_keys_out(void **state)
{
	uint8_t *answer = exact(list, sizeof list - 1);
	struct agent_identities l;

	assert_int_equal(agent_parse_identities(answer, sizeof list - 1, &l), ERR_NONE);
	assert_int_equal(l.n, 1);
	assert_int_equal(l.v[0].blob_len, KEY_LEN);
	assert_memory_equal(l.v[0].blob, KEY, KEY_LEN);
	assert_string_equal(l.v[0].comment, "anna");
	assert_string_equal(l.v[0].key.type, "ssh-ed25519");
	agent_identities_clear(&l);
	agent_identities_clear(&l);
	free(answer);
}

static void refuses_every_truncation_and_what_follows(void **state)
{
	struct agent_identities l = { .n = 7 };
	uint8_t *out = NULL;
	size_t out_len = 7;

	for (size_t len = 0; len < sizeof list - 1; len++) {
		uint8_t *cut = exact(list, len);

		assert_int_equal(agent_parse_identities(cut, len, &l), ERR_SHORT);
		free(cut);
	}
	for (size_t len = 0; len < sizeof signature - 1; len++) {
		uint8_t *cut = exact(signature, len);

		assert_int_equal(agent_parse_signature(cut, len, &out, &out_len), ERR_SHORT);
		free(cut);
	}
	/* the zero behind the literal */
	assert_int_equal(agent_parse_identities((const uint8_t *)list, sizeof list, &l), ERR_TRAILING);
	assert_int_equal(agent_parse_signature((const uint8_t *)signature, sizeof signature, &out, &out_len),
			 ERR_TRAILING);
	assert_int_equal(l.n, 7);
	assert_null(out);
	assert_int_equal(out_len, 7);
}

static void a_refusal_is_told_from_nonsense(void **state)
{
	static const char empty[] = "\x0e\0\0\0\0", many[] = "\x0c\0\0\x08\1";
	struct agent_identities l;
	uint8_t *out;
	size_t len;

	assert_int_equal(agent_parse_identities((const uint8_t *)failure, 1, &l), ERR_NOT_FOUND);
	assert_int_equal(agent_parse_signature((const uint8_t *)failure, 1, &out, &len), ERR_NOT_FOUND);
	assert_int_equal(agent_parse_identities((const uint8_t *)signature, sizeof signature - 1, &l), ERR_SYNTAX);
	assert_int_equal(agent_parse_signature((const uint8_t *)list, sizeof list - 1, &out, &len), ERR_SYNTAX);
	assert_int_equal(agent_parse_signature((const uint8_t *)empty, 5, &out, &len), ERR_SYNTAX);
	assert_int_equal(agent_parse_identities((const uint8_t *)many, 5, &l), ERR_TOO_BIG);
}

/* An agent that answers with these bytes, whatever it is asked, and leaves. */
static int agent_that_says(const char *bytes, size_t len)
{
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	assert_int_equal(write(ends[1], bytes, len), len);
	assert_int_equal(shutdown(ends[1], SHUT_WR), 0);
	/* kept open, so that the question can be written; the process ends soon */
	return ends[0];
}

static void the_length_in_front_is_bounded(void **state)
{
	static const char good[] = "\0\0\0\x0a\x0e\0\0\0\5"
				   "12345",
			  zero[] = "\0\0\0\0", huge[] = "\0\4\0\1";
	uint8_t *out = NULL;
	size_t len = 0;

	assert_int_equal(agent_sign(agent_that_says(good, sizeof good - 1), (const uint8_t *)KEY, KEY_LEN, "data", 4, 0,
				    &out, &len),
			 ERR_NONE);
	assert_int_equal(len, 5);
	assert_memory_equal(out, "12345", 5);
	free(out);
	for (size_t cut = 0; cut < sizeof good - 1; cut++)
		assert_int_equal(
			agent_sign(agent_that_says(good, cut), (const uint8_t *)KEY, KEY_LEN, "data", 4, 0, &out, &len),
			ERR_CLOSED);
	assert_int_equal(agent_sign(agent_that_says(zero, 4), (const uint8_t *)KEY, KEY_LEN, "data", 4, 0, &out, &len),
			 ERR_TOO_BIG);
	assert_int_equal(agent_sign(agent_that_says(huge, 4), (const uint8_t *)KEY, KEY_LEN, "data", 4, 0, &out, &len),
			 ERR_TOO_BIG);
}

static void nobody_there_is_no_trouble_of_the_system(void **state)
{
	char longer[200];
	int fd = -1;

	memset(longer, 'x', sizeof longer - 1);
	longer[sizeof longer - 1] = '\0';
	assert_int_equal(agent_open("/nowhere/agent", &fd), ERR_NOT_FOUND);
	assert_int_equal(agent_open("", &fd), ERR_TOO_BIG);
	assert_int_equal(agent_open(longer, &fd), ERR_TOO_BIG);
	assert_int_equal(fd, -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_a_list_and_leaves_damaged_keys_out),
		cmocka_unit_test(refuses_every_truncation_and_what_follows),
		cmocka_unit_test(a_refusal_is_told_from_nonsense),
		cmocka_unit_test(the_length_in_front_is_bounded),
		cmocka_unit_test(nobody_there_is_no_trouble_of_the_system),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
