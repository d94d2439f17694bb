/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_hpke.c - sealing is that of RFC 9180: its examples A.2.1 and A.2.2, and nothing changed opens. */
#include "knock/hpke.h"

#include "base/macros.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "base/banned.h"

#define INFO "4f6465206f6e2061204772656369616e2055726e"
#define PLAIN "4265617574792069732074727574682c20747275746820626561757479"
#define PLAIN_LEN 29

/* The examples seal with an aad, which we never have: the key and nonce that they give stand in for the text. */
static const struct example {
	const char *ephemeral, *enc, *secret, *public, *psk, *psk_id, *key, *nonce;
} examples[] = {
	{ "f4ec9b33b792c372c1d2c2063507b684ef925b8c75a42dbcbf57d63ccd381600",
	  "1afa08d3dec047a643885163f1180476fa7ddb54c6a8029ea33f95796bf2ac4a",
	  "8057991eef8f1f1af18f4a9491d16a1ce333f695d4db8e38da75975c4478e0fb",
	  "4310ee97d88cc1f088a5576c77ab0cf5c3ac797f3d95139c6c84b5429c59662a", NULL, NULL,
	  "ad2744de8e17f4ebba575b3f5f5a8fa1f69c2a07f6e7500bc60ca6e3e3ec1c91", "5c4d98150661b848853b547f" },
	{ "0c35fdf49df7aa01cd330049332c40411ebba36e0c718ebc3edf5845795f6321",
	  "2261299c3f40a9afc133b969a97f05e95be2c514e54f3de26cbe5644ac735b04",
	  "77d114e0212be51cb1d76fa99dd41cfd4d0166b08caa09074430a6c59ef17879",
	  "13640af826b722fc04feaa4de2f28fbd5ecc03623b317834e7ff4120dbe73062",
	  "0247fd33b913760fa1fa51e1892d9f307fbe65eb171e8132c2af18555a738b82",
	  "456e6e796e20447572696e206172616e204d6f726961",
	  "600d2fdb0313a7e5c86a9ce9221cd95bed069862421744cfb4ab9d7203a9c019", "112e0465562045b7368653e7" },
};

static size_t unhex(const char *hex, uint8_t *out, size_t size)
{
	size_t len;

	assert_int_equal(sodium_hex2bin(out, size, hex, strlen(hex), NULL, &len, NULL), 0);
	return len;
}

struct ready {
	uint8_t ephemeral[32], enc[32], secret[32], public[32], psk[32], psk_id[64], info[64], plain[64];
	struct hpke_context context;
};

static void prepare(const struct example *x, struct ready *r)
{
	unhex(x->ephemeral, r->ephemeral, 32);
	unhex(x->enc, r->enc, 32);
	unhex(x->secret, r->secret, 32);
	unhex(x->public, r->public, 32);
	unhex(PLAIN, r->plain, sizeof r->plain);
	r->context = (struct hpke_context){ .info = r->info, .info_len = unhex(INFO, r->info, sizeof r->info) };
	if (!x->psk)
		return;
	unhex(x->psk, r->psk, 32);
	r->context.psk = r->psk;
	r->context.psk_id = r->psk_id;
	r->context.psk_id_len = unhex(x->psk_id, r->psk_id, sizeof r->psk_id);
}

static void seals_as_the_rfc_does(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(examples); i++) {
		uint8_t enc[32], ct[PLAIN_LEN + HPKE_TAG], wanted[sizeof ct], key[32], nonce[12], back[PLAIN_LEN];
		struct ready r = { 0 };

		prepare(&examples[i], &r);
		unhex(examples[i].key, key, sizeof key);
		unhex(examples[i].nonce, nonce, sizeof nonce);
		crypto_aead_chacha20poly1305_ietf_encrypt(wanted, NULL, r.plain, PLAIN_LEN, NULL, 0, NULL, nonce, key);
		assert_int_equal(hpke_seal(r.public, &r.context, r.ephemeral, r.plain, PLAIN_LEN, enc, ct), ERR_NONE);
		assert_memory_equal(enc, r.enc, sizeof enc);
		assert_memory_equal(ct, wanted, sizeof ct);
		assert_int_equal(hpke_open(r.secret, enc, &r.context, ct, sizeof ct, back), ERR_NONE);
		assert_memory_equal(back, r.plain, PLAIN_LEN);
	}
}

static void nothing_changed_opens(void **state)
{
	uint8_t enc[32], ct[PLAIN_LEN + HPKE_TAG], back[PLAIN_LEN], untouched[PLAIN_LEN];
	struct ready r = { 0 };

	(void)state;
	prepare(&examples[1], &r);
	memset(back, 0x5a, sizeof back);
	memset(untouched, 0x5a, sizeof untouched);
	assert_int_equal(hpke_seal(r.public, &r.context, r.ephemeral, r.plain, PLAIN_LEN, enc, ct), ERR_NONE);
	for (size_t bit = 0; bit < sizeof ct * 8; bit++) {
		ct[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(hpke_open(r.secret, enc, &r.context, ct, sizeof ct, back), ERR_SIGNATURE);
		ct[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (size_t bit = 0; bit < sizeof enc * 8;
	     bit++) { /* X25519 passes over the top bit, but not the key schedule */
		enc[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(hpke_open(r.secret, enc, &r.context, ct, sizeof ct, back), ERR_SIGNATURE);
		enc[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (size_t len = 0; len < sizeof ct; len++)
		assert_int_equal(hpke_open(r.secret, enc, &r.context, ct, len, back),
				 len < HPKE_TAG ? ERR_SHORT : ERR_SIGNATURE);
	r.context.psk = NULL; /* mode_base, for what was sealed with a psk */
	assert_int_equal(hpke_open(r.secret, enc, &r.context, ct, sizeof ct, back), ERR_SIGNATURE);
	assert_memory_equal(back, untouched, sizeof back);
}

/* Points of small order, for which the shared secret would be zero whoever asks: RFC 7748 section 6.1. */
static void no_zero_secret_is_used(void **state)
{
	static const char *const points[] = {
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0100000000000000000000000000000000000000000000000000000000000000",
		"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
		"5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	};
	uint8_t ct[PLAIN_LEN + HPKE_TAG] = { 0 }, back[PLAIN_LEN], enc[32] = { 0 }, point[32];
	struct ready r = { 0 };

	(void)state;
	prepare(&examples[0], &r);
	for (size_t i = 0; i < ARRAY_SIZE(points); i++) {
		unhex(points[i], point, sizeof point);
		assert_int_equal(hpke_open(r.secret, point, &r.context, ct, sizeof ct, back), ERR_SIGNATURE);
		assert_int_equal(hpke_seal(point, &r.context, r.ephemeral, r.plain, PLAIN_LEN, enc, ct), ERR_SIGNATURE);
	}
	assert_true(sodium_is_zero(enc, sizeof enc) && sodium_is_zero(ct, sizeof ct));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(seals_as_the_rfc_does),
		cmocka_unit_test(nothing_changed_opens),
		cmocka_unit_test(no_zero_secret_is_used),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
