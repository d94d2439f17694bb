/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_signature.c - signatures of every kind hold, and no changed bit of anything lets one hold. */
#include "key/signature.h"

#include "base/macros.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "vectors.h"

#include "base/banned.h"

struct part {
	uint8_t bytes[2048];
	size_t len;
};

static struct vector {
	char algorithm[64];
	struct part key, signature, data;
	unsigned flags, counter;
} vectors[16];
static size_t n;

static void part_read(const char *hex, struct part *p)
{
	assert_int_equal(sodium_hex2bin(p->bytes, sizeof p->bytes, hex, strlen(hex), NULL, &p->len, NULL), 0);
}

static void vector_read(char *line)
{
	static char words[3][VECTOR_LINE];
	struct vector *v = &vectors[n++];

	assert_true(n <= ARRAY_SIZE(vectors));
	assert_int_equal(sscanf(line, "%63s %8191s %8191s %8191s %u %u", v->algorithm, words[0], words[1], words[2],
				&v->flags, &v->counter),
			 6);
	part_read(words[0], &v->key);
	part_read(words[1], &v->signature);
	part_read(words[2], &v->data);
}

static enum err verify(const struct vector *v, struct signature_facts *facts)
{
	return signature_verify(v->key.bytes, v->key.len, v->signature.bytes, v->signature.len, v->data.bytes,
				v->data.len, facts);
}

static void holds_for_every_algorithm(void **state)
{
	for (size_t i = 0; i < n; i++) {
		struct signature_facts f = { 0 };

		assert_int_equal(verify(&vectors[i], &f), ERR_NONE);
		assert_string_equal(f.algorithm, vectors[i].algorithm);
		assert_int_equal(f.security_key, !strncmp(f.algorithm, "sk-", 3));
		assert_int_equal(f.sk_flags, vectors[i].flags);
		assert_int_equal(f.sk_counter, vectors[i].counter);
		assert_int_equal(verify(&vectors[i], NULL), ERR_NONE);
		assert_int_equal(signature_key_check(vectors[i].key.bytes, vectors[i].key.len), ERR_NONE);
	}
}

static void refuses_each_changed_byte(const struct vector *v, struct part *p)
{
	struct signature_facts before = { .sk_counter = 4711 }, f = before;

	for (size_t i = 0; i < p->len; i++) {
		p->bytes[i] ^= 1u << i % 8;
		assert_int_not_equal(verify(v, &f), ERR_NONE);
		p->bytes[i] ^= 1u << i % 8;
	}
	assert_memory_equal(&f, &before, sizeof f);
}

static void refuses_every_changed_byte(void **state)
{
	for (size_t i = 0; i < n; i++) {
		refuses_each_changed_byte(&vectors[i], &vectors[i].key);
		refuses_each_changed_byte(&vectors[i], &vectors[i].signature);
		refuses_each_changed_byte(&vectors[i], &vectors[i].data);
	}
}

/* A copy of just that size, so that a sanitizer sees a byte too many. */
static enum err verify_cut(const struct vector *v, size_t key_len, size_t signature_len)
{
	uint8_t *key = malloc(key_len ? key_len : 1), *signature = malloc(signature_len ? signature_len : 1);
	enum err e;

	assert_non_null(key);
	assert_non_null(signature);
	memcpy(key, v->key.bytes, key_len);
	memcpy(signature, v->signature.bytes, signature_len);
	e = signature_verify(key, key_len, signature, signature_len, v->data.bytes, v->data.len, NULL);
	free(key);
	free(signature);
	return e;
}

static void refuses_every_truncation(void **state)
{
	for (size_t i = 0; i < n; i++) {
		for (size_t len = 0; len < vectors[i].key.len; len++)
			assert_int_equal(verify_cut(&vectors[i], len, vectors[i].signature.len), ERR_SHORT);
		for (size_t len = 0; len < vectors[i].signature.len; len++)
			assert_int_equal(verify_cut(&vectors[i], vectors[i].key.len, len), ERR_SIGNATURE);
	}
}

static void refuses_what_is_left_over(void **state)
{
	for (size_t i = 0; i < n; i++) {
		struct vector v = vectors[i];

		v.key.bytes[v.key.len++] = 0;
		assert_int_equal(verify(&v, NULL), ERR_TRAILING);
		v = vectors[i];
		v.signature.bytes[v.signature.len++] = 0;
		assert_int_equal(verify(&v, NULL), ERR_SIGNATURE);
	}
}

static void refuses_the_signature_of_another_key(void **state)
{
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < n; k++) {
			struct vector v = vectors[i];

			v.signature = vectors[k].signature;
			assert_int_equal(verify(&v, NULL), i == k ? ERR_NONE : ERR_SIGNATURE);
		}
}

static void name_set(struct part *p, const char *name)
{
	const uint8_t be[4] = { 0, 0, 0, (uint8_t)strlen(name) };
	size_t old = 4 + (size_t)p->bytes[3], now = 4 + strlen(name);

	memmove(p->bytes + now, p->bytes + old, p->len - old);
	memcpy(p->bytes, be, sizeof be);
	memcpy(p->bytes + 4, name, strlen(name));
	p->len += now - old;
}

static void says_what_it_does_not_know(void **state)
{
	for (size_t i = 0; i < n; i++) {
		struct vector v = vectors[i];

		name_set(&v.key, "ssh-dss");
		assert_int_equal(verify(&v, NULL), ERR_UNSUPPORTED);
		assert_int_equal(signature_key_check(v.key.bytes, v.key.len), ERR_UNSUPPORTED);
		v = vectors[i];
		name_set(&v.signature, "webauthn-sk-ecdsa-sha2-nistp256@openssh.com");
		assert_int_equal(verify(&v, NULL), ERR_UNSUPPORTED);
	}
}

/* The last byte of an ECDSA key that is not for a security key belongs to its point. */
static void wants_points_on_the_curve(void **state)
{
	unsigned tried = 0;

	for (size_t i = 0; i < n; i++) {
		struct vector v = vectors[i];

		if (strncmp(v.algorithm, "ecdsa", 5) != 0)
			continue;
		v.key.bytes[v.key.len - 1] ^= 1;
		assert_int_equal(signature_key_check(v.key.bytes, v.key.len), ERR_SYNTAX);
		tried++;
	}
	assert_int_equal(tried, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(holds_for_every_algorithm),
		cmocka_unit_test(refuses_every_changed_byte),
		cmocka_unit_test(refuses_every_truncation),
		cmocka_unit_test(refuses_what_is_left_over),
		cmocka_unit_test(refuses_the_signature_of_another_key),
		cmocka_unit_test(says_what_it_does_not_know),
		cmocka_unit_test(wants_points_on_the_curve),
	};

	if (vectors_each("signatures", vector_read) != 7)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
