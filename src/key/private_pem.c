/* SPDX-License-Identifier: GPL-3.0-or-later */
/* private_pem.c - the old PEM of OpenSSL: DEK-Info of an encrypted one (RFC 1421), RSA, DSA and EC in their own structures. */
#include "key/private_read.h"

#include "key/der.h"

#include <string.h>

#include "base/banned.h"

/* "Name: value" */
static bool header_is(struct reader line, const char *name, struct reader *value)
{
	size_t len = strlen(name);

	if (line.left <= len || memcmp(line.at, name, len) != 0 || line.at[len] != ':')
		return false;
	for (len++; len < line.left && (line.at[len] == ' ' || line.at[len] == '\t');)
		len++;
	*value = (struct reader){ .at = line.at + len, .left = line.left - len };
	return true;
}

enum err private_dek_read(const struct private_armor *a, struct private_key *k)
{
	struct reader headers = a->headers, line, value;
	bool encrypted = false;

	while (private_line_take(&headers, &line)) {
		if (header_is(line, "Proc-Type", &value))
			encrypted = value.left >= 11 && !memcmp(value.at, "4,ENCRYPTED", 11);
		if (!encrypted || !header_is(line, "DEK-Info", &value))
			continue;
		for (size_t i = 0; i < value.left; i++)
			if (value.at[i] == ',')
				value.left = i;
		k->encrypted = true;
		k->kdf = PRIVATE_KDF_MD5;
		k->rounds = 1;
		return private_name_copy(value, k->cipher, sizeof k->cipher);
	}
	return encrypted ? ERR_SYNTAX : ERR_NONE;
}

typedef enum err structure_keep(struct private_key *k, struct reader sequence);

static enum err structure_read(const struct private_armor *a, struct private_key *k, structure_keep *keep)
{
	struct reader in = { .at = a->bytes, .left = a->len }, sequence;
	enum err e;

	if ((e = private_dek_read(a, k)) || k->encrypted)
		return e;
	if ((e = der_take(&in, DER_SEQUENCE, &sequence)) || (e = read_end(&in)))
		return e;
	return keep(k, sequence);
}

enum err private_rsa_read(const struct private_armor *a, struct private_key *k, const char **why)
{
	return structure_read(a, k, private_rsa_keep);
}

enum err private_dsa_read(const struct private_armor *a, struct private_key *k, const char **why)
{
	return structure_read(a, k, private_dsa_keep);
}

static enum err ec_keep(struct private_key *k, struct reader sequence)
{
	return private_ec_keep(k, sequence, 0);
}

enum err private_ec_read(const struct private_armor *a, struct private_key *k, const char **why)
{
	return structure_read(a, k, ec_keep);
}
