/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_send.c - the same bytes three times, until a connection comes through. */
#include "client/send.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/banned.h"

/* A socket of this host on a port of its own. */
static int listen_at(int type, struct address_target *t, unsigned *port)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof at;
	int fd = socket(AF_INET, type | SOCK_NONBLOCK, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)&at, sizeof at), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	*port = ntohs(at.sin_port);
	*t = (struct address_target){ .to_len = sizeof at };
	memcpy(&t->to, &at, sizeof at);
	return fd;
}

static enum err send_one(const struct address_target *t, const uint8_t *d, unsigned ssh_port, unsigned wait_ms,
			 bool greeting, struct send_result *r)
{
	return send_jobs(&(struct send_order){ .jobs = &(struct send_job){ t, d },
					       .n = 1,
					       .target = t,
					       .ntargets = 1,
					       .ssh_port = ssh_port,
					       .wait_ms = wait_ms,
					       .greeting = greeting },
			 r, NULL);
}

static unsigned arrived(int fd, const uint8_t wanted[NATIVE_DATAGRAM])
{
	uint8_t got[2000];
	unsigned n = 0;

	while (recv(fd, got, sizeof got, 0) == NATIVE_DATAGRAM) {
		assert_memory_equal(got, wanted, NATIVE_DATAGRAM);
		n++;
	}
	return n;
}

static void sends_the_same_bytes_three_times(void **state)
{
	uint8_t d[NATIVE_DATAGRAM];
	struct address_target t;
	struct send_result r = { 0 };
	unsigned port;
	int fd = listen_at(SOCK_DGRAM, &t, &port);

	memset(d, 'x', sizeof d);
	assert_int_equal(send_one(&t, d, 0, 0, false, &r), ERR_NONE);
	assert_int_equal(arrived(fd, d), 3);
	assert_int_equal(r.sent, 1);
	assert_false(r.open || r.greeted);
	close(fd);
}

static void an_open_port_ends_it(void **state)
{
	uint8_t d[NATIVE_DATAGRAM] = { 0 };
	struct address_target t, ssh;
	struct send_result r = { 0 };
	unsigned port, ssh_port;
	int fd = listen_at(SOCK_DGRAM, &t, &port), tcp = listen_at(SOCK_STREAM, &ssh, &ssh_port);

	assert_int_equal(listen(tcp, 8), 0);
	/* the kernel takes the connection, nobody speaks: the greeting is waited for, and missed */
	assert_int_equal(send_one(&t, d, ssh_port, 6000, true, &r), ERR_NONE);
	assert_true(r.open);
	assert_false(r.greeted);
	assert_in_range(arrived(fd, d), 1, 2);
	close(fd);
	close(tcp);
}

static void the_connection_is_given_to_who_wants_it(void **state)
{
	uint8_t d[NATIVE_DATAGRAM] = { 0 };
	struct address_target t, ssh;
	struct send_result r = { 0 };
	unsigned port, ssh_port;
	int fd = listen_at(SOCK_DGRAM, &t, &port), tcp = listen_at(SOCK_STREAM, &ssh, &ssh_port), made = -1, theirs;
	char got[3] = "";

	assert_int_equal(listen(tcp, 8), 0);
	assert_int_equal(send_jobs(&(struct send_order){ .jobs = &(struct send_job){ &t, d },
							 .n = 1,
							 .target = &t,
							 .ntargets = 1,
							 .ssh_port = ssh_port,
							 .wait_ms = 6000 },
				   &r, &made),
			 ERR_NONE);
	assert_true(r.open && made >= 0);
	theirs = accept(tcp, NULL, NULL);
	assert_true(theirs >= 0);
	assert_int_equal(write(made, "hi", 2), 2);
	assert_int_equal(read(theirs, got, 2), 2);
	assert_string_equal(got, "hi");
	close(theirs);
	close(made);
	close(fd);
	close(tcp);
}

static void every_port_gets_it(void **state)
{
	uint8_t d[NATIVE_DATAGRAM] = { 1 };
	struct address_target one, two;
	struct send_result r = { 0 };
	unsigned port[2];
	int first = listen_at(SOCK_DGRAM, &one, &port[0]), second = listen_at(SOCK_DGRAM, &two, &port[1]);

	assert_int_equal(send_jobs(&(struct send_order){ .jobs = &(struct send_job){ &one, d },
							 .n = 1,
							 .port = { port[0], port[1] },
							 .nports = 2 },
				   &r, NULL),
			 ERR_NONE);
	assert_int_equal(r.sent, 1);
	assert_int_equal(arrived(first, d), 3);
	assert_int_equal(arrived(second, d), 3);
	close(first);
	close(second);
}

static void a_shut_port_is_given_up(void **state)
{
	uint8_t d[NATIVE_DATAGRAM] = { 0 };
	struct address_target t, ssh;
	struct send_result r = { 0 };
	unsigned port, ssh_port;
	int fd = listen_at(SOCK_DGRAM, &t, &port), tcp = listen_at(SOCK_STREAM, &ssh, &ssh_port);

	/* bound, but nobody listens: refused */
	assert_int_equal(send_one(&t, d, ssh_port, 6000, true, &r), ERR_NONE);
	assert_false(r.open);
	assert_int_equal(arrived(fd, d), 3);
	close(fd);
	close(tcp);
}

static void nothing_sent_is_an_error(void **state)
{
	uint8_t d[NATIVE_DATAGRAM] = { 0 };
	struct address_target t = { .to_len = sizeof(struct sockaddr_in) };
	struct send_result r = { 0 };

	t.to.ss_family = AF_INET; /* port 0 takes nothing */
	assert_int_equal(send_one(&t, d, 0, 0, false, &r), ERR_CLOSED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sends_the_same_bytes_three_times),
		cmocka_unit_test(an_open_port_ends_it),
		cmocka_unit_test(the_connection_is_given_to_who_wants_it),
		cmocka_unit_test(every_port_gets_it),
		cmocka_unit_test(a_shut_port_is_given_up),
		cmocka_unit_test(nothing_sent_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
