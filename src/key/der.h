/* SPDX-License-Identifier: GPL-3.0-or-later */
/* der.h - takes ASN.1 values from bytes that came from outside (X.690, as far as keys need it). */
#ifndef KEY_DER_H
#define KEY_DER_H

#include "base/err.h"
#include "base/macros.h"
#include "base/reader.h"

#include <stdbool.h>
#include <stdint.h>

enum der_tag {
	DER_INTEGER = 0x02,
	DER_BITS = 0x03,
	DER_OCTETS = 0x04,
	DER_OID = 0x06,
	DER_SEQUENCE = 0x30,
	DER_CONTEXT_0 = 0xa0,
	DER_CONTEXT_1 = 0xa1,
	DER_PRIMITIVE_1 = 0x81,
};

/* Borrowed; on an error nothing is consumed. ERR_SHORT; ERR_SYNTAX: another tag, or a length of more than four bytes or without one. */
MUST_USE enum err der_take(struct reader *in, enum der_tag tag, struct reader *out);
/* Whether the next value has this tag. */
bool der_next_is(const struct reader *in, enum der_tag tag);

/* An INTEGER that is not negative, in as few bytes as it needs: the form of an SSH mpint, but for 0, which is one byte here. */
MUST_USE enum err der_take_number(struct reader *in, struct reader *out);
/* The same as a number; UINT64_MAX stands for all that is more. */
MUST_USE enum err der_take_count(struct reader *in, uint64_t *out);
/* What is in a BIT STRING of whole bytes. */
MUST_USE enum err der_take_bits(struct reader *in, struct reader *out);

#define DER_NAME 64

struct der_algorithm {
	int nid;	     /* as OpenSSL numbers what it knows, else 0 */
	char name[DER_NAME]; /* OpenSSL's long name, else the dotted numbers */
	struct reader parameters;
};

/* An OBJECT IDENTIFIER; the name may be NULL. */
MUST_USE enum err der_take_oid(struct reader *in, int *nid, char name[DER_NAME]);
/* An AlgorithmIdentifier. */
MUST_USE enum err der_take_algorithm(struct reader *in, struct der_algorithm *out);

#endif
