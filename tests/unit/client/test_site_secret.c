/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_site_secret.c - a file holds a secret, or it does not. */
#include "client/site_secret.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/banned.h"

#define HEX "00112233445566778899aabbccddeeff00112233445566778899aAbBcCdDeEfF"

static enum err read_of(const char *content, size_t len, uint8_t secret[NATIVE_SECRET])
{
	char path[] = "/tmp/sallyport-test-XXXXXX";
	int fd = mkstemp(path);
	enum err e;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, content, len), (ssize_t)len);
	close(fd);
	e = site_secret_read(path, secret);
	unlink(path);
	return e;
}

static void takes_a_line_of_digits(void **state)
{
	uint8_t secret[NATIVE_SECRET];

	assert_int_equal(read_of(HEX "\n", 65, secret), ERR_NONE);
	assert_int_equal(secret[1], 0x11);
	assert_int_equal(secret[31], 0xff);
	assert_int_equal(read_of(HEX "\r\nmore\n", 71, secret), ERR_NONE);
}

static void no_truncation_is_a_secret(void **state)
{
	uint8_t secret[NATIVE_SECRET], before[NATIVE_SECRET];

	memset(before, 7, sizeof before);
	memset(secret, 7, sizeof secret);
	for (size_t cut = 0; cut < 64; cut++)
		assert_int_equal(read_of(HEX, cut, secret), ERR_SYNTAX);
	assert_int_equal(read_of(HEX "0\n", 66, secret), ERR_SYNTAX);
	assert_int_equal(site_secret_read("/nonexistent", secret), ERR_SYSTEM);
	assert_memory_equal(secret, before, sizeof secret);
}

static void a_path_is_no_host(void **state)
{
	struct text out = { 0 };

	assert_int_equal(site_secret_find("../../etc/passwd", &out), ERR_NOT_FOUND);
	assert_int_equal(site_secret_find("anna@host.that.nobody.enrolled.invalid", &out), ERR_NOT_FOUND);
	assert_int_equal(site_secret_find("", &out), ERR_NOT_FOUND);
	assert_int_equal(out.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_a_line_of_digits),
		cmocka_unit_test(no_truncation_is_a_secret),
		cmocka_unit_test(a_path_is_no_host),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
