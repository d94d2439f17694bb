/* SPDX-License-Identifier: GPL-3.0-or-later */
/* capture.h - see the knocks that come by, with nothing bound: a packet socket, and what is inside of a packet. */
#ifndef GATE_CAPTURE_H
#define GATE_CAPTURE_H

#include "base/err.h"
#include "base/macros.h"
#include "gate/message.h"
#include "knock/native.h"

#include <stddef.h>
#include <stdint.h>

struct sock_filter;

/* One UDP datagram for this host. */
struct capture_packet {
	struct message_address from, to;
	uint16_t from_port, to_port;
	const uint8_t *payload; /* borrowed from the buffer */
	size_t len;
};

/*
 * A packet socket that only receives, on all interfaces, for IPv4 and IPv6, whose filter lets pass nothing but whole UDP datagrams of
 * NATIVE_DATAGRAM bytes to one of the ports, in packets to this host (IPv6 extension headers are walked; fragments are not taken; of
 * a VLAN only what its own interface sees); the filter is locked. Nothing can be sent with it, unless by who may map files
 * (sandbox.h). CAP_NET_RAW. ERR_SYSTEM; ERR_TOO_BIG: so many ports.
 */
MUST_USE enum err capture_open(const uint16_t *ports, unsigned nports, int *fd);

#define CAPTURE_BUFFER 2048

/*
 * The next packet, taken apart into *out, which points into buffer. ERR_NOT_FOUND: none is there. ERR_SYNTAX: it was none of
 * ours after all (go on). ERR_SYSTEM. The checksum of the datagram is not looked at: the seal says more.
 */
MUST_USE enum err capture_next(int fd, uint8_t buffer[CAPTURE_BUFFER], struct capture_packet *out);
/* The same from memory: an IP packet from its first header on. For tests and fuzzing. ERR_SYNTAX. */
MUST_USE enum err capture_parse(const uint8_t *packet, size_t len, struct capture_packet *out);

/* The filter alone: classic BPF, *n instructions in an array of CAPTURE_PROGRAM. For tests and fuzzing. ERR_TOO_BIG. */
#define CAPTURE_PROGRAM 256
MUST_USE enum err capture_program(const uint16_t *ports, unsigned nports, struct sock_filter *out, unsigned short *n);

#endif
