/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_identification.c - the identification line is found behind other lines, and nothing else passes for it. */
#include "wire/identification.h"

#include "wire/probe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/banned.h"

#define BYTES(s) (const uint8_t *)(s), sizeof(s) - 1

static void knows_an_identification(void **state)
{
	static const struct {
		const char *line;
		enum err e;
	} cases[] = {
		{ "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u10", ERR_NONE },
		{ "SSH-1.99-Cisco-1.25", ERR_NONE },
		{ "SSH-2.0-x", ERR_NONE },
		{ "SSH-2.0-x \x1b]0;comment\x07", ERR_NONE },
		{ "SSH-2.0-", ERR_SYNTAX },
		{ "SSH-2.0- comment", ERR_SYNTAX },
		{ "SSH-2.0", ERR_SYNTAX },
		{ "SSH-1.5-1.2.27", ERR_SYNTAX },
		{ "SSH-2.1-x", ERR_SYNTAX },
		{ "ssh-2.0-x", ERR_SYNTAX },
		{ " SSH-2.0-x", ERR_SYNTAX },
		{ "SSH-2.0-\x1b[31mred", ERR_SYNTAX },
		{ "SSH-2.0-x\ty", ERR_SYNTAX },
		{ "SSH-2.0-\xc3\xa4", ERR_SYNTAX },
		{ "SSH-2.0-x y\r", ERR_SYNTAX },
		{ "", ERR_SYNTAX },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_int_equal(identification_check((const uint8_t *)cases[i].line, strlen(cases[i].line)),
				 cases[i].e);
	assert_int_equal(identification_check(BYTES("SSH-2.0-x\0y")), ERR_SYNTAX);
	assert_int_equal(identification_check(BYTES("SSH-2.0-x \0")), ERR_SYNTAX);
}

static void limits_the_identification_to_253_bytes(void **state)
{
	static const uint8_t start[] = "SSH-2.0-";
	uint8_t line[254];

	memset(line, 'x', sizeof line);
	memcpy(line, start, sizeof start - 1);
	assert_int_equal(identification_check(line, 253), ERR_NONE);
	assert_int_equal(identification_check(line, 254), ERR_SYNTAX);
}

static void finds_the_line_behind_others(void **state)
{
	static const char sent[] = "hello\r\n\r\nSSH is here\nSSH-2.0-x y\r\n\0\0\0";
	struct identification_scan s;

	assert_int_equal(identification_scan(BYTES(sent), false, &s), ERR_NONE);
	assert_int_equal(s.len, strlen("SSH-2.0-x y"));
	assert_memory_equal(s.line, "SSH-2.0-x y", s.len);
	assert_int_equal(s.used, sizeof sent - 1 - 3);
}

static void takes_a_line_feed_alone(void **state)
{
	struct identification_scan s;

	assert_int_equal(identification_scan(BYTES("SSH-2.0-x\n"), false, &s), ERR_NONE);
	assert_int_equal(s.len, 9);
	assert_int_equal(s.used, 10);
}

static void waits_at_every_truncation_and_refuses_it_at_the_end(void **state)
{
	static const char sent[] = "hello\r\nSSH-2.0-x\r\n";

	for (size_t len = 0; len < sizeof sent - 1; len++) {
		uint8_t *copy = malloc(len ? len : 1);
		struct identification_scan s;

		memcpy(copy, sent, len);
		assert_int_equal(identification_scan(copy, len, false, &s), ERR_SHORT);
		assert_int_equal(identification_scan(copy, len, true, &s), len ? ERR_SYNTAX : ERR_CLOSED);
		free(copy);
	}
}

static void knows_how_sshd_refuses(void **state)
{
	struct identification_scan s;

	assert_int_equal(identification_scan(BYTES("Not allowed at this time\r\n"), false, &s), ERR_PENALTY);
	assert_int_equal(identification_scan(BYTES("Exceeded MaxStartups\r\n"), false, &s), ERR_PENALTY);
	assert_int_equal(identification_scan(BYTES("Not allowed at this time"), true, &s), ERR_PENALTY);
	assert_int_equal(identification_scan(BYTES("Not allowed at this time"), false, &s), ERR_SHORT);
	assert_int_equal(identification_scan(BYTES("Not allowed\r\n"), true, &s), ERR_SYNTAX);
	assert_int_equal(
		identification_scan(BYTES("Not allowed at this time, said the poet\r\nSSH-2.0-x\r\n"), true, &s),
		ERR_NONE);
}

static void refuses_other_protocols(void **state)
{
	struct identification_scan s;

	assert_int_equal(identification_scan(BYTES("SSH-1.5-1.2.27\n"), false, &s), ERR_SYNTAX);
	assert_int_equal(identification_scan(BYTES("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"), true, &s),
			 ERR_SYNTAX);
	assert_int_equal(identification_scan(BYTES("\0\0\0\0"), true, &s), ERR_SYNTAX);
}

/* So many lines "x", then the identification; how much of it is given. */
static enum err scan_behind(size_t lines, size_t rest)
{
	static const char last[] = "SSH-2.0-x\n";
	uint8_t sent[128];
	struct identification_scan s;
	size_t len = 0;

	for (size_t i = 0; i < lines; i++) {
		sent[len++] = 'x';
		sent[len++] = '\n';
	}
	memcpy(sent + len, last, sizeof last - 1);
	return identification_scan(sent, len + rest, false, &s);
}

static void limits_the_lines_before(void **state)
{
	assert_int_equal(scan_behind(32, 0), ERR_SHORT);
	assert_int_equal(scan_behind(32, 10), ERR_NONE);
	assert_int_equal(scan_behind(33, 0), ERR_TOO_BIG);
	assert_int_equal(scan_behind(33, 10), ERR_TOO_BIG);
}

static void limits_a_line(void **state)
{
	static uint8_t sent[1040];
	struct identification_scan s;

	memset(sent, 'x', sizeof sent);
	assert_int_equal(identification_scan(sent, 1024, false, &s), ERR_SHORT);
	assert_int_equal(identification_scan(sent, 1025, false, &s), ERR_TOO_BIG);
	sent[1023] = '\n';
	assert_int_equal(identification_scan(sent, 1024, false, &s), ERR_SHORT);
	sent[1023] = 'x';
	sent[1024] = '\n';
	assert_int_equal(identification_scan(sent, 1025, false, &s), ERR_TOO_BIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_an_identification),
		cmocka_unit_test(limits_the_identification_to_253_bytes),
		cmocka_unit_test(finds_the_line_behind_others),
		cmocka_unit_test(takes_a_line_feed_alone),
		cmocka_unit_test(waits_at_every_truncation_and_refuses_it_at_the_end),
		cmocka_unit_test(knows_how_sshd_refuses),
		cmocka_unit_test(refuses_other_protocols),
		cmocka_unit_test(limits_the_lines_before),
		cmocka_unit_test(limits_a_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
