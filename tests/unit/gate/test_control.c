/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_control.c - what the daemon answers is checked before anybody believes it, and a silent one is not waited for. */
#include "gate/control.h"

#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/banned.h"
/* A daemon that has answered before it was asked. */
struct daemon {
	int ours, theirs;
};

static struct daemon daemon_new(void)
{
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
	return (struct daemon){ ends[0], ends[1] };
}

static void daemon_end(struct daemon d)
{
	close(d.ours);
	close(d.theirs);
}

static void says(struct daemon d, uint32_t kind, uint32_t id, const void *body, size_t size)
{
	assert_int_equal(message_send(d.theirs, kind, id, body, size), ERR_NONE);
}

static enum err who(struct daemon d, struct control_entry **v, size_t *n)
{
	struct control_status status;

	return control_who(d.ours, v, n, &status);
}

static void takes_entries_until_the_status(void **state)
{
	const struct control_entry e = { .address.family = 4, .port = 22, .user = "anna" };
	const struct control_status s = { .granted = 9 };
	struct control_status got = { 0 };
	struct daemon d = daemon_new();
	struct control_entry *v = NULL;
	size_t n = 0;

	for (int i = 0; i < 100; i++)
		says(d, CONTROL_ENTRY, 1, &e, sizeof e);
	says(d, CONTROL_STATUS, 1, &s, sizeof s);
	assert_int_equal(control_who(d.ours, &v, &n, &got), ERR_NONE);
	assert_int_equal(n, 100);
	assert_string_equal(v[99].user, "anna");
	assert_int_equal(got.granted, 9);
	free(v);
	daemon_end(d);
}

static void refuses_what_does_not_belong(void **state)
{
	struct control_entry fine = { .address.family = 4 }, family = { .address.family = 5 }, name = fine;
	const struct control_done done = { 0 }, error = { .error = ERR_COUNT };
	const struct {
		uint32_t kind, id;
		const void *body;
		size_t size;
	} cases[] = {
		{ CONTROL_ENTRY, 2, &fine, sizeof fine },     { CONTROL_ENTRY, 1, &fine, sizeof fine - 1 },
		{ CONTROL_ENTRY, 1, &family, sizeof family }, { CONTROL_ENTRY, 1, &name, sizeof name },
		{ CONTROL_DONE, 1, &done, sizeof done },      { MESSAGE_KNOCKED, 1, &done, 8 },
	};
	struct control_close c = { .by_key = 1 };
	struct control_done got = { .changed = 7 };
	struct control_entry *v = NULL;
	size_t n = 7;
	struct daemon d;

	memset(name.user, 'x', sizeof name.user);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		d = daemon_new();
		says(d, cases[i].kind, cases[i].id, cases[i].body, cases[i].size);
		assert_int_equal(who(d, &v, &n), ERR_SYNTAX);
		daemon_end(d);
	}
	d = daemon_new();
	says(d, CONTROL_DONE, 1, &error, sizeof error);
	assert_int_equal(control_revoke(d.ours, &c, &got), ERR_SYNTAX);
	daemon_end(d);
	assert_null(v);
	assert_int_equal(n, 7);
	assert_int_equal(got.changed, 7);
}

static void asks_in_the_form_that_the_daemon_takes(void **state)
{
	const struct control_done done = { .changed = 2 };
	struct control_grant g = { .address.family = 4, .seconds = 60 };
	struct {
		struct message_head head;
		struct control_grant body;
	} asked;
	struct control_done got = { 0 };
	struct daemon d = daemon_new();

	says(d, CONTROL_DONE, 1, &done, sizeof done);
	assert_int_equal(control_grant(d.ours, &g, &got), ERR_NONE);
	assert_int_equal(got.changed, 2);
	assert_int_equal(recv(d.theirs, &asked, sizeof asked, 0), sizeof asked);
	assert_int_equal(asked.head.kind, CONTROL_GRANT);
	assert_memory_equal(&asked.body, &g, sizeof g);
	daemon_end(d);
}

static void does_not_wait_for_ever(void **state)
{
	uint64_t before = clock_boot_ms();
	struct control_entry *v = NULL;
	struct daemon d = daemon_new();
	size_t n = 0;
	int fd = -1;

	assert_int_equal(who(d, &v, &n), ERR_TIMEOUT);
	assert_in_range(clock_boot_ms() - before, 1900, 60000);
	close(d.theirs);
	assert_int_equal(who(d, &v, &n), ERR_CLOSED);
	close(d.ours);
	assert_int_equal(control_open("/nowhere/control", &fd), ERR_NOT_FOUND);
	assert_int_equal(fd, -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_entries_until_the_status),
		cmocka_unit_test(refuses_what_does_not_belong),
		cmocka_unit_test(asks_in_the_form_that_the_daemon_takes),
		cmocka_unit_test(does_not_wait_for_ever),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
