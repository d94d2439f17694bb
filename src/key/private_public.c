/* SPDX-License-Identifier: GPL-3.0-or-later */
/* private_public.c - the public key of a private one that lies open: read from beside the secret, else worked out and the rest wiped. */
#include "key/private_read.h"

#include "base/text.h"
#include "base/writer.h"
#include "key/der.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/objects.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define DSA_BYTES_MAX 513 /* 4096 bits and a sign: working out y takes time with the cube of it; ssh-dss has 1024 */
#define MPI_LENGTH 4
#define DSA_MPI_MAX (MPI_LENGTH + DSA_BYTES_MAX)
#define POINT_MAX 133 /* of P-521 */

static const struct curve {
	int nid;
	const char *type, *name;
	size_t size; /* of the scalar in bytes */
} curves[] = {
	{ NID_X9_62_prime256v1, "ecdsa-sha2-nistp256", "nistp256", 32 },
	{ NID_secp384r1, "ecdsa-sha2-nistp384", "nistp384", 48 },
	{ NID_secp521r1, "ecdsa-sha2-nistp521", "nistp521", 66 },
};

/* What PEM and PKCS#8 call the types of SSH. */
static const struct family {
	const char *type, *algorithm;
} families[] = {
	{ "ssh-rsa", "RSA" },	    { "ssh-dss", "DSA" },	  { "ecdsa-sha2-", "EC" },
	{ "sk-ecdsa-sha2-", "EC" }, { "ssh-ed25519", "Ed25519" }, { "sk-ssh-ed25519", "Ed25519" },
	{ "ssh-ed448", "Ed448" },
};

enum err private_blob_keep(struct private_key *k, const uint8_t *blob, size_t len)
{
	uint8_t *copy;
	enum err e;

	if ((e = public_key_parse_blob(blob, len, &k->key)))
		return e;
	if (!(copy = malloc(len)))
		return ERR_MEMORY;
	memcpy(copy, blob, len);
	k->blob = copy;
	k->blob_len = len;
	k->sk = !strncmp(k->key.type, "sk-", 3);
	for (size_t i = 0; i < ARRAY_SIZE(families); i++)
		if (!strncmp(k->key.type, families[i].type, strlen(families[i].type)))
			(void)snprintf(k->algorithm, sizeof k->algorithm, "%s", families[i].algorithm);
	return ERR_NONE;
}

static void put_word(struct text *t, const char *s)
{
	write_string(t, s, strlen(s));
}

static enum err blob_take(struct private_key *k, struct text *t)
{
	enum err e;

	if (!(e = text_check(t)))
		e = private_blob_keep(k, (const uint8_t *)t->s, t->len);
	text_free(t);
	return e;
}

/* Numbers in the order of the structure; DER has them as SSH does. */
static enum err numbers_take(struct reader *in, struct reader *numbers, size_t n)
{
	enum err e = ERR_NONE;

	for (size_t i = 0; i < n && !e; i++)
		e = der_take_number(in, &numbers[i]);
	return e;
}

static enum err numbers_keep(struct private_key *k, const char *type, const struct reader *numbers, size_t n)
{
	struct text t = { 0 };

	put_word(&t, type);
	for (size_t i = 0; i < n; i++)
		write_string(&t, numbers[i].at, numbers[i].left);
	return blob_take(k, &t);
}

enum err private_rsa_keep(struct private_key *k, struct reader sequence)
{
	struct reader n[9], public[2]; /* version, n, e, d, p, q, d mod p-1, d mod q-1, 1/q mod p */
	enum err e;

	if ((e = numbers_take(&sequence, n, ARRAY_SIZE(n))))
		return e;
	public[0] = n[2];
	public[1] = n[1];
	return numbers_keep(k, "ssh-rsa", public, ARRAY_SIZE(public));
}

enum err private_dsa_keep(struct private_key *k, struct reader sequence)
{
	struct reader n[6]; /* version, p, q, g, y, x */
	enum err e;

	if ((e = numbers_take(&sequence, n, ARRAY_SIZE(n))) || (e = read_end(&sequence)))
		return e;
	return numbers_keep(k, "ssh-dss", n + 1, 4);
}

/* y = g^x mod p as BN_bn2mpi() has it: four bytes of length, then an SSH mpint, whose length is returned; 0: it cannot be had. */
static size_t dsa_raise(struct reader p, struct reader g, struct reader x, uint8_t out[DSA_MPI_MAX])
{
	BIGNUM *bp = BN_bin2bn(p.at, (int)p.left, NULL), *bg = BN_bin2bn(g.at, (int)g.left, NULL);
	BIGNUM *bx = BN_secure_new(), *y = BN_new();
	BN_CTX *ctx = BN_CTX_secure_new();
	size_t len = 0;

	if (bp && bg && bx && y && ctx && BN_bin2bn(x.at, (int)x.left, bx) && BN_is_odd(bp) && BN_cmp(bx, bp) < 0) {
		BN_set_flags(bx, BN_FLG_CONSTTIME);
		if (BN_mod_exp(y, bg, bx, bp, ctx))
			len = (size_t)BN_bn2mpi(y, out) - MPI_LENGTH;
	}
	BN_CTX_free(ctx);
	BN_free(y);
	BN_clear_free(bx);
	BN_free(bg);
	BN_free(bp);
	ERR_clear_error();
	return len;
}

enum err private_dsa_derive(struct private_key *k, struct reader parameters, struct reader x)
{
	uint8_t y[DSA_MPI_MAX];
	struct reader n[4]; /* p, q, g, y */
	enum err e;

	if ((e = numbers_take(&parameters, n, 3)) || (e = read_end(&parameters)))
		return e;
	if (n[0].left > DSA_BYTES_MAX || n[2].left > n[0].left || x.left > n[0].left)
		return ERR_NONE;
	n[3].at = y + MPI_LENGTH;
	n[3].left = dsa_raise(n[0], n[2], x, y);
	return n[3].left ? numbers_keep(k, "ssh-dss", n, ARRAY_SIZE(n)) : ERR_SYNTAX;
}

enum err private_ed25519_derive(struct private_key *k, struct reader seed)
{
	uint8_t pk[crypto_sign_PUBLICKEYBYTES], sk[crypto_sign_SECRETKEYBYTES];
	struct text t = { 0 };

	if (seed.left != crypto_sign_SEEDBYTES)
		return ERR_SYNTAX;
	crypto_sign_seed_keypair(pk, sk, seed.at);
	sodium_memzero(sk, sizeof sk);
	put_word(&t, "ssh-ed25519");
	write_string(&t, pk, sizeof pk);
	return blob_take(k, &t);
}

/* The point as SSH has it, from any form that stands in the file or, where none does, from the scalar; 0: it is none. */
static size_t ec_point(const struct curve *c, struct reader point, struct reader scalar, uint8_t out[POINT_MAX])
{
	EC_GROUP *group = EC_GROUP_new_by_curve_name(c->nid);
	EC_POINT *p = group ? EC_POINT_new(group) : NULL;
	BIGNUM *d = BN_secure_new();
	BN_CTX *ctx = BN_CTX_secure_new();
	size_t len = 0;

	if (p && d && ctx &&
	    (point.left ? EC_POINT_oct2point(group, p, point.at, point.left, ctx)
			: BN_bin2bn(scalar.at, (int)scalar.left, d) && EC_POINT_mul(group, p, d, NULL, NULL, ctx)) &&
	    !EC_POINT_is_at_infinity(group, p))
		len = EC_POINT_point2oct(group, p, POINT_CONVERSION_UNCOMPRESSED, out, POINT_MAX, ctx);
	BN_CTX_free(ctx);
	BN_clear_free(d);
	EC_POINT_free(p);
	EC_GROUP_free(group);
	ERR_clear_error();
	return len;
}

static enum err ec_known_keep(struct private_key *k, const struct curve *c, struct reader point, struct reader scalar)
{
	uint8_t out[POINT_MAX];
	struct text t = { 0 };
	size_t len;

	if (scalar.left > c->size || !(len = ec_point(c, point, scalar, out)))
		return ERR_SYNTAX;
	put_word(&t, c->type);
	put_word(&t, c->name);
	write_string(&t, out, len);
	return blob_take(k, &t);
}

/* [0] of ECPrivateKey: the name of a curve, or its numbers, which leave *nid at 0. */
static enum err ec_curve(struct reader *sequence, int *nid)
{
	struct reader in;
	enum err e;

	if (!der_next_is(sequence, DER_CONTEXT_0))
		return ERR_NONE;
	if ((e = der_take(sequence, DER_CONTEXT_0, &in)) || !der_next_is(&in, DER_OID))
		return e;
	if ((e = der_take_oid(&in, nid, NULL)))
		return e;
	return read_end(&in);
}

enum err private_ec_keep(struct private_key *k, struct reader sequence, int curve)
{
	struct reader scalar, point = { 0 }, in;
	uint64_t version;
	enum err e;

	if ((e = der_take_count(&sequence, &version)) || (e = der_take(&sequence, DER_OCTETS, &scalar)) ||
	    (e = ec_curve(&sequence, &curve)))
		return e;
	if (der_next_is(&sequence, DER_CONTEXT_1) &&
	    ((e = der_take(&sequence, DER_CONTEXT_1, &in)) || (e = der_take_bits(&in, &point)) || (e = read_end(&in))))
		return e;
	if (version != 1 || read_end(&sequence))
		return ERR_SYNTAX;
	for (size_t i = 0; i < ARRAY_SIZE(curves); i++)
		if (curves[i].nid == curve)
			return ec_known_keep(k, &curves[i], point, scalar);
	return ERR_NONE;
}
