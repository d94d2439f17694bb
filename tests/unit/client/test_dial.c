/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_dial.c - of several addresses the first that answers is taken, and the others are not bothered. */
#include "client/dial.h"

#include "base/clock.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/banned.h"

static struct sockaddr_in loopback(unsigned last, unsigned port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
				     .sin_addr.s_addr = htonl(INADDR_LOOPBACK - 1 + last),
				     .sin_port = htons((uint16_t)port) };
}

static struct address_target target(unsigned last)
{
	const struct sockaddr_in at = loopback(last, 0);
	struct address_target t = { .to_len = sizeof at };

	memcpy(&t.to, &at, sizeof at);
	return t;
}

/* port 0: any. */
static int listen_at(unsigned last, unsigned *port)
{
	struct sockaddr_in at = loopback(last, *port);
	socklen_t len = sizeof at;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	assert_int_equal(bind(fd, (const struct sockaddr *)&at, sizeof at), 0);
	assert_int_equal(listen(fd, 8), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	*port = ntohs(at.sin_port);
	return fd;
}

static int wait_for(struct dial *d, unsigned ms)
{
	const uint64_t end = clock_boot_ms() + ms;
	int fd = -1;

	while (fd < 0 && !dial_idle(d) && clock_boot_ms() < end)
		fd = dial_wait(d, 50);
	return fd;
}

/* The last number of the address at the other end. */
static unsigned reached(int fd)
{
	struct sockaddr_in at = { 0 };
	socklen_t len = sizeof at;

	assert_int_equal(getpeername(fd, (struct sockaddr *)&at, &len), 0);
	return ntohl(at.sin_addr.s_addr) & 0xff;
}

static void the_next_has_its_turn_where_the_first_refuses(void **state)
{
	const struct address_target t[] = { target(1), target(2), target(3) };
	struct dial d = { 0 };
	unsigned port = 0;
	int listener = listen_at(3, &port), fd;

	dial_begin(&d, t, 3, port);
	fd = wait_for(&d, 5000);
	assert_true(fd >= 0);
	assert_int_equal(reached(fd), 3);
	close(fd);
	close(listener);
	dial_clear(&d);
	dial_begin(&d, t, 3, port);
	assert_int_equal(wait_for(&d, 5000), -1);
	assert_true(dial_idle(&d));
}

static void the_next_has_its_turn_where_the_first_is_silent(void **state)
{
	struct address_target t[] = { target(1), target(2) };
	struct sockaddr_in dark = { .sin_family = AF_INET };
	struct dial d = { 0 };
	unsigned port = 0;
	int first, second = listen_at(2, &port), filler[64], fd;

	/* nobody takes a connection from this queue: once it is full, what comes is dropped */
	dark = loopback(1, port);
	first = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(first, (const struct sockaddr *)&dark, sizeof dark), 0);
	assert_int_equal(listen(first, 0), 0);
	for (size_t i = 0; i < 64; i++) {
		filler[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		(void)!connect(filler[i], (const struct sockaddr *)&dark, sizeof dark);
	}
	dial_begin(&d, t, 2, port);
	fd = wait_for(&d, 5000);
	assert_true(fd >= 0);
	assert_int_equal(reached(fd), 2);
	dial_clear(&d);
	for (size_t i = 0; i < 64; i++)
		close(filler[i]);
	close(fd);
	close(first);
	close(second);
}

static void the_second_is_not_bothered_where_the_first_answers(void **state)
{
	const struct address_target t[] = { target(1), target(2) };
	struct dial d = { 0 };
	unsigned port = 0;
	int first = listen_at(1, &port), second = listen_at(2, &port), fd;

	dial_begin(&d, t, 2, port);
	fd = wait_for(&d, 5000);
	assert_true(fd >= 0);
	assert_int_equal(reached(fd), 1);
	dial_clear(&d);
	assert_int_equal(accept(second, NULL, NULL), -1);
	close(fd);
	close(first);
	close(second);
}

static void leaves_by_the_address_of_its_target(void **state)
{
	struct address_target t = target(1);
	const struct sockaddr_in ours = loopback(7, 0);
	struct sockaddr_in from = { 0 };
	socklen_t len = sizeof from;
	struct dial d = { 0 };
	unsigned port = 0;
	int listener = listen_at(1, &port), fd;

	memcpy(&t.from, &ours, sizeof ours);
	t.from_len = sizeof ours;
	dial_begin(&d, &t, 1, port);
	fd = wait_for(&d, 5000);
	assert_true(fd >= 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&from, &len), 0);
	assert_int_equal(from.sin_addr.s_addr, ours.sin_addr.s_addr);
	dial_clear(&d);
	close(fd);
	close(listener);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_next_has_its_turn_where_the_first_refuses),
		cmocka_unit_test(the_next_has_its_turn_where_the_first_is_silent),
		cmocka_unit_test(the_second_is_not_bothered_where_the_first_answers),
		cmocka_unit_test(leaves_by_the_address_of_its_target),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
