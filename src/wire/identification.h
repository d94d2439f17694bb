/* SPDX-License-Identifier: GPL-3.0-or-later */
/* identification.h - find the server's identification line in what it sent first, RFC 4253 section 4.2. */
#ifndef WIRE_IDENTIFICATION_H
#define WIRE_IDENTIFICATION_H

#include "base/err.h"
#include "base/macros.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct identification_scan {
	const uint8_t *line; /* borrowed, without CR LF */
	size_t len;
	size_t used; /* bytes up to and with the line feed */
};

/*
 * Looks through all bytes received so far; pure. 'ended': no more will come.
 * ERR_SHORT: the line may still come. ERR_CLOSED: ended without a byte. ERR_PENALTY: sshd
 * said that it takes no connection from us now. ERR_SYNTAX: another protocol, or ended
 * before the line. ERR_TOO_BIG: more than 32 lines before it, or one of over 1024 bytes.
 */
MUST_USE enum err identification_scan(const uint8_t *bytes, size_t len, bool ended, struct identification_scan *out);

#endif
