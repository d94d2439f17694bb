/* SPDX-License-Identifier: GPL-3.0-or-later */
/* signature.c - finds the key, the algorithm and the signature in their blobs; libsodium and OpenSSL do the rest. */
#include "key/signature.h"

#include "base/reader.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <sodium.h>
#include <string.h>

#include "base/banned.h"

/* What sshd refuses too. */
#define RSA_BITS_MIN 1024
#define RSA_BITS_MAX 16384
#define MPINT_MAX (RSA_BITS_MAX / 8 + 1)
#define POINT_UNCOMPRESSED 4

struct bytes {
	const uint8_t *at;
	size_t len;
};

struct key_kind;

/* A public key: the parts that its kind has, borrowed from the blob. */
struct public_parts {
	const struct key_kind *kind;
	struct bytes e, n;	  /* RSA */
	struct bytes point;	  /* ECDSA, Ed25519: the key */
	struct bytes application; /* security keys */
};

struct key_kind {
	const char *name;
	enum err (*parse)(struct reader *in, struct public_parts *k);
	const char *curve, *group; /* as SSH and as OpenSSL call it */
	bool sk;
};

static enum err take(struct reader *in, struct bytes *out)
{
	return read_string(in, &out->at, &out->len);
}

static bool bytes_are(struct bytes b, const char *s)
{
	return b.len == strlen(s) && !memcmp(b.at, s, b.len);
}

/* Not negative, and of a size that somebody may have chosen. */
static enum err take_mpint(struct reader *in, struct bytes *out)
{
	enum err e;

	if ((e = take(in, out)))
		return e;
	return out->len > MPINT_MAX || (out->len && out->at[0] & 0x80) ? ERR_SYNTAX : ERR_NONE;
}

static enum err parse_rsa(struct reader *in, struct public_parts *k)
{
	enum err e;

	if ((e = take_mpint(in, &k->e)))
		return e;
	return take_mpint(in, &k->n);
}

static enum err parse_ecdsa(struct reader *in, struct public_parts *k)
{
	struct bytes curve;
	enum err e;

	if ((e = take(in, &curve)))
		return e;
	if (!bytes_are(curve, k->kind->curve))
		return ERR_SYNTAX;
	if ((e = take(in, &k->point)))
		return e;
	return k->point.len && k->point.at[0] == POINT_UNCOMPRESSED ? ERR_NONE : ERR_SYNTAX;
}

static enum err parse_ed25519(struct reader *in, struct public_parts *k)
{
	enum err e;

	if ((e = take(in, &k->point)))
		return e;
	return k->point.len == crypto_sign_PUBLICKEYBYTES ? ERR_NONE : ERR_SYNTAX;
}

static const struct key_kind kinds[] = {
	{ "ssh-ed25519", parse_ed25519 },
	{ "ssh-rsa", parse_rsa },
	{ "ecdsa-sha2-nistp256", parse_ecdsa, "nistp256", "P-256" },
	{ "ecdsa-sha2-nistp384", parse_ecdsa, "nistp384", "P-384" },
	{ "ecdsa-sha2-nistp521", parse_ecdsa, "nistp521", "P-521" },
	{ "sk-ssh-ed25519@openssh.com", parse_ed25519, .sk = true },
	{ "sk-ecdsa-sha2-nistp256@openssh.com", parse_ecdsa, "nistp256", "P-256", .sk = true },
};

static enum err key_parse(const uint8_t *key, size_t len, struct public_parts *out)
{
	struct reader in = { .at = key, .left = len };
	struct public_parts k = { 0 };
	struct bytes type;
	enum err e;

	if ((e = take(&in, &type)))
		return e;
	for (size_t i = 0; i < ARRAY_SIZE(kinds) && !k.kind; i++)
		if (bytes_are(type, kinds[i].name))
			k.kind = &kinds[i];
	if (!k.kind)
		return ERR_UNSUPPORTED;
	if ((e = k.kind->parse(&in, &k)) || (k.kind->sk && (e = take(&in, &k.application))) || (e = read_end(&in)))
		return e;
	*out = k;
	return ERR_NONE;
}

static EVP_PKEY *pkey_new(const char *type, OSSL_PARAM *params)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	EVP_PKEY *pkey = NULL;

	if (!ctx || EVP_PKEY_fromdata_init(ctx) <= 0 || EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params) <= 0)
		pkey = NULL;
	EVP_PKEY_CTX_free(ctx);
	return pkey;
}

static EVP_PKEY *pkey_rsa(const struct public_parts *k)
{
	BIGNUM *n = BN_bin2bn(k->n.at, (int)k->n.len, NULL), *e = BN_bin2bn(k->e.at, (int)k->e.len, NULL);
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	OSSL_PARAM *params = NULL;
	EVP_PKEY *pkey = NULL;

	if (n && e && build && BN_num_bits(n) >= RSA_BITS_MIN && BN_num_bits(n) <= RSA_BITS_MAX &&
	    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n) &&
	    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e) && (params = OSSL_PARAM_BLD_to_param(build)))
		pkey = pkey_new("RSA", params);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(build);
	BN_free(e);
	BN_free(n);
	return pkey;
}

/* OpenSSL takes no point that is not on the curve. */
static EVP_PKEY *pkey_ecdsa(const struct public_parts *k)
{
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	OSSL_PARAM *params = NULL;
	EVP_PKEY *pkey = NULL;

	if (build && OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, k->kind->group, 0) &&
	    OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, k->point.at, k->point.len) &&
	    (params = OSSL_PARAM_BLD_to_param(build)))
		pkey = pkey_new("EC", params);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(build);
	return pkey;
}

/* The whole of it: key, digest, signature in the form OpenSSL wants, data. */
static enum err pkey_verify(EVP_PKEY *pkey, const char *digest, struct bytes signature, struct bytes data)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	enum err e = ERR_SIGNATURE;

	if (!ctx)
		return ERR_MEMORY;
	if (EVP_DigestVerifyInit_ex(ctx, NULL, digest, NULL, NULL, pkey, NULL) == 1 &&
	    EVP_DigestVerify(ctx, signature.at, signature.len, data.at, data.len) == 1)
		e = ERR_NONE;
	EVP_MD_CTX_free(ctx);
	return e;
}

struct algorithm;

/* One signature to be checked; 'signature' is what the algorithm itself made. */
struct check {
	const struct algorithm *algorithm;
	struct public_parts key;
	struct bytes signature, data;
};

struct algorithm {
	const char *name, *key;
	enum err (*verify)(const struct check *c);
	const char *digest;
};

static enum err verify_ed25519(const struct check *c)
{
	if (c->signature.len != crypto_sign_BYTES ||
	    crypto_sign_verify_detached(c->signature.at, c->data.at, c->data.len, c->key.point.at))
		return ERR_SIGNATURE;
	return ERR_NONE;
}

/* OpenSSL wants a signature as long as the modulus; SSH allows zeros in front to be left out. */
static enum err verify_rsa(const struct check *c)
{
	EVP_PKEY *pkey = pkey_rsa(&c->key);
	uint8_t padded[RSA_BITS_MAX / 8] = { 0 };
	enum err e = ERR_SIGNATURE;
	size_t size;

	if (!pkey)
		return ERR_SIGNATURE;
	size = (size_t)EVP_PKEY_get_size(pkey);
	if (c->signature.len && c->signature.len <= size && size <= sizeof padded) {
		memcpy(padded + size - c->signature.len, c->signature.at, c->signature.len);
		e = pkey_verify(pkey, c->algorithm->digest, (struct bytes){ padded, size }, c->data);
	}
	EVP_PKEY_free(pkey);
	return e;
}

/* Two numbers in SSH's form to ASN.1; the result is freed with OPENSSL_free(). NULL: no such pair, or no memory. */
static uint8_t *ecdsa_to_der(struct bytes pair, size_t *len)
{
	struct reader in = { .at = pair.at, .left = pair.len };
	ECDSA_SIG *sig = ECDSA_SIG_new();
	BIGNUM *r = NULL, *s = NULL;
	uint8_t *der = NULL;
	struct bytes rb, sb;
	int n = -1;

	if (sig && !take_mpint(&in, &rb) && !take_mpint(&in, &sb) && !read_end(&in) &&
	    (r = BN_bin2bn(rb.at, (int)rb.len, NULL)) && (s = BN_bin2bn(sb.at, (int)sb.len, NULL)) &&
	    ECDSA_SIG_set0(sig, r, s)) {
		r = s = NULL; /* they are sig's now */
		n = i2d_ECDSA_SIG(sig, &der);
	}
	BN_free(s);
	BN_free(r);
	ECDSA_SIG_free(sig);
	if (n <= 0)
		return NULL;
	*len = (size_t)n;
	return der;
}

static enum err verify_ecdsa(const struct check *c)
{
	struct bytes der = { 0 };
	uint8_t *bytes = ecdsa_to_der(c->signature, &der.len);
	EVP_PKEY *pkey = pkey_ecdsa(&c->key);
	enum err e = ERR_SIGNATURE;

	der.at = bytes;
	if (bytes && pkey)
		e = pkey_verify(pkey, c->algorithm->digest, der, c->data);
	EVP_PKEY_free(pkey);
	OPENSSL_free(bytes);
	return e;
}

static const struct algorithm algorithms[] = {
	{ "ssh-ed25519", "ssh-ed25519", verify_ed25519 },
	{ "ssh-rsa", "ssh-rsa", verify_rsa, "SHA1" },
	{ "rsa-sha2-256", "ssh-rsa", verify_rsa, "SHA256" },
	{ "rsa-sha2-512", "ssh-rsa", verify_rsa, "SHA512" },
	{ "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256", verify_ecdsa, "SHA256" },
	{ "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp384", verify_ecdsa, "SHA384" },
	{ "ecdsa-sha2-nistp521", "ecdsa-sha2-nistp521", verify_ecdsa, "SHA512" },
	{ "sk-ssh-ed25519@openssh.com", "sk-ssh-ed25519@openssh.com", verify_ed25519 },
	{ "sk-ecdsa-sha2-nistp256@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com", verify_ecdsa, "SHA256" },
};

static const struct algorithm *algorithm_find(struct bytes name)
{
	for (const struct algorithm *a = algorithms; a < algorithms + ARRAY_SIZE(algorithms); a++)
		if (bytes_are(name, a->name))
			return a;
	return NULL;
}

/* PROTOCOL.u2f: what a security key really signs. */
#define SK_SIGNED (crypto_hash_sha256_BYTES + 1 + 4 + crypto_hash_sha256_BYTES)

static void sk_signed(const struct check *c, const uint8_t flags_counter[5], uint8_t out[static SK_SIGNED])
{
	crypto_hash_sha256(out, c->key.application.at, c->key.application.len);
	memcpy(out + crypto_hash_sha256_BYTES, flags_counter, 5);
	crypto_hash_sha256(out + crypto_hash_sha256_BYTES + 5, c->data.at, c->data.len);
}

static enum err verify_sk(struct check *c, struct reader *rest, struct signature_facts *facts)
{
	struct reader in = *rest;
	uint8_t flags_counter[5], message[SK_SIGNED];

	if (read_bytes(rest, flags_counter, sizeof flags_counter) || read_end(rest) || read_u8(&in, &facts->sk_flags) ||
	    read_u32(&in, &facts->sk_counter))
		return ERR_SIGNATURE;
	facts->security_key = true;
	sk_signed(c, flags_counter, message);
	c->data = (struct bytes){ message, sizeof message };
	return c->algorithm->verify(c);
}

/* The parts of the signature's own blob, then the algorithm. */
static enum err signature_check(struct check *c, struct bytes blob, struct signature_facts *facts)
{
	struct reader in = { .at = blob.at, .left = blob.len };
	struct bytes name;

	if (take(&in, &name))
		return ERR_SIGNATURE;
	if (name.len && !name.at[name.len - 1])
		name.len--; /* sshd lets one NUL stand at the end */
	if (!(c->algorithm = algorithm_find(name)))
		return ERR_UNSUPPORTED;
	if (strcmp(c->algorithm->key, c->key.kind->name) != 0 || take(&in, &c->signature))
		return ERR_SIGNATURE;
	memcpy(facts->algorithm, name.at, name.len); /* every name in the table fits */
	if (c->key.kind->sk)
		return verify_sk(c, &in, facts);
	if (read_end(&in))
		return ERR_SIGNATURE;
	return c->algorithm->verify(c);
}

enum err signature_verify(const uint8_t *key, size_t key_len, const uint8_t *signature, size_t signature_len,
			  const uint8_t *data, size_t len, struct signature_facts *facts)
{
	struct check c = { .data = { data, len } };
	struct signature_facts f = { 0 };
	enum err e;

	if ((e = key_parse(key, key_len, &c.key)))
		return e;
	e = signature_check(&c, (struct bytes){ signature, signature_len }, &f);
	ERR_clear_error();
	if (!e && facts)
		*facts = f;
	return e;
}

enum err signature_key_check(const uint8_t *key, size_t key_len)
{
	struct public_parts k;
	EVP_PKEY *pkey;
	enum err e;

	if ((e = key_parse(key, key_len, &k)))
		return e;
	if (!k.kind->curve)
		return ERR_NONE;
	pkey = pkey_ecdsa(&k);
	e = pkey ? ERR_NONE : ERR_SYNTAX;
	EVP_PKEY_free(pkey);
	ERR_clear_error();
	return e;
}
