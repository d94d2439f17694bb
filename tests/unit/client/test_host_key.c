/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_host_key.c - of what known_hosts says, the plain Ed25519 keys that nobody revoked. */
#include "client/host_key.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/banned.h"

#define ED "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAICGWztcNOdD6Zu5kPh/R+0aM5MHDKIRI89n3neEABhXm"
#define OTHER "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDhKkSmfY3oeVjbr7TdTLtrsF6XD1nm+tkpEcg7TGZpC"

static void collect(struct host_keys *k, const char *lines)
{
	assert_int_equal(host_key_collect(lines, strlen(lines), "anna", k), ERR_NONE);
}

static void keeps_each_key_once_in_the_order_of_the_lines(void **state)
{
	struct host_keys k = { 0 };

	collect(&k, "# Host anna found: line 1 \nanna " OTHER "\nberta " ED "\nanna " ED "\nanna " OTHER "\n");
	host_key_settle(&k);
	assert_int_equal(k.n, 2);
	assert_int_equal(k.v[0][0], 0x38);
	assert_int_equal(k.v[1][0], 0x21);
	assert_false(k.other || k.authority || k.revoked);
}

static void a_revoked_key_counts_for_nothing_wherever_it_is_listed(void **state)
{
	struct host_keys k = { 0 };

	collect(&k, "anna " OTHER "\nanna " ED "\n");
	collect(&k, "@revoked * " OTHER "\n@cert-authority * " ED "\n");
	host_key_settle(&k);
	assert_int_equal(k.n, 1);
	assert_int_equal(k.v[0][0], 0x21);
	assert_true(k.revoked && k.authority);
}

static void a_revocation_for_another_host_does_not_count(void **state)
{
	struct host_keys k = { 0 };

	collect(&k, "@revoked berta " ED "\nanna " ED "\n");
	host_key_settle(&k);
	assert_int_equal(k.n, 1);
	assert_false(k.revoked);
}

static void more_keys_than_there_is_room_for_are_left_out(void **state)
{
	static const char base64[] = "ABCDEFGHIJKLMNOP";
	struct host_keys k = { 0 };
	char line[] = "anna " ED;

	for (size_t i = 0; base64[i]; i++) {
		line[strlen(line) - 3] = base64[i];
		collect(&k, line);
	}
	host_key_settle(&k);
	assert_int_equal(k.n, HOST_KEYS_MAX);
}

static void looks_for_the_names_that_ssh_looks_for(void **state)
{
	static char host[] = "Anna", alias[] = "Bar";
	struct ask_ssh a = { .hostname = host, .port = 2222 };
	struct strings names = { 0 };

	assert_int_equal(host_key_names(&a, &names), ERR_NONE);
	assert_int_equal(names.n, 2);
	assert_string_equal(names.v[0], "[anna]:2222");
	assert_string_equal(names.v[1], "anna");
	strings_free(&names);
	a.alias = alias;
	assert_int_equal(host_key_names(&a, &names), ERR_NONE);
	assert_int_equal(names.n, 1);
	assert_string_equal(names.v[0], "bar");
	strings_free(&names);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_each_key_once_in_the_order_of_the_lines),
		cmocka_unit_test(a_revoked_key_counts_for_nothing_wherever_it_is_listed),
		cmocka_unit_test(a_revocation_for_another_host_does_not_count),
		cmocka_unit_test(more_keys_than_there_is_room_for_are_left_out),
		cmocka_unit_test(looks_for_the_names_that_ssh_looks_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
