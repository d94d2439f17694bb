/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_health.c - what an sshd says that can let somebody in, and what is said by others. */
#include "gate/health.h"

#include "base/scratch.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/banned.h"

#define KEXINIT "\0\0\4\14\7\24"

static const struct {
	const char *said;
	size_t len;
	enum health wanted;
} cases[] = {
#define CASE(said, wanted) \
	{ \
		said, sizeof said - 1, wanted \
	}
	CASE("", HEALTH_MORE),
	CASE("SSH-2.0-OpenSSH_9.2p1", HEALTH_MORE),
	CASE("SSH-2.0-OpenSSH_9.2p1\r\n", HEALTH_MORE),
	CASE("SSH-2.0-OpenSSH_9.2p1\r\n" KEXINIT, HEALTH_GOOD),
	CASE("SSH-1.99-x\n" KEXINIT, HEALTH_GOOD),
	CASE("a banner\r\nSSH-2.0-x\r\n" KEXINIT, HEALTH_GOOD),
	CASE("SSH-2.0-x\r\n\0\0\4\14\7\1", HEALTH_BAD),
	CASE("Exceeded MaxStartups\r\n", HEALTH_GOOD),
	CASE("Not allowed at this time\r\n", HEALTH_GOOD),
	CASE("HTTP/1.1 400 Bad Request\r\n", HEALTH_MORE), /* it hangs up then */
#undef CASE
};

static void what_is_said_is_judged(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(health_judge((const uint8_t *)cases[i].said, cases[i].len), cases[i].wanted);
}

/* Nothing but the whole is good, so that who hangs up in the middle is not. */
static void a_part_of_it_is_not_enough(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		for (size_t len = 0; cases[i].wanted == HEALTH_GOOD && len < cases[i].len; len++)
			assert_int_equal(health_judge((const uint8_t *)cases[i].said, len), HEALTH_MORE);
}

static void who_talks_without_end_is_bad(void **state)
{
	uint8_t much[HEALTH_BYTES];

	memset(much, 'x', sizeof much);
	assert_int_equal(health_judge(much, sizeof much - 1), HEALTH_MORE);
	assert_int_equal(health_judge(much, sizeof much), HEALTH_BAD);
	memset(much, '\n', sizeof much);
	assert_int_equal(health_judge(much, sizeof much), HEALTH_BAD);
}

static enum health asked(const char *said, size_t len, bool hang_up)
{
	enum health h;
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	assert_int_equal(write(ends[1], said, len), len);
	if (hang_up)
		shutdown(ends[1], SHUT_WR);
	h = health_ask(ends[0], 50);
	close(ends[0]);
	close(ends[1]);
	return h;
}

static void a_server_is_asked_for_as_long_as_is_said(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const enum health wanted = cases[i].wanted == HEALTH_GOOD ? HEALTH_GOOD : HEALTH_BAD;

		assert_int_equal(asked(cases[i].said, cases[i].len, true), wanted);
		assert_int_equal(asked(cases[i].said, cases[i].len, false), wanted);
	}
	/* a refusal whose line does not end */
	assert_int_equal(asked("Not allowed at this time", 24, true), HEALTH_GOOD);
}

/* One that listens and says nothing, and one that is gone. */
static void nobody_there_and_somebody_else_are_told_apart(void **state)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct spare s = { .nlistens = 1 };
	const struct network loopback = { .family = AF_INET, .addr = { 127, 0, 0, 1 }, .len = 32 };
	socklen_t len = sizeof a;
	uint16_t port, other;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	port = ntohs(a.sin_port);
	other = port == 1 ? 2 : 1;
	s.listen[0] = (struct spare_listen){ .address = loopback, .port = port };
	assert_int_equal(health_look(&s, &port, 1), ERR_CLOSED);
	assert_int_equal(health_look(&s, &other, 1), ERR_NOT_FOUND);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(health_look(&s, &port, 1), ERR_CHILD);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_said_is_judged),
		cmocka_unit_test(a_part_of_it_is_not_enough),
		cmocka_unit_test(who_talks_without_end_is_bad),
		cmocka_unit_test(a_server_is_asked_for_as_long_as_is_said),
		cmocka_unit_test(nobody_there_and_somebody_else_are_told_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
