/* SPDX-License-Identifier: GPL-3.0-or-later */
/* host_keys.c - goes through the files that ssh would look into. */
#include "client/host_keys.h"

#include "base/file.h"
#include "key/known_hosts.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

#define FILE_MAX (16u << 20)
#define RELEASE 1000	/* of a ssh that knows all that we know */
#define ED25519_BLOB 51 /* string "ssh-ed25519", string of 32 bytes */

static bool is_ed25519(const struct known_host *h)
{
	return !strcmp(h->key.key.type, "ssh-ed25519") && h->key.blob_len == ED25519_BLOB;
}

static const uint8_t *key_of(const struct known_host *h)
{
	return h->key.blob + ED25519_BLOB - NATIVE_HOST_KEY;
}

static void key_add(struct host_keys *out, const uint8_t *key)
{
	for (size_t i = 0; i < out->n; i++)
		if (!memcmp(out->key[i], key, NATIVE_HOST_KEY))
			return;
	if (out->n < HOST_KEYS_MAX)
		memcpy(out->key[out->n++], key, NATIVE_HOST_KEY);
}

static void key_remove(struct host_keys *out, const uint8_t *key)
{
	for (size_t i = 0; i < out->n; i++)
		if (!memcmp(out->key[i], key, NATIVE_HOST_KEY)) {
			out->n--;
			memmove(out->key[i], out->key[i + 1], (out->n - i) * NATIVE_HOST_KEY);
			return;
		}
}

static enum err file_load(const char *path, struct known_hosts *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char *content = NULL;
	size_t len = 0;
	enum err e;

	if (fd < 0)
		return ERR_NONE; /* as ssh: a file that cannot be read has nobody */
	e = file_read_all(fd, FILE_MAX, &content, &len);
	file_close(fd);
	if (!e)
		e = known_hosts_parse(content, len, RELEASE, out);
	free(content);
	return e == ERR_MEMORY ? e : ERR_NONE;
}

static void lines_take(const struct known_hosts *k, struct host_keys *out)
{
	for (const struct known_host *h = NULL; (h = known_hosts_next(k, out->name, h));) {
		if (h->kind == KNOWN_HOST_CA)
			out->ca_only = true;
		else if (h->kind == KNOWN_HOST_KEY && is_ed25519(h))
			key_add(out, key_of(h));
		else if (h->kind == KNOWN_HOST_KEY)
			out->other_only = true;
	}
}

static void revoked_leave(const struct known_hosts *k, struct host_keys *out)
{
	for (const struct known_host *h = NULL; (h = known_hosts_next(k, out->name, h));)
		if (h->kind == KNOWN_HOST_REVOKED && is_ed25519(h))
			key_remove(out, key_of(h));
}

enum err host_keys_find(const struct ssh_answer *a, struct host_keys *out)
{
	struct known_hosts *files = calloc(a->known_hosts.n + 1, sizeof *files);
	struct host_keys found = { 0 };
	enum err e = files ? ERR_NONE : ERR_MEMORY;

	/* An alias stands for itself, whatever the port. */
	if (!e)
		e = known_hosts_name(a->alias ? a->alias : a->host, a->alias ? 22 : a->port, &found.name);
	for (size_t i = 0; i < a->known_hosts.n && !e; i++)
		e = file_load(a->known_hosts.v[i], &files[i]);
	for (size_t i = 0; i < a->known_hosts.n && !e; i++)
		lines_take(&files[i], &found);
	for (size_t i = 0; i < a->known_hosts.n && !e; i++)
		revoked_leave(&files[i], &found);
	for (size_t i = 0; files && i < a->known_hosts.n; i++)
		known_hosts_clear(&files[i]);
	free(files);
	if (e) {
		host_keys_clear(&found);
		return e;
	}
	*out = found;
	return ERR_NONE;
}

void host_keys_clear(struct host_keys *h)
{
	free(h->name);
	*h = (struct host_keys){ 0 };
}
