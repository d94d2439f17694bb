/* SPDX-License-Identifier: GPL-3.0-or-later */
/* der.c - tags, lengths and the few kinds of values that files of keys have. */
#include "key/der.h"

#include <openssl/objects.h>
#include <stdio.h>

#include "base/banned.h"

#define LENGTH_BYTES 4
#define OID_MAX 32 /* bytes; to print a longer one costs time with the square of its length */

static enum err take_length(struct reader *in, size_t *out)
{
	uint8_t first, byte;
	size_t len = 0;
	enum err e;

	if ((e = read_u8(in, &first)))
		return e;
	if (!(first & 0x80)) {
		*out = first;
		return ERR_NONE;
	}
	first &= 0x7f;
	if (!first || first > LENGTH_BYTES)
		return ERR_SYNTAX;
	for (; first; first--) {
		if ((e = read_u8(in, &byte)))
			return e;
		len = len << 8 | byte;
	}
	*out = len;
	return ERR_NONE;
}

enum err der_take(struct reader *in, enum der_tag tag, struct reader *out)
{
	struct reader r = *in, value;
	uint8_t found;
	size_t len;
	enum err e;

	if ((e = read_u8(&r, &found)))
		return e;
	if (found != tag)
		return ERR_SYNTAX;
	if ((e = take_length(&r, &len)))
		return e;
	value = (struct reader){ .at = r.at, .left = len };
	if ((e = read_skip(&r, len)))
		return e;
	*in = r;
	*out = value;
	return ERR_NONE;
}

bool der_next_is(const struct reader *in, enum der_tag tag)
{
	return in->left && in->at[0] == tag;
}

enum err der_take_number(struct reader *in, struct reader *out)
{
	struct reader r = *in, n;
	enum err e;

	if ((e = der_take(&r, DER_INTEGER, &n)))
		return e;
	if (!n.left || n.at[0] & 0x80 || (n.left > 1 && !n.at[0] && !(n.at[1] & 0x80)))
		return ERR_SYNTAX;
	*in = r;
	*out = n;
	return ERR_NONE;
}

enum err der_take_count(struct reader *in, uint64_t *out)
{
	struct reader n;
	uint64_t count = 0;
	enum err e;

	if ((e = der_take_number(in, &n)))
		return e;
	if (!n.at[0] && n.left > 1)
		n = (struct reader){ .at = n.at + 1, .left = n.left - 1 };
	for (size_t i = 0; i < n.left && n.left <= sizeof count; i++)
		count = count << 8 | n.at[i];
	*out = n.left <= sizeof count ? count : UINT64_MAX;
	return ERR_NONE;
}

enum err der_take_bits(struct reader *in, struct reader *out)
{
	struct reader r = *in, bits;
	uint8_t unused;
	enum err e;

	if ((e = der_take(&r, DER_BITS, &bits)) || (e = read_u8(&bits, &unused)))
		return e;
	if (unused)
		return ERR_SYNTAX;
	*in = r;
	*out = bits;
	return ERR_NONE;
}

enum err der_take_oid(struct reader *in, int *nid, char name[DER_NAME])
{
	const unsigned char *whole = in->at;
	struct reader r = *in, oid;
	ASN1_OBJECT *o;
	enum err e;

	if ((e = der_take(&r, DER_OID, &oid)))
		return e;
	if (oid.left > OID_MAX || !(o = d2i_ASN1_OBJECT(NULL, &whole, (long)(r.at - whole))))
		return ERR_SYNTAX;
	*nid = OBJ_obj2nid(o);
	if (name && OBJ_obj2txt(name, DER_NAME, o, 0) <= 0)
		e = ERR_SYNTAX;
	ASN1_OBJECT_free(o);
	if (!e)
		*in = r;
	return e;
}

enum err der_take_algorithm(struct reader *in, struct der_algorithm *out)
{
	struct reader r = *in, sequence;
	struct der_algorithm a;
	enum err e;

	if ((e = der_take(&r, DER_SEQUENCE, &sequence)) || (e = der_take_oid(&sequence, &a.nid, a.name)))
		return e;
	a.parameters = sequence;
	*in = r;
	*out = a;
	return ERR_NONE;
}
