/* SPDX-License-Identifier: GPL-3.0-or-later */
/* reader.c - the only place where lengths from outside meet a pointer. */
#include "base/reader.h"

#include <string.h>

#include "base/banned.h"

enum err read_skip(struct reader *r, size_t len)
{
	if (len > r->left)
		return ERR_SHORT;
	if (len)
		r->at += len;
	r->left -= len;
	return ERR_NONE;
}

static enum err read_number(struct reader *r, size_t bytes, uint64_t *out)
{
	const uint8_t *from = r->at;
	uint64_t value = 0;

	if (read_skip(r, bytes))
		return ERR_SHORT;
	for (size_t i = 0; i < bytes; i++)
		value = value << 8 | from[i];
	*out = value;
	return ERR_NONE;
}

enum err read_u8(struct reader *r, uint8_t *out)
{
	uint64_t value;

	if (read_number(r, 1, &value))
		return ERR_SHORT;
	*out = (uint8_t)value;
	return ERR_NONE;
}

enum err read_u32(struct reader *r, uint32_t *out)
{
	uint64_t value;

	if (read_number(r, 4, &value))
		return ERR_SHORT;
	*out = (uint32_t)value;
	return ERR_NONE;
}

enum err read_u64(struct reader *r, uint64_t *out)
{
	return read_number(r, 8, out);
}

enum err read_bytes(struct reader *r, void *out, size_t len)
{
	const uint8_t *from = r->at;

	if (read_skip(r, len))
		return ERR_SHORT;
	if (len)
		memcpy(out, from, len);
	return ERR_NONE;
}

enum err read_string(struct reader *r, const uint8_t **out, size_t *len)
{
	struct reader in = *r;
	const uint8_t *start;
	uint32_t n;

	if (read_u32(&in, &n))
		return ERR_SHORT;
	start = in.at;
	if (read_skip(&in, n))
		return ERR_SHORT;
	*out = start;
	*len = n;
	*r = in;
	return ERR_NONE;
}

enum err read_end(const struct reader *r)
{
	return r->left ? ERR_TRAILING : ERR_NONE;
}
