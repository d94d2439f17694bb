/* SPDX-License-Identifier: GPL-3.0-or-later */
/* plain.c - a key's own fields, as sshd takes them from a blob and would write them again. */
#include "key/plain.h"
#include "key/certificate.h"
#include "key/signature.h"

#include <openssl/evp.h>
#include <sodium.h>
#include <string.h>
#include <strings.h>

#include "base/banned.h"

#define NUMBER_MAX 2048 /* bytes: OpenSSH's SSHBUF_MAX_BIGNUM */
#define RSA_MIN_BITS 1024
#define POINT_UNCOMPRESSED 4
#define SK_SINCE 802u	/* release 8.2 */
#define DSA_UNTIL 1000u /* release 10.0 does not have it */

/* n: number, c: curve, p: point, e: Ed25519 key, s: string */
struct plain_kind {
	const char *type;
	const char *fields;
	const char *curve;
	size_t point; /* bytes */
};

enum { KIND_RSA, KIND_DSA, KIND_P256, KIND_P384, KIND_P521, KIND_ED25519, KIND_SK_P256, KIND_SK_ED25519 };

static const struct plain_kind kinds[] = {
	[KIND_RSA] = { "ssh-rsa", "nn" },
	[KIND_DSA] = { "ssh-dss", "nnnn" },
	[KIND_P256] = { "ecdsa-sha2-nistp256", "cp", "nistp256", 65 },
	[KIND_P384] = { "ecdsa-sha2-nistp384", "cp", "nistp384", 97 },
	[KIND_P521] = { "ecdsa-sha2-nistp521", "cp", "nistp521", 133 },
	[KIND_ED25519] = { "ssh-ed25519", "e" },
	[KIND_SK_P256] = { "sk-ecdsa-sha2-nistp256@openssh.com", "cps", "nistp256", 65 },
	[KIND_SK_ED25519] = { "sk-ssh-ed25519@openssh.com", "es" },
};

#define CERT "-cert-v01@openssh.com"

static const struct name {
	const char *name;
	unsigned kind;
	bool certificate;
} names[] = {
	{ "ssh-rsa", KIND_RSA },
	{ "rsa-sha2-256", KIND_RSA },
	{ "rsa-sha2-512", KIND_RSA },
	{ "ssh-dss", KIND_DSA },
	{ "ecdsa-sha2-nistp256", KIND_P256 },
	{ "ecdsa-sha2-nistp384", KIND_P384 },
	{ "ecdsa-sha2-nistp521", KIND_P521 },
	{ "ssh-ed25519", KIND_ED25519 },
	{ "sk-ecdsa-sha2-nistp256@openssh.com", KIND_SK_P256 },
	{ "webauthn-sk-ecdsa-sha2-nistp256@openssh.com", KIND_SK_P256 },
	{ "sk-ssh-ed25519@openssh.com", KIND_SK_ED25519 },
	{ "ssh-rsa" CERT, KIND_RSA, true },
	{ "rsa-sha2-256" CERT, KIND_RSA, true },
	{ "rsa-sha2-512" CERT, KIND_RSA, true },
	{ "ssh-dss" CERT, KIND_DSA, true },
	{ "ecdsa-sha2-nistp256" CERT, KIND_P256, true },
	{ "ecdsa-sha2-nistp384" CERT, KIND_P384, true },
	{ "ecdsa-sha2-nistp521" CERT, KIND_P521, true },
	{ "ssh-ed25519" CERT, KIND_ED25519, true },
	{ "sk-ecdsa-sha2-nistp256" CERT, KIND_SK_P256, true },
	{ "sk-ssh-ed25519" CERT, KIND_SK_ED25519, true },
};

/* Inside a blob sshd also takes these, whatever the case. */
static const struct name short_names[] = {
	{ "RSA", KIND_RSA },
	{ "DSA", KIND_DSA },
	{ "ED25519", KIND_ED25519 },
	{ "ED25519-SK", KIND_SK_ED25519 },
};

static const struct name *name_find(const char *name, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strlen(names[i].name) == len && !memcmp(names[i].name, name, len))
			return &names[i];
	return NULL;
}

static const struct name *name_in_blob(const char *name, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(short_names); i++)
		if (strlen(short_names[i].name) == len && !strncasecmp(short_names[i].name, name, len))
			return &short_names[i];
	return name_find(name, len);
}

static bool release_has(unsigned release, const struct name *n)
{
	if (n->kind == KIND_SK_P256 || n->kind == KIND_SK_ED25519)
		return release >= SK_SINCE;
	return n->kind != KIND_DSA || release < DSA_UNTIL;
}

static enum err number_take(struct plain_piece *p)
{
	if (p->len && p->at[0] & 0x80)
		return ERR_SYNTAX;
	if (p->len > NUMBER_MAX + 1 || (p->len == NUMBER_MAX + 1 && p->at[0]))
		return ERR_SYNTAX;
	while (p->len && !p->at[0] && (p->len == 1 || !(p->at[1] & 0x80))) {
		p->at++;
		p->len--;
	}
	return ERR_NONE;
}

static enum err field_read(struct reader *in, const struct plain_kind *kind, char field, struct plain_piece *out)
{
	struct plain_piece p;
	enum err e;

	if ((e = read_string(in, &p.at, &p.len)))
		return e;
	if (field == 'n' && (e = number_take(&p)))
		return e;
	if (field == 'c' && (p.len != strlen(kind->curve) || memcmp(p.at, kind->curve, p.len) != 0))
		return ERR_SYNTAX;
	if (field == 'p' && (p.len != kind->point || p.at[0] != POINT_UNCOMPRESSED))
		return ERR_SYNTAX;
	if (field == 'e' && p.len != crypto_sign_PUBLICKEYBYTES)
		return ERR_SYNTAX;
	*out = p;
	return ERR_NONE;
}

static bool rsa_too_short(const struct plain_key *k)
{
	const struct plain_piece *modulus = &k->piece[2];
	size_t zeros = modulus->len && !modulus->at[0];

	return modulus->len - zeros < RSA_MIN_BITS / 8 ||
	       (modulus->len - zeros == RSA_MIN_BITS / 8 && !(modulus->at[zeros] & 0x80));
}

enum err plain_read(const uint8_t *blob, size_t len, unsigned release, struct plain_key *out)
{
	struct reader in = { .at = blob, .left = len };
	struct plain_key k = { 0 };
	struct plain_piece first;
	const struct name *name;
	const struct plain_kind *kind;
	enum err e;

	if ((e = read_string(&in, &first.at, &first.len)))
		return e;
	if (!(name = name_in_blob((const char *)first.at, first.len)) || !release_has(release, name))
		return ERR_UNSUPPORTED;
	kind = &kinds[name->kind];
	k.kind = kind;
	k.certificate = name->certificate;
	k.piece[k.n++] = (struct plain_piece){ (const uint8_t *)kind->type, strlen(kind->type) };
	if (k.certificate && (e = read_string(&in, &first.at, &first.len))) /* nonce */
		return e;
	for (const char *field = kind->fields; *field; field++)
		if ((e = field_read(&in, kind, *field, &k.piece[k.n++])))
			return e;
	if (name->kind == KIND_RSA && rsa_too_short(&k))
		return ERR_RANGE;
	if (k.certificate)
		k.rest = in;
	else if ((e = read_end(&in)))
		return e;
	*out = k;
	return ERR_NONE;
}

bool plain_is_type(const char *name, size_t len, unsigned release)
{
	const struct name *n = name_find(name, len);

	return n && release_has(release, n);
}

bool plain_is_called(const struct plain_key *k, const char *name, size_t len)
{
	const struct name *n = name_find(name, len);

	return n && n->certificate == k->certificate && &kinds[n->kind] == k->kind;
}

enum err plain_check(const struct plain_key *k, const uint8_t *blob, size_t len)
{
	if (k->certificate)
		return certificate_verify(blob, len);
	return k->kind->curve ? signature_key_check(blob, len) : ERR_NONE;
}

static void length_bytes(size_t len, uint8_t out[4])
{
	for (size_t i = 0; i < 4; i++)
		out[i] = (uint8_t)(len >> (24 - 8 * i));
}

size_t plain_length(const struct plain_key *k)
{
	size_t len = 0;

	for (size_t i = 0; i < k->n; i++)
		len += 4 + k->piece[i].len;
	return len;
}

void plain_copy(const struct plain_key *k, uint8_t *out)
{
	for (size_t i = 0; i < k->n; i++) {
		length_bytes(k->piece[i].len, out);
		if (k->piece[i].len)
			memcpy(out + 4, k->piece[i].at, k->piece[i].len);
		out += 4 + k->piece[i].len;
	}
}

int plain_compare(const struct plain_key *k, const uint8_t *blob, size_t len)
{
	size_t own = plain_length(k);
	uint8_t be[4];
	int c = 0;

	if (own != len)
		return own < len ? -1 : 1;
	for (size_t i = 0; i < k->n && !c; i++) {
		const struct plain_piece *p = &k->piece[i];

		length_bytes(p->len, be);
		if (!(c = memcmp(be, blob, 4)) && p->len)
			c = memcmp(p->at, blob + 4, p->len);
		blob += 4 + p->len;
	}
	return c;
}

void plain_sha256(const struct plain_key *k, uint8_t out[PLAIN_SHA256])
{
	crypto_hash_sha256_state h;
	uint8_t be[4];

	crypto_hash_sha256_init(&h);
	for (size_t i = 0; i < k->n; i++) {
		length_bytes(k->piece[i].len, be);
		crypto_hash_sha256_update(&h, be, sizeof be);
		crypto_hash_sha256_update(&h, k->piece[i].at, k->piece[i].len);
	}
	crypto_hash_sha256_final(&h, out);
}

static bool sha1_pieces(EVP_MD_CTX *h, const struct plain_key *k, uint8_t *out)
{
	uint8_t be[4];

	if (EVP_DigestInit_ex(h, EVP_sha1(), NULL) != 1)
		return false;
	for (size_t i = 0; i < k->n; i++) {
		length_bytes(k->piece[i].len, be);
		if (EVP_DigestUpdate(h, be, sizeof be) != 1 ||
		    EVP_DigestUpdate(h, k->piece[i].at, k->piece[i].len) != 1)
			return false;
	}
	return EVP_DigestFinal_ex(h, out, NULL) == 1;
}

enum err plain_sha1(const struct plain_key *k, uint8_t out[PLAIN_SHA1])
{
	EVP_MD_CTX *h = EVP_MD_CTX_new();
	enum err e;

	if (!h)
		return ERR_MEMORY;
	e = sha1_pieces(h, k, out) ? ERR_NONE : ERR_UNSUPPORTED;
	EVP_MD_CTX_free(h);
	return e;
}
