/* SPDX-License-Identifier: GPL-3.0-or-later */
/* private_openssh.c - openssh-key-v1 (OpenSSH PROTOCOL.key): the public part, and without encryption what a security key is to ask. */
#include "key/private_read.h"

#include <string.h>

#include "base/banned.h"

static const char magic[] = "openssh-key-v1"; /* with its zero byte */

/* What OpenSSH has had of ciphers: the private part is padded to the block, a tag follows it. */
static const struct cipher {
	const char *name;
	size_t block, tag;
} ciphers[] = {
	{ "none", 8, 0 },
	{ "aes256-ctr", 16, 0 },
	{ "aes192-ctr", 16, 0 },
	{ "aes128-ctr", 16, 0 },
	{ "aes256-cbc", 16, 0 },
	{ "aes192-cbc", 16, 0 },
	{ "aes128-cbc", 16, 0 },
	{ "rijndael-cbc@lysator.liu.se", 16, 0 },
	{ "aes256-gcm@openssh.com", 16, 16 },
	{ "aes128-gcm@openssh.com", 16, 16 },
	{ "chacha20-poly1305@openssh.com", 8, 16 },
	{ "3des-cbc", 8, 0 },
	{ "blowfish-cbc", 8, 0 },
	{ "cast128-cbc", 8, 0 },
	{ "arcfour", 8, 0 },
	{ "arcfour128", 8, 0 },
	{ "arcfour256", 8, 0 },
};

/*
 * The fields behind the type in the private part. A digit: equal to the public part's field of this number; p: private;
 * f: flags of a security key.
 */
static const struct layout {
	const char *type, *fields;
	size_t application; /* which field of the public part it is; 0: there is none */
} layouts[] = {
	{ "ssh-ed25519", "0p", 0 },
	{ "ssh-rsa", "10pppp", 0 },
	{ "ssh-dss", "0123p", 0 },
	{ "ecdsa-sha2-nistp256", "01p", 0 },
	{ "ecdsa-sha2-nistp384", "01p", 0 },
	{ "ecdsa-sha2-nistp521", "01p", 0 },
	{ "sk-ssh-ed25519@openssh.com", "01fpp", 1 },
	{ "sk-ecdsa-sha2-nistp256@openssh.com", "012fpp", 2 },
};
#define FIELDS_MAX 4

/* All in front of the private part, borrowed. */
struct outside {
	const struct cipher *cipher; /* NULL: none that is known */
	struct reader name, kdf, options, public, private;
};

static enum err take(struct reader *in, struct reader *out)
{
	return read_string(in, &out->at, &out->left);
}

static bool is(struct reader r, const char *s)
{
	return r.left == strlen(s) && !memcmp(r.at, s, r.left);
}

static bool same(struct reader a, struct reader b)
{
	return a.left == b.left && (!a.left || !memcmp(a.at, b.at, a.left));
}

static const struct cipher *cipher_find(struct reader name)
{
	for (size_t i = 0; i < ARRAY_SIZE(ciphers); i++)
		if (is(name, ciphers[i].name))
			return &ciphers[i];
	return NULL;
}

static enum err outside_read(struct reader in, struct outside *o, const char **why)
{
	char head[sizeof magic];
	uint32_t count;
	enum err e;

	if ((e = read_bytes(&in, head, sizeof head)))
		return e;
	if (memcmp(head, magic, sizeof head) != 0)
		return ERR_SYNTAX;
	if ((e = take(&in, &o->name)) || (e = take(&in, &o->kdf)) || (e = take(&in, &o->options)) ||
	    (e = read_u32(&in, &count)))
		return e;
	if (count != 1) {
		*why = "it does not hold one key";
		return ERR_UNSUPPORTED;
	}
	if ((e = take(&in, &o->public)) || (e = take(&in, &o->private)))
		return e;
	if (!(o->cipher = cipher_find(o->name)))
		return ERR_NONE;
	if (!o->private.left || o->private.left % o->cipher->block)
		return ERR_SYNTAX;
	if ((e = read_skip(&in, o->cipher->tag)))
		return e;
	return read_end(&in);
}

static enum err bcrypt_read(struct reader options, uint64_t *rounds)
{
	struct reader salt;
	uint32_t n;
	enum err e;

	if ((e = take(&options, &salt)) || (e = read_u32(&options, &n)) || (e = read_end(&options)))
		return e;
	*rounds = n;
	return ERR_NONE;
}

static enum err encryption_read(const struct outside *o, struct private_key *k, const char **why)
{
	enum err e;

	if (is(o->name, "none"))
		return is(o->kdf, "none") && !o->options.left ? ERR_NONE : ERR_SYNTAX;
	if (!is(o->kdf, "bcrypt")) {
		*why = "it has a KDF that OpenSSH does not know";
		return is(o->kdf, "none") ? ERR_SYNTAX : ERR_UNSUPPORTED;
	}
	if ((e = bcrypt_read(o->options, &k->rounds)) || (e = private_name_copy(o->name, k->cipher, sizeof k->cipher)))
		return e;
	k->encrypted = true;
	k->kdf = PRIVATE_KDF_BCRYPT;
	return ERR_NONE;
}

/* The fields of the public part, as many as there are up to FIELDS_MAX. */
static enum err public_fields(struct reader public, struct reader fields[FIELDS_MAX])
{
	struct reader type;
	enum err e;

	if ((e = take(&public, &type)))
		return e;
	for (size_t i = 0; i < FIELDS_MAX && public.left; i++)
		if ((e = take(&public, &fields[i])))
			return e;
	return ERR_NONE;
}

static enum err field_take(struct reader *in, char kind, const struct reader public[FIELDS_MAX], struct private_key *k)
{
	struct reader field;
	enum err e;

	if (kind == 'f') {
		k->sk_flags_known = true;
		return read_u8(in, &k->sk_flags);
	}
	if ((e = take(in, &field)))
		return e;
	return kind == 'p' || same(field, public[kind - '0']) ? ERR_NONE : ERR_SYNTAX;
}

/* 1, 2, 3 ... */
static enum err padding_read(struct reader in)
{
	uint8_t byte;

	for (uint8_t pad = 1; !read_u8(&in, &byte); pad++)
		if (byte != pad)
			return ERR_SYNTAX;
	return ERR_NONE;
}

/* Two equal check numbers, the key, its comment; of a type that is not known here no more than the type. */
static enum err inside_read(struct reader in, const struct outside *o, struct private_key *k)
{
	struct reader type, comment, fields[FIELDS_MAX] = { 0 };
	const struct layout *l = NULL;
	uint32_t check1, check2;
	enum err e;

	if ((e = read_u32(&in, &check1)) || (e = read_u32(&in, &check2)) || (e = take(&in, &type)))
		return e;
	if (check1 != check2 || !is(type, k->key.type))
		return ERR_SYNTAX;
	for (size_t i = 0; i < ARRAY_SIZE(layouts) && !l; i++)
		if (is(type, layouts[i].type))
			l = &layouts[i];
	if (!l)
		return ERR_NONE;
	if ((e = public_fields(o->public, fields)))
		return e;
	for (const char *kind = l->fields; *kind; kind++)
		if ((e = field_take(&in, *kind, fields, k)))
			return e;
	if (l->application && (e = private_text_copy(fields[l->application], &k->application)))
		return e;
	if ((e = take(&in, &comment)) || (e = private_text_copy(comment, &k->comment)))
		return e;
	return padding_read(in);
}

enum err private_openssh_read(const struct private_armor *a, struct private_key *k, const char **why)
{
	struct outside o = { 0 };
	enum err e;

	if ((e = outside_read((struct reader){ .at = a->bytes, .left = a->len }, &o, why)) ||
	    (e = encryption_read(&o, k, why)) || (e = private_blob_keep(k, o.public.at, o.public.left)))
		return e;
	return k->encrypted ? ERR_NONE : inside_read(o.private, &o, k);
}
