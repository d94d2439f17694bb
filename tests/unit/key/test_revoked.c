/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_revoked.c - lists of revoked keys: who is in them, and what makes them unreadable. */
#include "key/public.h"
#include "key/revoked.h"

#include "keys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "base/banned.h"

#define DEBIAN_12 902
#define LATER 904

/* A KRL that is put together; sections nest. */
static uint8_t krl[200000];
static size_t krl_len;

static void put(const void *bytes, size_t len)
{
	assert_true(krl_len + len <= sizeof krl);
	memcpy(krl + krl_len, bytes, len);
	krl_len += len;
}

static void put_u8(uint8_t n)
{
	put(&n, 1);
}

static void put_u32(uint32_t n)
{
	for (int shift = 24; shift >= 0; shift -= 8)
		put_u8((uint8_t)(n >> shift));
}

static void put_u64(uint64_t n)
{
	put_u32((uint32_t)(n >> 32));
	put_u32((uint32_t)n);
}

static void put_string(const void *bytes, size_t len)
{
	put_u32((uint32_t)len);
	put(bytes, len);
}

static void put_text(const char *s)
{
	put_string(s, strlen(s));
}

static void start(void)
{
	krl_len = 0;
	put("SSHKRL\n", 8);
	put_u32(1);
	put_u64(5);
	put_u64(1700000000);
	put_u64(0);
	put_text("");
	put_text("ours");
}

/* Returns where the length is to be put at the end. */
static size_t begin(uint8_t type)
{
	put_u8(type);
	put_u32(0);
	return krl_len;
}

static void end(size_t at)
{
	size_t all = krl_len;

	krl_len = at - 4;
	put_u32((uint32_t)(all - at));
	krl_len = all;
}

/* The blob of a line of keys.h that starts with this type. */
static size_t blob_of(const char *type, uint8_t *out, size_t size)
{
	size_t len = 0;

	for (size_t i = 0; i < ARRAY_SIZE(key_vectors); i++) {
		const char *base64 = strchr(key_vectors[i].line, ' ') + 1;

		if (strcmp(key_vectors[i].type, type) != 0)
			continue;
		assert_int_equal(sodium_base642bin(out, size, base64, strlen(base64), NULL, &len, NULL,
						   sodium_base64_VARIANT_ORIGINAL),
				 0);
		return len;
	}
	fail_msg("no %s", type);
	return 0;
}

static const char *line_of(const char *type)
{
	for (size_t i = 0; i < ARRAY_SIZE(key_vectors); i++)
		if (!strcmp(key_vectors[i].type, type))
			return key_vectors[i].line;
	return NULL;
}

static enum err parse(unsigned release, struct revoked **out)
{
	uint8_t *copy = malloc(krl_len ? krl_len : 1);
	unsigned line = 7;
	char *why = NULL;
	enum err e;

	memcpy(copy, krl, krl_len);
	e = revoked_parse(copy, krl_len, release, out, &line, &why);
	free(copy);
	if (e)
		assert_non_null(why);
	else
		assert_null(why);
	free(why);
	return e;
}

static enum err reads(unsigned release)
{
	struct revoked *r = NULL;
	enum err e = parse(release, &r);

	assert_true(!e == !!r);
	revoked_free(r);
	return e;
}

/* By what; "no" or "broken" where it is not. */
static const char *looks(const struct revoked *r, const char *type)
{
	enum revoked_verdict verdict;
	uint8_t blob[4000];
	const char *how;
	size_t len = blob_of(type, blob, sizeof blob);

	assert_int_equal(revoked_look(r, blob, len, &verdict, &how), ERR_NONE);
	return verdict == REVOKED_YES ? how : verdict == REVOKED_NO ? "no" : "broken";
}

static const char *says(const char *type)
{
	struct revoked *r = NULL;
	const char *how;

	assert_int_equal(parse(DEBIAN_12, &r), ERR_NONE);
	how = looks(r, type);
	revoked_free(r);
	return how;
}

#define ED "ssh-ed25519"
#define RSA_TYPE "ssh-rsa"
#define RSA_CERT "ssh-rsa-cert-v01@openssh.com"
#define ECDSA "ecdsa-sha2-nistp256"

/* The key of one type as a hash, in a section of its own. */
static void put_hash(uint8_t section, const char *type, size_t size)
{
	uint8_t blob[4000], hash[crypto_hash_sha256_BYTES];
	size_t len = blob_of(type, blob, sizeof blob), at;

	crypto_hash_sha256(hash, blob, len);
	at = begin(section);
	put_string(hash, size);
	end(at);
}

static void put_key(const char *type)
{
	uint8_t blob[4000];
	size_t len = blob_of(type, blob, sizeof blob), at = begin(2);

	put_string(blob, len);
	end(at);
}

/* Certificates of the CA of this type, or of all (NULL). */
static size_t begin_certificates(const char *ca)
{
	uint8_t blob[4000];
	size_t len = ca ? blob_of(ca, blob, sizeof blob) : 0, at = begin(1);

	put_string(blob, len);
	put_text("");
	return at;
}

static void finds_keys_and_hashes(void **state)
{
	start();
	assert_string_equal(says(ED), "no");
	put_key(ED);
	assert_string_equal(says(ED), "key");
	assert_string_equal(says(ECDSA), "no");
	put_hash(5, ECDSA, 32);
	assert_string_equal(says(ECDSA), "SHA-256 of the key");
	assert_string_equal(says(RSA_CERT), "CA"); /* it is signed by the Ed25519 key */
	start();
	put_hash(5, "ssh-rsa", 32); /* the first one, of 1024 bits */
	assert_string_equal(says(RSA_TYPE), "SHA-256 of the key");
	assert_string_equal(says(RSA_CERT), "no"); /* of the second one */
}

/* sha1sum of the blob that ssh-keygen made of the Ed25519 key in keys.h */
static const uint8_t ed_sha1[20] = { 0x78, 0x19, 0x5a, 0x06, 0x44, 0x97, 0xae, 0x22, 0xa2, 0x07,
				     0xb4, 0x1d, 0xb2, 0xf8, 0x2e, 0xaa, 0x94, 0xfc, 0xbf, 0xdb };

static void finds_sha1(void **state)
{
	size_t at;

	start();
	at = begin(3);
	put_string(ed_sha1, sizeof ed_sha1);
	end(at);
	assert_string_equal(says(ED), "SHA-1 of the key");
	assert_string_equal(says(ECDSA), "no");
}

/* The certificate in keys.h: serial 0, id "id-rsa2048". Its serial is bytes 8 before the kind; another one is written there. */
static void certificate_with_serial(uint64_t serial, uint8_t *blob, size_t *len)
{
	size_t at = 0;

	*len = blob_of(RSA_CERT, blob, 4000);
	for (int i = 0; i < 4; i++) /* type, nonce, e, n */
		at += 4 + ((size_t)blob[at + 2] << 8 | blob[at + 3]);
	for (int i = 0; i < 8; i++)
		blob[at + (size_t)i] = (uint8_t)(serial >> (56 - 8 * i));
}

static const char *says_of_serial(uint64_t serial)
{
	enum revoked_verdict verdict;
	struct revoked *r = NULL;
	uint8_t blob[4000];
	const char *how;
	size_t len;

	certificate_with_serial(serial, blob, &len);
	assert_int_equal(parse(DEBIAN_12, &r), ERR_NONE);
	assert_int_equal(revoked_look(r, blob, len, &verdict, &how), ERR_NONE);
	assert_int_equal(verdict, *how ? REVOKED_YES : REVOKED_NO);
	revoked_free(r);
	return how;
}

static void put_list(const uint64_t *serials, size_t n)
{
	size_t at = begin(0x20);

	for (size_t i = 0; i < n; i++)
		put_u64(serials[i]);
	end(at);
}

static void put_range(uint64_t first, uint64_t last)
{
	size_t at = begin(0x21);

	put_u64(first);
	put_u64(last);
	end(at);
}

static void put_bitmap(uint64_t offset, const void *bytes, size_t len)
{
	size_t at = begin(0x22);

	put_u64(offset);
	put_string(bytes, len);
	end(at);
}

static void finds_serials_in_all_forms(void **state)
{
	static const uint64_t listed[] = { 5, 1, 5, UINT64_MAX };
	static const uint64_t in[] = { 1, 5, 10, 15, 19, 20, 25, 63, 64, 200, 203, 211, UINT64_MAX };
	static const uint64_t out[] = { 0, 2, 4, 6, 9, 26, 62, 65, 199, 201, 202, 204, 210, 212, UINT64_MAX - 1 };
	size_t certificates;

	start();
	certificates = begin_certificates(ED);
	put_list(listed, ARRAY_SIZE(listed));
	put_range(15, 25);
	put_range(10, 20);
	put_range(12, 13);
	put_bitmap(63, "\3", 1);
	put_bitmap(200, "\x08\x09", 2); /* bits 0, 3 and 11 */
	end(certificates);
	for (size_t i = 0; i < ARRAY_SIZE(in); i++)
		assert_string_equal(says_of_serial(in[i]), "serial");
	for (size_t i = 0; i < ARRAY_SIZE(out); i++)
		assert_string_equal(says_of_serial(out[i]), "");
}

/* Serial 0 says that none was given. */
static void a_range_of_everything_leaves_serial_0(void **state)
{
	size_t certificates;

	start();
	certificates = begin_certificates(NULL);
	put_range(1, UINT64_MAX);
	end(certificates);
	assert_string_equal(says_of_serial(0), "");
	assert_string_equal(says_of_serial(1), "serial");
	assert_string_equal(says_of_serial(UINT64_MAX), "serial");
}

static void knows_whose_certificates(void **state)
{
	static const uint64_t listed[] = { 7 };
	const char *const cas[] = { ECDSA, ED, NULL, ED };

	for (size_t i = 0; i < ARRAY_SIZE(cas); i++) {
		size_t certificates;

		start();
		for (size_t j = 0; j <= i; j++) {
			certificates = begin_certificates(cas[j]);
			put_list(listed, j == i);
			end(certificates);
		}
		assert_string_equal(says_of_serial(7), i == 0 ? "" : "serial");
		assert_string_equal(says_of_serial(8), "");
	}
}

static void finds_key_ids(void **state)
{
	const struct {
		const char *id;
		size_t len;
		const char *how;
	} cases[] = {
		{ "id-rsa2048", 10, "key id" }, { "id-rsa2048", 11, "key id" }, /* a NUL at the end goes */
		{ "id-rsa204", 9, "no" },	{ "id-rsa20489", 11, "no" },	{ "", 0, "no" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		size_t certificates, at;

		start();
		certificates = begin_certificates(NULL);
		at = begin(0x23);
		put_text("another");
		put_string(cases[i].id, cases[i].len);
		end(at);
		end(certificates);
		assert_string_equal(says(RSA_CERT), cases[i].how);
		assert_string_equal(says(RSA_TYPE), "no");
	}
}

static void put_raw_section(uint8_t type, const void *bytes, size_t len)
{
	put_u8(type);
	put_string(bytes, len);
}

/* One sub-section with these bytes for certificates of any CA. */
static enum err reads_subsection(unsigned release, uint8_t type, const void *bytes, size_t len)
{
	size_t at;

	start();
	at = begin_certificates(NULL);
	put_raw_section(type, bytes, len);
	end(at);
	return reads(release);
}

#define ZEROS "\0\0\0\0\0\0\0"
#define ONE ZEROS "\1"
#define ALL_ONES "\xff\xff\xff\xff\xff\xff\xff\xff"

static void refuses_what_sshd_refuses(void **state)
{
	static const struct {
		uint8_t type;
		const char *bytes;
		size_t len;
		enum err e;
	} cases[] = {
		{ 0x20, "", 0, ERR_NONE },
		{ 0x20, ONE, 8, ERR_NONE },
		{ 0x20, ZEROS "\0", 8, ERR_SYNTAX },
		{ 0x20, ONE "x", 9, ERR_SHORT },
		{ 0x21, ONE ONE, 16, ERR_NONE },
		{ 0x21, ZEROS "\0" ONE, 16, ERR_SYNTAX },
		{ 0x21, ZEROS "\2" ONE, 16, ERR_SYNTAX },
		{ 0x21, ONE ALL_ONES, 16, ERR_NONE },
		{ 0x21, ONE ONE "x", 17, ERR_TRAILING },
		{ 0x21, ONE, 8, ERR_SHORT },
		{ 0x22, ONE "\0\0\0\0", 12, ERR_NONE },
		{ 0x22, ONE "\0\0\0\2\0\1", 14, ERR_NONE },
		{ 0x22, ONE "\0\0\0\1\x80", 13, ERR_SYNTAX },
		{ 0x22, ZEROS "\0\0\0\0\1\1", 13, ERR_SYNTAX },
		{ 0x22, ZEROS "\0\0\0\0\1\2", 13, ERR_NONE },
		{ 0x22, ALL_ONES "\0\0\0\1\1", 13, ERR_NONE },
		{ 0x22, ALL_ONES "\0\0\0\1\2", 13, ERR_SYNTAX },
		{ 0x22, "\xff\xff\xff\xff\xff\xff\xff\xf9\0\0\0\1\x7f", 13, ERR_NONE },
		{ 0x22, "\xff\xff\xff\xff\xff\xff\xff\xfa\0\0\0\1\x7f", 13, ERR_SYNTAX },
		{ 0x23, "\0\0\0\1a\0\0\0\0", 9, ERR_NONE },
		{ 0x23, "\0\0\0\3a\0b", 7, ERR_SYNTAX },
		{ 0x24, "", 0, ERR_SYNTAX },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(reads_subsection(DEBIAN_12, cases[i].type, cases[i].bytes, cases[i].len), cases[i].e);
}

static void limits_a_bitmap_as_sshd_does(void **state)
{
	static uint8_t bytes[8 + 4 + 2050];
	static const struct {
		size_t len;
		uint8_t first;
		enum err e;
	} cases[] = {
		{ 2048, 0x7f, ERR_NONE },
		{ 2049, 0, ERR_NONE },
		{ 2049, 1, ERR_SYNTAX },
		{ 2050, 0, ERR_SYNTAX },
	};

	memset(bytes, 0xff, sizeof bytes);
	memcpy(bytes, ONE, 8);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		memcpy(bytes + 8, (uint8_t[]){ 0, 0, (uint8_t)(cases[i].len >> 8), (uint8_t)cases[i].len }, 4);
		bytes[12] = cases[i].first;
		assert_int_equal(reads_subsection(DEBIAN_12, 0x22, bytes, 12 + cases[i].len), cases[i].e);
	}
}

static void extensions_are_read_since_9_4(void **state)
{
	static const char plain[] = "\0\0\0\1x\0\0\0\0\1y", critical[] = "\0\0\0\1x\1\0\0\0\0";

	assert_int_equal(reads_subsection(DEBIAN_12, 0x39, plain, sizeof plain - 1), ERR_SYNTAX);
	assert_int_equal(reads_subsection(LATER, 0x39, plain, sizeof plain - 1), ERR_NONE);
	assert_int_equal(reads_subsection(LATER, 0x39, critical, sizeof critical - 1), ERR_SYNTAX);
	assert_int_equal(reads_subsection(LATER, 0x39, plain, sizeof plain), ERR_TRAILING);
	start();
	put_raw_section(255, plain, sizeof plain - 1);
	assert_int_equal(reads(DEBIAN_12), ERR_SYNTAX);
	assert_int_equal(reads(LATER), ERR_NONE);
}

/* Signs all so far, as PROTOCOL.krl wants it: the key in a section, the signature behind it. */
static void put_signature(const char *damage)
{
	uint8_t public[crypto_sign_PUBLICKEYBYTES], secret[crypto_sign_SECRETKEYBYTES], made[crypto_sign_BYTES];
	static const uint8_t seed[crypto_sign_SEEDBYTES];
	size_t at;

	crypto_sign_seed_keypair(public, secret, seed);
	at = begin(4);
	put_text(ED);
	put_string(public, sizeof public);
	end(at);
	crypto_sign_detached(made, NULL, krl, krl_len, secret);
	made[0] ^= damage ? 1 : 0;
	put_u32(4 + 11 + 4 + sizeof made);
	put_text(ED);
	put_string(made, sizeof made);
}

static void signatures_hold_or_spoil_it(void **state)
{
	start();
	put_key(ECDSA);
	put_signature(NULL);
	assert_int_equal(reads(DEBIAN_12), ERR_NONE);
	assert_int_equal(reads(LATER), ERR_NONE);
	assert_string_equal(says(ECDSA), "key");
	put_signature(NULL); /* by the same key */
	assert_int_equal(reads(DEBIAN_12), ERR_SYNTAX);
	assert_int_equal(reads(LATER), ERR_NONE);
	start();
	put_signature("damaged");
	assert_int_equal(reads(DEBIAN_12), ERR_SYNTAX);
	assert_int_equal(reads(LATER), ERR_NONE);
	start();
	put_signature(NULL);
	put_key(ECDSA);
	assert_int_equal(reads(DEBIAN_12), ERR_SYNTAX);
	assert_int_equal(reads(LATER), ERR_NONE);
}

static void a_list_that_revokes_its_signer_is_none(void **state)
{
	uint8_t public[crypto_sign_PUBLICKEYBYTES], secret[crypto_sign_SECRETKEYBYTES];
	static const uint8_t seed[crypto_sign_SEEDBYTES];
	size_t at;

	crypto_sign_seed_keypair(public, secret, seed);
	start();
	at = begin(2);
	put_u32(4 + 11 + 4 + sizeof public);
	put_text(ED);
	put_string(public, sizeof public);
	end(at);
	assert_int_equal(reads(DEBIAN_12), ERR_NONE);
	put_signature(NULL);
	assert_int_equal(reads(DEBIAN_12), ERR_SYNTAX);
	assert_int_equal(reads(LATER), ERR_NONE);
}

static void refuses_headers_and_sections_that_it_does_not_know(void **state)
{
	start();
	krl[11] = 2; /* format */
	assert_int_equal(reads(DEBIAN_12), ERR_SYNTAX);
	start();
	krl[krl_len - 2] = 0; /* inside of the comment */
	assert_int_equal(reads(DEBIAN_12), ERR_SYNTAX);
	for (unsigned type = 0; type < 256; type++) {
		bool known = type == 1 || type == 2 || type == 3 || type == 5;

		start();
		put_raw_section((uint8_t)type, "", 0);
		assert_int_equal(reads(DEBIAN_12) == ERR_NONE, known && type != 1);
	}
	start();
	put_raw_section(3, "\0\0\0\0", 4);
	assert_int_equal(reads(DEBIAN_12), ERR_SYNTAX); /* a hash of no bytes */
	start();
	put_raw_section(1, "\0\0\0\1x\0\0\0\0", 9);
	assert_int_equal(reads(DEBIAN_12), ERR_SYNTAX); /* a CA that is none */
}

/* All kinds of sections. */
static void start_all(void)
{
	static const uint64_t listed[] = { 7, 9 };
	size_t certificates, at;

	start();
	certificates = begin_certificates(ED);
	put_list(listed, 2);
	put_range(100, 200);
	put_bitmap(1000, "\x5a\xa5", 2);
	at = begin(0x23);
	put_text("an id");
	end(at);
	end(certificates);
	put_key(ECDSA);
	put_hash(3, ED, 20);
	put_hash(5, RSA_TYPE, 32);
	put_signature(NULL);
}

static void refuses_every_truncation(void **state)
{
	size_t all, whole[8] = { 0 }, n = 0;

	start();
	whole[n++] = krl_len;
	start_all();
	all = krl_len;
	for (krl_len = 8; krl_len < all; krl_len++) {
		enum err e = reads(DEBIAN_12);

		/* between two sections it is a shorter list */
		if (!e && krl_len != whole[0])
			whole[n++] = krl_len;
		assert_true(!e || e == ERR_SHORT);
		assert_true(n <= 5);
	}
	assert_int_equal(n, 5);
	for (krl_len = 1; krl_len < 8; krl_len++) { /* without the magic it is a text */
		struct revoked *r = NULL;

		assert_int_equal(parse(DEBIAN_12, &r), ERR_SYNTAX);
		assert_string_equal(looks(r, ED), "broken");
		revoked_free(r);
	}
}

static void every_flipped_bit_is_read_or_refused(void **state)
{
	size_t refused = 0;

	start_all();
	for (size_t bit = 0; bit < 8 * krl_len; bit++) {
		struct revoked *r = NULL;

		krl[bit / 8] ^= (uint8_t)(1 << bit % 8);
		if (parse(DEBIAN_12, &r))
			refused++;
		else
			(void)looks(r, RSA_CERT);
		revoked_free(r);
		krl[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	assert_true(refused > 8 * krl_len / 2); /* the signature is over nearly all */
}

static void says_what_is_in_it(void **state)
{
	struct revoked_summary s;
	struct revoked *r = NULL;

	start_all();
	assert_int_equal(parse(DEBIAN_12, &r), ERR_NONE);
	assert_int_equal(revoked_summarise(r, &s), ERR_NONE);
	assert_true(s.krl);
	assert_int_equal(s.version, 5);
	assert_int_equal(s.generated, 1700000000);
	assert_string_equal(s.comment, "ours");
	assert_int_equal(s.keys, 1);
	assert_int_equal(s.sha1, 1);
	assert_int_equal(s.sha256, 1);
	assert_int_equal(s.serials, 2 + 8);
	assert_int_equal(s.ranges, 1);
	assert_int_equal(s.key_ids, 1);
	assert_int_equal(s.cas, 1);
	free(s.comment);
	revoked_free(r);
}

/* Bytes of bitmaps may lie anywhere beside the words that they are kept in. */
static void agrees_with_a_slow_judge(void **state)
{
	static bool listed[3000];
	uint32_t random = 1;
	size_t certificates;

	start();
	certificates = begin_certificates(NULL);
	for (int section = 0; section < 60; section++) {
		uint64_t first = 1 + (random = random * 1664525 + 1013904223) % 2800;
		uint8_t bytes[] = { (uint8_t)(random >> 25), (uint8_t)(random >> 13), (uint8_t)(random >> 7) };

		if (section % 4 == 0) {
			put_range(first, first + bytes[0] % 16);
			for (uint64_t s = first; s <= first + bytes[0] % 16; s++)
				listed[s] = true;
			continue;
		}
		put_bitmap(first, bytes, sizeof bytes);
		for (size_t bit = 0; bit < 24; bit++)
			if (bytes[2 - bit / 8] >> bit % 8 & 1)
				listed[first + bit] = true;
	}
	end(certificates);
	for (uint64_t serial = 0; serial < ARRAY_SIZE(listed); serial++)
		assert_string_equal(says_of_serial(serial), listed[serial] ? "serial" : "");
}

/* Lists in text form. What sshd 9.2 makes of them is in tests/net/test_revoked.py. */

static enum err parse_text(unsigned release, const char *text, struct revoked **out, unsigned *line)
{
	char *why = NULL;
	enum err e = revoked_parse((const uint8_t *)text, strlen(text), release, out, line, &why);

	assert_true(!e == !why);
	free(why);
	return e;
}

static void a_text_holds_up_to_its_first_fault(void **state)
{
	struct revoked *r = NULL;
	char text[4000];
	unsigned line = 0;

	snprintf(text, sizeof text, "# keys\n\n %s a comment\nnonsense\n%s\n", line_of(ED), line_of(ECDSA));
	assert_int_equal(parse_text(DEBIAN_12, text, &r, &line), ERR_SYNTAX);
	assert_int_equal(line, 4);
	assert_string_equal(looks(r, ED), "key");
	assert_string_equal(looks(r, ECDSA), "broken");
	assert_string_equal(looks(r, RSA_CERT), "CA");
	revoked_free(r);

	snprintf(text, sizeof text, "%s\n%s", line_of(ECDSA), line_of(RSA_CERT));
	assert_int_equal(parse_text(DEBIAN_12, text, &r, &line), ERR_NONE);
	assert_string_equal(looks(r, ED), "no");
	assert_string_equal(looks(r, ECDSA), "key");
	assert_string_equal(looks(r, RSA_CERT), "key"); /* a certificate in it stands for its key */
	revoked_free(r);
}

static void a_text_depends_on_the_release(void **state)
{
	static const struct {
		const char *type;
		unsigned release;
		enum err e;
	} cases[] = {
		{ "ssh-dss", 902, ERR_NONE },
		{ "ssh-dss", 1000, ERR_SYNTAX },
		{ "sk-ssh-ed25519@openssh.com", 801, ERR_SYNTAX },
		{ "sk-ssh-ed25519@openssh.com", 802, ERR_NONE },
		{ "sk-ecdsa-sha2-nistp256@openssh.com", 801, ERR_SYNTAX },
		{ ED, 704, ERR_NONE },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct revoked *r = NULL;
		unsigned line;

		assert_int_equal(parse_text(cases[i].release, line_of(cases[i].type), &r, &line), cases[i].e);
		revoked_free(r);
	}
}

static void refuses_blobs_that_are_no_key(void **state)
{
	enum revoked_verdict verdict = REVOKED_BROKEN;
	struct revoked *r = NULL;
	uint8_t blob[4000];
	const char *how = "as it was";
	size_t len = blob_of(RSA_CERT, blob, sizeof blob);

	start();
	assert_int_equal(parse(DEBIAN_12, &r), ERR_NONE);
	for (size_t n = 0; n < len; n++)
		assert_int_equal(revoked_look(r, blob, n, &verdict, &how), ERR_SYNTAX);
	blob[len] = 0;
	assert_int_equal(revoked_look(r, blob, len + 1, &verdict, &how), ERR_SYNTAX);
	assert_int_equal(verdict, REVOKED_BROKEN);
	assert_string_equal(how, "as it was");
	revoked_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_keys_and_hashes),
		cmocka_unit_test(finds_sha1),
		cmocka_unit_test(finds_serials_in_all_forms),
		cmocka_unit_test(a_range_of_everything_leaves_serial_0),
		cmocka_unit_test(knows_whose_certificates),
		cmocka_unit_test(finds_key_ids),
		cmocka_unit_test(refuses_what_sshd_refuses),
		cmocka_unit_test(limits_a_bitmap_as_sshd_does),
		cmocka_unit_test(extensions_are_read_since_9_4),
		cmocka_unit_test(signatures_hold_or_spoil_it),
		cmocka_unit_test(a_list_that_revokes_its_signer_is_none),
		cmocka_unit_test(refuses_headers_and_sections_that_it_does_not_know),
		cmocka_unit_test(refuses_every_truncation),
		cmocka_unit_test(every_flipped_bit_is_read_or_refused),
		cmocka_unit_test(says_what_is_in_it),
		cmocka_unit_test(agrees_with_a_slow_judge),
		cmocka_unit_test(a_text_holds_up_to_its_first_fault),
		cmocka_unit_test(a_text_depends_on_the_release),
		cmocka_unit_test(refuses_blobs_that_are_no_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
