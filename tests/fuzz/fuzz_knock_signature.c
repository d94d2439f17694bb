/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_knock_signature.c - no bytes hold as the signature of a knock but those that the key made. */
#include "knock/native.h"

#include "knock_signatures.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define BLOB_MAX 1024

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct bytes {
	uint8_t at[BLOB_MAX];
	size_t len;
};

/* A knock that waits for its signature. */
static struct target {
	struct bytes key, message, good, twin;
	uint8_t plain[NATIVE_PLAIN];
	struct native_knock knock;
} targets[ARRAY_SIZE(knock_signatures)];

static void check(bool holds)
{
	if (!holds)
		abort();
}

static void decode(const char *text, struct bytes *out)
{
	if (text)
		check(!sodium_base642bin(out->at, sizeof out->at, text, strlen(text), NULL, &out->len, NULL,
					 sodium_base64_VARIANT_ORIGINAL));
}

static enum knock_stage verify(const struct target *t, const uint8_t *sig, size_t len, unsigned wants)
{
	struct native_knock k = t->knock;

	k.sig = sig;
	k.sig_len = len;
	return native_verify(&k, t->message.at, t->message.at + NATIVE_HOST_KEY, t->plain, t->key.at, t->key.len, wants,
			     NULL);
}

static bool is_same(const struct bytes *b, const uint8_t *sig, size_t len)
{
	return len && b->len == len && !memcmp(b->at, sig, len);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	check(sodium_init() >= 0);
	for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
		struct target *t = &targets[i];

		decode(knock_signatures[i].key, &t->key);
		decode(knock_signatures[i].message, &t->message);
		decode(knock_signatures[i].good, &t->good);
		decode(knock_signatures[i].twin, &t->twin);
		t->knock.kind = NATIVE_PLAIN_KEY;
		t->knock.signed_len = t->message.len - NATIVE_HOST_KEY - 32;
		memcpy(t->plain, t->message.at + NATIVE_HOST_KEY + 32, t->knock.signed_len);
		check(verify(t, t->good.at, t->good.len, 0) == STAGE_ACCEPTED);
		if (t->twin.len)
			check(verify(t, t->twin.at, t->twin.len, 0) == STAGE_ACCEPTED);
	}
	return 0;
}

/* The first byte says for which key. The twin does no harm: a knock is known by its time and enc, and both are signed. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct target *t;
	enum knock_stage stage, wanting;

	if (size < 1 || size > BLOB_MAX)
		return 0;
	t = &targets[data[0] % ARRAY_SIZE(targets)];
	stage = verify(t, data + 1, size - 1, 0);
	check(stage == STAGE_ACCEPTED || stage == STAGE_SIGNATURE);
	check((stage == STAGE_ACCEPTED) ==
	      (is_same(&t->good, data + 1, size - 1) || is_same(&t->twin, data + 1, size - 1)));
	if (stage == STAGE_SIGNATURE)
		return 0;
	wanting = verify(t, data + 1, size - 1, NATIVE_WANT_TOUCH | NATIVE_WANT_VERIFY);
	check(wanting == STAGE_ACCEPTED || wanting == STAGE_TOUCH);
	return 0;
}
