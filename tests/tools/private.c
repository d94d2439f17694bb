/* SPDX-License-Identifier: GPL-3.0-or-later */
/* private.c - our reader of private keys as a program, for tests: private FILE...; a line of JSON for each. */
#include "key/private.h"
#include "base/json.h"
#include "base/root.h"

#include <stdio.h>
#include <stdlib.h>

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
static enum err file_print(const struct root *root, const char *path)
{
	struct private_key k = { 0 };
	char *content = NULL;
	const char *why;
	json_t *o;
	size_t len;
	enum err e;

	if ((e = root_read(root, path, CONTENT_MAX, &content, &len)))
		return e;
	e = private_key_read((const uint8_t *)content, len, &k, &why);
	o = e ? json_pack("{s:s, s:s}", "refused", err_text(e), "why", why) : key_json(&k);
	json_object_set_new(o, "is", json_boolean(private_key_is((const uint8_t *)content, len)));
	e = json_dumpf(o, stdout, JSON_COMPACT) || putchar('\n') == EOF ? ERR_SYSTEM : ERR_NONE;
	json_decref(o);
	private_key_clear(&k);
	free(content);
	return e;
}

int main(int argc, char **argv)
{
	struct root *root = NULL;
	enum err e;

	e = root_open(NULL, &root);
	for (int i = 1; i < argc && !e; i++)
		e = file_print(root, argv[i]);
	if (e)
		(void)fprintf(stderr, "private: %s\n", err_text(e));
	root_close(root);
	return e ? 2 : 0;
}
