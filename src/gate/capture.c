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
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/banned.h"

#ifndef PACKET_IGNORE_OUTGOING
#define PACKET_IGNORE_OUTGOING 23
#endif

#define UDP_HEADER 8
#define UDP_SIZE (UDP_HEADER + NATIVE_DATAGRAM)
#define IPV4_HEADER 20
#define IPV6_HEADER 40
#define EXTENSIONS_MAX 8
#define RECEIVE_BYTES (1 << 20)

/* ---- the filter: classic BPF (Documentation/networking/filter.rst) ---- */

struct program {
	struct sock_filter v[CAPTURE_PROGRAM];
	unsigned short n;
	bool full;
};

static void put(struct program *p, uint16_t code, uint32_t k, uint8_t jt, uint8_t jf)
{
	if (p->n < CAPTURE_PROGRAM)
		p->v[p->n++] = (struct sock_filter){ code, jt, jf, k };
	else
		p->full = true;
}

#define LOAD_ABOUT(what) put(p, BPF_LD | BPF_W | BPF_ABS, (uint32_t)(SKF_AD_OFF + (what)), 0, 0)
#define LOAD8(at) put(p, BPF_LD | BPF_B | BPF_ABS, at, 0, 0)
#define LOAD16(at) put(p, BPF_LD | BPF_H | BPF_ABS, at, 0, 0)
#define LOAD16_X(at) put(p, BPF_LD | BPF_H | BPF_IND, at, 0, 0)
#define LOAD8_X(at) put(p, BPF_LD | BPF_B | BPF_IND, at, 0, 0)
#define DROP() put(p, BPF_RET | BPF_K, 0, 0, 0)
#define UNLESS(k) put(p, BPF_JMP | BPF_JEQ | BPF_K, k, 1, 0), DROP()
#define UNLESS_CLEAR(k) put(p, BPF_JMP | BPF_JSET | BPF_K, k, 0, 1), DROP()
#define UNLESS_LEAST(k) put(p, BPF_JMP | BPF_JGE | BPF_K, k, 1, 0), DROP()
#define IF_MORE(k) put(p, BPF_JMP | BPF_JGT | BPF_K, k, 0, 1), DROP()

static void put_version(struct program *p, uint32_t version)
{
	LOAD8(0);
	put(p, BPF_ALU | BPF_AND | BPF_K, 0xf0, 0, 0);
	UNLESS(version << 4);
}

/*
 * X is where the UDP header begins; the header of the packet has a length at 'length_at' that does not count its first 'uncounted'
 * bytes. What it says, what UDP says and what is there must agree. A load from outside of the packet drops it.
 */
static void put_udp(struct program *p, uint32_t length_at, uint32_t uncounted, const uint16_t *ports, unsigned nports)
{
	LOAD16(length_at);
	put(p, BPF_ALU | BPF_ADD, uncounted, 0, 0);
	put(p, BPF_ALU | BPF_SUB | BPF_X, 0, 0, 0);
	UNLESS(UDP_SIZE);
	LOAD16_X(4);
	UNLESS(UDP_SIZE);
	LOAD8_X(UDP_SIZE - 1);
	LOAD16_X(2);
	for (unsigned i = 0; i < nports; i++) {
		put(p, BPF_JMP | BPF_JEQ | BPF_K, ports[i], 0, 1);
		put(p, BPF_RET | BPF_K, 0xffffffff, 0, 0);
	}
	DROP();
}

static void put_ipv4(struct program *p, const uint16_t *ports, unsigned nports)
{
	put_version(p, 4);
	LOAD8(9);
	UNLESS(IPPROTO_UDP);
	LOAD16(6);
	UNLESS_CLEAR(0x3fff); /* more fragments, or not the first */
	put(p, BPF_LDX | BPF_B | BPF_MSH, 0, 0, 0);
	put(p, BPF_MISC | BPF_TXA, 0, 0, 0);
	UNLESS_LEAST(IPV4_HEADER);
	put_udp(p, 2, 0, ports, nports);
}

/* One extension header: where it is one, A becomes the next header and X moves behind it. */
static void put_extension(struct program *p)
{
	static const uint8_t kinds[] = { IPPROTO_HOPOPTS, IPPROTO_ROUTING, IPPROTO_DSTOPTS };
	const uint8_t walk = 8; /* instructions below */

	for (unsigned i = 0; i < sizeof kinds; i++)
		put(p, BPF_JMP | BPF_JEQ | BPF_K, kinds[i], (uint8_t)(sizeof kinds - 1 - i),
		    i + 1 == sizeof kinds ? walk : 0);
	LOAD8_X(0); /* the next header, kept while the length is read */
	put(p, BPF_ST, 0, 0, 0);
	LOAD8_X(1);
	put(p, BPF_ALU | BPF_LSH | BPF_K, 3, 0, 0);
	put(p, BPF_ALU | BPF_ADD, 8, 0, 0);
	put(p, BPF_ALU | BPF_ADD | BPF_X, 0, 0, 0);
	put(p, BPF_MISC | BPF_TAX, 0, 0, 0);
	put(p, BPF_LD | BPF_MEM, 0, 0, 0);
}

static void put_ipv6(struct program *p, const uint16_t *ports, unsigned nports)
{
	put_version(p, 6);
	put(p, BPF_LDX | BPF_IMM, IPV6_HEADER, 0, 0);
	LOAD8(6);
	for (unsigned i = 0; i < EXTENSIONS_MAX; i++)
		put_extension(p);
	UNLESS(IPPROTO_UDP);
	put_udp(p, 4, IPV6_HEADER, ports, nports);
}

/*
 * What comes by a VLAN is seen twice, first with its tag by the interface below, whether or not this host is in that VLAN. VLAN 0
 * is none: only the priority counts.
 */
static void put_vlan(struct program *p)
{
	LOAD_ABOUT(SKF_AD_VLAN_TAG_PRESENT);
	put(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 3, 0);
	LOAD_ABOUT(SKF_AD_VLAN_TAG);
	UNLESS_CLEAR(0xfff);
}

enum err capture_program(const uint16_t *ports, unsigned nports, struct sock_filter *out, unsigned short *n)
{
	struct program four = { .n = 0 }, all = { .n = 0 }, *p = &all;

	put_ipv4(&four, ports, nports);
	LOAD_ABOUT(SKF_AD_PKTTYPE);
	UNLESS(PACKET_HOST);
	put_vlan(p);
	put(p, BPF_LD | BPF_W | BPF_LEN, 0, 0, 0);
	IF_MORE(CAPTURE_BUFFER);
	LOAD_ABOUT(SKF_AD_PROTOCOL);
	put(p, BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IP, 0, 1);
	put(p, BPF_JMP | BPF_JA, 3, 0, 0);
	UNLESS(ETH_P_IPV6);
	put(p, BPF_JMP | BPF_JA, four.n, 0, 0);
	for (unsigned i = 0; i < four.n; i++)
		put(p, four.v[i].code, four.v[i].k, four.v[i].jt, four.v[i].jf);
	put_ipv6(p, ports, nports);
	if (p->full)
		return ERR_TOO_BIG;
	memcpy(out, p->v, p->n * sizeof p->v[0]);
	*n = p->n;
	return ERR_NONE;
}

/* ---- the socket ---- */

/*
 * Who has a packet socket can send with it, without any privilege. One that has a ring to send from sends what is in the ring and
 * nothing else, and nothing comes into it but by mmap(2).
 */
static int never_send(int fd)
{
	const unsigned page = (unsigned)getpagesize();
	const struct tpacket_req ring = {
		.tp_block_size = page, .tp_block_nr = 1, .tp_frame_size = page, .tp_frame_nr = 1
	};

	return setsockopt(fd, SOL_PACKET, PACKET_TX_RING, &ring, sizeof ring);
}

enum err capture_open(const uint16_t *ports, unsigned nports, int *out)
{
	const struct sockaddr_ll everywhere = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };
	const int on = 1, bytes = RECEIVE_BYTES;
	struct sock_filter code[CAPTURE_PROGRAM];
	struct sock_fprog program = { .filter = code };
	enum err e;
	int fd;

	if ((e = capture_program(ports, nports, code, &program.len)))
		return e;
	/* Without a protocol it sees nothing until the filter is there. */
	fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return ERR_SYSTEM;
	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) ||
	    setsockopt(fd, SOL_SOCKET, SO_LOCK_FILTER, &on, sizeof on) ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes) ||
	    setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof on) || never_send(fd) ||
	    bind(fd, (const struct sockaddr *)&everywhere, sizeof everywhere)) {
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

	/* what IP carries and UDP does not count is in no knock */
	if (in.left < UDP_HEADER || get_u16(udp + 4) != in.left)
		return ERR_SYNTAX;
	out->from_port = get_u16(udp);
	out->to_port = get_u16(udp + 2);
	out->payload = udp + UDP_HEADER;
	out->len = in.left - UDP_HEADER;
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

	if (in.left < IPV4_HEADER || header < IPV4_HEADER || get_u16(ip + 2) < header || get_u16(ip + 2) > in.left ||
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

	if (len && packet[0] >> 4 == 4)
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
	struct sockaddr_ll from = { 0 };
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
