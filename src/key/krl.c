/* SPDX-License-Identifier: GPL-3.0-or-later */
/* krl.c - reads a KRL section by section (OpenSSH PROTOCOL.krl), as strictly as sshd does. */
#include "base/reader.h"
#include "key/plain.h"
#include "key/revoked.h"
#include "key/revoked_list.h"
#include "key/signature.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define FORMAT_VERSION 1
#define EXTENSIONS_SINCE 904u /* release 9.4 */
#define UNSIGNED_SINCE 904u   /* signatures are skipped */
#define BITMAP_MAX 2048	      /* bytes: sshd reads the bitmap as a number */

enum section {
	CERTIFICATES = 1,
	EXPLICIT_KEYS = 2,
	SHA1_HASHES = 3,
	SIGNATURE = 4,
	SHA256_HASHES = 5,
	EXTENSION = 255,
};

enum subsection {
	SERIAL_LIST = 0x20,
	SERIAL_RANGE = 0x21,
	SERIAL_BITMAP = 0x22,
	KEY_IDS = 0x23,
	CERTIFICATE_EXTENSION = 0x39,
};

struct krl {
	struct revoked *into;
	struct revoked_certificates *ca; /* of the section that is being read */
	struct revoked_blobs signers;
	const char *why;
};

static const uint8_t magic[8] = { 'S', 'S', 'H', 'K', 'R', 'L', '\n', '\0' };

bool krl_has_magic(const uint8_t *content, size_t len)
{
	return len >= sizeof magic && !memcmp(content, magic, sizeof magic);
}

static enum err refuse(struct krl *k, const char *why)
{
	k->why = why;
	return ERR_SYNTAX;
}

/* sshd wants no NUL in a text, but lets one end it. */
static enum err text_read(struct krl *k, struct reader *in, const uint8_t **s, size_t *len)
{
	const uint8_t *at, *nul;
	size_t n;
	enum err e;

	if ((e = read_string(in, &at, &n)))
		return e;
	if (n && (nul = memchr(at, 0, n))) {
		if (nul < at + n - 1)
			return refuse(k, "a text in it has a NUL inside");
		n--;
	}
	*s = at;
	*len = n;
	return ERR_NONE;
}

static enum err serial_list(struct krl *k, struct reader *in)
{
	uint64_t serial;
	enum err e;

	while (in->left) {
		if ((e = read_u64(in, &serial)))
			return e;
		if (!serial)
			return refuse(k, "it lists serial 0");
		if ((e = revoked_range_add(k->ca, serial, serial)))
			return e;
		k->into->serials++;
	}
	return ERR_NONE;
}

static enum err serial_range(struct krl *k, struct reader *in)
{
	uint64_t first, last;
	enum err e;

	if ((e = read_u64(in, &first)) || (e = read_u64(in, &last)))
		return e;
	if (!first || first > last)
		return refuse(k, "a range of serials starts at 0 or ends before it starts");
	k->into->nranges++;
	return revoked_range_add(k->ca, first, last);
}

/* One byte of a bitmap: eight serials from 'first' on. */
static enum err bitmap_byte(struct krl *k, uint64_t first, uint8_t byte)
{
	unsigned shift = first % 64;
	enum err e;

	if (!byte)
		return ERR_NONE;
	k->into->serials += (size_t)__builtin_popcount(byte);
	if ((e = revoked_page_add(k->ca, first / 64, (uint64_t)byte << shift)))
		return e;
	return shift > 56 && byte >> (64 - shift) ? revoked_page_add(k->ca, first / 64 + 1, byte >> (64 - shift))
						  : ERR_NONE;
}

/* The bitmap is a number: its last byte has the first serials. */
static enum err serial_bitmap(struct krl *k, struct reader *in)
{
	const uint8_t *bytes;
	uint64_t offset, last;
	size_t len;
	enum err e;

	if ((e = read_u64(in, &offset)) || (e = read_string(in, &bytes, &len)))
		return e;
	if (len && bytes[0] & 0x80)
		return refuse(k, "a bitmap of serials is negative");
	if (len > BITMAP_MAX + 1 || (len == BITMAP_MAX + 1 && bytes[0]))
		return refuse(k, "a bitmap of serials is longer than sshd takes");
	for (; len && !bytes[0]; bytes++)
		len--;
	if (!len)
		return ERR_NONE;
	last = (uint64_t)len * 8 - (uint64_t)(__builtin_clz(bytes[0]) - 24) - 1;
	if (last > UINT64_MAX - offset)
		return refuse(k, "a bitmap of serials goes beyond the last one");
	if (!offset && bytes[len - 1] & 1)
		return refuse(k, "it lists serial 0");
	for (size_t i = 0; i < len; i++)
		if ((e = bitmap_byte(k, offset + 8 * i, bytes[len - 1 - i])))
			return e;
	return ERR_NONE;
}

static enum err key_ids(struct krl *k, struct reader *in)
{
	const uint8_t *id;
	size_t len;
	enum err e;

	while (in->left)
		if ((e = text_read(k, in, &id, &len)) || (e = revoked_blobs_add(&k->ca->ids, id, len)))
			return e;
	return ERR_NONE;
}

static enum err extension(struct krl *k, struct reader *in)
{
	const uint8_t *bytes;
	uint8_t critical;
	size_t len;
	enum err e;

	if (k->into->release < EXTENSIONS_SINCE)
		return refuse(k, "it has an extension, which OpenSSH before 9.4 does not read");
	if ((e = text_read(k, in, &bytes, &len)) || (e = read_u8(in, &critical)) || (e = read_string(in, &bytes, &len)))
		return e;
	return critical ? refuse(k, "it has a critical extension, which sshd does not know") : ERR_NONE;
}

static enum err subsection(struct krl *k, uint8_t type, struct reader *in)
{
	switch (type) {
	case SERIAL_LIST: return serial_list(k, in);
	case SERIAL_RANGE: return serial_range(k, in);
	case SERIAL_BITMAP: return serial_bitmap(k, in);
	case KEY_IDS: return key_ids(k, in);
	case CERTIFICATE_EXTENSION: return extension(k, in);
	default: return refuse(k, "it has a section for certificates of a type that sshd does not know");
	}
}

/* Nothing was ever signed by a certificate: as a CA it is read, and matches no one. */
static enum err ca_read(struct krl *k, const uint8_t *blob, size_t len)
{
	struct plain_key ca;

	if (len && (plain_read(blob, len, k->into->release, &ca) || plain_check(&ca, blob, len)))
		return refuse(k, "the key of a CA cannot be read");
	return revoked_certificates_add(k->into, blob, len, &k->ca);
}

static enum err certificates(struct krl *k, struct reader *in)
{
	const uint8_t *blob;
	size_t len;
	uint8_t type;
	enum err e;

	if ((e = read_string(in, &blob, &len)) || (e = ca_read(k, blob, len)) || (e = read_string(in, &blob, &len)))
		return e;
	while (in->left) {
		struct reader sub;

		if ((e = read_u8(in, &type)) || (e = read_string(in, &sub.at, &sub.left)) ||
		    (e = subsection(k, type, &sub)) || (e = read_end(&sub)))
			return e;
	}
	return ERR_NONE;
}

/* size 0: of any length */
static enum err blobs(struct krl *k, struct reader *in, size_t size, struct revoked_blobs *into)
{
	const uint8_t *blob;
	size_t len;
	enum err e;

	while (in->left) {
		if ((e = read_string(in, &blob, &len)))
			return e;
		if (size && len != size)
			return refuse(k, "a hash has not the length of its kind");
		if ((e = revoked_blobs_add(into, blob, len)))
			return e;
	}
	return ERR_NONE;
}

/* Before 9.4: over all bytes so far, by a key that anybody may have made, at most once by each. */
static enum err signature(struct krl *k, const struct reader *key, struct reader *after)
{
	const uint8_t *end = after->at, *bytes;
	size_t len;
	enum err e;

	if ((e = read_string(after, &bytes, &len)))
		return e;
	e = signature_verify(key->at, key->left, bytes, len, k->into->content, (size_t)(end - k->into->content), NULL);
	if (e)
		return e == ERR_MEMORY ? e : refuse(k, "the signature in it does not hold");
	for (size_t i = 0; i < k->signers.n; i++)
		if (k->signers.v[i].len == key->left && !memcmp(k->signers.v[i].at, key->at, key->left))
			return refuse(k, "it is signed twice by the same key");
	return revoked_blobs_add(&k->signers, key->at, key->left);
}

/* The data of a signature is the key; the signature follows as a string of its own. */
static enum err signature_section(struct krl *k, struct reader *key, struct reader *after)
{
	const uint8_t *bytes;
	size_t len;
	enum err e;

	if (k->into->release >= UNSIGNED_SINCE)
		e = read_string(after, &bytes, &len);
	else
		e = signature(k, key, after);
	key->left = 0;
	return e;
}

static enum err section(struct krl *k, uint8_t type, struct reader *in, struct reader *after)
{
	if (k->signers.n && type != SIGNATURE)
		return refuse(k, "it goes on behind its signature");
	switch (type) {
	case CERTIFICATES: return certificates(k, in);
	case EXPLICIT_KEYS: return blobs(k, in, 0, &k->into->keys);
	case SHA1_HASHES: return blobs(k, in, PLAIN_SHA1, &k->into->sha1);
	case SHA256_HASHES: return blobs(k, in, PLAIN_SHA256, &k->into->sha256);
	case EXTENSION: return extension(k, in);
	case SIGNATURE: return signature_section(k, in, after);
	default: return refuse(k, "it has a section of a type that sshd does not know");
	}
}

static enum err header(struct krl *k, struct reader *in)
{
	const uint8_t *bytes;
	uint64_t flags;
	uint32_t format;
	size_t len;
	enum err e;

	if ((e = read_skip(in, sizeof magic)) || (e = read_u32(in, &format)))
		return e;
	if (format != FORMAT_VERSION)
		return refuse(k, "it is a KRL of another format");
	if ((e = read_u64(in, &k->into->version)) || (e = read_u64(in, &k->into->generated)) ||
	    (e = read_u64(in, &flags)) || (e = read_string(in, &bytes, &len)) || (e = text_read(k, in, &bytes, &len)))
		return e;
	k->into->comment = strndup((const char *)bytes, len);
	return k->into->comment ? ERR_NONE : ERR_MEMORY;
}

static enum err sections(struct krl *k, struct reader *in)
{
	uint8_t type;
	enum err e;

	if ((e = header(k, in)))
		return e;
	while (in->left) {
		struct reader data;

		if ((e = read_u8(in, &type)) || (e = read_string(in, &data.at, &data.left)) ||
		    (e = section(k, type, &data, in)) || (e = read_end(&data)))
			return e;
	}
	return ERR_NONE;
}

/* A list that revokes all keys that signed it is none. */
static enum err signers_check(struct krl *k)
{
	enum revoked_verdict verdict;
	const char *how;
	size_t revoked = 0;

	for (size_t i = 0; i < k->signers.n; i++)
		if (revoked_look(k->into, k->signers.v[i].at, k->signers.v[i].len, &verdict, &how) || verdict)
			revoked++;
	return k->signers.n && revoked == k->signers.n ? refuse(k, "it revokes the key that signed it") : ERR_NONE;
}

enum err krl_read(struct revoked *r, size_t len, const char **why)
{
	struct reader in = { .at = r->content, .left = len };
	struct krl k = { .into = r };
	enum err e;

	if (!(e = sections(&k, &in)) && !(e = revoked_sort(r)))
		e = signers_check(&k);
	free(k.signers.v);
	if (e)
		*why = k.why		? k.why
		       : e == ERR_SHORT ? "it is a KRL that ends too early"
					: "a section of it has bytes left over";
	return e;
}
