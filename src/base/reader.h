/* SPDX-License-Identifier: GPL-3.0-or-later */
/* reader.h - take values from bytes that came from outside; gives what is asked for, or nothing. */
#ifndef BASE_READER_H
#define BASE_READER_H

#include "base/err.h"
#include "base/macros.h"

#include <stddef.h>
#include <stdint.h>

/* Borrowed bytes. On an error nothing is consumed and the output stays as it was. */
struct reader {
	const uint8_t *at;
	size_t left;
};

MUST_USE enum err read_u8(struct reader *r, uint8_t *out);   /* ERR_SHORT */
MUST_USE enum err read_u32(struct reader *r, uint32_t *out); /* big-endian; ERR_SHORT */
MUST_USE enum err read_u64(struct reader *r, uint64_t *out); /* big-endian; ERR_SHORT */
MUST_USE enum err read_bytes(struct reader *r, void *out, size_t len);
MUST_USE enum err read_skip(struct reader *r, size_t len);
/* RFC 4251 section 5 "string": a 32-bit length, then the bytes, borrowed. */
MUST_USE enum err read_string(struct reader *r, const uint8_t **out, size_t *len);
MUST_USE enum err read_end(const struct reader *r); /* ERR_TRAILING if bytes are left */

#endif
