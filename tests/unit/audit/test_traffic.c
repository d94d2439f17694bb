/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_traffic.c - sessions by peer and port, made up and of this very process. */
#include "audit/traffic.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/banned.h"

static void sessions_of_one_peer_become_one_row(void **state)
{
	static const struct traffic_peer sessions[] = {
		{ 4, { 192, 0, 2, 1 }, 22, 1, 10, 100 }, { 6, { 192, 0, 2, 1 }, 22, 1, 1, 1 },
		{ 4, { 192, 0, 2, 1 }, 2222, 1, 7, 70 }, { 4, { 192, 0, 2, 1 }, 22, 1, 20, 200 },
		{ 4, { 192, 0, 2, 250 }, 22, 1, 5, 50 },
	};
	static const uint8_t peer[16] = { 192, 0, 2, 1 }, nobody[16] = { 192, 0, 2, 9 };
	const struct traffic_peer *found;
	struct traffic t = { 0 };

	(void)state;
	assert_null(traffic_find(&t, 4, peer, 22));
	for (size_t i = 0; i < 500; i++)
		assert_int_equal(traffic_add(&t, &sessions[i % 5]), ERR_NONE);
	traffic_sum(&t);
	assert_int_equal(t.n, 4);
	found = traffic_find(&t, 4, peer, 22);
	assert_non_null(found);
	assert_int_equal(found->sessions, 200);
	assert_int_equal(found->received, 3000);
	assert_int_equal(found->sent, 30000);
	assert_int_equal(traffic_find(&t, 6, peer, 22)->sessions, 100);
	assert_null(traffic_find(&t, 4, peer, 23));
	assert_null(traffic_find(&t, 4, nobody, 22));
	traffic_free(&t);
	assert_null(t.v);
}

/* Over a socket of both families, so that the peer is an IPv4-mapped address. */
static void the_kernel_tells_of_a_session_and_its_bytes(void **state)
{
	static const uint8_t loopback[16] = { 127, 0, 0, 1 };
	struct sockaddr_in6 at = { .sin6_family = AF_INET6 };
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof at;
	const struct traffic_peer *p;
	struct traffic t = { 0 };
	int listening = socket(AF_INET6, SOCK_STREAM, 0), one = socket(AF_INET, SOCK_STREAM, 0), served;
	char buffer[64] = { 0 };

	(void)state;
	if (listening < 0)
		skip(); /* no IPv6 here */
	assert_int_equal(setsockopt(listening, IPPROTO_IPV6, IPV6_V6ONLY, &(int){ 0 }, sizeof(int)), 0);
	assert_int_equal(bind(listening, (struct sockaddr *)&at, sizeof at), 0);
	assert_int_equal(listen(listening, 1), 0);
	assert_int_equal(getsockname(listening, (struct sockaddr *)&at, &len), 0);
	to.sin_port = at.sin6_port;
	assert_int_equal(connect(one, (struct sockaddr *)&to, sizeof to), 0);
	served = accept(listening, NULL, NULL);
	assert_true(served >= 0);
	assert_int_equal(write(one, buffer, 40), 40);
	assert_int_equal(read(served, buffer, 40), 40);

	assert_int_equal(traffic_read(&t), ERR_NONE);
	p = traffic_find(&t, 4, loopback, ntohs(at.sin6_port));
	assert_non_null(p);
	assert_int_equal(p->sessions, 1);
	assert_int_equal(p->received, 40);
	traffic_free(&t);
	close(served);
	close(one);
	close(listening);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sessions_of_one_peer_become_one_row),
		cmocka_unit_test(the_kernel_tells_of_a_session_and_its_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
