/* SPDX-License-Identifier: GPL-3.0-or-later */
/* writer.h - put values into bytes for the outside, as reader.h takes them: big-endian. */
#ifndef BASE_WRITER_H
#define BASE_WRITER_H

#include "base/text.h"

#include <stddef.h>
#include <stdint.h>

/* Into a place of their own. */
void store_u32(uint8_t out[4], uint32_t value);
void store_u64(uint8_t out[8], uint64_t value);
uint64_t load_u64(const uint8_t at[8]);

/* Appended; text_check() tells of a failure. */
void write_u32(struct text *out, uint32_t value);
void write_u64(struct text *out, uint64_t value);
/* RFC 4251 section 5 "string": a 32-bit length, then the bytes, fewer than 4 GiB. bytes may be NULL where len is 0. */
void write_string(struct text *out, const void *bytes, size_t len);

#endif
