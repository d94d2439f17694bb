/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_capture.c - of all packets the knocks are seen, by the filter and by whoever takes them apart, and nothing else is. */
#include "base/scratch.h"

#include "base/macros.h"
#include "gate/bpf.h"
#include "gate/capture.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/banned.h"

#define PORT 2222
#define UDP_SIZE (8 + NATIVE_DATAGRAM)

static const uint16_t ports[] = { 22, PORT };

struct made {
	uint8_t bytes[20480];
	size_t len, udp;
	struct bpf_about about;
};

static void put_u16(uint8_t *at, size_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void put_udp(struct made *m)
{
	m->udp = m->len;
	put_u16(m->bytes + m->udp, 40000);
	put_u16(m->bytes + m->udp + 2, PORT);
	put_u16(m->bytes + m->udp + 4, UDP_SIZE);
	memset(m->bytes + m->udp + 8, 0x5a, NATIVE_DATAGRAM);
	m->len += UDP_SIZE;
}

/* From 192.0.2.1 to 198.51.100.2. */
static void make4(struct made *m, unsigned option_words)
{
	static const uint8_t from[] = { 192, 0, 2, 1 }, to[] = { 198, 51, 100, 2 };

	*m = (struct made){ .about = { .kind = PACKET_HOST, .protocol = ETH_P_IP } };
	m->len = 20 + 4 * (size_t)option_words;
	m->bytes[0] = (uint8_t)(0x45 + option_words);
	m->bytes[6] = 0x40; /* not to be fragmented */
	m->bytes[8] = 64;
	m->bytes[9] = IPPROTO_UDP;
	memcpy(m->bytes + 12, from, 4);
	memcpy(m->bytes + 16, to, 4);
	memset(m->bytes + 20, 1, 4 * (size_t)option_words); /* no operation */
	put_udp(m);
	put_u16(m->bytes + 2, m->len);
}

struct extension {
	uint8_t kind, more; /* of 8 bytes, besides the first */
};

/* From 2001:db8::1 to 2001:db8::2. */
static void make6(struct made *m, const struct extension *e, size_t n)
{
	uint8_t *next = m->bytes + 6;

	*m = (struct made){ .len = 40, .about = { .kind = PACKET_HOST, .protocol = ETH_P_IPV6 } };
	m->bytes[0] = 0x60;
	m->bytes[7] = 64;
	memcpy(m->bytes + 8, "\x20\x01\x0d\xb8", 4);
	memcpy(m->bytes + 24, "\x20\x01\x0d\xb8", 4);
	m->bytes[23] = 1;
	m->bytes[39] = 2;
	for (size_t i = 0; i < n; i++) {
		*next = e[i].kind;
		next = m->bytes + m->len;
		next[1] = e[i].more;
		m->len += 8 * ((size_t)e[i].more + 1);
	}
	*next = IPPROTO_UDP;
	put_udp(m);
	put_u16(m->bytes + 4, m->len - 40);
}

static bool filter_passes(const struct made *m)
{
	const struct bpf_packet p = { .bytes = m->bytes, .len = m->len, .about = m->about };
	struct sock_filter program[CAPTURE_PROGRAM];
	unsigned short n;

	assert_int_equal(capture_program(ports, ARRAY_SIZE(ports), program, &n), ERR_NONE);
	return bpf_passes(program, n, &p);
}

static bool parses(const struct made *m)
{
	struct capture_packet out = { 0 };
	uint8_t *exact = malloc(m->len ? m->len : 1); /* so that a read behind it is noticed */
	bool does;

	assert_non_null(exact);
	memcpy(exact, m->bytes, m->len);
	does = m->len <= CAPTURE_BUFFER && !capture_parse(exact, m->len, &out) && out.len == NATIVE_DATAGRAM &&
	       (out.to_port == PORT || out.to_port == 22);
	free(exact);
	return does;
}

static void both_say(const char *name, const struct made *m, bool passes)
{
	if (filter_passes(m) != passes || parses(m) != passes)
		fail_msg("%s: the filter says %d, the parser %d", name, filter_passes(m), parses(m));
}

static void a_knock_is_taken_apart(void **state)
{
	struct capture_packet out;
	struct made m;

	make4(&m, 0);
	assert_int_equal(capture_parse(m.bytes, m.len, &out), ERR_NONE);
	assert_int_equal(out.from.family, 4);
	assert_memory_equal(out.from.bytes, "\xc0\x00\x02\x01\0\0\0\0\0\0\0\0\0\0\0\0", 16);
	assert_memory_equal(out.to.bytes, "\xc6\x33\x64\x02\0\0\0\0\0\0\0\0\0\0\0\0", 16);
	assert_int_equal(out.from_port, 40000);
	assert_int_equal(out.to_port, PORT);
	assert_ptr_equal(out.payload, m.bytes + 28);
	assert_int_equal(out.len, NATIVE_DATAGRAM);

	make6(&m, NULL, 0);
	assert_int_equal(capture_parse(m.bytes, m.len, &out), ERR_NONE);
	assert_int_equal(out.from.family, 6);
	assert_memory_equal(out.from.bytes, m.bytes + 8, 16);
	assert_memory_equal(out.to.bytes, m.bytes + 24, 16);
	assert_ptr_equal(out.payload, m.bytes + 48);
}

static void options_are_walked(void **state)
{
	static const struct {
		const char *name;
		struct extension e[9];
		size_t n;
		bool passes;
	} six[] = {
		{ "none", { { 0 } }, 0, true },
		{ "hop by hop", { { IPPROTO_HOPOPTS, 0 } }, 1, true },
		{ "three", { { IPPROTO_HOPOPTS, 0 }, { IPPROTO_ROUTING, 2 }, { IPPROTO_DSTOPTS, 5 } }, 3, true },
		{ "eight", { { 0 }, { 60 }, { 60 }, { 60 }, { 60 }, { 60 }, { 60 }, { 60 } }, 8, true },
		{ "nine", { { 0 }, { 60 }, { 60 }, { 60 }, { 60 }, { 60 }, { 60 }, { 60 }, { 60 } }, 9, false },
		{ "a fragment", { { IPPROTO_FRAGMENT, 0 } }, 1, false },
		{ "a fragment behind options", { { IPPROTO_HOPOPTS, 0 }, { IPPROTO_FRAGMENT, 0 } }, 2, false },
		{ "authenticated", { { IPPROTO_AH, 1 } }, 1, false },
		{ "nothing follows", { { IPPROTO_NONE, 0 } }, 1, false },
		{ "up to the buffer's end", { { IPPROTO_DSTOPTS, 95 } }, 1, true },
		{ "beyond the buffer's end", { { IPPROTO_DSTOPTS, 96 } }, 1, false },
		{ "the longest", { { IPPROTO_DSTOPTS, 255 }, { IPPROTO_DSTOPTS, 255 } }, 2, false },
	};
	struct made m;

	for (unsigned words = 0; words <= 10; words++) {
		make4(&m, words);
		both_say("IPv4 options", &m, true);
	}
	for (size_t i = 0; i < ARRAY_SIZE(six); i++) {
		make6(&m, six[i].e, six[i].n);
		both_say(six[i].name, &m, six[i].passes);
	}
}

static void what_is_no_knock_passes_nowhere(void **state)
{
	static const struct {
		const char *name;
		unsigned version;
		size_t at; /* from 1000 on: in the UDP header */
		uint16_t value;
	} cases[] = {
		{ "TCP", 4, 8, 0x4006 },
		{ "more fragments", 4, 6, 0x2000 },
		{ "a later fragment", 4, 6, 0x0001 },
		{ "the last offset", 4, 6, 0x1fff },
		{ "a header of 16 bytes", 4, 0, 0x4400 },
		{ "no header", 4, 0, 0x4000 },
		{ "a header with options that are data", 4, 0, 0x4600 },
		{ "version 5", 4, 0, 0x5500 },
		{ "version 6 in an IPv4 packet", 4, 0, 0x6500 },
		{ "one byte less than there is", 4, 2, 20 + UDP_SIZE - 1 },
		{ "one byte more than there is", 4, 2, 20 + UDP_SIZE + 1 },
		{ "no length", 4, 2, 0 },
		{ "no length", 6, 4, 0 },
		{ "one byte less", 6, 4, UDP_SIZE - 1 },
		{ "one byte more", 6, 4, UDP_SIZE + 1 },
		{ "the longest", 6, 4, 0xffff },
		{ "TCP", 6, 6, 0x0640 },
		{ "version 4 in an IPv6 packet", 6, 0, 0x4000 },
		{ "another port", 4, 1002, PORT + 1 },
		{ "port 0", 4, 1002, 0 },
		{ "port with halves swapped", 6, 1002, (PORT & 0xff) << 8 | PORT >> 8 },
		{ "UDP length less", 4, 1004, UDP_SIZE - 1 },
		{ "UDP length more", 4, 1004, UDP_SIZE + 1 },
		{ "UDP length 0", 6, 1004, 0 },
		{ "UDP length of a header", 6, 1004, 8 },
		{ "UDP length less than a header", 4, 1004, 7 },
	};
	struct made m;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		if (cases[i].version == 4)
			make4(&m, 0);
		else
			make6(&m, NULL, 0);
		put_u16(m.bytes + (cases[i].at < 1000 ? cases[i].at : m.udp + cases[i].at - 1000), cases[i].value);
		both_say(cases[i].name, &m, false);
	}
}

/* Shorter and longer datagrams that are right in themselves. */
static void other_lengths_do_not_pass(void **state)
{
	for (size_t payload = 0; payload <= 1400; payload++) {
		struct made m;

		make4(&m, 0);
		m.len = m.udp + 8 + payload;
		put_u16(m.bytes + 2, m.len);
		put_u16(m.bytes + m.udp + 4, 8 + payload);
		both_say("payload", &m, payload == NATIVE_DATAGRAM);
	}
}

static void every_truncation_is_dropped(void **state)
{
	static const struct extension e[] = { { IPPROTO_HOPOPTS, 1 }, { IPPROTO_DSTOPTS, 0 } };
	struct made whole[3];

	make4(&whole[0], 0);
	make4(&whole[1], 10);
	make6(&whole[2], e, ARRAY_SIZE(e));
	for (size_t i = 0; i < ARRAY_SIZE(whole); i++)
		for (size_t len = 0; len < whole[i].len; len++) {
			struct made m = whole[i];

			m.len = len;
			both_say("cut", &m, false);
		}
}

static void what_the_frame_was_padded_with_is_left_out(void **state)
{
	struct capture_packet out;
	struct made m;

	make4(&m, 0);
	m.len += 6;
	both_say("padded", &m, true);
	assert_int_equal(capture_parse(m.bytes, m.len, &out), ERR_NONE);
	assert_int_equal(out.len, NATIVE_DATAGRAM);
}

static void only_packets_to_this_host_pass(void **state)
{
	static const struct {
		const char *name;
		struct bpf_about about;
		bool passes;
	} cases[] = {
		{ "to us", { .kind = PACKET_HOST, .protocol = ETH_P_IP }, true },
		{ "broadcast", { .kind = PACKET_BROADCAST, .protocol = ETH_P_IP }, false },
		{ "multicast", { .kind = PACKET_MULTICAST, .protocol = ETH_P_IP }, false },
		{ "to another", { .kind = PACKET_OTHERHOST, .protocol = ETH_P_IP }, false },
		{ "outgoing", { .kind = PACKET_OUTGOING, .protocol = ETH_P_IP }, false },
		{ "ARP", { .kind = PACKET_HOST, .protocol = ETH_P_ARP }, false },
		{ "called IPv6", { .kind = PACKET_HOST, .protocol = ETH_P_IPV6 }, false },
		{ "of a VLAN", { PACKET_HOST, ETH_P_IP, true, 100 }, false },
		{ "of a VLAN with priority", { PACKET_HOST, ETH_P_IP, true, 7 << 13 | 1 }, false },
		{ "priority alone", { PACKET_HOST, ETH_P_IP, true, 5 << 13 }, true },
		{ "a tag that is no more", { PACKET_HOST, ETH_P_IP, false, 100 }, true },
	};
	struct made m;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		make4(&m, 0);
		m.about = cases[i].about;
		if (filter_passes(&m) != cases[i].passes)
			fail_msg("%s", cases[i].name);
	}
}

static void as_many_ports_as_there_can_be_fit(void **state)
{
	struct sock_filter program[CAPTURE_PROGRAM];
	uint16_t many[64];
	unsigned short n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(many); i++)
		many[i] = (uint16_t)(1000 + i);
	assert_int_equal(capture_program(many, 16, program, &n), ERR_NONE);
	assert_in_range(n, 1, CAPTURE_PROGRAM);
	assert_int_equal(capture_program(many, ARRAY_SIZE(many), program, &n), ERR_TOO_BIG);
}

/* ---- on a loopback interface of our own ---- */

static bool in_own_network(void)
{
	struct ifreq r = { .ifr_name = "lo" };
	static bool made;
	int fd;

	if (made)
		return true;
	if (geteuid() != 0 || unshare(CLONE_NEWNET))
		return false;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	assert_int_equal(ioctl(fd, SIOCGIFFLAGS, &r), 0);
	r.ifr_flags = (short)(r.ifr_flags | IFF_UP);
	assert_int_equal(ioctl(fd, SIOCSIFFLAGS, &r), 0);
	close(fd);
	return made = true;
}

static void need_network(void)
{
	if (!in_own_network()) {
		print_message("# skipped: only root makes networks\n");
		skip();
	}
}

static void send_udp(int family, uint16_t port, size_t len)
{
	static const uint8_t payload[2000] = { 1 };
	struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = htons(port) };
	struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = in6addr_loopback };
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	four.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_true(fd >= 0);
	assert_int_equal(sendto(fd, payload, len, 0,
				family == AF_INET ? (struct sockaddr *)&four : (struct sockaddr *)&six,
				family == AF_INET ? sizeof four : sizeof six),
			 (ssize_t)len);
	close(fd);
}

static unsigned seen(int fd, struct capture_packet *last)
{
	static uint8_t buffer[CAPTURE_BUFFER];
	unsigned n = 0;
	enum err e;

	while ((e = capture_next(fd, buffer, last)) != ERR_NOT_FOUND) {
		assert_int_equal(e, ERR_NONE);
		n++;
	}
	return n;
}

static void knocks_are_seen_once_with_nothing_bound(void **state)
{
	static const struct {
		int family;
		uint16_t port;
		size_t len;
		unsigned seen;
	} cases[] = {
		{ AF_INET, PORT, NATIVE_DATAGRAM, 1 },
		{ AF_INET6, PORT, NATIVE_DATAGRAM, 1 },
		{ AF_INET, 22, NATIVE_DATAGRAM, 1 },
		{ AF_INET, PORT + 1, NATIVE_DATAGRAM, 0 },
		{ AF_INET, PORT, NATIVE_DATAGRAM - 1, 0 },
		{ AF_INET6, PORT, NATIVE_DATAGRAM + 1, 0 },
		{ AF_INET, PORT, 1, 0 },
		{ AF_INET6, 23, NATIVE_DATAGRAM, 0 },
	};
	struct capture_packet p;
	int fd = -1;

	need_network();
	assert_int_equal(capture_open(ports, ARRAY_SIZE(ports), &fd), ERR_NONE);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		send_udp(cases[i].family, cases[i].port, cases[i].len);
		if (seen(fd, &p) != cases[i].seen)
			fail_msg("%zu", i);
		if (cases[i].seen) {
			assert_int_equal(p.to_port, cases[i].port);
			assert_int_equal(p.from.family, cases[i].family == AF_INET ? 4 : 6);
			assert_int_equal(p.from.bytes[0], cases[i].family == AF_INET ? 127 : 0);
		}
	}
	close(fd);
}

/* A frame with a VLAN's tag in it, as it comes in from the wire. */
static void send_tagged(unsigned tag)
{
	const struct sockaddr_ll lo = { .sll_family = AF_PACKET,
					.sll_ifindex = (int)if_nametoindex("lo"),
					.sll_halen = 6 };
	uint8_t frame[18 + 20 + UDP_SIZE] = { 0 };
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	struct made m;

	assert_true(fd >= 0);
	make4(&m, 0);
	put_u16(frame + 12, ETH_P_8021Q);
	put_u16(frame + 14, tag);
	put_u16(frame + 16, ETH_P_IP);
	memcpy(frame + 18, m.bytes, m.len);
	assert_int_equal(sendto(fd, frame, sizeof frame, 0, (const struct sockaddr *)&lo, sizeof lo), sizeof frame);
	close(fd);
}

static void a_vlan_of_others_is_not_heard(void **state)
{
	struct capture_packet p;
	int fd = -1;

	need_network();
	assert_int_equal(capture_open(ports, ARRAY_SIZE(ports), &fd), ERR_NONE);
	send_tagged(0);
	assert_int_equal(seen(fd, &p), 1);
	send_tagged(5 << 13);
	assert_int_equal(seen(fd, &p), 1);
	send_tagged(100);
	assert_int_equal(seen(fd, &p), 0);
	close(fd);
}

static bool can_send(int fd, int watch)
{
	const struct sockaddr_ll lo = { .sll_family = AF_PACKET,
					.sll_protocol = htons(ETH_P_IP),
					.sll_ifindex = (int)if_nametoindex("lo"),
					.sll_halen = 6 };
	struct iovec part = { (void *)"datagram", 8 };
	const struct msghdr to = {
		.msg_name = (void *)&lo, .msg_namelen = sizeof lo, .msg_iov = &part, .msg_iovlen = 1
	};
	char got[16];

	(void)!sendmsg(fd, &to, MSG_DONTWAIT);
	(void)!sendto(fd, "datagram", 8, MSG_DONTWAIT, (const struct sockaddr *)&lo, sizeof lo);
	(void)!write(fd, "datagram", 8);
	return recv(watch, got, sizeof got, MSG_DONTWAIT) >= 0;
}

static void nothing_can_be_sent_with_it(void **state)
{
	int fd = -1, plain, watch;

	need_network();
	plain = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	watch = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, htons(ETH_P_ALL));
	assert_true(plain >= 0 && watch >= 0);
	assert_true(can_send(plain, watch));
	while (recv(watch, &(char){ 0 }, 1, MSG_DONTWAIT) >= 0)
		;
	assert_int_equal(capture_open(ports, ARRAY_SIZE(ports), &fd), ERR_NONE);
	assert_false(can_send(fd, watch));
	close(fd);
	close(plain);
	close(watch);
}

static void its_filter_cannot_be_taken_off(void **state)
{
	struct sock_filter all[] = { { BPF_RET | BPF_K, 0, 0, 0xffffffff } };
	const struct sock_fprog program = { 1, all };
	int fd = -1, off = 0;

	need_network();
	assert_int_equal(capture_open(ports, ARRAY_SIZE(ports), &fd), ERR_NONE);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &off, sizeof off), -1);
	assert_int_equal(errno, EPERM);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program), -1);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LOCK_FILTER, &off, sizeof off), -1);
	close(fd);
}

static void a_flood_fills_its_buffer_and_no_more(void **state)
{
	struct capture_packet p;
	unsigned n;
	int fd = -1;

	need_network();
	assert_int_equal(capture_open(ports, ARRAY_SIZE(ports), &fd), ERR_NONE);
	for (int i = 0; i < 5000; i++)
		send_udp(AF_INET, PORT, NATIVE_DATAGRAM);
	n = seen(fd, &p);
	assert_in_range(n, 50, 2000);
	send_udp(AF_INET, PORT, NATIVE_DATAGRAM);
	assert_int_equal(seen(fd, &p), 1);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_knock_is_taken_apart),
		cmocka_unit_test(options_are_walked),
		cmocka_unit_test(what_is_no_knock_passes_nowhere),
		cmocka_unit_test(other_lengths_do_not_pass),
		cmocka_unit_test(every_truncation_is_dropped),
		cmocka_unit_test(what_the_frame_was_padded_with_is_left_out),
		cmocka_unit_test(only_packets_to_this_host_pass),
		cmocka_unit_test(as_many_ports_as_there_can_be_fit),
		cmocka_unit_test(knocks_are_seen_once_with_nothing_bound),
		cmocka_unit_test(a_vlan_of_others_is_not_heard),
		cmocka_unit_test(nothing_can_be_sent_with_it),
		cmocka_unit_test(its_filter_cannot_be_taken_off),
		cmocka_unit_test(a_flood_fills_its_buffer_and_no_more),
	};

	return cmocka_run_group_tests_name("gate/capture", tests, NULL, NULL);
}
