/* SPDX-License-Identifier: GPL-3.0-or-later */
/* writer.c - numbers and strings in network order. */
#include "base/writer.h"

#include "base/banned.h"

void store_u32(uint8_t out[4], uint32_t value)
{
	for (int i = 3; i >= 0; i--, value >>= 8)
		out[i] = (uint8_t)value;
}

void store_u64(uint8_t out[8], uint64_t value)
{
	for (int i = 7; i >= 0; i--, value >>= 8)
		out[i] = (uint8_t)value;
}

uint64_t load_u64(const uint8_t at[8])
{
	uint64_t value = 0;

	for (int i = 0; i < 8; i++)
		value = value << 8 | at[i];
	return value;
}

void write_u32(struct text *out, uint32_t value)
{
	uint8_t bytes[4];

	store_u32(bytes, value);
	text_add_bytes(out, bytes, sizeof bytes);
}

void write_u64(struct text *out, uint64_t value)
{
	uint8_t bytes[8];

	store_u64(bytes, value);
	text_add_bytes(out, bytes, sizeof bytes);
}

void write_string(struct text *out, const void *bytes, size_t len)
{
	write_u32(out, (uint32_t)len);
	if (len)
		text_add_bytes(out, bytes, len);
}
