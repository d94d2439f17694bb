/* SPDX-License-Identifier: GPL-3.0-or-later */
/* scan.c - what all ports of a host say to one kind of packet, for tests: scan PROBE INTERFACE OURS THEIRS [PORT SECONDS]. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/*
 * Without PORT: each port from 1 to 65535 is asked, who is silent up to ASKED times, or twice where most are. One line for each
 * distinct answer: its ports, as "1-21,23", a blank, and the answer in hexadecimal digits with port numbers, good checksums and
 * what is random by nature masked; "-" is silence. A last line "stray N": answers that come from port 0. With PORT: that one is
 * asked for SECONDS, thousands of times, each time from another port of ours; lines are "COUNT ANSWER" behind "COUNT asked".
 * Our ports are some between FIRST and LAST, others each time, since the server may remember: our own stack must be kept from
 * answering there.
 */
#define ASKED 4
#define FIRST 10000
#define LAST 19999
#define PORTS 65536
#define SEQ 0x10203040u
#define ACKNO 0x55667788u
#define IDENT 0x1234
#define MOST 1400
#define TOLD 200   /* of an answer, as text is twice that */
#define CLASSES 64 /* more distinct answers than this are a finding of their own */
#define QUIET_MS 100

enum { F_FIN = 1, F_SYN = 2, F_RST = 4, F_ACK = 16 };

static const struct probe {
	const char *name;
	uint8_t protocol, flags, ttl;
	bool fragments;
	unsigned data;
} probes[] = {
	{ "syn", IPPROTO_TCP, F_SYN, 64, false, 0 }, { "ack", IPPROTO_TCP, F_ACK, 64, false, 0 },
	{ "fin", IPPROTO_TCP, F_FIN, 64, false, 0 }, { "null", IPPROTO_TCP, 0, 64, false, 0 },
	{ "ttl", IPPROTO_TCP, F_SYN, 1, false, 0 },  { "fragments", IPPROTO_TCP, F_SYN, 64, true, 16 },
	{ "udp", IPPROTO_UDP, 0, 64, false, 0 },     { "udp-knock", IPPROTO_UDP, 0, 64, false, 1232 },
};

static const struct probe *probe;
static bool v4;
static uint8_t ours[16], theirs[16];
static size_t alen;
static int sender, listener;
static struct sockaddr_storage target;
static socklen_t target_len;
static unsigned first, stray;

static void die(const char *what)
{
	fprintf(stderr, "scan: %s: %s\n", what, strerror(errno));
	exit(2);
}

/* ---- packets ---- */

static void put16(uint8_t *p, unsigned n)
{
	p[0] = (uint8_t)(n >> 8);
	p[1] = (uint8_t)n;
}

static void put32(uint8_t *p, uint32_t n)
{
	put16(p, n >> 16);
	put16(p + 2, n & 0xffff);
}

static unsigned get16(const uint8_t *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

static uint32_t sum(const uint8_t *p, size_t n, uint32_t to)
{
	for (; n > 1; p += 2, n -= 2)
		to += get16(p);
	return n ? to + ((uint32_t)p[0] << 8) : to;
}

static unsigned folded(uint32_t n)
{
	while (n >> 16)
		n = (n & 0xffff) + (n >> 16);
	return ~n & 0xffff;
}

/* Of a packet of a transport; 0 when the one inside is good. */
static unsigned transport_sum(const uint8_t *body, size_t len, unsigned protocol)
{
	uint32_t n = protocol == IPPROTO_ICMP ? 0 : sum(ours, alen, sum(theirs, alen, (uint32_t)len + protocol));

	return folded(sum(body, len, n));
}

/* "Partial": the network card would add the body to what is there. */
static bool sum_wrong(const uint8_t *body, size_t len, unsigned protocol, bool partial)
{
	size_t at = protocol == IPPROTO_UDP ? 6 : 16;
	uint32_t n = sum(ours, alen, sum(theirs, alen, (uint32_t)len + protocol));

	if (!partial)
		return transport_sum(body, len, protocol);
	return get16(body + at) != (~folded(n) & 0xffff);
}

static size_t head_make(uint8_t *p, size_t body, unsigned protocol, unsigned ident, unsigned fragment)
{
	if (v4) {
		memcpy(p, (uint8_t[]){ 0x45, 0, 0, 0, 0, 0, 0, 0, probe->ttl, (uint8_t)protocol }, 10);
		put16(p + 2, (unsigned)(20 + body));
		put16(p + 4, ident);
		put16(p + 6, fragment);
		put16(p + 10, 0);
		memcpy(p + 12, ours, 4);
		memcpy(p + 16, theirs, 4);
		put16(p + 10, folded(sum(p, 20, 0)));
		return 20;
	}
	put32(p, 6u << 28);
	put16(p + 4, (unsigned)body);
	p[6] = (uint8_t)protocol;
	p[7] = probe->ttl;
	memcpy(p + 8, ours, 16);
	memcpy(p + 24, theirs, 16);
	return 40;
}

static size_t body_make(uint8_t *p, unsigned from, unsigned to)
{
	size_t head = probe->protocol == IPPROTO_TCP ? 20 : 8, len = head + probe->data;

	memset(p, 0, head);
	put16(p, from);
	put16(p + 2, to);
	for (unsigned i = 0; i < probe->data; i++)
		p[head + i] = (uint8_t)(i * 7 + (i >> 8) + 1);
	if (probe->protocol == IPPROTO_TCP) {
		put32(p + 4, SEQ);
		put32(p + 8, probe->flags & F_ACK ? ACKNO : 0);
		p[12] = 5 << 4;
		p[13] = probe->flags;
		put16(p + 14, 1024);
		put16(p + 16, transport_sum(p, len, IPPROTO_TCP));
	} else {
		unsigned c;

		put16(p + 4, (unsigned)len);
		c = transport_sum(p, len, IPPROTO_UDP);
		put16(p + 6, c ? c : 0xffff);
	}
	return len;
}

static void packet_send(const uint8_t *p, size_t len)
{
	while (sendto(sender, p, len, 0, (struct sockaddr *)&target, target_len) < 0)
		if (errno != ENOBUFS && errno != EINTR)
			die("sendto");
}

/* The packet is made so that it looks as it does in one piece, to whoever quotes it. */
static size_t packet_make(uint8_t *p, unsigned from, unsigned to)
{
	size_t head = v4 ? 20 : 40, len = body_make(p + head, from, to);

	head_make(p, len, probe->protocol, probe->fragments ? to : IDENT, 0);
	return head + len;
}

static void piece_send(const uint8_t *body, size_t at, size_t len, bool more, unsigned ident)
{
	uint8_t p[MOST];
	size_t head;

	if (v4) {
		head = head_make(p, len, probe->protocol, ident, (more ? 0x2000u : 0) | (unsigned)at / 8);
	} else {
		head = head_make(p, 8 + len, 44, 0, 0);
		memcpy(p + head, (uint8_t[]){ probe->protocol, 0 }, 2);
		put16(p + head + 2, (unsigned)at | more);
		put32(p + head + 4, ident);
		head += 8;
	}
	memcpy(p + head, body + at, len);
	packet_send(p, head + len);
}

static void ask(unsigned from, unsigned to)
{
	uint8_t p[MOST];
	size_t len = packet_make(p, from, to), head = v4 ? 20 : 40;

	if (!probe->fragments) {
		packet_send(p, len);
		return;
	}
	piece_send(p + head, 0, 24, true, to);
	piece_send(p + head, 24, len - head - 24, false, to);
}

/* ---- answers ---- */

struct answer {
	unsigned from, to; /* their port, ours */
	bool offers;	   /* a connection */
	char text[2 * TOLD + 1];
};

static void hex(const uint8_t *p, size_t len, char *out)
{
	for (size_t i = 0; i < len && i < TOLD; i++)
		sprintf(out + 2 * i, "%02x", p[i]);
}

/* What is quoted is what was sent, or is told byte by byte. */
static bool quote_take(uint8_t *p, size_t len, size_t room, size_t *told, struct answer *a)
{
	uint8_t sent[MOST];
	size_t head = v4 ? 20 : 40, n = 0, whole;

	if (len < head + 4 || (p[0] >> 4) != (v4 ? 4 : 6) || p[v4 ? 9 : 6] != probe->protocol)
		return false;
	a->to = get16(p + head);
	a->from = get16(p + head + 2);
	whole = packet_make(sent, a->to, a->from);
	*told = 2;
	uint8_t list[MOST];
	for (size_t i = 0; i < len && n + 3 < room; i++) {
		if (i < whole && p[i] == sent[i])
			continue;
		put16(list + n, (unsigned)i);
		list[n + 2] = p[i];
		n += 3;
	}
	put16(p, (unsigned)len);
	memcpy(p + 2, list, n);
	*told += n;
	return true;
}

/* Masks what differs between ports or by chance. A bad checksum is 0bad. */
static bool answer_take(uint8_t *p, size_t len, bool partial, struct answer *a)
{
	size_t head = v4 ? (size_t)(p[0] & 15) * 4 : 40, told;
	unsigned protocol = v4 ? p[9] : p[6], c;
	uint8_t *body = p + head;

	if (len < head + 8 || head < 20)
		return false;
	if (v4) {
		len = get16(p + 2) <= len ? get16(p + 2) : len;
		put16(p + 10, folded(sum(p, head, 0)) ? 0xbad : 0);
		/* What may be in fragments is numbered, and the number may be 0. */
		put16(p + 4, (p[6] & 0x40) && get16(p + 4) ? 1 : 0);
	} else {
		len = 40 + get16(p + 4) <= len ? 40 + get16(p + 4) : len;
		put32(p,
		      6u << 28 | (uint32_t)p[0] << 24 | (uint32_t)(p[1] & 0xf0) << 16 | ((p[1] & 15) || p[2] || p[3]));
	}
	c = sum_wrong(body, len - head, protocol, partial) ? 0xbad : 0;
	a->from = get16(body);
	a->to = get16(body + 2);
	told = len - head;
	a->offers = protocol == IPPROTO_TCP && (body[13] & F_SYN);
	if (protocol == IPPROTO_TCP && probe->protocol == protocol && told >= 20) {
		put32(body, 0);
		put16(body + 16, c);
		if (body[13] & F_SYN)
			put32(body + 4, 0);
	} else if (protocol == IPPROTO_UDP && probe->protocol == protocol) {
		put32(body, 0);
		put16(body + 6, c);
	} else if (protocol == (v4 ? IPPROTO_ICMP : IPPROTO_ICMPV6) &&
		   (v4 ? body[0] == 3 || body[0] > 10 : body[0] < 5)) {
		put16(body + 2, c);
		if (!quote_take(body + 8, told - 8, TOLD - head - 16, &told, a))
			return false;
		told += 8;
	} else {
		return false;
	}
	memset(a->text, 0, sizeof a->text);
	hex(p, head + told, a->text);
	return true;
}

static bool hear(int wait_ms, struct answer *a)
{
	for (;;) {
		uint8_t p[2048], more[CMSG_SPACE(sizeof(struct tpacket_auxdata))];
		struct sockaddr_ll where;
		struct iovec part = { p, sizeof p };
		struct msghdr m = { &where, sizeof where, &part, 1, more, sizeof more, 0 };
		struct pollfd w = { .fd = listener, .events = POLLIN };
		ssize_t got = recvmsg(listener, &m, MSG_DONTWAIT);
		struct tpacket_auxdata aux = { 0 };

		if (got < 0 && errno == EAGAIN && wait_ms && poll(&w, 1, wait_ms) > 0)
			continue;
		if (got < 0 && (errno == EAGAIN || errno == ENOBUFS))
			return false;
		if (got < 0)
			die("recvmsg");
		if (CMSG_FIRSTHDR(&m))
			memcpy(&aux, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof aux);
		if (where.sll_pkttype != PACKET_OUTGOING &&
		    answer_take(p, (size_t)got, aux.tp_status & TP_STATUS_CSUMNOTREADY, a))
			return true;
	}
}

/* ---- classes: distinct sets of answers ---- */

static const char *classes[CLASSES] = { "-" };
static unsigned nclasses = 1;
static uint8_t class_of[PORTS];
static uint16_t heard_by[PORTS]; /* the port of ours that the last answer came to */

static uint8_t class_find(const char *text)
{
	for (unsigned i = 0; i < nclasses; i++)
		if (!strcmp(classes[i], text))
			return (uint8_t)i;
	if (nclasses == CLASSES - 1)
		text = "more distinct answers than can be told";
	if (nclasses == CLASSES)
		return CLASSES - 1;
	classes[nclasses] = strdup(text);
	return (uint8_t)nclasses++;
}

/* A second answer makes another class when it differs, or when it is to the same packet; SYN-ACKs are sent again by all. */
static void answer_note(const struct answer *a, unsigned asked)
{
	const char *before, *more = a->text;
	bool again;
	char both[4096];

	if (a->to < first || a->to >= first + asked)
		return;
	if (a->from == 0) {
		stray++;
		return;
	}
	before = classes[class_of[a->from]];
	again = heard_by[a->from] == a->to && !a->offers;
	heard_by[a->from] = (uint16_t)a->to;
	if (again && strstr(before, a->text))
		more = "again";
	if (!class_of[a->from]) {
		class_of[a->from] = class_find(a->text);
	} else if (!strstr(before, more)) {
		snprintf(both, sizeof both, "%.3000s+%s", before, more);
		class_of[a->from] = class_find(both);
	}
}

static void class_print(unsigned class)
{
	const char *comma = "";

	for (unsigned port = 1; port < PORTS; port++) {
		unsigned end = port;

		if (class_of[port] != class)
			continue;
		while (end + 1 < PORTS && class_of[end + 1] == class)
			end++;
		printf(end > port ? "%s%u-%u" : "%s%u", comma, port, end);
		comma = ",";
		port = end;
	}
	if (*comma)
		printf(" %s\n", classes[class]);
}

static void scan(void)
{
	struct answer a;

	for (unsigned asked = 1, silent = 0; asked <= (silent > PORTS / 2 ? 2 : ASKED); asked++) {
		silent = 0;
		for (unsigned port = 1; port < PORTS; port++) {
			if (class_of[port])
				continue;
			ask(first + asked - 1, port);
			while (port % 32 == 0 && hear(0, &a))
				answer_note(&a, asked);
		}
		while (hear(QUIET_MS, &a))
			answer_note(&a, asked);
		for (unsigned port = 1; port < PORTS; port++)
			silent += !class_of[port];
	}
	for (unsigned i = 0; i < nclasses; i++)
		class_print(i);
	printf("stray %u\n", stray);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void hammer(unsigned port, double seconds)
{
	unsigned long asked = 0, count[CLASSES] = { 0 };
	double end = now() + seconds;
	struct answer a;

	while (now() < end) {
		ask(FIRST + asked++ % (LAST - FIRST + 1), port);
		while (hear(0, &a))
			count[class_find(a.text)]++;
		usleep(100); /* the others need the machine, too */
	}
	while (hear(QUIET_MS, &a))
		count[class_find(a.text)]++;
	printf("%lu asked\n", asked);
	for (unsigned i = 1; i < nclasses; i++)
		printf("%lu %s\n", count[i], classes[i]);
}

/* ---- sockets ---- */

static void sockets_open(const char *interface)
{
	struct sockaddr_ll here = { .sll_family = AF_PACKET, .sll_protocol = htons(v4 ? ETH_P_IP : ETH_P_IPV6) };
	int room = 64 << 20, yes = 1;

	if (v4) {
		struct sockaddr_in *to = (struct sockaddr_in *)&target;

		to->sin_family = AF_INET;
		memcpy(&to->sin_addr, theirs, 4);
		target_len = sizeof *to;
	} else {
		struct sockaddr_in6 *to = (struct sockaddr_in6 *)&target;

		to->sin6_family = AF_INET6;
		memcpy(&to->sin6_addr, theirs, 16);
		target_len = sizeof *to;
	}
	here.sll_ifindex = (int)if_nametoindex(interface);
	sender = socket(v4 ? AF_INET : AF_INET6, SOCK_RAW, IPPROTO_RAW);
	listener = socket(AF_PACKET, SOCK_DGRAM, here.sll_protocol);
	if (!here.sll_ifindex || sender < 0 || listener < 0 || bind(listener, (struct sockaddr *)&here, sizeof here) ||
	    setsockopt(listener, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room) ||
	    setsockopt(listener, SOL_PACKET, PACKET_AUXDATA, &yes, sizeof yes) ||
	    setsockopt(sender, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof room))
		die(interface);
}

int main(int argc, char **argv)
{
	if (argc != 5 && argc != 7) {
		fprintf(stderr, "usage: scan PROBE INTERFACE OURS THEIRS [PORT SECONDS]\n");
		return 2;
	}
	for (size_t i = 0; i < sizeof probes / sizeof *probes; i++)
		if (!strcmp(probes[i].name, argv[1]))
			probe = &probes[i];
	v4 = !strchr(argv[4], ':');
	alen = v4 ? 4 : 16;
	errno = EINVAL;
	if (!probe || inet_pton(v4 ? AF_INET : AF_INET6, argv[3], ours) != 1 ||
	    inet_pton(v4 ? AF_INET : AF_INET6, argv[4], theirs) != 1)
		die("no such probe or address");
	sockets_open(argv[2]);
	first = FIRST + (unsigned)getpid() * ASKED % (LAST - FIRST - ASKED);
	if (argc == 7)
		hammer((unsigned)atoi(argv[5]), atof(argv[6]));
	else
		scan();
	return 0;
}
