/* SPDX-License-Identifier: GPL-3.0-or-later */
/* public.c - what a public key says of itself: its type, its strength, its fingerprint. */
#include "key/public.h"

#include "base/reader.h"
#include "base/writer.h"
#include "key/certificate.h"
#include "key/signature.h"

#include <limits.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define LINE_MAX_LEN 65536
#define BASE64_VARIANT sodium_base64_VARIANT_ORIGINAL
#define FINGERPRINT_PREFIX "SHA256:"
#define POINT_UNCOMPRESSED 4
#define SK_SINCE 802   /* OpenSSH 8.2 */
#define DSA_UNTIL 1000 /* 10.0 no longer has it */
#define NOT_SSHD UINT_MAX
/* What OpenSSH takes of a modulus (SSH_RSA_MINIMUM_MODULUS_SIZE, SSHBUF_MAX_BIGNUM). */
#define RSA_BITS_MIN 1024
#define RSA_BITS_MAX 16384

struct key_type;

/* Reads the fields of the key alone, up to what a certificate adds. */
typedef enum err key_fields(struct reader *in, const struct key_type *type, unsigned *bits);

struct key_type {
	const char *name;
	const char *plain; /* of a certificate: the type of the key in it; else NULL */
	key_fields *fields;
	size_t mpints, modulus; /* how many, and which of them is the modulus */
	const char *curve;
	unsigned bits;
	size_t size;	       /* of the point or the key in bytes */
	bool sk;	       /* an application follows */
	unsigned since, until; /* the releases of OpenSSH that have it, until: not any more; 0: no limit */
};

/* RFC 4251 section 5: not negative, no needless zero in front. */
static enum err read_mpint(struct reader *in, unsigned *bits)
{
	const uint8_t *n;
	size_t len;
	unsigned top;
	enum err e;

	if ((e = read_string(in, &n, &len)))
		return e;
	if (!len) {
		*bits = 0;
		return ERR_NONE;
	}
	if (n[0] & 0x80 || (!n[0] && (len == 1 || !(n[1] & 0x80))))
		return ERR_SYNTAX;
	if (!n[0]) {
		n++;
		len--;
	}
	for (top = 0; n[0] >> top; top++)
		;
	*bits = (unsigned)(len - 1) * 8 + top;
	return ERR_NONE;
}

/* RSA is e, n; DSA is p, q, g, y. None of them can be zero. */
static enum err mpint_fields(struct reader *in, const struct key_type *type, unsigned *bits)
{
	unsigned n, modulus = 0;
	enum err e;

	for (size_t i = 0; i < type->mpints; i++) {
		if ((e = read_mpint(in, &n)))
			return e;
		if (!n)
			return ERR_SYNTAX;
		if (i == type->modulus)
			modulus = n;
	}
	*bits = modulus;
	return ERR_NONE;
}

static enum err ecdsa_fields(struct reader *in, const struct key_type *type, unsigned *bits)
{
	const uint8_t *curve, *point;
	size_t curve_len, point_len;
	enum err e;

	if ((e = read_string(in, &curve, &curve_len)))
		return e;
	if (curve_len != strlen(type->curve) || memcmp(curve, type->curve, curve_len) != 0)
		return ERR_SYNTAX;
	if ((e = read_string(in, &point, &point_len)))
		return e;
	/* RFC 5656 allows compressed points; OpenSSH neither writes nor reads them */
	if (point_len != type->size || point[0] != POINT_UNCOMPRESSED)
		return ERR_SYNTAX;
	*bits = type->bits;
	return ERR_NONE;
}

static enum err edwards_fields(struct reader *in, const struct key_type *type, unsigned *bits)
{
	const uint8_t *key;
	size_t len;
	enum err e;

	if ((e = read_string(in, &key, &len)))
		return e;
	if (len != type->size)
		return ERR_SYNTAX;
	*bits = type->bits;
	return ERR_NONE;
}

#define CERT "-cert-v01@openssh.com"
#define RSA .fields = mpint_fields, .mpints = 2, .modulus = 1
#define DSA .fields = mpint_fields, .mpints = 4, .modulus = 0, .until = DSA_UNTIL
#define SK .sk = true, .since = SK_SINCE
#define P256 .fields = ecdsa_fields, .curve = "nistp256", .bits = 256, .size = 65
#define P384 .fields = ecdsa_fields, .curve = "nistp384", .bits = 384, .size = 97
#define P521 .fields = ecdsa_fields, .curve = "nistp521", .bits = 521, .size = 133
#define ED25519 .fields = edwards_fields, .bits = 256, .size = 32

static const struct key_type types[] = {
	{ .name = "ssh-rsa", RSA },
	{ .name = "ssh-dss", DSA },
	{ .name = "ecdsa-sha2-nistp256", P256 },
	{ .name = "ecdsa-sha2-nistp384", P384 },
	{ .name = "ecdsa-sha2-nistp521", P521 },
	{ .name = "ssh-ed25519", ED25519 },
	{ .name = "ssh-ed448", .fields = edwards_fields, .bits = 448, .size = 57, .since = NOT_SSHD },
	{ .name = "sk-ecdsa-sha2-nistp256@openssh.com", P256, SK },
	{ .name = "sk-ssh-ed25519@openssh.com", ED25519, SK },
	{ .name = "ssh-rsa" CERT, .plain = "ssh-rsa", RSA },
	{ .name = "ssh-dss" CERT, .plain = "ssh-dss", DSA },
	{ .name = "ecdsa-sha2-nistp256" CERT, .plain = "ecdsa-sha2-nistp256", P256 },
	{ .name = "ecdsa-sha2-nistp384" CERT, .plain = "ecdsa-sha2-nistp384", P384 },
	{ .name = "ecdsa-sha2-nistp521" CERT, .plain = "ecdsa-sha2-nistp521", P521 },
	{ .name = "ssh-ed25519" CERT, .plain = "ssh-ed25519", ED25519 },
	{ .name = "sk-ecdsa-sha2-nistp256" CERT, .plain = "sk-ecdsa-sha2-nistp256@openssh.com", P256, SK },
	{ .name = "sk-ssh-ed25519" CERT, .plain = "sk-ssh-ed25519@openssh.com", ED25519, SK },
};

static const struct key_type *type_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (!strcmp(types[i].name, name))
			return &types[i];
	return NULL;
}

static enum err type_copy(const uint8_t *name, size_t len, struct public_key *k)
{
	if (!len || len >= sizeof k->type)
		return ERR_SYNTAX;
	for (size_t i = 0; i < len; i++)
		if (name[i] <= ' ' || name[i] >= 0x7f || name[i] == ',')
			return ERR_SYNTAX;
	memcpy(k->type, name, len);
	k->type[len] = '\0';
	return ERR_NONE;
}

static enum err skip_strings(struct reader *in, size_t count)
{
	const uint8_t *unused;
	size_t len;
	enum err e = ERR_NONE;

	for (size_t i = 0; i < count && !e; i++)
		e = read_string(in, &unused, &len);
	return e;
}

/* PROTOCOL.certkeys: what follows the key's own fields. */
static enum err cert_rest(struct reader *in)
{
	enum err e;

	if ((e = read_skip(in, 8 + 4)) || /* serial, kind */
	    (e = skip_strings(in, 2)) ||  /* key id, principals */
	    (e = read_skip(in, 8 + 8)))	  /* valid after, before */
		return e;
	return skip_strings(in, 5); /* critical options, extensions, reserved, CA key, signature */
}

static enum err key_body(struct reader *in, const struct key_type *type, unsigned *bits)
{
	enum err e;

	if ((e = type->fields(in, type, bits)))
		return e;
	return type->sk ? skip_strings(in, 1) : ERR_NONE;
}

static void hash_string(crypto_hash_sha256_state *h, const char *s)
{
	uint32_t len = (uint32_t)strlen(s);
	uint8_t size[4];

	store_u32(size, len);
	crypto_hash_sha256_update(h, size, sizeof size);
	crypto_hash_sha256_update(h, (const uint8_t *)s, len);
}

/* Of the key, also where it stands in a certificate: ssh-keygen -l shows the same then. */
static void fingerprint_set(struct public_key *k, const char *type, const uint8_t *body, size_t len)
{
	uint8_t digest[crypto_hash_sha256_BYTES];
	crypto_hash_sha256_state h;
	size_t prefix = strlen(FINGERPRINT_PREFIX);

	crypto_hash_sha256_init(&h);
	hash_string(&h, type);
	crypto_hash_sha256_update(&h, body, len);
	crypto_hash_sha256_final(&h, digest);
	memcpy(k->fingerprint, FINGERPRINT_PREFIX, prefix);
	sodium_bin2base64(k->fingerprint + prefix, sizeof k->fingerprint - prefix, digest, sizeof digest,
			  sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
}

static enum err known_parse(struct reader *in, const struct key_type *type, struct public_key *k)
{
	const uint8_t *body;
	size_t len;
	enum err e;

	if (type->plain && (e = skip_strings(in, 1))) /* nonce */
		return e;
	body = in->at;
	if ((e = key_body(in, type, &k->bits)))
		return e;
	len = (size_t)(in->at - body);
	if ((type->plain && (e = cert_rest(in))) || (e = read_end(in)))
		return e;
	fingerprint_set(k, type->plain ? type->plain : type->name, body, len);
	return ERR_NONE;
}

enum err public_key_parse_blob(const uint8_t *blob, size_t len, struct public_key *out)
{
	struct reader in = { .at = blob, .left = len };
	struct public_key k = { 0 };
	const struct key_type *type;
	const uint8_t *name;
	size_t name_len;
	enum err e;

	if ((e = read_string(&in, &name, &name_len)) || (e = type_copy(name, name_len, &k)))
		return e;
	if (!(type = type_find(k.type)))
		fingerprint_set(&k, k.type, in.at, in.left);
	else if ((e = known_parse(&in, type, &k)))
		return e;
	*out = k;
	return ERR_NONE;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static size_t word_take(const char **at, size_t *left, const char **word)
{
	size_t n = 0;

	while (*left && is_blank(**at)) {
		++*at;
		--*left;
	}
	*word = *at;
	while (n < *left && !is_blank((*at)[n]))
		n++;
	*at += n;
	*left -= n;
	return n;
}

static enum err base64_parse(const char *word, size_t len, struct public_key *k)
{
	uint8_t *blob = malloc(len);
	size_t blob_len;
	enum err e = ERR_SYNTAX;

	if (!blob)
		return ERR_MEMORY;
	if (!sodium_base642bin(blob, len, word, len, NULL, &blob_len, NULL, BASE64_VARIANT))
		e = public_key_parse_blob(blob, blob_len, k);
	free(blob);
	return e;
}

enum err public_key_parse_line(const char *line, size_t len, struct public_key *out)
{
	const char *type, *base64;
	size_t type_len, base64_len;
	struct public_key k;
	enum err e;

	if (len > LINE_MAX_LEN)
		return ERR_TOO_BIG;
	type_len = word_take(&line, &len, &type);
	base64_len = word_take(&line, &len, &base64);
	if (!type_len || !base64_len)
		return ERR_SYNTAX;
	if ((e = base64_parse(base64, base64_len, &k)))
		return e;
	if (strlen(k.type) != type_len || memcmp(k.type, type, type_len) != 0)
		return ERR_SYNTAX;
	*out = k;
	return ERR_NONE;
}

/* Names of signature algorithms that sshd takes for the type of the key. */
static const struct alias {
	const char *name, *type;
} aliases[] = {
	{ "rsa-sha2-256", "ssh-rsa" },
	{ "rsa-sha2-512", "ssh-rsa" },
	{ "rsa-sha2-256" CERT, "ssh-rsa" CERT },
	{ "rsa-sha2-512" CERT, "ssh-rsa" CERT },
	{ "webauthn-sk-ecdsa-sha2-nistp256@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com" },
};

static bool word_is(const char *word, size_t len, const char *name)
{
	return strlen(name) == len && !memcmp(word, name, len);
}

static const struct key_type *type_of_word(const char *word, size_t len, unsigned release)
{
	const struct key_type *t;

	for (size_t i = 0; i < ARRAY_SIZE(aliases); i++)
		if (word_is(word, len, aliases[i].name)) {
			word = aliases[i].type;
			len = strlen(word);
		}
	for (t = types; t < types + ARRAY_SIZE(types); t++)
		if (word_is(word, len, t->name))
			return release < t->since || (t->until && release >= t->until) ? NULL : t;
	return NULL;
}

/* What sshd's decoder skips inside of a word, where no blank and no tab can be. */
#define BASE64_SKIPPED "\r\n\v\f"

static enum err blob_decode(const char *word, size_t len, struct public_key_line *l)
{
	uint8_t *blob = malloc(len ? len : 1);

	if (!blob)
		return ERR_MEMORY;
	if (sodium_base642bin(blob, len, word, len, BASE64_SKIPPED, &l->blob_len, NULL, BASE64_VARIANT)) {
		free(blob);
		return ERR_SYNTAX;
	}
	l->blob = blob;
	return public_key_parse_blob(l->blob, l->blob_len, &l->key);
}

/* Words end at these only, a CR is part of one. */
static size_t plain_word(const char **at, size_t *left, const char **word)
{
	size_t n = 0;

	for (; *left && (**at == ' ' || **at == '\t'); ++*at)
		--*left;
	*word = *at;
	while (n < *left && (*at)[n] != ' ' && (*at)[n] != '\t')
		n++;
	*at += n;
	*left -= n;
	return n;
}

static enum err comment_copy(const char *s, size_t len, struct public_key_line *l)
{
	while (len && is_blank(*s)) {
		s++;
		len--;
	}
	while (len && is_blank(s[len - 1]))
		len--;
	return (l->comment = strndup(len ? s : "", len)) ? ERR_NONE : ERR_MEMORY;
}

static enum err line_decode(const char *line, size_t len, unsigned release, struct public_key_line *l)
{
	const char *word, *base64;
	const struct key_type *type;
	size_t n;
	enum err e;

	n = plain_word(&line, &len, &word);
	if (!(type = type_of_word(word, n, release)))
		return ERR_UNSUPPORTED;
	if (!(n = plain_word(&line, &len, &base64)))
		return ERR_SYNTAX;
	if ((e = blob_decode(base64, n, l)))
		return e;
	if (strcmp(l->key.type, type->name) != 0)
		return ERR_SYNTAX;
	if (type->mpints == 2 && (l->key.bits < RSA_BITS_MIN || l->key.bits > RSA_BITS_MAX))
		return ERR_RANGE;
	if (type->plain && (e = certificate_verify(l->blob, l->blob_len)))
		return e;
	if (type->curve && !type->plain && (e = signature_key_check(l->blob, l->blob_len)))
		return e;
	return comment_copy(line, len, l);
}

enum err public_key_decode_line(const char *line, size_t len, unsigned release, struct public_key_line *out)
{
	struct public_key_line l = { 0 };
	enum err e;

	if ((e = line_decode(line, strnlen(line, len), release, &l))) {
		public_key_line_clear(&l);
		return e;
	}
	*out = l;
	return ERR_NONE;
}

void public_key_line_clear(struct public_key_line *l)
{
	free(l->blob);
	free(l->comment);
	*l = (struct public_key_line){ 0 };
}
