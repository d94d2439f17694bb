/* SPDX-License-Identifier: GPL-3.0-or-later */
/* candidate_sign.c - a signature by the agent, else by ssh-keygen, which may ask for a passphrase: we never read a private key. */
#include "base/reader.h"
#include "base/text.h"
#include "client/agent.h"
#include "client/candidates.h"
#include "client/program.h"
#include "knock/native.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define BEGIN "-----BEGIN SSH SIGNATURE-----"
#define END "-----END SSH SIGNATURE-----"
#define ARMOR_MAX 65536
#define SSHSIG_VERSION 1

struct bytes {
	const uint8_t *at;
	size_t len;
};

static bool take(struct reader *in, struct bytes *out)
{
	return !read_string(in, &out->at, &out->len);
}

static bool are(struct bytes b, const char *s)
{
	return b.len == strlen(s) && !memcmp(b.at, s, b.len);
}

static enum err sshsig_read(struct reader in, const char *name_space, uint8_t **out, size_t *out_len)
{
	struct bytes key, space, reserved, hash, sig;
	char magic[6];
	uint32_t version;

	if (read_bytes(&in, magic, sizeof magic) || memcmp(magic, "SSHSIG", sizeof magic) != 0 ||
	    read_u32(&in, &version) || version != SSHSIG_VERSION || !take(&in, &key) || !take(&in, &space) ||
	    !take(&in, &reserved) || !take(&in, &hash) || !take(&in, &sig) || read_end(&in) ||
	    !are(space, name_space) || !are(hash, "sha256") || !sig.len)
		return ERR_SYNTAX;
	if (!(*out = malloc(sig.len)))
		return ERR_MEMORY;
	memcpy(*out, sig.at, sig.len);
	*out_len = sig.len;
	return ERR_NONE;
}

enum err sshsig_parse(const char *text, size_t len, const char *name_space, uint8_t **out, size_t *out_len)
{
	const char *from = memmem(text, len, BEGIN, strlen(BEGIN)), *to;
	uint8_t bytes[ARMOR_MAX];
	size_t n = 0;

	if (!from)
		return ERR_SYNTAX;
	from += strlen(BEGIN);
	to = memmem(from, len - (size_t)(from - text), END, strlen(END));
	if (!to || sodium_base642bin(bytes, sizeof bytes, from, (size_t)(to - from), "\r\n", &n, NULL,
				     sodium_base64_VARIANT_ORIGINAL))
		return ERR_SYNTAX;
	return sshsig_read((struct reader){ .at = bytes, .left = n }, name_space, out, out_len);
}

static enum err sign_by_file(const struct candidate *c, const struct text *message, uint8_t **out, size_t *out_len)
{
	const char *const argv[] = { "ssh-keygen",     "-q", "-Y",    "sign", "-n", NATIVE_NAMESPACE, "-O",
				     "hashalg=sha256", "-f", c->file, NULL };
	struct text armor = { 0 };
	enum err e = program_run(argv, message, ARMOR_MAX, &armor);

	if (!e)
		e = sshsig_parse(text_string(&armor), armor.len, NATIVE_NAMESPACE, out, out_len);
	text_free(&armor);
	return e;
}

enum err candidate_sign(const struct candidate *c, int fd, const struct text *message, const struct text *to_be_signed,
			uint8_t **out, size_t *out_len)
{
	if (!c->in_agent)
		return sign_by_file(c, message, out, out_len);
	return agent_sign(fd, c->agent_blob, c->agent_blob_len, (const uint8_t *)to_be_signed->s, to_be_signed->len,
			  strcmp(c->type, "ssh-rsa") ? 0 : AGENT_RSA_SHA2_512, out, out_len);
}
