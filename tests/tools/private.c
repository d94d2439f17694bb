/* SPDX-License-Identifier: GPL-3.0-or-later */
/* private.c - our reader of private keys as a program, for tests: private [damage] FILE...; a line of JSON for each. */
#include "key/private.h"
#include "base/json.h"
#include "base/root.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define CONTENT_MAX (16 << 20)

static json_t *key_json(const struct private_key *k)
{
	return json_pack("{s:s, s:b, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:s, s:s, s:i, s:s, s:b, s:b, s:i, s:o, s:o}",
			 "format", private_format_name(k->format), "encrypted", k->encrypted, "cipher", k->cipher,
			 "kdf", private_kdf_name(k->kdf), "variant", k->variant, "rounds", (json_int_t)k->rounds,
			 "block", (json_int_t)k->block, "parallel", (json_int_t)k->parallel, "memory",
			 (json_int_t)k->memory, "algorithm", k->algorithm, "type", k->key.type, "bits",
			 (int)k->key.bits, "fingerprint", k->key.fingerprint, "sk", k->sk, "sk_flags_known",
			 k->sk_flags_known, "sk_flags", (int)k->sk_flags, "application",
			 k->application ? json_safe_string(k->application) : json_null(), "comment",
			 json_safe_string(k->comment));
}

/* A damaged one is an answer too. */
static json_t *content_print(const uint8_t *content, size_t len)
{
	struct private_key k = { 0 };
	const char *why;
	enum err e = private_key_read(content, len, &k, &why);
	json_t *o = e ? json_pack("{s:s, s:s}", "refused", err_text(e), "why", why) : key_json(&k);

	json_object_set_new(o, "is", json_boolean(private_key_is(content, len)));
	private_key_clear(&k);
	return o;
}

/* From memory of just that size, so that a read behind it is noticed. */
static void damaged_read(const uint8_t *content, size_t len)
{
	struct private_key k = { 0 };
	uint8_t *exact = malloc(len ? len : 1);
	const char *why = NULL;
	enum err e;

	if (!exact)
		abort();
	if (len)
		memcpy(exact, content, len);
	e = private_key_read(exact, len, &k, &why);
	free(exact);
	if (e && (k.blob || k.comment || k.application || k.encrypted || k.key.type[0] || !why || !*why))
		abort();
	if (!e && (!k.comment || !k.blob != !k.key.type[0] || k.encrypted != (k.kdf != PRIVATE_KDF_NONE)))
		abort();
	private_key_clear(&k);
}

#define SMALL 700 /* bytes of a file in which every bit is turned; else one of each byte */

static json_t *content_damage(uint8_t *content, size_t len)
{
	json_int_t flipped = 0;

	for (size_t cut = 0; cut < len; cut++)
		damaged_read(content, cut);
	for (size_t i = 0; i<8 * len; i += len> SMALL ? 9 : 1, flipped++) {
		content[i / 8] ^= (uint8_t)(1 << i % 8);
		damaged_read(content, len);
		content[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	return json_pack("{s:I, s:I}", "cut", (json_int_t)len, "flipped", flipped);
}

static enum err file_print(const struct root *root, const char *path, bool damage)
{
	char *content = NULL;
	json_t *o;
	size_t len;
	enum err e;

	if ((e = root_read(root, path, CONTENT_MAX, &content, &len)))
		return e;
	o = damage ? content_damage((uint8_t *)content, len) : content_print((uint8_t *)content, len);
	e = json_dumpf(o, stdout, JSON_COMPACT) || putchar('\n') == EOF ? ERR_SYSTEM : ERR_NONE;
	json_decref(o);
	free(content);
	return e;
}

int main(int argc, char **argv)
{
	bool damage = argc > 1 && !strcmp(argv[1], "damage");
	struct root *root = NULL;
	enum err e;

	e = root_open(NULL, &root);
	for (int i = damage ? 2 : 1; i < argc && !e; i++)
		e = file_print(root, argv[i], damage);
	if (e)
		(void)fprintf(stderr, "private: %s\n", err_text(e));
	root_close(root);
	return e ? 2 : 0;
}
