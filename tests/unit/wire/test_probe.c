/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_probe.c - a probe ends in time with the right verdict, whatever the other end sends, and leaves nothing open. */
#include "wire/probe.h"

#include "base/scratch.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <time.h>

#include "base/banned.h"

#define IDENTIFICATION "SSH-2.0-test\r\n"

static uint8_t sent[80000];
static size_t sent_len;

static void put(const void *bytes, size_t len)
{
	memcpy(sent + sent_len, bytes, len);
	sent_len += len;
}

static void put_u32(uint32_t n)
{
	const uint8_t be[4] = { (uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n };

	put(be, sizeof be);
}

static void start(void)
{
	sent_len = 0;
	put(IDENTIFICATION, strlen(IDENTIFICATION));
}

static void put_packet(const void *payload, size_t len)
{
	static const uint8_t zero[16];
	size_t padding = 4 + (8 - (4 + 1 + len + 4) % 8) % 8;
	const uint8_t byte = (uint8_t)padding;

	put_u32((uint32_t)(1 + len + padding));
	put(&byte, 1);
	put(payload, len);
	put(zero, padding);
}

/* One name "x" in each list. */
static size_t kexinit_build(uint8_t *out)
{
	static const uint8_t list[] = { 0, 0, 0, 1, 'x' };
	size_t len = 17;

	memset(out, 0, 17);
	out[0] = 20;
	for (size_t i = 0; i < 10; i++) {
		memcpy(out + len, list, sizeof list);
		len += sizeof list;
	}
	memset(out + len, 0, 5);
	return len + 5;
}

static void put_kexinit(void)
{
	uint8_t payload[128];

	put_packet(payload, kexinit_build(payload));
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* The verdict on what was put together, sent at once; then the other end closes, or stays. */
static enum err probe_sent(bool closes, int timeout_ms, struct probe_result *r)
{
	int pair[2];
	enum err e;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	assert_int_equal(send(pair[1], sent, sent_len, MSG_DONTWAIT), sent_len);
	if (closes)
		shutdown(pair[1], SHUT_WR);
	e = probe_socket(pair[0], timeout_ms, r);
	close(pair[0]);
	close(pair[1]);
	return e;
}

static enum err verdict(bool closes)
{
	struct probe_result r = { 0 };
	enum err e = probe_sent(closes, closes ? 5000 : 50, &r);

	if (e)
		assert_null(r.identification);
	probe_result_free(&r);
	return e;
}

static void reads_a_whole_server(void **state)
{
	struct probe_result r;

	start();
	put_kexinit();
	assert_int_equal(probe_sent(false, 5000, &r), ERR_NONE);
	assert_string_equal(r.identification, "SSH-2.0-test");
	assert_int_equal(r.kexinit.compression_s2c.n, 1);
	probe_result_free(&r);
}

static void sends_its_own_identification_and_nothing_else(void **state)
{
	struct probe_result r;
	char got[256] = { 0 };
	int pair[2];

	start();
	put_kexinit();
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	assert_int_equal(write(pair[1], sent, sent_len), sent_len);
	assert_int_equal(probe_socket(pair[0], 5000, &r), ERR_NONE);
	assert_true(recv(pair[1], got, sizeof got - 1, MSG_DONTWAIT) > 0);
	assert_int_equal(strncmp(got, "SSH-2.0-sallyport_", 18), 0);
	assert_string_equal(strchr(got, '\r'), "\r\n");
	assert_int_equal(identification_check((uint8_t *)got, strlen(got) - 2), ERR_NONE);
	probe_result_free(&r);
	close(pair[0]);
	close(pair[1]);
}

static void escapes_the_identification(void **state)
{
	static const char line[] = "SSH-2.0-x \x1b[2Jgone\r\n";
	struct probe_result r;

	sent_len = 0;
	put(line, strlen(line));
	put_kexinit();
	assert_int_equal(probe_sent(true, 5000, &r), ERR_NONE);
	assert_string_equal(r.identification, "SSH-2.0-x \\x1B[2Jgone");
	probe_result_free(&r);
}

static void refuses_every_truncation(void **state)
{
	size_t whole;

	start();
	put_kexinit();
	whole = sent_len;
	for (sent_len = 0; sent_len < whole; sent_len++) {
		enum err want = sent_len >= strlen(IDENTIFICATION) || !sent_len ? ERR_CLOSED : ERR_SYNTAX;

		assert_int_equal(verdict(true), want);
	}
}

static void keeps_to_the_time(void **state)
{
	int64_t before = now_ms(), took;

	sent_len = 0;
	assert_int_equal(verdict(false), ERR_TIMEOUT);
	start();
	assert_int_equal(verdict(false), ERR_TIMEOUT);
	took = now_ms() - before;
	assert_in_range(took, 100, 2000);
}

static void judges_packets(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		enum err e;
	} cases[] = {
		{ "\xff\xff\xff\xff\x04", 5, ERR_TOO_BIG },
		{ "\0\0\x88\xb9\x04", 5, ERR_TOO_BIG },			   /* 35001 */
		{ "\0\0\0\0\x04", 5, ERR_SYNTAX },			   /* no length */
		{ "\0\0\0\x04\x04", 5, ERR_SYNTAX },			   /* no room for padding */
		{ "\0\0\0\x0d\x04", 5, ERR_SYNTAX },			   /* not a multiple of 8 */
		{ "\0\0\0\x0c\x03\x14xxxxxxxxxx", 16, ERR_SYNTAX },	   /* too little padding */
		{ "\0\0\0\x0c\x0c\x14xxxxxxxxxx", 16, ERR_SYNTAX },	   /* more padding than packet */
		{ "\0\0\0\x0c\x0b\x14xxxxxxxxxx", 16, ERR_SYNTAX },	   /* no payload */
		{ "\0\0\0\x0c\x05\x14xxxxxxxxxx", 16, ERR_SYNTAX },	   /* KEXINIT cut off inside the packet */
		{ "\0\0\0\x0c\x05\x15xxxxxxxxxx", 16, ERR_SYNTAX },	   /* NEWKEYS */
		{ "\0\0\0\x0c\x04\x01\0\0\0\x0cxxxxxx", 16, ERR_PENALTY }, /* too many connections */
		{ "\0\0\0\x0c\x04\x01\0\0\0\x02xxxxxx", 16, ERR_CLOSED },  /* protocol error */
		{ "\0\0\0\x0c\x08\x01\0\0xxxxxxxx", 16, ERR_SYNTAX },	   /* a goodbye without a reason */
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		start();
		put(cases[i].bytes, cases[i].len);
		assert_int_equal(verdict(true), cases[i].e);
	}
}

static void takes_the_largest_packet(void **state)
{
	static uint8_t payload[34987];

	start();
	/* 4 + 34996 = 35000 bytes on the wire, a multiple of 8 */
	memset(payload, 0, sizeof payload);
	payload[0] = 20;
	put_packet(payload, sizeof payload);
	assert_int_equal(verdict(true), ERR_SYNTAX);
	sent_len--;
	assert_int_equal(verdict(true), ERR_CLOSED);
}

static void stops_at_endless_lines(void **state)
{
	sent_len = 0;
	for (size_t i = 0; i < 10000; i++)
		put("banner\r\n", 8);
	assert_int_equal(verdict(false), ERR_TOO_BIG);
	memset(sent, 'x', sent_len);
	assert_int_equal(verdict(false), ERR_TOO_BIG);
}

static int listen_on(const char *addr, unsigned *port)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	socklen_t len = sizeof in;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	inet_pton(AF_INET, addr, &in.sin_addr);
	assert_int_equal(bind(fd, (struct sockaddr *)&in, sizeof in), 0);
	assert_int_equal(listen(fd, 8), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&in, &len), 0);
	*port = ntohs(in.sin_port);
	return fd;
}

static uint32_t source_of(int listener)
{
	struct pollfd p = { .fd = listener, .events = POLLIN };
	struct sockaddr_in in = { 0 };
	socklen_t len = sizeof in;
	int fd;

	assert_int_equal(poll(&p, 1, 5000), 1);
	fd = accept(listener, (struct sockaddr *)&in, &len);
	assert_true(fd >= 0);
	close(fd);
	return ntohl(in.sin_addr.s_addr);
}

static void comes_from_an_address_of_its_own(void **state)
{
	struct probe_result r;
	struct probe_target t = { .addr = "127.0.0.1", .timeout_ms = 50 };
	int fd = listen_on("127.0.0.1", &t.port);
	uint32_t source;

	assert_int_equal(probe_server(&t, &r), ERR_TIMEOUT);
	source = source_of(fd);
	assert_int_equal(source >> 16, 0x7f53);
	assert_int_equal(source & 0xffff, getpid() & 0xffff);
	t.source = "127.1.2.3";
	assert_int_equal(probe_server(&t, &r), ERR_TIMEOUT);
	assert_int_equal(source_of(fd), 0x7f010203);
	close(fd);
}

static void says_when_nobody_listens(void **state)
{
	struct probe_result r;
	struct probe_target t = { .addr = "127.0.0.1", .timeout_ms = 5000 };

	close(listen_on("127.0.0.1", &t.port));
	assert_int_equal(probe_server(&t, &r), ERR_CLOSED);
}

static void refuses_targets_that_are_none(void **state)
{
	static const struct probe_target bad[] = {
		{ .addr = "localhost", .port = 22, .timeout_ms = 50 },
		{ .addr = "127.0.0.1", .port = 0, .timeout_ms = 50 },
		{ .addr = "127.0.0.1", .port = 65536, .timeout_ms = 50 },
		{ .addr = "127.0.0.1", .port = 22, .source = "here", .timeout_ms = 50 },
		{ .addr = "", .port = 22, .timeout_ms = 50 },
	};
	struct probe_result r;

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_int_equal(probe_server(&bad[i], &r), ERR_RANGE);
}

static void leaves_no_descriptor_open(void **state)
{
	struct probe_result r;
	struct probe_target t = { .addr = "127.0.0.1", .timeout_ms = 20 }, closed, foreign;
	size_t before = scratch_descriptors();
	int fd = listen_on("127.0.0.1", &t.port);

	closed = foreign = t;
	closed.addr = "127.0.0.2";    /* the listener is not there */
	foreign.source = "192.0.2.1"; /* not an address of this host */
	for (size_t i = 0; i < 20; i++) {
		assert_int_equal(probe_server(&t, &r), ERR_TIMEOUT);
		source_of(fd);
		assert_int_equal(probe_server(&closed, &r), ERR_CLOSED);
		assert_int_equal(probe_server(&foreign, &r), ERR_SYSTEM);
	}
	close(fd);
	assert_int_equal(scratch_descriptors(), before);
}

static void leaves_the_callers_descriptor_as_it_was(void **state)
{
	struct probe_result r;
	int pair[2], flags;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	flags = fcntl(pair[0], F_GETFL);
	assert_int_equal(probe_socket(pair[0], 20, &r), ERR_TIMEOUT);
	assert_int_equal(fcntl(pair[0], F_GETFL), flags);
	close(pair[1]);
	assert_int_equal(probe_socket(pair[0], 5000, &r), ERR_CLOSED);
	close(pair[0]);
	assert_int_equal(probe_socket(-1, 20, &r), ERR_SYSTEM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_a_whole_server),
		cmocka_unit_test(sends_its_own_identification_and_nothing_else),
		cmocka_unit_test(escapes_the_identification),
		cmocka_unit_test(refuses_every_truncation),
		cmocka_unit_test(keeps_to_the_time),
		cmocka_unit_test(judges_packets),
		cmocka_unit_test(takes_the_largest_packet),
		cmocka_unit_test(stops_at_endless_lines),
		cmocka_unit_test(comes_from_an_address_of_its_own),
		cmocka_unit_test(says_when_nobody_listens),
		cmocka_unit_test(refuses_targets_that_are_none),
		cmocka_unit_test(leaves_no_descriptor_open),
		cmocka_unit_test(leaves_the_callers_descriptor_as_it_was),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
