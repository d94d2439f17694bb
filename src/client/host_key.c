/* SPDX-License-Identifier: GPL-3.0-or-later */
/* host_key.c - look a host up in the known_hosts files, by ssh-keygen. */
#include "client/host_key.h"

#include "client/run.h"
#include "key/known_hosts.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

#define RELEASE 1000 /* of OpenSSH: any that reads Ed25519 keys */
#define FOUND_MAX 1048576
#define PATIENCE_MS 10000
#define BLOB_HEAD 19 /* of an Ed25519 key: string "ssh-ed25519", and the length of what follows */

static bool keys_have(const uint8_t (*v)[NATIVE_HOST_KEY], size_t n, const uint8_t *key)
{
	for (size_t i = 0; i < n; i++)
		if (!memcmp(v[i], key, NATIVE_HOST_KEY))
			return true;
	return false;
}

static void keys_add(uint8_t (*v)[NATIVE_HOST_KEY], size_t *n, const uint8_t *key)
{
	if (*n < HOST_KEYS_MAX && !keys_have((const uint8_t(*)[NATIVE_HOST_KEY])v, *n, key))
		memcpy(v[(*n)++], key, NATIVE_HOST_KEY);
}

static void line_take(const struct known_host *h, struct host_keys *k)
{
	const bool fits = !strcmp(h->key.key.type, "ssh-ed25519") && h->key.blob_len == BLOB_HEAD + NATIVE_HOST_KEY;

	if (h->kind == KNOWN_HOST_CA)
		k->authority = true;
	else if (h->kind == KNOWN_HOST_REVOKED && fits)
		keys_add(k->bad, &k->nbad, h->key.blob + BLOB_HEAD);
	else if (h->kind == KNOWN_HOST_KEY && fits)
		keys_add(k->v, &k->n, h->key.blob + BLOB_HEAD);
	else if (h->kind == KNOWN_HOST_KEY)
		k->other = true;
}

enum err host_key_collect(const char *lines, size_t len, const char *name, struct host_keys *k)
{
	const struct known_host *h = NULL;
	struct known_hosts parsed;
	enum err e = known_hosts_parse(lines, len, RELEASE, &parsed);

	if (e)
		return e;
	while ((h = known_hosts_next(&parsed, name, h)))
		line_take(h, k);
	known_hosts_clear(&parsed);
	return ERR_NONE;
}

void host_key_settle(struct host_keys *k)
{
	size_t kept = 0;

	for (size_t i = 0; i < k->n; i++) {
		if (keys_have((const uint8_t(*)[NATIVE_HOST_KEY])k->bad, k->nbad, k->v[i]))
			k->revoked = true;
		else if (kept++ != i)
			memcpy(k->v[kept - 1], k->v[i], NATIVE_HOST_KEY);
	}
	k->n = kept;
}

enum err host_key_names(const struct ask_ssh *a, struct strings *out)
{
	const unsigned ports[] = { a->alias ? 22 : a->port, 22 };
	enum err e = ERR_NONE;

	for (size_t i = 0; i < ARRAY_SIZE(ports) && !e; i++) {
		char *name;

		if ((e = known_hosts_name(a->alias ? a->alias : a->hostname, ports[i], &name)))
			break;
		if (!strings_has(out, name))
			e = strings_add(out, name);
		free(name);
	}
	return e;
}

static enum err look_up(const char *file, const char *name, struct host_keys *k)
{
	const char *const argv[] = { "ssh-keygen", "-F", name, "-f", file, NULL };
	struct text found = { 0 };
	int status;
	enum err e;

	if (access(file, R_OK))
		return ERR_NONE;
	e = run_program(
		&(struct run_order){ .argv = argv, .timeout_ms = PATIENCE_MS, .max_output = FOUND_MAX, .silent = true },
		&found, &status);
	if (!e && found.len)
		e = host_key_collect(found.s, found.len, name, k);
	text_free(&found);
	return e;
}

enum err host_key_find(const struct ask_ssh *a, struct host_keys *out)
{
	struct host_keys k = { 0 };
	struct strings names = { 0 };
	enum err e = host_key_names(a, &names);

	for (size_t i = 0; i < names.n && !e; i++)
		for (size_t file = 0; file < a->known_hosts.n && !e; file++)
			e = look_up(a->known_hosts.v[file], names.v[i], &k);
	strings_free(&names);
	if (e)
		return e;
	host_key_settle(&k);
	*out = k;
	return ERR_NONE;
}
