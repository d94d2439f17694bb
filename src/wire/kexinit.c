/* SPDX-License-Identifier: GPL-3.0-or-later */
/* kexinit.c - the lists of algorithms that a server offers, RFC 4253 section 7.1, read strictly. */
#include "wire/probe.h"

#include "base/reader.h"

#include <string.h>

#include "base/banned.h"

#define MESSAGE_KEXINIT 20
#define COOKIE_SIZE 16
#define NAME_MAX_LEN 256 /* RFC 4251 section 6 says 64; some servers have longer ones */
#define NAMES_MAX 1024
#define STRICT_SERVER "kex-strict-s-v00@openssh.com"

static enum err name_check(const uint8_t *name, size_t len)
{
	if (!len || len > NAME_MAX_LEN)
		return ERR_SYNTAX;
	for (size_t i = 0; i < len; i++)
		if (name[i] <= ' ' || name[i] >= 0x7f)
			return ERR_SYNTAX;
	return ERR_NONE;
}

static enum err names_add(const uint8_t *at, size_t len, struct strings *out)
{
	enum err e;

	if (!len)
		return ERR_NONE;
	for (;;) {
		const uint8_t *comma = memchr(at, ',', len);
		size_t n = comma ? (size_t)(comma - at) : len;

		if (out->n == NAMES_MAX)
			return ERR_TOO_BIG;
		if ((e = name_check(at, n)) || (e = strings_add_bytes(out, (const char *)at, n)))
			return e;
		if (!comma)
			return ERR_NONE;
		at += n + 1;
		len -= n + 1;
	}
}

static enum err read_names(struct reader *in, struct strings *out)
{
	const uint8_t *list;
	size_t len;
	enum err e;

	if ((e = read_string(in, &list, &len)))
		return e;
	return names_add(list, len, out);
}

/* Both directions: checked like the others, and of no use to anybody. */
static enum err skip_languages(struct reader *in)
{
	struct strings unused = { 0 };
	enum err e = ERR_NONE;

	for (int direction = 0; direction < 2 && !e; direction++) {
		e = read_names(in, &unused);
		strings_free(&unused);
	}
	return e;
}

static enum err read_start(struct reader *in)
{
	uint8_t type;
	enum err e;

	if ((e = read_u8(in, &type)))
		return e;
	if (type != MESSAGE_KEXINIT)
		return ERR_SYNTAX;
	return read_skip(in, COOKIE_SIZE);
}

static enum err read_rest(struct reader *in)
{
	uint8_t guess_follows;
	uint32_t reserved;
	enum err e;

	if ((e = skip_languages(in)) || (e = read_u8(in, &guess_follows)) || (e = read_u32(in, &reserved)) ||
	    (e = read_end(in)))
		return e;
	return reserved ? ERR_SYNTAX : ERR_NONE;
}

enum err kexinit_parse(const uint8_t *payload, size_t len, struct kexinit *out)
{
	struct reader in = { .at = payload, .left = len };
	struct kexinit k = { 0 };
	enum err e;

	if ((e = read_start(&in)) || (e = read_names(&in, &k.kex)) || (e = read_names(&in, &k.host_key)) ||
	    (e = read_names(&in, &k.cipher_c2s)) || (e = read_names(&in, &k.cipher_s2c)) ||
	    (e = read_names(&in, &k.mac_c2s)) || (e = read_names(&in, &k.mac_s2c)) ||
	    (e = read_names(&in, &k.compression_c2s)) || (e = read_names(&in, &k.compression_s2c)) ||
	    (e = read_rest(&in))) {
		kexinit_free(&k);
		return e;
	}
	k.strict = strings_has(&k.kex, STRICT_SERVER);
	*out = k; /* the caller owns the lists now */
	return ERR_NONE;
}

void kexinit_free(struct kexinit *k)
{
	strings_free(&k->kex);
	strings_free(&k->host_key);
	strings_free(&k->cipher_c2s);
	strings_free(&k->cipher_s2c);
	strings_free(&k->mac_c2s);
	strings_free(&k->mac_s2c);
	strings_free(&k->compression_c2s);
	strings_free(&k->compression_s2c);
	k->strict = false;
}

enum err kexinit_configured(const struct strings *list, struct strings *out)
{
	static const char *const others[] = { "ext-info-", "kex-strict-", "gss-" };
	enum err e = ERR_NONE;

	for (size_t i = 0; e == ERR_NONE && i < list->n; i++) {
		bool other = false;

		for (size_t k = 0; k < ARRAY_SIZE(others); k++)
			other = other || strncmp(list->v[i], others[k], strlen(others[k])) == 0;
		if (!other)
			e = strings_add(out, list->v[i]);
	}
	return e;
}
