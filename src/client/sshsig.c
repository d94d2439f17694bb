/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sshsig.c - take the armor off, check what it says, keep key and signature. */
#include "client/sshsig.h"

#include "base/reader.h"

#include <sodium.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define BEGIN "-----BEGIN SSH SIGNATURE-----\n"
#define END "-----END SSH SIGNATURE-----"

static bool next_is(struct reader *in, const char *wanted)
{
	const uint8_t *s;
	size_t len;

	return !read_string(in, &s, &len) && len == strlen(wanted) && !memcmp(s, wanted, len);
}

static enum err bytes_copy(const uint8_t *bytes, size_t len, uint8_t **out, size_t *out_len)
{
	if (!len)
		return ERR_SYNTAX;
	*out = malloc(len);
	if (!*out)
		return ERR_MEMORY;
	memcpy(*out, bytes, len);
	*out_len = len;
	return ERR_NONE;
}

static enum err blob_parse(const uint8_t *blob, size_t blob_len, const char *name_space, struct sshsig *out)
{
	struct reader in = { .at = blob, .left = blob_len };
	const uint8_t *key, *signature;
	size_t key_len, signature_len;
	struct sshsig s = { 0 };
	uint32_t version;
	char magic[6];
	enum err e;

	if ((e = read_bytes(&in, magic, sizeof magic)) || (e = read_u32(&in, &version)) ||
	    (e = read_string(&in, &key, &key_len)))
		return e;
	if (memcmp(magic, "SSHSIG", sizeof magic) != 0 || version != 1 || !next_is(&in, name_space) ||
	    !next_is(&in, "") || !next_is(&in, "sha256"))
		return ERR_SYNTAX;
	if ((e = read_string(&in, &signature, &signature_len)) || (e = read_end(&in)) ||
	    (e = bytes_copy(key, key_len, &s.key, &s.key_len)) ||
	    (e = bytes_copy(signature, signature_len, &s.signature, &s.signature_len))) {
		sshsig_clear(&s);
		return e;
	}
	*out = s;
	return ERR_NONE;
}

/* Where the line is that ends it; NULL: nowhere, or something follows. */
static const char *armor_end(const char *text, size_t len)
{
	const char *end = text + len;

	while (end > text && strchr(" \t\r\n", end[-1]))
		end--;
	if ((size_t)(end - text) < strlen(END) || memcmp(end - strlen(END), END, strlen(END)) != 0)
		return NULL;
	return end - strlen(END);
}

enum err sshsig_parse(const char *text, size_t len, const char *name_space, struct sshsig *out)
{
	const char *end, *last;
	uint8_t *blob;
	size_t blob_len;
	enum err e = ERR_SYNTAX;

	if (len > SSHSIG_MAX)
		return ERR_TOO_BIG;
	if (len < strlen(BEGIN) || memcmp(text, BEGIN, strlen(BEGIN)) != 0 || memchr(text, '\0', len))
		return ERR_SYNTAX;
	text += strlen(BEGIN);
	end = armor_end(text, len - strlen(BEGIN));
	if (!end)
		return ERR_SYNTAX;
	blob = malloc(len);
	if (!blob)
		return ERR_MEMORY;
	if (!sodium_base642bin(blob, len, text, (size_t)(end - text), " \r\n\t", &blob_len, &last,
			       sodium_base64_VARIANT_ORIGINAL) &&
	    last == end)
		e = blob_parse(blob, blob_len, name_space, out);
	free(blob);
	return e;
}

void sshsig_clear(struct sshsig *s)
{
	free(s->key);
	free(s->signature);
	*s = (struct sshsig){ 0 };
}
