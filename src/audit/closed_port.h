/* SPDX-License-Identifier: GPL-3.0-or-later */
/* closed_port.h - what a stranger gets at a port of this host, measured: his packet is made here and sent through the stack. */
#ifndef AUDIT_CLOSED_PORT_H
#define AUDIT_CLOSED_PORT_H

#include "base/err.h"
#include "base/macros.h"

#include <stddef.h>
#include <stdint.h>

#define CLOSED_PORT_STRANGER "198.51.100.253" /* who asks: TEST-NET-2 */

enum port_answer {
	PORT_SILENT,   /* nothing within a second */
	PORT_RESET,    /* RFC 9293 section 3.10.7.1: nobody listens */
	PORT_REJECTED, /* an ICMP error: of a firewall */
	PORT_OPEN,     /* somebody listens */
};

/*
 * Asks the TCP ports over IPv4 as another host would, through every firewall of this host: by an interface that is made for it and gone
 * afterwards (tun(4); addresses of RFC 5737). What a firewall does on one interface alone is not seen, nor what is in front of
 * this host. At most 16 ports. Root; ERR_UNSUPPORTED: there is no /dev/net/tun; ERR_SYSTEM.
 */
MUST_USE enum err closed_port_ask(const uint16_t *ports, size_t n, enum port_answer *answers);
/* Ports on which nobody listens. ERR_NOT_FOUND, ERR_SYSTEM. */
MUST_USE enum err closed_port_find(uint16_t *ports, size_t n);
const char *port_answer_text(enum port_answer a); /* "nothing", "a reset" */

#endif
