/* SPDX-License-Identifier: GPL-3.0-or-later */
/* host_key.h - the Ed25519 key that a host is known by: what a knock is sealed to. */
#ifndef CLIENT_HOST_KEY_H
#define CLIENT_HOST_KEY_H

#include "base/err.h"
#include "base/macros.h"
#include "base/text.h"
#include "client/ask_ssh.h"
#include "knock/native.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HOST_KEYS_MAX 8

struct host_keys {
	uint8_t v[HOST_KEYS_MAX][NATIVE_HOST_KEY]; /* in the order of the files, each once, none of them revoked */
	size_t n;
	/* What else was found, to say why there is none. */
	bool other;	/* plain keys of other types */
	bool authority; /* a CA for this host: it does not tell which key the host has */
	bool revoked;	/* an Ed25519 key that is revoked */
	uint8_t bad[HOST_KEYS_MAX][NATIVE_HOST_KEY];
	size_t nbad;
};

/* Adds what lines of a known_hosts file say about this name. Lines that are damaged are left out. ERR_MEMORY. */
MUST_USE enum err host_key_collect(const char *lines, size_t len, const char *name, struct host_keys *k);
/* Takes out those that a line marked @revoked lists. After the last host_key_collect(). */
void host_key_settle(struct host_keys *k);
/* The names to look for, best first: the alias, or "[name]:port" and then "name", as ssh does. ERR_MEMORY. */
MUST_USE enum err host_key_names(const struct ask_ssh *a, struct strings *out);
/* Through ssh-keygen -F, in all known_hosts files of the answer. n 0 is no error. ERR_NOT_FOUND: no ssh-keygen; as run_program(). */
MUST_USE enum err host_key_find(const struct ask_ssh *a, struct host_keys *out);

#endif
