/* SPDX-License-Identifier: GPL-3.0-or-later */
/* carry.h - finished knocks as text, a line each, for another machine to send. */
#ifndef CLIENT_CARRY_H
#define CLIENT_CARRY_H

#include "base/err.h"
#include "base/macros.h"
#include "base/text.h"
#include "knock/native.h"

#include <stddef.h>
#include <stdint.h>

#define CARRY_MAX 8	     /* knocks: four keys, two families */
#define CARRY_TEXT_MAX 65536 /* bytes of such a text */
#define CARRY_HOST_MAX 255

/* A knock, and where it is to go. */
struct carried {
	char host[CARRY_HOST_MAX + 1];
	unsigned port; /* UDP */
	uint8_t datagram[NATIVE_DATAGRAM];
};

/* "sallyport-knock HOST PORT BASE64" and a line feed. */
void carry_print(const char *host, unsigned port, const uint8_t datagram[NATIVE_DATAGRAM], struct text *out);
/*
 * One knock a line; empty lines and those that begin with '#' are left out. ERR_SYNTAX: a line that is no knock, or none at
 * all; ERR_TOO_BIG: more than CARRY_MAX. Only the form is checked: what is sealed stays sealed.
 */
MUST_USE enum err carry_parse(const char *text, size_t len, struct carried out[CARRY_MAX], size_t *n);

#endif
