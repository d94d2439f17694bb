/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_native.c - our knock is that of the shared vectors, byte for byte in both directions; nothing changed holds. */
#include "knock/native.h"

#include "base/macros.h"
#include "base/reader.h"
#include "key/certificate.h"
#include "key/public.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <sodium.h>

#include "base/banned.h"

static json_t *keys, *components, *accepted;

static json_t *vectors(const char *name)
{
	const char *source = getenv("SALLYPORT_SOURCE");
	char path[4096];
	json_t *j;

	(void)snprintf(path, sizeof path, "%s/tests/vectors/spa-native/%s", source ? source : ".", name);
	j = json_load_file(path, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(j);
	return j;
}

static const char *text_of(const json_t *j, const char *name)
{
	return json_string_value(json_object_get(j, name));
}

static size_t hex_of(const json_t *j, const char *name, uint8_t *out, size_t size)
{
	const char *hex = text_of(j, name);
	size_t len = 0;

	assert_non_null(hex);
	assert_int_equal(sodium_hex2bin(out, size, hex, strlen(hex), NULL, &len, NULL), 0);
	return len;
}

/* A case of accept.json with what it needs. */
struct sample {
	json_t *j, *trace;
	uint8_t host[32], seed[32], scalar[32], psk[32], datagram[NATIVE_DATAGRAM], plain[NATIVE_PLAIN], enc[32];
	const uint8_t *secret; /* psk or NULL */
	uint64_t now_ms;
};

static void sample_read(size_t i, struct sample *s)
{
	json_t *host;

	s->j = json_array_get(accepted, i);
	s->trace = json_object_get(s->j, "trace");
	host = json_object_get(json_object_get(keys, "hosts"), text_of(s->j, "host"));
	hex_of(host, "ed25519_public", s->host, sizeof s->host);
	hex_of(host, "ed25519_seed", s->seed, sizeof s->seed);
	native_host_secret(s->seed, s->scalar);
	s->secret = NULL;
	if (text_of(s->j, "psk")) {
		hex_of(s->j, "psk", s->psk, sizeof s->psk);
		s->secret = s->psk;
	}
	s->now_ms = (uint64_t)json_integer_value(json_object_get(s->j, "now_ms"));
	assert_int_equal(hex_of(s->j, "datagram", s->datagram, sizeof s->datagram), NATIVE_DATAGRAM);
	assert_int_equal(hex_of(s->trace, "plaintext", s->plain, sizeof s->plain), NATIVE_PLAIN);
	memcpy(s->enc, s->datagram + 8, sizeof s->enc);
}

/* The blob of a line with options, as keys.json has them. */
static void blob_of_line(const char *line, struct public_key_line *out)
{
	const char *from = line;

	while (public_key_decode_line(from, strlen(from), 1000, out)) {
		assert_non_null(strchr(from, ' '));
		from = strchr(from, ' ') + 1;
	}
}

/* Looks among lines for the key whose SHA-256 is that. */
static bool blob_find(const json_t *lines, bool pairs, const uint8_t keyid[32], struct public_key_line *out)
{
	uint8_t digest[32];
	size_t i;
	json_t *line;

	json_array_foreach(lines, i, line)
	{
		blob_of_line(pairs ? text_of(line, "line") : json_string_value(line), out);
		crypto_hash_sha256(digest, out->blob, out->blob_len);
		if (!memcmp(digest, keyid, sizeof digest))
			return true;
		public_key_line_clear(out);
	}
	return false;
}

/* The key that must have signed: the listed one, or the one in the certificate. */
static void signer_find(const struct native_knock *k, uint8_t *blob, size_t *len)
{
	struct public_key_line found = { 0 };
	struct text whole = { 0 };
	struct certificate c = { 0 };

	if (k->kind == NATIVE_PLAIN_KEY) {
		assert_true(blob_find(json_object_get(keys, "authorized"), true, k->keyid, &found));
		memcpy(blob, found.blob, *len = found.blob_len);
	} else {
		struct native_certificate parts = { k->cert, NULL, k->casig, k->cert_len, 0, k->casig_len };

		assert_true(blob_find(json_object_get(keys, "trusted_user_ca"), false, k->keyid, &found));
		parts.ca = found.blob;
		parts.ca_len = found.blob_len;
		assert_int_equal(native_certificate_verify(&parts), ERR_NONE);
		native_certificate_join(&parts, &whole);
		assert_int_equal(certificate_parse((const uint8_t *)whole.s, whole.len, &c), ERR_NONE);
		memcpy(blob, c.plain, *len = c.plain_len);
	}
	certificate_clear(&c);
	text_free(&whole);
	public_key_line_clear(&found);
}

static void gate_keys_and_tags_are_those_of_the_vectors(void **state)
{
	size_t i, seen = 0;
	json_t *j;

	(void)state;
	json_array_foreach(json_object_get(components, "vectors"), i, j)
	{
		uint8_t host[32], psk[32], wanted[32], enc[32], got[NATIVE_GATE_KEY], tag[8];

		if (strcmp(text_of(j, "what"), "gate") != 0)
			continue;
		hex_of(j, "host_ed25519_public", host, sizeof host);
		if (text_of(j, "psk"))
			hex_of(j, "psk", psk, sizeof psk);
		native_gate_key(text_of(j, "psk") ? psk : NULL, host,
				(uint64_t)json_integer_value(json_object_get(j, "epoch")), got);
		hex_of(j, "key", wanted, sizeof wanted);
		assert_memory_equal(got, wanted, sizeof got);
		hex_of(j, "enc", enc, sizeof enc);
		native_gate_tag(got, enc, tag);
		hex_of(j, "tag", wanted, sizeof wanted);
		assert_memory_equal(tag, wanted, sizeof tag);
		seen++;
	}
	assert_int_equal(seen, 4);
}

static void epochs_are_those_of_the_vectors(void **state)
{
	size_t i, seen = 0;
	json_t *j;

	(void)state;
	json_array_foreach(json_object_get(components, "vectors"), i, j)
	{
		json_t *wanted = json_object_get(j, "epochs");
		uint64_t got[2];

		if (!wanted)
			continue;
		native_epochs((uint64_t)json_integer_value(json_object_get(j, "server_time_s")), got);
		assert_int_equal(got[0], json_integer_value(json_array_get(wanted, 0)));
		assert_int_equal(got[1], json_integer_value(json_array_get(wanted, 1)));
		seen++;
	}
	assert_int_equal(seen, 5);
}

/* Section 4.2: the gate never refuses what the window would accept. */
static void epochs_cover_the_window(void **state)
{
	(void)state;
	for (uint64_t now = 0; now < 4000; now++) {
		uint64_t e[2];

		native_epochs(now, e);
		for (uint64_t ts = now < 300 ? 0 : now - 300; ts <= now + 300; ts++)
			assert_true(native_epoch(ts) == e[0] || native_epoch(ts) == e[1]);
	}
}

static void host_keys_are_those_of_the_vectors(void **state)
{
	const char *name;
	json_t *j;

	(void)state;
	json_object_foreach(json_object_get(keys, "hosts"), name, j)
	{
		uint8_t in[32], wanted[32], got[32];

		hex_of(j, "ed25519_seed", in, sizeof in);
		hex_of(j, "x25519_secret", wanted, sizeof wanted);
		wanted[31] = (uint8_t)((wanted[31] & 127) | 64); /* they have it as it was before clamping */
		wanted[0] &= 248;
		native_host_secret(in, got);
		assert_memory_equal(got, wanted, sizeof got);
		hex_of(j, "ed25519_public", in, sizeof in);
		hex_of(j, "x25519_public", wanted, sizeof wanted);
		assert_int_equal(native_host_public(in, got), ERR_NONE);
		assert_memory_equal(got, wanted, sizeof got);
	}
}

static void every_good_datagram_opens_and_is_sealed_again_the_same(void **state)
{
	(void)state;
	for (size_t i = 0; i < json_array_size(accepted); i++) {
		uint8_t plain[NATIVE_PLAIN], again[NATIVE_DATAGRAM], ephemeral[32], key[NATIVE_GATE_KEY], enc[32];
		struct sample s;

		sample_read(i, &s);
		hex_of(s.trace, "gate_key", key, sizeof key);
		assert_true(native_gate_holds(key, s.datagram));
		assert_int_equal(native_open(s.host, s.scalar, s.secret, s.datagram, plain), ERR_NONE);
		assert_memory_equal(plain, s.plain, sizeof plain);
		hex_of(s.trace, "eph_secret", ephemeral, sizeof ephemeral);
		assert_int_equal(native_enc(ephemeral, enc), ERR_NONE);
		assert_memory_equal(enc, s.enc, sizeof enc);
		assert_int_equal(native_seal(s.host, s.secret, ephemeral, plain, again), ERR_NONE);
		assert_memory_equal(again, s.datagram, sizeof again);
	}
}

static void every_good_plaintext_is_read_and_written_again_the_same(void **state)
{
	(void)state;
	for (size_t i = 0; i < json_array_size(accepted); i++) {
		json_t *grant = json_object_get(json_array_get(accepted, i), "grant");
		uint8_t again[NATIVE_PLAIN];
		struct native_knock k;
		struct sample s;
		size_t len;

		sample_read(i, &s);
		assert_int_equal(native_parse(s.plain, &k), ERR_NONE);
		assert_string_equal(k.user, text_of(grant, "user"));
		assert_int_equal(k.duration, json_integer_value(json_object_get(grant, "duration")));
		assert_int_equal(k.nports, json_array_size(json_object_get(grant, "ports")));
		for (unsigned p = 0; p < k.nports; p++)
			assert_int_equal(k.ports[p],
					 json_integer_value(json_array_get(json_object_get(grant, "ports"), p)));
		assert_int_equal(native_write(&k, again, &len), ERR_NONE);
		assert_int_equal(len, k.signed_len);
		assert_int_equal(native_write_signature(again, len, k.sig, k.sig_len), ERR_NONE);
		assert_memory_equal(again, s.plain, sizeof again);
	}
}

static void every_good_signature_holds(void **state)
{
	(void)state;
	for (size_t i = 0; i < json_array_size(accepted); i++) {
		uint8_t wanted[2048], blob[2048];
		struct text m = { 0 }, tbs = { 0 };
		struct native_knock k;
		char algorithm[64] = "";
		struct sample s;
		size_t len;

		sample_read(i, &s);
		assert_int_equal(native_parse(s.plain, &k), ERR_NONE);
		native_message(s.host, s.enc, s.plain, k.signed_len, &m);
		len = hex_of(s.trace, "signed_message", wanted, sizeof wanted);
		assert_int_equal(m.len, len);
		assert_memory_equal(m.s, wanted, len);
		native_to_be_signed(&m, &tbs);
		len = hex_of(s.trace, "sshsig_to_be_signed", wanted, sizeof wanted);
		assert_int_equal(tbs.len, len);
		assert_memory_equal(tbs.s, wanted, len);
		signer_find(&k, blob, &len);
		assert_int_equal(native_verify(&k, s.host, s.enc, s.plain, blob, len, 0, algorithm), STAGE_ACCEPTED);
		assert_true(strlen(algorithm) > 6);
		text_free(&m);
		text_free(&tbs);
	}
}

/* ---- a sender: from a private key and the trace's ephemeral secret to the datagram ---- */

struct part {
	const uint8_t *at;
	size_t len;
};

static struct part part_take(struct reader *in)
{
	struct part p;

	assert_int_equal(read_string(in, &p.at, &p.len), ERR_NONE);
	return p;
}

/* OpenSSH's PROTOCOL.key, without a passphrase: goes on to the numbers of the private key. */
static void private_read(const json_t *key, uint8_t *buffer, size_t size, struct reader *in)
{
	const char *armoured = text_of(key, "private_openssh_base64");
	char pem[4096];
	size_t len;
	struct part private;

	assert_int_equal(sodium_base642bin((uint8_t *)pem, sizeof pem - 1, armoured, strlen(armoured), "\n", &len, NULL,
					   sodium_base64_VARIANT_ORIGINAL),
			 0);
	pem[len] = '\0';
	armoured = strchr(pem, '\n');
	assert_non_null(armoured);
	*strstr(armoured, "-----END") = '\0';
	assert_int_equal(sodium_base642bin(buffer, size, armoured, strlen(armoured), "\n", &len, NULL,
					   sodium_base64_VARIANT_ORIGINAL),
			 0);
	*in = (struct reader){ buffer + sizeof "openssh-key-v1", len - sizeof "openssh-key-v1" };
	(void)part_take(in); /* cipher, how it is keyed, with what */
	(void)part_take(in);
	(void)part_take(in);
	assert_int_equal(read_skip(in, 4), ERR_NONE); /* one key */
	(void)part_take(in);
	private = part_take(in);
	*in = (struct reader){ private.at, private.len };
	assert_int_equal(read_skip(in, 8), ERR_NONE);
	(void)part_take(in); /* type */
}

static size_t ed25519_sign(struct reader *private, const struct text *data, uint8_t *out)
{
	struct part both;

	(void)part_take(private);
	both = part_take(private);
	assert_int_equal(both.len, crypto_sign_SECRETKEYBYTES);
	crypto_sign_detached(out, NULL, (const uint8_t *)data->s, data->len, both.at);
	return crypto_sign_BYTES;
}

static size_t rsa_sign(struct reader *private, const char *digest, const struct text *data, uint8_t *out, size_t size)
{
	static const char *const names[] = { OSSL_PKEY_PARAM_RSA_N, OSSL_PKEY_PARAM_RSA_E, OSSL_PKEY_PARAM_RSA_D };
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	BIGNUM *number[ARRAY_SIZE(names)];
	EVP_PKEY *pkey = NULL;
	OSSL_PARAM *params;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct part p = part_take(private);

		number[i] = BN_bin2bn(p.at, (int)p.len, NULL);
		assert_true(OSSL_PARAM_BLD_push_BN(build, names[i], number[i]));
	}
	params = OSSL_PARAM_BLD_to_param(build);
	assert_true(EVP_PKEY_fromdata_init(ctx) > 0 && EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_KEYPAIR, params) > 0);
	assert_int_equal(EVP_DigestSignInit_ex(md, NULL, digest, NULL, NULL, pkey, NULL), 1);
	assert_int_equal(EVP_DigestSign(md, out, &size, (const uint8_t *)data->s, data->len), 1);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		BN_free(number[i]);
	EVP_PKEY_free(pkey);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(build);
	EVP_MD_CTX_free(md);
	EVP_PKEY_CTX_free(ctx);
	return size;
}

/* The key of keys.json whose public half is that blob. */
static const json_t *pair_find(const uint8_t *blob, size_t len)
{
	const char *name;
	json_t *key;

	json_object_foreach(json_object_get(keys, "keys"), name, key)
	{
		struct public_key_line line = { 0 };
		bool same;

		blob_of_line(text_of(key, "public_line"), &line);
		same = line.blob_len == len && !memcmp(line.blob, blob, len);
		public_key_line_clear(&line);
		if (same)
			return key;
	}
	fail_msg("keys.json lacks a key");
	return NULL;
}

static void string_add(struct text *out, const void *bytes, size_t len)
{
	const uint8_t size[4] = { 0, 0, (uint8_t)(len >> 8), (uint8_t)len };

	text_add_bytes(out, size, sizeof size);
	text_add_bytes(out, bytes, len);
}

/* false: a kind of key whose signatures differ each time. */
static bool sign(const struct native_knock *k, const struct text *data, struct text *out)
{
	uint8_t blob[2048], buffer[4096], value[1024];
	struct reader of_sig = { k->sig, k->sig_len }, private;
	struct part name = part_take(&of_sig);
	size_t len;

	signer_find(k, blob, &len);
	if (name.len == 11 && !memcmp(name.at, "ssh-ed25519", 11)) {
		private_read(pair_find(blob, len), buffer, sizeof buffer, &private);
		len = ed25519_sign(&private, data, value);
	} else if (name.len == 12 && !memcmp(name.at, "rsa-sha2-", 9)) {
		private_read(pair_find(blob, len), buffer, sizeof buffer, &private);
		len = rsa_sign(&private, memcmp(name.at + 9, "256", 3) ? "SHA512" : "SHA256", data, value,
			       sizeof value);
	} else {
		return false;
	}
	string_add(out, name.at, name.len);
	string_add(out, value, len);
	return true;
}

static void a_sender_with_the_key_makes_the_same_datagram(void **state)
{
	unsigned made = 0;

	(void)state;
	for (size_t i = 0; i < json_array_size(accepted); i++) {
		struct text message = { 0 }, to_be_signed = { 0 }, signature = { 0 };
		uint8_t plain[NATIVE_PLAIN], datagram[NATIVE_DATAGRAM], ephemeral[32], enc[32];
		struct native_knock k;
		struct sample s;
		size_t len;

		sample_read(i, &s);
		hex_of(s.trace, "eph_secret", ephemeral, sizeof ephemeral);
		assert_int_equal(native_parse(s.plain, &k), ERR_NONE);
		assert_int_equal(native_enc(ephemeral, enc), ERR_NONE);
		assert_int_equal(native_write(&k, plain, &len), ERR_NONE);
		native_message(s.host, enc, plain, len, &message);
		native_to_be_signed(&message, &to_be_signed);
		if (sign(&k, &to_be_signed, &signature)) {
			assert_int_equal(
				native_write_signature(plain, len, (const uint8_t *)signature.s, signature.len),
				ERR_NONE);
			assert_int_equal(native_seal(s.host, s.secret, ephemeral, plain, datagram), ERR_NONE);
			assert_memory_equal(datagram, s.datagram, sizeof datagram);
			made++;
		}
		text_free(&message);
		text_free(&to_be_signed);
		text_free(&signature);
	}
	assert_int_equal(made, 22);
}

/* ---- */

/* Whatever bit changes inside of the seal, the knock does not hold any more. */
static void no_changed_bit_holds(void **state)
{
	uint8_t blob[2048], changed[NATIVE_PLAIN];
	struct native_knock k;
	struct sample s;
	size_t len;

	(void)state;
	sample_read(0, &s);
	assert_int_equal(native_parse(s.plain, &k), ERR_NONE);
	signer_find(&k, blob, &len);
	for (size_t bit = 0; bit < NATIVE_PLAIN * 8; bit++) {
		memcpy(changed, s.plain, sizeof changed);
		changed[bit / 8] ^= (uint8_t)(1 << bit % 8);
		if (native_parse(changed, &k) == ERR_NONE)
			assert_int_equal(native_verify(&k, s.host, s.enc, changed, blob, len, 0, NULL),
					 STAGE_SIGNATURE);
	}
	assert_int_equal(native_parse(s.plain, &k), ERR_NONE);
	s.host[3] ^= 1;
	assert_int_equal(native_verify(&k, s.host, s.enc, s.plain, blob, len, 0, NULL), STAGE_SIGNATURE);
	s.host[3] ^= 1;
	s.enc[31] ^= 1;
	assert_int_equal(native_verify(&k, s.host, s.enc, s.plain, blob, len, 0, NULL), STAGE_SIGNATURE);
}

/* Cut anywhere, and zeros where the rest was. */
static void no_beginning_holds(void **state)
{
	(void)state;
	for (size_t i = 0; i < json_array_size(accepted); i++) {
		uint8_t blob[2048], cut[NATIVE_PLAIN];
		struct native_knock k;
		struct sample s;
		size_t len, used;

		sample_read(i, &s);
		assert_int_equal(native_parse(s.plain, &k), ERR_NONE);
		signer_find(&k, blob, &len);
		used = k.signed_len + 2 + k.sig_len;
		for (size_t left = 0; left < used; left++) {
			memset(cut, 0, sizeof cut);
			memcpy(cut, s.plain, left);
			if (!memcmp(cut, s.plain, sizeof cut)) /* it ended in zeros by chance */
				continue;
			if (native_parse(cut, &k) == ERR_NONE)
				assert_int_equal(native_verify(&k, s.host, s.enc, cut, blob, len, 0, NULL),
						 STAGE_SIGNATURE);
		}
	}
}

/* Of a knock by alice for 198.51.100.7, port 22: what stands where in section 4.1. */
static void every_rule_of_the_plaintext_is_kept(void **state)
{
	static const struct {
		const char *what;
		size_t at, len;
		const char *bytes;
		bool holds;
	} cases[] = {
		{ "unchanged", 0, 1, "\1", true },
		{ "kind 0", 0, 1, "\0", false },
		{ "kind 2, without a certificate", 0, 1, "\2", false },
		{ "kind 3", 0, 1, "\3", false },
		{ "kind 255", 0, 1, "\377", false },
		{ "the packet's source, and an address", 1, 1, "\0", false },
		{ "the packet's source", 1, 27, "\0\0\36\0\0\1\1\1\1\1\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", true },
		{ "address type 5", 1, 1, "\5", false },
		{ "IPv6", 1, 1, "\6", true },
		{ "address type 1", 1, 1, "\1", false },
		{ "any duration", 2, 2, "\377\377", true },
		{ "any time", 4, 8, "\377\377\377\377\377\377\377\377", true },
		{ "the address 0.0.0.0", 12, 4, "\0\0\0\0", false },
		{ "more behind an IPv4 address", 16, 1, "\1", false },
		{ "at its end", 27, 1, "\1", false },
		{ "no ports", 28, 2, "\0\0", true },
		{ "four ports", 28, 8, "\0\1\0\1\377\377\0\4", true },
		{ "a gap before a port", 28, 4, "\0\0\0\26", false },
		{ "a gap between ports", 30, 4, "\0\0\0\26", false },
		{ "a port at the end only", 34, 2, "\0\26", false },
		{ "no user", 68, 2, "\0\0", false },
		{ "a user of 256 bytes", 68, 2, "\1\0", false },
		{ "a user beyond the end", 68, 2, "\377\377", false },
		{ "a certificate with a plain key", 70, 2, "\0\1", false },
		{ "one beyond the end", 70, 2, "\377\377", false },
		{ "a CA's signature with a plain key", 72, 2, "\0\1", false },
		{ "a NUL in the user", 74, 5, "al\0ce", false },
		{ "a control character", 74, 5, "al\37ce", false },
		{ "a space", 74, 5, "al ce", false },
		{ "the character after it", 74, 5, "al!ce", true },
		{ "DEL", 74, 5, "al\177ce", false },
		{ "above ASCII", 74, 5, "al\200ce", true },
		{ "a slash", 74, 5, "alic/", false },
		{ "a colon", 74, 5, ":lice", false },
		{ "a hyphen in front", 74, 5, "-lice", false },
		{ "a hyphen elsewhere", 74, 5, "a-ice", true },
		{ "no signature", 79, 2, "\0\0", false },
		{ "a signature beyond the end", 79, 2, "\377\377", false },
		{ "a signature of a byte less", 79, 2, "\0\122", false },
		{ "something after the signature", 164, 1, "\1", false },
		{ "at the very end", NATIVE_PLAIN - 1, 1, "\1", false },
	};
	uint8_t changed[NATIVE_PLAIN];
	struct sample s;

	(void)state;
	sample_read(0, &s);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct native_knock k = { .ts = 4711 };
		bool holds;

		memcpy(changed, s.plain, sizeof changed);
		memcpy(changed + cases[i].at, cases[i].bytes, cases[i].len);
		holds = native_parse(changed, &k) == ERR_NONE;
		if (holds != cases[i].holds || (!holds && k.ts != 4711))
			fail_msg("%s", cases[i].what);
	}
}

/* Laid out as the lengths say, so that nothing else is wrong. */
static void lengths_have_limits(void **state)
{
	static const struct {
		unsigned kind, user, cert, casig, sig;
		bool holds;
	} cases[] = {
		{ 1, 1, 0, 0, 1, true },	  { 1, 0, 0, 0, 1, false },
		{ 1, 255, 0, 0, 1, true },	  { 1, 256, 0, 0, 1, false },
		{ 1, 1, 0, 0, 0, false },	  { 1, 1, 0, 0, 1099, true },
		{ 1, 1, 0, 0, 1100, false },	  { 1, 1, 1, 0, 1, false },
		{ 1, 1, 0, 1, 1, false },	  { 1, 1, 1, 1, 1, false },
		{ 2, 1, 1, 1, 1, true },	  { 2, 1, 0, 1, 1, false },
		{ 2, 1, 1, 0, 1, false },	  { 2, 1, 0, 0, 1, false },
		{ 2, 1, 1, 1, 0, false },	  { 2, 1, 1097, 1, 1, true },
		{ 2, 1, 1098, 1, 1, false },	  { 2, 1, 1, 1097, 1, true },
		{ 2, 1, 1, 1, 1097, true },	  { 2, 1, 1, 1, 1098, false },
		{ 2, 1, 65535, 1, 1, false },	  { 2, 255, 300, 300, 245, true },
		{ 2, 255, 300, 300, 246, false }, { 2, 65535, 65535, 65535, 65535, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const unsigned numbers[] = { cases[i].user, cases[i].cert, cases[i].casig };
		const size_t end = 74u + cases[i].user + cases[i].cert + cases[i].casig;
		uint8_t plain[NATIVE_PLAIN] = { (uint8_t)cases[i].kind };
		struct native_knock k;

		for (size_t at = 0; at < ARRAY_SIZE(numbers); at++) {
			plain[68 + 2 * at] = (uint8_t)(numbers[at] >> 8);
			plain[69 + 2 * at] = (uint8_t)numbers[at];
		}
		for (size_t at = 74; at < end + 2 + cases[i].sig && at < sizeof plain; at++)
			plain[at] = 'a';
		if (end + 2 <= sizeof plain) {
			plain[end] = (uint8_t)(cases[i].sig >> 8);
			plain[end + 1] = (uint8_t)cases[i].sig;
		}
		if ((native_parse(plain, &k) == ERR_NONE) != cases[i].holds)
			fail_msg("row %zu", i);
		if (!cases[i].holds)
			continue;
		assert_int_equal(strlen(k.user), cases[i].user);
		assert_true(k.cert == plain + 74 + cases[i].user && k.cert_len == cases[i].cert);
		assert_true(k.casig == k.cert + k.cert_len && k.casig_len == cases[i].casig);
		assert_true(k.sig == plain + end + 2 && k.sig_len == cases[i].sig && k.signed_len == end);
	}
}

/* The unspecified address is none, and IPv4 in IPv6 has a type of its own. */
static void addresses_have_one_form(void **state)
{
	static const struct {
		uint8_t addr[16];
		bool holds;
	} cases[] = {
		{ { 0 }, false },
		{ { [15] = 1 }, true }, /* whose address it is, is for others to judge */
		{ { [10] = 0xff, [11] = 0xff, [12] = 198, [15] = 7 }, false },
		{ { [10] = 0xff, [11] = 0xff }, false },
		{ { [9] = 1, [10] = 0xff, [11] = 0xff, [12] = 198 }, true },
		{ { [10] = 0xff, [12] = 198 }, true },
	};
	struct sample s;

	(void)state;
	sample_read(0, &s);
	s.plain[1] = 6;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct native_knock k;

		memcpy(s.plain + 12, cases[i].addr, sizeof cases[i].addr);
		assert_int_equal(native_parse(s.plain, &k), cases[i].holds ? ERR_NONE : ERR_SYNTAX);
	}
}

/* The signature's blob, cut anywhere, and the key's. */
static void no_truncation_holds(void **state)
{
	(void)state;
	for (size_t i = 0; i < json_array_size(accepted); i++) {
		uint8_t blob[2048], cut[NATIVE_PLAIN];
		struct native_knock k;
		struct sample s;
		size_t len;

		sample_read(i, &s);
		assert_int_equal(native_parse(s.plain, &k), ERR_NONE);
		signer_find(&k, blob, &len);
		for (size_t sig = 1; sig<k.sig_len; sig += k.sig_len> 200 ? 7 : 1) {
			struct native_knock shorter;

			memcpy(cut, s.plain, sizeof cut);
			assert_int_equal(native_write_signature(cut, k.signed_len, k.sig, sig), ERR_NONE);
			assert_int_equal(native_parse(cut, &shorter), ERR_NONE);
			assert_int_equal(native_verify(&shorter, s.host, s.enc, cut, blob, len, 0, NULL),
					 STAGE_SIGNATURE);
		}
		for (size_t key = 0; key<len; key += len> 200 ? 7 : 1)
			assert_int_equal(native_verify(&k, s.host, s.enc, s.plain, blob, key, 0, NULL),
					 STAGE_SIGNATURE);
	}
}

/* Where a security key's flags are not what is wanted, the touch is missing and not the signature. */
static void touch_and_pin_are_wanted_of_security_keys_only(void **state)
{
	unsigned seen = 0;

	(void)state;
	for (size_t i = 0; i < json_array_size(accepted); i++) {
		const char *name = text_of(json_array_get(accepted, i), "name");
		bool untouched = !strcmp(name, "sk-no-touch-required"), plain = !strcmp(name, "plain-ed");
		bool verified = !strcmp(name, "sk-flags-up-uv-be-bs"), touched = !strcmp(name, "plain-sk-ed");
		struct native_knock k;
		uint8_t blob[2048];
		struct sample s;
		size_t len;

		if (!untouched && !plain && !verified && !touched)
			continue;
		seen++;
		sample_read(i, &s);
		assert_int_equal(native_parse(s.plain, &k), ERR_NONE);
		signer_find(&k, blob, &len);
		assert_int_equal(native_verify(&k, s.host, s.enc, s.plain, blob, len, NATIVE_WANT_TOUCH, NULL),
				 untouched ? STAGE_TOUCH : STAGE_ACCEPTED);
		assert_int_equal(native_verify(&k, s.host, s.enc, s.plain, blob, len, NATIVE_WANT_VERIFY, NULL),
				 plain || verified ? STAGE_ACCEPTED : STAGE_TOUCH);
	}
	assert_int_equal(seen, 4);
}

static void time_has_a_window_of_300_seconds_and_no_wrap_around(void **state)
{
	static const struct {
		uint64_t ts, now;
		bool in;
	} cases[] = {
		{ 1000000, 1000000, true },
		{ 1000000, 1300000, true },
		{ 1000000, 1300001, false },
		{ 1300000, 1000000, true },
		{ 1300001, 1000000, false },
		{ 0, 300000, true },
		{ 0, 300001, false },
		{ UINT64_MAX, 0, false },
		{ UINT64_MAX, UINT64_MAX - 300000, true },
		{ UINT64_MAX - 1, 299998, false },
		{ 0, UINT64_MAX, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(native_in_time(cases[i].ts, cases[i].now), cases[i].in);
}

static const struct native_knock usual = { .kind = NATIVE_PLAIN_KEY, .ts = 1790000000000, .user = "anna" };

static void what_the_rules_do_not_allow_is_not_written(void **state)
{
	static const uint8_t some[1100] = { 1 };
	uint8_t plain[NATIVE_PLAIN];
	size_t len = 77;
	struct native_knock k;

	(void)state;
#define REFUSES(change, error) \
	do { \
		k = usual; \
		change; \
		assert_int_equal(native_write(&k, plain, &len), error); \
		assert_int_equal(len, 77); \
	} while (0)
	REFUSES(k.kind = 0, ERR_SYNTAX);
	REFUSES(k.kind = 3, ERR_SYNTAX);
	REFUSES(k.user[0] = '\0', ERR_SYNTAX);
	REFUSES(k.user[0] = '-', ERR_SYNTAX);
	REFUSES(k.user[1] = ' ', ERR_SYNTAX);
	REFUSES(k.user[1] = '/', ERR_SYNTAX);
	REFUSES(k.user[1] = ':', ERR_SYNTAX);
	REFUSES(k.user[1] = 0x7f, ERR_SYNTAX);
	REFUSES(k.addr[0] = 1, ERR_SYNTAX);
	REFUSES(k.addr_type = 4, ERR_SYNTAX);
	REFUSES(k.addr_type = 5, ERR_SYNTAX);
	REFUSES(k.nports = 1, ERR_SYNTAX);
	REFUSES((k.nports = 1, k.ports[1] = 22), ERR_SYNTAX);
	REFUSES(k.ports[0] = 22, ERR_SYNTAX);
	REFUSES(k.cert_len = 1, ERR_SYNTAX);
	REFUSES((k.kind = NATIVE_CERTIFICATE, k.cert = some, k.cert_len = 10), ERR_SYNTAX);
	REFUSES((k.kind = NATIVE_CERTIFICATE, k.cert = some, k.casig = some, k.cert_len = 1094, k.casig_len = 2),
		ERR_TOO_BIG);
	REFUSES((k.kind = NATIVE_CERTIFICATE, k.cert = some, k.casig = some, k.cert_len = SIZE_MAX, k.casig_len = 2),
		ERR_TOO_BIG);
#undef REFUSES
	k = usual;
	k.kind = NATIVE_CERTIFICATE;
	k.cert = k.casig = some;
	k.cert_len = 1093;
	k.casig_len = 2;
	assert_int_equal(native_write(&k, plain, &len), ERR_NONE);
	assert_int_equal(len, NATIVE_PLAIN - 3);
	assert_int_equal(native_write_signature(plain, len, some, 1), ERR_NONE);
	assert_int_equal(native_write_signature(plain, len, some, 2), ERR_TOO_BIG);
	assert_int_equal(native_write_signature(plain, len, some, 0), ERR_TOO_BIG);
	assert_int_equal(native_write_signature(plain, SIZE_MAX, some, 1), ERR_TOO_BIG);
}

static void certificates_come_apart_and_together_again(void **state)
{
	unsigned seen = 0;

	(void)state;
	for (size_t i = 0; i < json_array_size(accepted); i++) {
		struct public_key_line ca = { 0 };
		struct text whole = { 0 };
		struct native_certificate parts, again;
		struct native_knock k;
		struct sample s;

		sample_read(i, &s);
		assert_int_equal(native_parse(s.plain, &k), ERR_NONE);
		if (k.kind != NATIVE_CERTIFICATE)
			continue;
		seen++;
		assert_true(blob_find(json_object_get(keys, "trusted_user_ca"), false, k.keyid, &ca));
		parts = (struct native_certificate){ k.cert, ca.blob, k.casig, k.cert_len, ca.blob_len, k.casig_len };
		native_certificate_join(&parts, &whole);
		assert_int_equal(native_certificate_split((const uint8_t *)whole.s, whole.len, &again), ERR_NONE);
		assert_int_equal(again.body_len, parts.body_len);
		assert_memory_equal(again.body, parts.body, parts.body_len);
		assert_int_equal(again.ca_len, parts.ca_len);
		assert_memory_equal(again.ca, parts.ca, parts.ca_len);
		assert_int_equal(again.casig_len, parts.casig_len);
		assert_memory_equal(again.casig, parts.casig, parts.casig_len);
		assert_int_equal(native_certificate_verify(&again), ERR_NONE);
		for (size_t len = 0; len < whole.len; len++)
			assert_int_not_equal(native_certificate_split((const uint8_t *)whole.s, len, &again), ERR_NONE);
		whole.s[4 + (unsigned char)whole.s[3] + 4] ^= 1; /* in the nonce */
		assert_int_equal(native_certificate_split((const uint8_t *)whole.s, whole.len, &again), ERR_NONE);
		assert_int_equal(native_certificate_verify(&again), ERR_SIGNATURE);
		text_free(&whole);
		public_key_line_clear(&ca);
	}
	assert_int_equal(seen, 6);
}

static void every_stage_has_a_word_of_its_own(void **state)
{
	(void)state;
	for (int i = 0; i < STAGE_COUNT; i++)
		for (int j = 0; j < i; j++)
			assert_string_not_equal(knock_stage_text((enum knock_stage)i),
						knock_stage_text((enum knock_stage)j));
	assert_string_equal(knock_stage_text(STAGE_COUNT), "invalid");
}

static int load(void **state)
{
	(void)state;
	keys = vectors("keys.json");
	components = vectors("components.json");
	accepted = vectors("accept.json");
	return json_array_size(accepted) == 30 ? 0 : -1;
}

static int unload(void **state)
{
	(void)state;
	json_decref(keys);
	json_decref(components);
	json_decref(accepted);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gate_keys_and_tags_are_those_of_the_vectors),
		cmocka_unit_test(epochs_are_those_of_the_vectors),
		cmocka_unit_test(epochs_cover_the_window),
		cmocka_unit_test(host_keys_are_those_of_the_vectors),
		cmocka_unit_test(every_good_datagram_opens_and_is_sealed_again_the_same),
		cmocka_unit_test(every_good_plaintext_is_read_and_written_again_the_same),
		cmocka_unit_test(every_good_signature_holds),
		cmocka_unit_test(a_sender_with_the_key_makes_the_same_datagram),
		cmocka_unit_test(no_changed_bit_holds),
		cmocka_unit_test(no_beginning_holds),
		cmocka_unit_test(every_rule_of_the_plaintext_is_kept),
		cmocka_unit_test(lengths_have_limits),
		cmocka_unit_test(addresses_have_one_form),
		cmocka_unit_test(no_truncation_holds),
		cmocka_unit_test(touch_and_pin_are_wanted_of_security_keys_only),
		cmocka_unit_test(time_has_a_window_of_300_seconds_and_no_wrap_around),
		cmocka_unit_test(what_the_rules_do_not_allow_is_not_written),
		cmocka_unit_test(certificates_come_apart_and_together_again),
		cmocka_unit_test(every_stage_has_a_word_of_its_own),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, load, unload);
}
