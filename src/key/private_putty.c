/* SPDX-License-Identifier: GPL-3.0-or-later */
/* private_putty.c - PuTTY's files of versions 2 and 3 (its manual, appendix C); the private lines are counted, never decoded. */
#include "key/private_read.h"

#include "base/number.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define LINES_MAX 10000 /* of base64, 64 characters each */

/* The next line is "NAME: value"; what a release of PuTTY writes is always in this order. */
static enum err header_take(struct reader *in, const char *name, struct reader *value)
{
	size_t len = strlen(name);
	struct reader line;

	if (!private_line_take(in, &line))
		return ERR_SHORT;
	if (line.left < len + 2 || memcmp(line.at, name, len) != 0 || memcmp(line.at + len, ": ", 2) != 0)
		return ERR_SYNTAX;
	*value = (struct reader){ .at = line.at + len + 2, .left = line.left - len - 2 };
	return ERR_NONE;
}

static enum err number_take(struct reader *in, const char *name, uint64_t max, uint64_t *out)
{
	struct reader value;
	char digits[32];
	enum err e;

	if ((e = header_take(in, name, &value)) || (e = private_name_copy(value, digits, sizeof digits)))
		return e;
	if ((e = number_parse(digits, 0, UINT64_MAX, out)) == ERR_RANGE)
		*out = UINT64_MAX;
	if (e && e != ERR_RANGE)
		return e;
	return *out > max ? ERR_RANGE : ERR_NONE;
}

/* A header that says how many lines follow, and these as they are. */
static enum err lines_take(struct reader *in, const char *name, struct reader *out)
{
	const uint8_t *start;
	struct reader line;
	uint64_t n;
	enum err e;

	if ((e = number_take(in, name, LINES_MAX, &n)))
		return e;
	start = in->at;
	for (; n; n--)
		if (!private_line_take(in, &line))
			return ERR_SHORT;
	*out = (struct reader){ .at = start, .left = (size_t)(in->at - start) };
	return ERR_NONE;
}

static enum err public_keep(struct private_key *k, struct reader type, struct reader base64)
{
	uint8_t *blob = malloc(base64.left ? base64.left : 1);
	size_t len;
	enum err e = ERR_SYNTAX;

	if (!blob)
		return ERR_MEMORY;
	if (!sodium_base642bin(blob, base64.left, (const char *)base64.at, base64.left, "\r\n", &len, NULL,
			       sodium_base64_VARIANT_ORIGINAL) &&
	    !(e = private_blob_keep(k, blob, len)) &&
	    (type.left != strlen(k->key.type) || memcmp(type.at, k->key.type, type.left) != 0))
		e = ERR_SYNTAX;
	free(blob);
	return e;
}

static bool is(struct reader r, const char *s)
{
	return r.left == strlen(s) && !memcmp(r.at, s, r.left);
}

static enum err argon2_take(struct reader *in, struct private_key *k)
{
	static const char *const flavours[] = { "Argon2id", "Argon2i", "Argon2d" };
	struct reader flavour, salt;
	uint64_t kib;
	enum err e;

	if ((e = header_take(in, "Key-Derivation", &flavour)) ||
	    (e = number_take(in, "Argon2-Memory", UINT64_MAX, &kib)) ||
	    (e = number_take(in, "Argon2-Passes", UINT64_MAX, &k->rounds)) ||
	    (e = number_take(in, "Argon2-Parallelism", UINT64_MAX, &k->parallel)) ||
	    (e = header_take(in, "Argon2-Salt", &salt)))
		return e;
	for (size_t i = 0; i < ARRAY_SIZE(flavours); i++)
		if (is(flavour, flavours[i]))
			(void)snprintf(k->variant, sizeof k->variant, "%s", flavours[i]);
	k->kdf = PRIVATE_KDF_ARGON2;
	k->memory = kib > UINT64_MAX / 1024 ? UINT64_MAX : kib * 1024;
	return k->variant[0] ? ERR_NONE : ERR_SYNTAX;
}

static enum err kdf_take(struct reader *in, struct private_key *k)
{
	if (!k->encrypted)
		return ERR_NONE;
	if (k->format == PRIVATE_PUTTY3)
		return argon2_take(in, k);
	k->kdf = PRIVATE_KDF_SHA1;
	k->rounds = 1;
	return ERR_NONE;
}

static enum err encryption_keep(struct private_key *k, struct reader encryption)
{
	if (is(encryption, "none"))
		return ERR_NONE;
	k->encrypted = true;
	return private_name_copy(encryption, k->cipher, sizeof k->cipher);
}

enum err private_putty_read(struct reader in, struct private_key *k, const char **why)
{
	struct reader type, encryption, comment, base64, unread;
	enum err e;

	if (!private_line_take(&in, &type))
		return ERR_SHORT;
	if ((e = header_take(&in, "Encryption", &encryption)) || (e = encryption_keep(k, encryption)) ||
	    (e = header_take(&in, "Comment", &comment)) || (e = private_text_copy(comment, &k->comment)) ||
	    (e = lines_take(&in, "Public-Lines", &base64)) || (e = public_keep(k, type, base64)) ||
	    (e = kdf_take(&in, k)) || (e = lines_take(&in, "Private-Lines", &unread)))
		return e;
	return header_take(&in, "Private-MAC", &unread);
}
