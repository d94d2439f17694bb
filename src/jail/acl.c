/* SPDX-License-Identifier: GPL-3.0-or-later */
/* acl.c - reads POSIX access control lists as the kernel hands them out. */
#include "jail/acl.h"

#include "base/reader.h"

#include "base/banned.h"

#define VERSION 2
#define MAY_WRITE 2u

enum tag {
	TAG_OWNER = 0x01,
	TAG_USER = 0x02,
	TAG_OWNING_GROUP = 0x04,
	TAG_GROUP = 0x08,
	TAG_MASK = 0x10,
	TAG_OTHER = 0x20,
};

/* Little-endian, unlike all else that a reader reads. */
static enum err read_number(struct reader *in, size_t bytes, uint32_t *out)
{
	uint8_t b[4];
	uint32_t n = 0;
	enum err e = read_bytes(in, b, bytes);

	for (size_t i = 0; !e && i < bytes; i++)
		n |= (uint32_t)b[i] << (8 * i);
	if (!e)
		*out = n;
	return e;
}

enum err acl_parse(const uint8_t *bytes, size_t len, bool *writable)
{
	struct reader in = { .at = bytes, .left = len };
	uint32_t version, tag, may, id, mask = MAY_WRITE, masked = 0, others = 0;
	enum err e;

	if ((e = read_number(&in, 4, &version)))
		return e;
	if (version != VERSION)
		return ERR_SYNTAX;
	while (in.left) {
		if ((e = read_number(&in, 2, &tag)) || (e = read_number(&in, 2, &may)) ||
		    (e = read_number(&in, 4, &id)))
			return e;
		switch (tag) {
		case TAG_OWNER: break;
		case TAG_USER: masked |= id ? may : 0; break;
		case TAG_OWNING_GROUP:
		case TAG_GROUP: masked |= may; break;
		case TAG_MASK: mask = may; break;
		case TAG_OTHER: others = may; break;
		default: return ERR_SYNTAX;
		}
	}
	*writable = (masked & mask & MAY_WRITE) || (others & MAY_WRITE);
	return ERR_NONE;
}
