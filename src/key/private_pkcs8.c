/* SPDX-License-Identifier: GPL-3.0-or-later */
/* private_pkcs8.c - PKCS#8 (RFC 5958): the key that lies open in it, or how it is encrypted (RFC 8018, RFC 7914, RFC 7292). */
#include "key/private_read.h"

#include "key/der.h"

#include <openssl/objects.h>
#include <stdio.h>

#include "base/banned.h"

/* Schemes that are cipher and KDF in one. */
static const struct scheme {
	int nid;
	enum private_kdf kdf;
} schemes[] = {
	{ NID_pbeWithMD2AndDES_CBC, PRIVATE_KDF_PBKDF1 },
	{ NID_pbeWithMD2AndRC2_CBC, PRIVATE_KDF_PBKDF1 },
	{ NID_pbeWithMD5AndDES_CBC, PRIVATE_KDF_PBKDF1 },
	{ NID_pbeWithMD5AndRC2_CBC, PRIVATE_KDF_PBKDF1 },
	{ NID_pbeWithSHA1AndDES_CBC, PRIVATE_KDF_PBKDF1 },
	{ NID_pbeWithSHA1AndRC2_CBC, PRIVATE_KDF_PBKDF1 },
	{ NID_pbe_WithSHA1And128BitRC4, PRIVATE_KDF_PKCS12 },
	{ NID_pbe_WithSHA1And40BitRC4, PRIVATE_KDF_PKCS12 },
	{ NID_pbe_WithSHA1And3_Key_TripleDES_CBC, PRIVATE_KDF_PKCS12 },
	{ NID_pbe_WithSHA1And2_Key_TripleDES_CBC, PRIVATE_KDF_PKCS12 },
	{ NID_pbe_WithSHA1And128BitRC2_CBC, PRIVATE_KDF_PKCS12 },
	{ NID_pbe_WithSHA1And40BitRC2_CBC, PRIVATE_KDF_PKCS12 },
};

static enum err rsa_open(struct private_key *k, const struct der_algorithm *a, struct reader key)
{
	struct reader sequence;
	enum err e;

	(void)snprintf(k->algorithm, sizeof k->algorithm, "RSA");
	if ((e = der_take(&key, DER_SEQUENCE, &sequence)))
		return e;
	return private_rsa_keep(k, sequence);
}

static enum err dsa_open(struct private_key *k, const struct der_algorithm *a, struct reader key)
{
	struct reader parameters = a->parameters, x, sequence;
	enum err e;

	(void)snprintf(k->algorithm, sizeof k->algorithm, "DSA");
	if ((e = der_take(&parameters, DER_SEQUENCE, &sequence)) || (e = der_take_number(&key, &x)))
		return e;
	return private_dsa_derive(k, sequence, x);
}

static enum err ec_open(struct private_key *k, const struct der_algorithm *a, struct reader key)
{
	struct reader parameters = a->parameters, sequence;
	int curve = 0;
	enum err e;

	(void)snprintf(k->algorithm, sizeof k->algorithm, "EC");
	if ((der_next_is(&parameters, DER_OID) && (e = der_take_oid(&parameters, &curve, NULL))) ||
	    (e = der_take(&key, DER_SEQUENCE, &sequence)))
		return e;
	return private_ec_keep(k, sequence, curve);
}

static enum err ed25519_open(struct private_key *k, const struct der_algorithm *a, struct reader key)
{
	struct reader seed;
	enum err e;

	(void)snprintf(k->algorithm, sizeof k->algorithm, "Ed25519");
	if ((e = der_take(&key, DER_OCTETS, &seed)) || (e = read_end(&key)))
		return e;
	return private_ed25519_derive(k, seed);
}

static const struct opening {
	int nid;
	enum err (*open)(struct private_key *k, const struct der_algorithm *a, struct reader key);
} openings[] = {
	{ NID_rsaEncryption, rsa_open },
	{ NID_dsa, dsa_open },
	{ NID_X9_62_id_ecPublicKey, ec_open },
	{ NID_ED25519, ed25519_open },
};

static enum err sequence_take(const struct private_armor *a, struct reader *out)
{
	struct reader in = { .at = a->bytes, .left = a->len }, sequence;
	enum err e;

	if ((e = der_take(&in, DER_SEQUENCE, &sequence)) || (e = read_end(&in)))
		return e;
	*out = sequence;
	return ERR_NONE;
}

/* Attributes and a public key may follow; what is there is not trusted over the private key. */
enum err private_pkcs8_read(const struct private_armor *a, struct private_key *k, const char **why)
{
	struct der_algorithm algorithm;
	struct reader in, key;
	uint64_t version;
	enum err e;

	if ((e = private_dek_read(a, k)) || k->encrypted)
		return e;
	if ((e = sequence_take(a, &in)) || (e = der_take_count(&in, &version)) ||
	    (e = der_take_algorithm(&in, &algorithm)) || (e = der_take(&in, DER_OCTETS, &key)))
		return e;
	if (version > 1)
		return ERR_SYNTAX;
	for (size_t i = 0; i < ARRAY_SIZE(openings); i++)
		if (openings[i].nid == algorithm.nid)
			return openings[i].open(k, &algorithm, key);
	(void)snprintf(k->algorithm, sizeof k->algorithm, "%s", algorithm.name);
	return ERR_NONE;
}

static enum err scheme_read(struct private_key *k, const struct der_algorithm *a, enum private_kdf kdf)
{
	struct reader in = a->parameters, sequence, salt;
	enum err e;

	(void)snprintf(k->cipher, sizeof k->cipher, "%s", a->name);
	k->kdf = kdf;
	if ((e = der_take(&in, DER_SEQUENCE, &sequence)) || (e = der_take(&sequence, DER_OCTETS, &salt)) ||
	    (e = der_take_count(&sequence, &k->rounds)))
		return e;
	return read_end(&sequence);
}

/* Salt, rounds, the length of the key, which may be left out, and the PRF, which is HMAC with SHA-1 where it is. */
static enum err pbkdf2_read(struct private_key *k, struct reader in)
{
	struct der_algorithm prf = { .name = "hmacWithSHA1" };
	struct reader salt;
	uint64_t length;
	enum err e;

	if ((e = der_next_is(&in, DER_OCTETS) ? der_take(&in, DER_OCTETS, &salt)
					      : der_take(&in, DER_SEQUENCE, &salt)) ||
	    (e = der_take_count(&in, &k->rounds)) ||
	    (der_next_is(&in, DER_INTEGER) && (e = der_take_count(&in, &length))) ||
	    (in.left && (e = der_take_algorithm(&in, &prf))))
		return e;
	(void)snprintf(k->variant, sizeof k->variant, "%s", prf.name);
	return read_end(&in);
}

static uint64_t multiply(uint64_t a, uint64_t b)
{
	return b && a > UINT64_MAX / b ? UINT64_MAX : a * b;
}

static enum err scrypt_read(struct private_key *k, struct reader in)
{
	struct reader salt;
	uint64_t length;
	enum err e;

	if ((e = der_take(&in, DER_OCTETS, &salt)) || (e = der_take_count(&in, &k->rounds)) ||
	    (e = der_take_count(&in, &k->block)) || (e = der_take_count(&in, &k->parallel)) ||
	    (in.left && (e = der_take_count(&in, &length))))
		return e;
	k->memory = multiply(multiply(128, k->rounds), k->block);
	return read_end(&in);
}

static const struct derivation {
	int nid;
	enum private_kdf kdf;
	enum err (*read)(struct private_key *k, struct reader in);
} derivations[] = {
	{ NID_id_pbkdf2, PRIVATE_KDF_PBKDF2, pbkdf2_read },
	{ NID_id_scrypt, PRIVATE_KDF_SCRYPT, scrypt_read },
};

static enum err derivation_read(struct private_key *k, const struct der_algorithm *a)
{
	struct reader in = a->parameters, sequence;
	enum err e;

	for (size_t i = 0; i < ARRAY_SIZE(derivations); i++) {
		if (derivations[i].nid != a->nid)
			continue;
		k->kdf = derivations[i].kdf;
		if ((e = der_take(&in, DER_SEQUENCE, &sequence)))
			return e;
		return derivations[i].read(k, sequence);
	}
	(void)snprintf(k->variant, sizeof k->variant, "%s", a->name);
	k->kdf = PRIVATE_KDF_OTHER;
	return ERR_NONE;
}

static enum err pbes2_read(struct private_key *k, const struct der_algorithm *a)
{
	struct reader in = a->parameters, sequence;
	struct der_algorithm kdf, cipher;
	enum err e;

	if ((e = der_take(&in, DER_SEQUENCE, &sequence)) || (e = der_take_algorithm(&sequence, &kdf)) ||
	    (e = der_take_algorithm(&sequence, &cipher)) || (e = read_end(&sequence)) || (e = derivation_read(k, &kdf)))
		return e;
	(void)snprintf(k->cipher, sizeof k->cipher, "%s", cipher.name);
	return ERR_NONE;
}

enum err private_encrypted_read(const struct private_armor *a, struct private_key *k, const char **why)
{
	struct der_algorithm algorithm;
	struct reader in, data;
	enum err e;

	if ((e = sequence_take(a, &in)) || (e = der_take_algorithm(&in, &algorithm)) ||
	    (e = der_take(&in, DER_OCTETS, &data)) || (e = read_end(&in)))
		return e;
	k->encrypted = true;
	if (algorithm.nid == NID_pbes2)
		return pbes2_read(k, &algorithm);
	for (size_t i = 0; i < ARRAY_SIZE(schemes); i++)
		if (schemes[i].nid == algorithm.nid)
			return scheme_read(k, &algorithm, schemes[i].kdf);
	(void)snprintf(k->cipher, sizeof k->cipher, "%s", algorithm.name);
	(void)snprintf(k->variant, sizeof k->variant, "%s", algorithm.name);
	k->kdf = PRIVATE_KDF_OTHER;
	return ERR_NONE;
}
