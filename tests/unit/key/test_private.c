/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_private.c - private keys are found where people put them, read for what they say, and refused with a reason. */
#include "base/scratch.h"

#include "base/macros.h"
#include "gate/host_key_made.h"
#include "key/private.h"

#include "base/banned.h"

/* From memory of just that size, so that a read behind it is noticed; a refusal leaves nothing and says why. */
static enum err parse(const void *content, size_t len, struct private_key *k, const char **why)
{
	static const struct private_key nothing;
	uint8_t *exact = malloc(len ? len : 1);
	const char *reason = NULL;
	enum err e;

	assert_non_null(exact);
	if (len)
		memcpy(exact, content, len);
	*k = nothing;
	e = private_key_read(exact, len, k, &reason);
	if (e) {
		assert_memory_equal(k, &nothing, sizeof nothing);
		assert_non_null(reason);
		assert_true(reason[0]);
	}
	assert_int_equal(private_key_is(exact, len), e != ERR_NOT_FOUND);
	free(exact);
	if (why)
		*why = reason;
	return e;
}

static enum err parse_text(const struct text *t, struct private_key *k)
{
	return parse(t->s, t->len, k, NULL);
}

/* As the file of the made key. */
static enum err parse_made(const struct key_made *made, struct private_key *k)
{
	struct text t = { 0 };
	enum err e;

	key_made_file(made, &t);
	e = parse_text(&t, k);
	text_free(&t);
	return e;
}

static void armor(const char *label, const void *bytes, size_t len, struct text *t)
{
	char line[4096];

	sodium_bin2base64(line, sizeof line, bytes, len, sodium_base64_VARIANT_ORIGINAL);
	text_add(t, "-----BEGIN %s-----\n%s\n-----END %s-----\n", label, line, label);
}

static enum err parse_armored(const char *label, const void *bytes, size_t len, struct private_key *k)
{
	struct text t = { 0 };
	enum err e;

	armor(label, bytes, len, &t);
	e = parse_text(&t, k);
	text_free(&t);
	return e;
}

static void an_open_key_says_all(void **state)
{
	struct private_key k;
	struct key_made made;

	key_made_start(&made, 7);
	assert_int_equal(parse_made(&made, &k), ERR_NONE);
	assert_int_equal(k.format, PRIVATE_OPENSSH);
	assert_false(k.encrypted);
	assert_string_equal(k.key.type, "ssh-ed25519");
	assert_string_equal(k.algorithm, "Ed25519");
	assert_string_equal(k.comment, "root@host");
	assert_int_equal(k.blob_len, 4 + 11 + 4 + 32);
	assert_memory_equal(k.blob + k.blob_len - 32, made.public, 32);
	private_key_clear(&k);
	assert_null(k.blob);
}

static void what_openssh_refuses_is_damaged(void **state)
{
	static const char *const names[] = { "magic", "cipher", "kdf",	   "count", "check",
					     "type",  "public", "padding", "pad",   "behind" };
	struct private_key k;
	struct key_made made;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		key_made_start(&made, 7);
		made.magic = i == 0 ? "openssh-key-v2" : made.magic;
		made.cipher = i == 1 ? "aes256-ctr" : made.cipher; /* but no KDF */
		made.kdf = i == 2 ? "bcrypt" : made.kdf;	   /* but no cipher */
		made.count = i == 3 ? 2 : made.count;
		made.check2 += i == 4;
		made.private_type = i == 5 ? "ssh-ed448" : made.private_type;
		made.private_public[0] ^= i == 6;
		made.padding = i == 7 ? 1 : made.padding;
		made.pad_first = i == 8 ? 2 : made.pad_first;
		made.behind = i == 9;
		assert_int_not_equal(parse_made(&made, &k), ERR_NONE);
	}
}

static enum err parse_encrypted(const char *cipher, const char *kdf, uint32_t rounds, size_t tag, struct private_key *k)
{
	struct text t = { 0 }, options = { 0 }, blob = { 0 };
	static const uint8_t zeros[128];
	enum err e;

	key_made_string(&options, zeros, 16);
	key_made_u32(&options, rounds);
	key_made_string(&blob, "ssh-ed25519", 11);
	key_made_string(&blob, zeros, 32);
	text_add_bytes(&t, "openssh-key-v1", 15);
	key_made_string(&t, cipher, strlen(cipher));
	key_made_string(&t, kdf, strlen(kdf));
	key_made_string(&t, options.s, options.len);
	key_made_u32(&t, 1);
	key_made_string(&t, blob.s, blob.len);
	key_made_string(&t, zeros, 48);
	text_add_bytes(&t, zeros, tag);
	e = parse_armored("OPENSSH PRIVATE KEY", t.s, t.len, k);
	text_free(&t);
	text_free(&options);
	text_free(&blob);
	return e;
}

static void rounds_of_four_billion_are_told_and_not_run(void **state)
{
	struct private_key k;

	assert_int_equal(parse_encrypted("aes256-ctr", "bcrypt", UINT32_MAX, 0, &k), ERR_NONE);
	assert_true(k.encrypted && k.rounds == UINT32_MAX && k.kdf == PRIVATE_KDF_BCRYPT);
	assert_string_equal(k.cipher, "aes256-ctr");
	assert_string_equal(k.comment, "");
	private_key_clear(&k);
	assert_int_equal(parse_encrypted("chacha20-poly1305@openssh.com", "bcrypt", 0, 16, &k), ERR_NONE);
	private_key_clear(&k);
	assert_int_equal(parse_encrypted("aes256-gcm@openssh.com", "bcrypt", 1, 0, &k), ERR_SHORT); /* no tag */
	assert_int_equal(parse_encrypted("aes256-ctr", "bcrypt", 1, 16, &k), ERR_TRAILING);
	assert_int_equal(parse_encrypted("of-tomorrow", "bcrypt", 1, 99, &k),
			 ERR_NONE); /* what follows is its own matter */
	assert_string_equal(k.cipher, "of-tomorrow");
	private_key_clear(&k);
	assert_int_equal(parse_encrypted("a\x1b[2J", "bcrypt", 1, 0, &k), ERR_SYNTAX);
	assert_int_equal(parse_encrypted("aes256-ctr", "argon2", 1, 0, &k), ERR_UNSUPPORTED);
	assert_int_equal(parse_encrypted("aes256-ctr", "none", 1, 0, &k), ERR_SYNTAX);
}

/* Whatever stands around a key, it is one. */
static void a_key_is_found_where_people_put_it(void **state)
{
	static const struct {
		const char *before;
		enum err e;
	} cases[] = {
		{ "", ERR_NONE },
		{ "\n\n  \t", ERR_NONE },
		{ "\xef\xbb\xbf", ERR_NONE },
		{ "\xef\xbb\xbf\r\n ", ERR_NONE },
		{ "Bag Attributes\r\n    friendlyName: anna\r\n", ERR_NONE },
		{ "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", ERR_NONE },
		{ "-----BEGIN OPENSSH PRIVATE KEY----\n", ERR_NONE },
		{ "the key: ", ERR_NOT_FOUND },
		{ "\"", ERR_NOT_FOUND },
	};
	struct private_key k;
	struct text file = { 0 }, t = { 0 };
	struct key_made made;

	key_made_start(&made, 7);
	key_made_file(&made, &file);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		text_reset(&t);
		text_add(&t, "%s%s", cases[i].before, file.s);
		assert_int_equal(parse_text(&t, &k), cases[i].e);
		private_key_clear(&k);
	}
	text_reset(&t);
	for (const char *s = file.s; *s; s++)
		text_add(&t, *s == '\n' ? "\r\n   " : "%c", *s);
	assert_int_equal(parse_text(&t, &k), ERR_NONE);
	private_key_clear(&k);
	text_free(&file);
	text_free(&t);
}

static void what_is_no_private_key_or_not_read_is_told(void **state)
{
	static const struct {
		const char *text;
		enum err e;
	} cases[] = {
		{ "", ERR_NOT_FOUND },
		{ "\xef\xbb", ERR_NOT_FOUND },
		{ "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5 anna", ERR_NOT_FOUND },
		{ "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", ERR_NOT_FOUND },
		{ "-----BEGIN PGP PRIVATE KEY BLOCK-----\n", ERR_NOT_FOUND },
		{ "-----BEGIN PRIVATE KEY----- and more\n", ERR_NOT_FOUND },
		{ "-----BEGIN PRIVATE KEY-----", ERR_SHORT },
		{ "-----BEGIN PRIVATE KEY-----\nAAAA\n", ERR_SHORT },
		{ "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n", ERR_SHORT },
		{ "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n", ERR_SYNTAX },
		{ "-----BEGIN PRIVATE KEY-----\nA*AA\n-----END PRIVATE KEY-----\n", ERR_SYNTAX },
		{ "-----BEGIN RSA PRIVATE KEY-----\nA: b\nAAAA\n-----END RSA PRIVATE KEY-----\n", ERR_SYNTAX },
		{ "SSH PRIVATE KEY FILE FORMAT 1.1\n", ERR_UNSUPPORTED },
		{ "---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\n", ERR_UNSUPPORTED },
		{ "PuTTY-User-Key-File-1: ssh-rsa\n", ERR_UNSUPPORTED },
		{ "PuTTY-User-Key-File-3: ssh-rsa\n", ERR_SHORT },
	};
	struct private_key k;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(parse(cases[i].text, strlen(cases[i].text), &k, NULL), cases[i].e);
}

static void a_file_larger_than_any_key_is_refused(void **state)
{
	static const char begin[] = "-----BEGIN PRIVATE KEY-----\n";
	char *content = malloc(PRIVATE_KEY_MAX + 1);
	struct private_key k;

	assert_non_null(content);
	memset(content, '\n', PRIVATE_KEY_MAX + 1);
	memcpy(content + PRIVATE_KEY_MAX + 1 - strlen(begin), begin, strlen(begin));
	assert_int_equal(parse(content, PRIVATE_KEY_MAX + 1, &k, NULL), ERR_TOO_BIG);
	assert_int_equal(parse(content + 1, PRIVATE_KEY_MAX, &k, NULL), ERR_SHORT);
	free(content);
}

/* Lines that begin a key and do not are looked at once each. */
static void many_beginnings_take_no_long_time(void **state)
{
	struct text t = { 0 };
	struct private_key k;

	while (t.len < PRIVATE_KEY_MAX - 100)
		text_add(&t, " -----BEGIN RSA PRIVATE KEY----\n");
	assert_int_equal(parse_text(&t, &k), ERR_NOT_FOUND);
	text_free(&t);
}

#define RSA_OPEN \
	"\x30\x1b\x02\x01\x00\x02\x01\x0f\x02\x01\x03\x02\x01\x03\x02\x01\x05\x02\x01\x03\x02\x01\x03\x02\x01\x01\x02\x01\x02"

static void an_open_rsa_key_gives_its_public_half(void **state)
{
	static const uint8_t blob[] = "\0\0\0\7ssh-rsa\0\0\0\1\3\0\0\0\1\x0f";
	uint8_t bad[sizeof RSA_OPEN - 1];
	struct private_key k;

	assert_int_equal(parse_armored("RSA PRIVATE KEY", RSA_OPEN, sizeof RSA_OPEN - 1, &k), ERR_NONE);
	assert_int_equal(k.format, PRIVATE_PEM);
	assert_string_equal(k.algorithm, "RSA");
	assert_int_equal(k.key.bits, 4);
	assert_int_equal(k.blob_len, sizeof blob - 1);
	assert_memory_equal(k.blob, blob, sizeof blob - 1);
	private_key_clear(&k);
	for (size_t len = 1; len < sizeof bad; len++)
		assert_int_not_equal(parse_armored("RSA PRIVATE KEY", RSA_OPEN, len, &k), ERR_NONE);
	memcpy(bad, RSA_OPEN, sizeof bad);
	bad[7] = 0; /* a modulus of 0 */
	assert_int_equal(parse_armored("RSA PRIVATE KEY", bad, sizeof bad, &k), ERR_SYNTAX);
	assert_int_equal(parse_armored("EC PRIVATE KEY", RSA_OPEN, sizeof RSA_OPEN - 1, &k), ERR_SYNTAX);
}

static enum err parse_pem(const char *headers, struct private_key *k)
{
	struct text t = { 0 };
	enum err e;

	text_add(&t, "-----BEGIN EC PRIVATE KEY-----\n%sAAAAAAAAAAAAAAAAAAAAAA==\n-----END EC PRIVATE KEY-----\n",
		 headers);
	e = parse_text(&t, k);
	text_free(&t);
	return e;
}

static void dek_info_names_the_cipher(void **state)
{
	struct private_key k;

	assert_int_equal(parse_pem("Proc-Type: 4,ENCRYPTED\r\nDEK-Info: IDEA-CBC,00\r\n\r\n", &k), ERR_NONE);
	assert_true(k.encrypted && k.kdf == PRIVATE_KDF_MD5 && k.rounds == 1);
	assert_string_equal(k.cipher, "IDEA-CBC");
	assert_string_equal(k.algorithm, "EC");
	assert_string_equal(k.key.type, "");
	assert_null(k.blob);
	private_key_clear(&k);
	assert_int_equal(parse_pem("Proc-Type: 4,ENCRYPTED\n\n", &k), ERR_SYNTAX);
	assert_int_equal(parse_pem("Proc-Type: 4,ENCRYPTED\nDEK-Info: \x1b]0;x,00\n\n", &k), ERR_SYNTAX);
	assert_int_equal(parse_pem("Proc-Type: 4,ENCRYPTED\nDEK-Info: ,00\n\n", &k), ERR_SYNTAX);
	assert_int_equal(parse_pem("DEK-Info: AES-128-CBC,00\n\n", &k), ERR_SYNTAX); /* not encrypted, and no key */
}

#define OID_PBES1 "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x05"

static void old_schemes_are_named_also_those_that_openssl_lost(void **state)
{
	static const struct {
		const char *scheme, *name;
		enum private_kdf kdf;
	} cases[] = {
		{ OID_PBES1 "\x01", "pbeWithMD2AndDES-CBC", PRIVATE_KDF_PBKDF1 },
		{ OID_PBES1 "\x03", "pbeWithMD5AndDES-CBC", PRIVATE_KDF_PBKDF1 },
		{ OID_PBES1 "\x04", "pbeWithMD2AndRC2-CBC", PRIVATE_KDF_PBKDF1 },
		{ OID_PBES1 "\x0a", "pbeWithSHA1AndDES-CBC", PRIVATE_KDF_PBKDF1 },
		{ OID_PBES1 "\x63", "1.2.840.113549.1.5.99", PRIVATE_KDF_OTHER },
	};
	uint8_t der[] = "\x30\x1e\x30\x18" OID_PBES1 "?\x30\x0b\x04\x02ss\x02\x05\x00\xee\x6b\x28\x00\x04\x02xx";
	struct private_key k;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		memcpy(der + 4, cases[i].scheme, 11);
		assert_int_equal(parse_armored("ENCRYPTED PRIVATE KEY", der, sizeof der - 1, &k), ERR_NONE);
		assert_string_equal(k.cipher, cases[i].name);
		assert_int_equal(k.kdf, cases[i].kdf);
		assert_true(k.rounds == (cases[i].kdf == PRIVATE_KDF_OTHER ? 0 : 4000000000));
		private_key_clear(&k);
	}
	for (size_t len = 1; len < sizeof der - 1; len++)
		assert_int_not_equal(parse_armored("ENCRYPTED PRIVATE KEY", der, len, &k), ERR_NONE);
}

/* PBES2 with AES-256-CBC; the parameters of its KDF are put in between. */
static enum err parse_pbes2(const char *kdf, size_t len, struct private_key *k)
{
	static const char cipher[] = "\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x01\x2a", end[] = "\x04\x02xx";
	const char pbes2[] = { 0x06, 0x09, 0x2a, (char)0x86, 0x48, (char)0x86, (char)0xf7, 0x0d, 0x01, 0x05, 0x0d };
	const size_t both = len + sizeof cipher - 1, scheme = sizeof pbes2 + 2 + both;
	struct text t = { 0 };
	enum err e;

	text_add(&t, "%c%c%c%c", 0x30, (int)(2 + scheme + sizeof end - 1), 0x30, (int)scheme);
	text_add_bytes(&t, pbes2, sizeof pbes2);
	text_add(&t, "%c%c", 0x30, (int)both);
	text_add_bytes(&t, kdf, len);
	text_add_bytes(&t, cipher, sizeof cipher - 1);
	text_add_bytes(&t, end, sizeof end - 1);
	e = parse_armored("ENCRYPTED PRIVATE KEY", t.s, t.len, k);
	text_free(&t);
	return e;
}

#define PBKDF2 "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0c"
#define SCRYPT "\x06\x09\x2b\x06\x01\x04\x01\xda\x47\x04\x0b"

static void parameters_of_pbes2_may_be_as_large_as_they_like(void **state)
{
	static const char least[] = "\x30\x14" PBKDF2 "\x30\x07\x04\x02ss\x02\x01\x01";
	static const char huge[] = "\x30\x1e" PBKDF2 "\x30\x11\x04\x02ss\x02\x0b\x7f\0\0\0\0\0\0\0\0\0\0";
	static const char salt[] = "\x30\x18" PBKDF2 "\x30\x0b\x30\x06\x06\x04\x2a\x03\x04\x05\x02\x01\x07";
	static const char scrypt[] =
		"\x30\x22" SCRYPT "\x30\x15\x04\x02ss\x02\x05\0\x80\0\0\0\x02\x05\0\x80\0\0\0\x02\x01\x03";
	static const char more[] = "\x30\x16" PBKDF2 "\x30\x09\x04\x02ss\x02\x01\x01\x05\x00";
	struct private_key k;

	assert_int_equal(parse_pbes2(least, sizeof least - 1, &k), ERR_NONE);
	assert_string_equal(k.cipher, "aes-256-cbc");
	assert_string_equal(k.variant, "hmacWithSHA1");
	assert_true(k.kdf == PRIVATE_KDF_PBKDF2 && k.rounds == 1);
	private_key_clear(&k);
	assert_int_equal(parse_pbes2(huge, sizeof huge - 1, &k), ERR_NONE);
	assert_true(k.rounds == UINT64_MAX);
	private_key_clear(&k);
	assert_int_equal(parse_pbes2(salt, sizeof salt - 1, &k), ERR_NONE); /* of another source */
	assert_true(k.rounds == 7);
	private_key_clear(&k);
	assert_int_equal(parse_pbes2(scrypt, sizeof scrypt - 1, &k), ERR_NONE);
	assert_true(k.rounds == 1UL << 31 && k.block == 1UL << 31 && k.parallel == 3 && k.memory == UINT64_MAX);
	private_key_clear(&k);
	assert_int_equal(parse_pbes2(more, sizeof more - 1, &k), ERR_SYNTAX);
}

/* DSA in PKCS#8 has no y: p 23, q 11, g 2, x 3 make 8. */
static void y_of_dsa_is_worked_out(void **state)
{
	static const uint8_t der[] =
		"\x30\x1e\x02\x01\x00\x30\x14\x06\x07\x2a\x86\x48\xce\x38\x04\x01\x30\x09\x02\x01\x17\x02\x01\x0b\x02\x01\x02\x04\x03\x02\x01\x03";
	static const uint8_t blob[] = "\0\0\0\7ssh-dss\0\0\0\1\x17\0\0\0\1\x0b\0\0\0\1\2\0\0\0\1\x08";
	uint8_t bad[sizeof der - 1];
	struct private_key k;

	assert_int_equal(parse_armored("PRIVATE KEY", der, sizeof der - 1, &k), ERR_NONE);
	assert_string_equal(k.algorithm, "DSA");
	assert_int_equal(k.blob_len, sizeof blob - 1);
	assert_memory_equal(k.blob, blob, sizeof blob - 1);
	private_key_clear(&k);
	memcpy(bad, der, sizeof bad);
	bad[sizeof bad - 1] = 24; /* x above p */
	assert_int_equal(parse_armored("PRIVATE KEY", bad, sizeof bad, &k), ERR_SYNTAX);
	bad[sizeof bad - 1] = 3;
	bad[20] = 22; /* an even p */
	assert_int_equal(parse_armored("PRIVATE KEY", bad, sizeof bad, &k), ERR_SYNTAX);
}

/* Where p would take long the key has no public half. */
static void y_of_a_huge_dsa_key_is_not_worked_out(void **state)
{
	static uint8_t der[2600];
	static const uint8_t head[] = "\x30\x82\x0a\x23\x02\x01\x00\x30\x82\x0a\x17\x06\x07\x2a\x86\x48\xce\x38\x04\x01"
				      "\x30\x82\x0a\x0a\x02\x82\x0a\x00";
	static const uint8_t tail[] = "\x02\x01\x0b\x02\x01\x02\x04\x03\x02\x01\x03";
	struct private_key k;

	memset(der, 0x7f, sizeof der);
	memcpy(der, head, sizeof head - 1);
	memcpy(der + sizeof head - 1 + 0xa00, tail, sizeof tail - 1);
	assert_int_equal(parse_armored("PRIVATE KEY", der, sizeof head - 1 + 0xa00 + sizeof tail - 1, &k), ERR_NONE);
	assert_string_equal(k.algorithm, "DSA");
	assert_string_equal(k.key.type, "");
	private_key_clear(&k);
}

#define PPK_PUBLIC "Public-Lines: 2\r\nAAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhsc\r\nHR4f\r\n"
#define PPK_END "Private-Lines: 1\r\nAAAA\r\nPrivate-MAC: 00\r\n"
#define PPK(type, encryption, kdf) \
	"PuTTY-User-Key-File-3: " type "\r\nEncryption: " encryption "\r\nComment: anna\r\n" PPK_PUBLIC kdf PPK_END
#define ARGON2(flavour, memory) \
	"Key-Derivation: " flavour "\r\nArgon2-Memory: " memory \
	"\r\nArgon2-Passes: 4000000000\r\nArgon2-Parallelism: 2\r\nArgon2-Salt: 00\r\n"

static void files_of_putty_are_read_in_their_order(void **state)
{
	static const char good[] = PPK("ssh-ed25519", "aes256-cbc", ARGON2("Argon2i", "99999999999999999999"));
	static const char *const bad[] = {
		PPK("ssh-rsa", "none", ""),
		PPK("ssh-ed25519", "none", ARGON2("Argon2i", "8192")),
		PPK("ssh-ed25519", "aes256-cbc", ""),
		PPK("ssh-ed25519", "", ""),
		PPK("ssh-ed25519", "aes 256", ARGON2("Argon2i", "8192")),
		PPK("ssh-ed25519", "aes256-cbc", ARGON2("Argon3", "8192")),
		PPK("ssh-ed25519", "aes256-cbc", ARGON2("Argon2i", "-1")),
		PPK("ssh-ed25519", "aes256-cbc", ARGON2("Argon2i", "")),
		"PuTTY-User-Key-File-2: ssh-rsa\nEncryption: none\nComment: \nPublic-Lines: 4000000000\n",
		"PuTTY-User-Key-File-2: ssh-rsa\nEncryption: none\nComment: \nPublic-Lines: 9\nAAAA\n",
	};
	struct private_key k;

	assert_int_equal(parse(good, sizeof good - 1, &k, NULL), ERR_NONE);
	assert_true(k.format == PRIVATE_PUTTY3 && k.kdf == PRIVATE_KDF_ARGON2 && k.encrypted);
	assert_true(k.rounds == 4000000000 && k.parallel == 2 && k.memory == UINT64_MAX);
	assert_string_equal(k.variant, "Argon2i");
	assert_string_equal(k.comment, "anna");
	assert_string_equal(k.key.type, "ssh-ed25519");
	private_key_clear(&k);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_not_equal(parse(bad[i], strlen(bad[i]), &k, NULL), ERR_NONE);
	for (size_t len = strlen("PuTTY-User-Key-File-"); len < sizeof good - sizeof "00\r\n"; len++)
		assert_int_not_equal(parse(good, len, &k, NULL), ERR_NONE);
}

static void every_truncation_is_told(void **state)
{
	struct private_key k;
	struct key_made made;
	struct text file = { 0 }, bytes = { 0 };

	key_made_start(&made, 7);
	key_made_file(&made, &file);
	for (size_t len = 0; len < file.len - 1; len++)
		assert_int_not_equal(parse(file.s, len, &k, NULL), ERR_NONE);
	key_made_bytes(&made, &bytes);
	for (size_t len = 1; len < bytes.len; len++)
		assert_int_not_equal(parse_armored("OPENSSH PRIVATE KEY", bytes.s, len, &k), ERR_NONE);
	text_free(&file);
	text_free(&bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_open_key_says_all),
		cmocka_unit_test(what_openssh_refuses_is_damaged),
		cmocka_unit_test(rounds_of_four_billion_are_told_and_not_run),
		cmocka_unit_test(a_key_is_found_where_people_put_it),
		cmocka_unit_test(what_is_no_private_key_or_not_read_is_told),
		cmocka_unit_test(a_file_larger_than_any_key_is_refused),
		cmocka_unit_test(many_beginnings_take_no_long_time),
		cmocka_unit_test(an_open_rsa_key_gives_its_public_half),
		cmocka_unit_test(dek_info_names_the_cipher),
		cmocka_unit_test(old_schemes_are_named_also_those_that_openssl_lost),
		cmocka_unit_test(parameters_of_pbes2_may_be_as_large_as_they_like),
		cmocka_unit_test(y_of_dsa_is_worked_out),
		cmocka_unit_test(y_of_a_huge_dsa_key_is_not_worked_out),
		cmocka_unit_test(files_of_putty_are_read_in_their_order),
		cmocka_unit_test(every_truncation_is_told),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
