/* SPDX-License-Identifier: GPL-3.0-or-later */
/* capture.c - a filter that the kernel runs, and the same look once more at what it lets pass. */
#include "gate/capture.h"

#include "base/file.h"
#include "base/reader.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/banned.h"

#ifndef PACKET_IGNORE_OUTGOING
#define PACKET_IGNORE_OUTGOING 23
#endif

#define UDP_HEADER 8
#define UDP_SIZE (UDP_HEADER + NATIVE_DATAGRAM)
#define IPV6_HEADER 40
#define EXTENSIONS_MAX 8
#define RECEIVE_BYTES (1 << 20)

/* ---- the filter: classic BPF (Documentation/networking/filter.rst) ---- */

#define PROGRAM_MAX 256

struct program {
	struct sock_filter v[PROGRAM_MAX];
	unsigned short n;
};

static void put(struct program *p, uint16_t code, uint32_t k, uint8_t jt, uint8_t jf)
{
	if (p->n < PROGRAM_MAX)
		p->v[p->n++] = (struct sock_filter){ code, jt, jf, k };
}

#define LOAD_KIND(k) put(p, BPF_LD | BPF_B | BPF_ABS, (uint32_t)(SKF_AD_OFF + (k)), 0, 0)
#define LOAD_PROTOCOL() put(p, BPF_LD | BPF_H | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_PROTOCOL), 0, 0)
#define LOAD8(at) put(p, BPF_LD | BPF_B | BPF_ABS, at, 0, 0)
#define LOAD16(at) put(p, BPF_LD | BPF_H | BPF_ABS, at, 0, 0)
#define LOAD16_X(at) put(p, BPF_LD | BPF_H | BPF_IND, at, 0, 0)
#define LOAD8_X(at) put(p, BPF_LD | BPF_B | BPF_IND, at, 0, 0)
#define DROP() put(p, BPF_RET | BPF_K, 0, 0, 0)
#define UNLESS(k) put(p, BPF_JMP | BPF_JEQ | BPF_K, k, 1, 0), DROP()
#define UNLESS_CLEAR(k) put(p, BPF_JMP | BPF_JSET | BPF_K, k, 0, 1), DROP()

/* X is where the UDP header begins. */
static void put_udp(struct program *p, const uint16_t *ports, unsigned nports)
{
	LOAD16_X(4);
	UNLESS(UDP_SIZE);
	LOAD16_X(2);
	for (unsigned i = 0; i < nports; i++) {
		put(p, BPF_JMP | BPF_JEQ | BPF_K, ports[i], 0, 1);
		put(p, BPF_RET | BPF_K, 0xffffffff, 0, 0);
	}
	DROP();
}

static void put_ipv4(struct program *p, const uint16_t *ports, unsigned nports)
{
	LOAD8(9);
	UNLESS(IPPROTO_UDP);
	LOAD16(6);
	UNLESS_CLEAR(0x3fff); /* more fragments, or not the first */
	put(p, BPF_LDX | BPF_B | BPF_MSH, 0, 0, 0);
	put_udp(p, ports, nports);
}

/* One extension header: where it is one, A becomes the next header and X moves behind it. */
static void put_extension(struct program *p)
{
	static const uint8_t kinds[] = { IPPROTO_HOPOPTS, IPPROTO_ROUTING, IPPROTO_DSTOPTS };
	const uint8_t walk = 7; /* instructions below */

	for (unsigned i = 0; i < sizeof kinds; i++)
		put(p, BPF_JMP | BPF_JEQ | BPF_K, kinds[i], (uint8_t)(sizeof kinds - 1 - i),
		    i + 1 == sizeof kinds ? walk : 0);
	LOAD8_X(0); /* the next header, kept while the length is read */
	put(p, BPF_ST, 0, 0, 0);
	LOAD8_X(1);
	put(p, BPF_ALU | BPF_LSH | BPF_K, 3, 0, 0);
	put(p, BPF_ALU | BPF_ADD | BPF_K, 8, 0, 0);
	put(p, BPF_ALU | BPF_ADD | BPF_X, 0, 0, 0);
	put(p, BPF_MISC | BPF_TAX, 0, 0, 0);
	put(p, BPF_LD | BPF_MEM, 0, 0, 0);
}

static void put_ipv6(struct program *p, const uint16_t *ports, unsigned nports)
{
	put(p, BPF_LDX | BPF_IMM, IPV6_HEADER, 0, 0);
	LOAD8(6);
	for (unsigned i = 0; i < EXTENSIONS_MAX; i++)
		put_extension(p);
	UNLESS(IPPROTO_UDP);
	put_udp(p, ports, nports);
}

static void program_make(struct program *p, const uint16_t *ports, unsigned nports)
{
	struct program six = { .n = 0 };

	LOAD_KIND(SKF_AD_PKTTYPE);
	UNLESS(PACKET_HOST);
	LOAD_PROTOCOL();
	put_ipv6(&six, ports, nports);
	put(p, BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IPV6, 0, 1);
	put(p, BPF_JMP | BPF_JA, 2, 0, 0);
	UNLESS(ETH_P_IP);
	/* jumps reach 255 instructions, so the longer half comes last */
	put(p, BPF_JMP | BPF_JA, six.n, 0, 0);
	if (p->n + six.n <= PROGRAM_MAX) {
		memcpy(p->v + p->n, six.v, six.n * sizeof six.v[0]);
		p->n = (unsigned short)(p->n + six.n);
	}
	put_ipv4(p, ports, nports);
}

enum err capture_open(const uint16_t *ports, unsigned nports, int *out)
{
	static const struct sock_filter none[] = { { BPF_RET | BPF_K, 0, 0, 0 } };
	const struct sock_fprog nothing = { 1, (struct sock_filter *)none };
	const struct sockaddr_ll everywhere = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };
	const int on = 1, bytes = RECEIVE_BYTES;
	struct program p = { .n = 0 };
	struct sock_fprog program;
	int fd;

	program_make(&p, ports, nports);
	if (p.n >= PROGRAM_MAX)
		return ERR_TOO_BIG;
	program = (struct sock_fprog){ p.n, p.v };
	/* Without a protocol it sees nothing until the filter is there. */
	fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return ERR_SYSTEM;
	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &nothing, sizeof nothing) ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes) ||
	    setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof on) ||
	    bind(fd, (const struct sockaddr *)&everywhere, sizeof everywhere) ||
	    setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) ||
	    setsockopt(fd, SOL_SOCKET, SO_LOCK_FILTER, &on, sizeof on)) {
		file_close(fd);
		return ERR_SYSTEM;
	}
	*out = fd;
	return ERR_NONE;
}

/* ---- the packet ---- */

static uint16_t get_u16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static enum err parse_udp(struct reader in, struct capture_packet *out)
{
	const uint8_t *udp = in.at;

	if (in.left < UDP_HEADER || get_u16(udp + 4) < UDP_HEADER || get_u16(udp + 4) > in.left)
		return ERR_SYNTAX;
	out->from_port = get_u16(udp);
	out->to_port = get_u16(udp + 2);
	out->payload = udp + UDP_HEADER;
	out->len = (size_t)get_u16(udp + 4) - UDP_HEADER;
	return ERR_NONE;
}

static void address_set(struct message_address *a, uint8_t family, const uint8_t *bytes)
{
	*a = (struct message_address){ .family = family };
	memcpy(a->bytes, bytes, family == 4 ? 4 : 16);
}

static enum err parse_ipv4(struct reader in, struct capture_packet *out)
{
	const uint8_t *ip = in.at;
	const size_t header = (size_t)(ip[0] & 15) * 4;

	if (in.left < 20 || header < 20 || get_u16(ip + 2) < header || get_u16(ip + 2) > in.left ||
	    get_u16(ip + 6) & 0x3fff || ip[9] != IPPROTO_UDP)
		return ERR_SYNTAX;
	address_set(&out->from, 4, ip + 12);
	address_set(&out->to, 4, ip + 16);
	in.left = get_u16(ip + 2); /* what an Ethernet frame was padded with is none of it */
	return read_skip(&in, header) ? ERR_SYNTAX : parse_udp(in, out);
}

static enum err parse_ipv6(struct reader in, struct capture_packet *out)
{
	const uint8_t *ip = in.at;
	uint8_t next;

	if (in.left < IPV6_HEADER || get_u16(ip + 4) > in.left - IPV6_HEADER)
		return ERR_SYNTAX;
	address_set(&out->from, 6, ip + 8);
	address_set(&out->to, 6, ip + 24);
	in.at += IPV6_HEADER;
	in.left = get_u16(ip + 4);
	next = ip[6];
	for (unsigned i = 0;
	     i < EXTENSIONS_MAX && (next == IPPROTO_HOPOPTS || next == IPPROTO_ROUTING || next == IPPROTO_DSTOPTS);
	     i++) {
		if (in.left < 8)
			return ERR_SYNTAX;
		next = in.at[0];
		if (read_skip(&in, ((size_t)in.at[1] + 1) * 8))
			return ERR_SYNTAX;
	}
	return next == IPPROTO_UDP ? parse_udp(in, out) : ERR_SYNTAX;
}

enum err capture_parse(const uint8_t *packet, size_t len, struct capture_packet *out)
{
	struct capture_packet found = { 0 };
	const struct reader in = { .at = packet, .left = len };
	enum err e = ERR_SYNTAX;

	if (len && packet[0] >> 4 == 4 && len >= 20)
		e = parse_ipv4(in, &found);
	else if (len && packet[0] >> 4 == 6)
		e = parse_ipv6(in, &found);
	if (e)
		return e;
	*out = found;
	return ERR_NONE;
}

enum err capture_next(int fd, uint8_t buffer[CAPTURE_BUFFER], struct capture_packet *out)
{
	struct sockaddr_ll from;
	socklen_t from_len = sizeof from;
	ssize_t n = recvfrom(fd, buffer, CAPTURE_BUFFER, MSG_DONTWAIT, (struct sockaddr *)&from, &from_len);

	if (n < 0)
		return errno == EAGAIN || errno == EWOULDBLOCK ? ERR_NOT_FOUND
		       : errno == EINTR || errno == ENETDOWN   ? ERR_SYNTAX
							       : ERR_SYSTEM;
	if (from.sll_pkttype != PACKET_HOST)
		return ERR_SYNTAX;
	return capture_parse(buffer, (size_t)n, out);
}
