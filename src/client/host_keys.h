/* SPDX-License-Identifier: GPL-3.0-or-later */
/* host_keys.h - the Ed25519 keys that known_hosts has for a server: what a knock is sealed to. */
#ifndef CLIENT_HOST_KEYS_H
#define CLIENT_HOST_KEYS_H

#include "base/err.h"
#include "base/macros.h"
#include "client/ask_ssh.h"
#include "knock/native.h"

#define HOST_KEYS_MAX 4

struct host_keys {
	uint8_t key[HOST_KEYS_MAX][NATIVE_HOST_KEY];
	size_t n;
	char *name;	 /* what was looked for: "[host]:2222" */
	bool ca_only;	 /* there is a @cert-authority line for it, which does not tell the key */
	bool other_only; /* there are keys, none of them Ed25519 */
};

/* None is no error. Keys of a @revoked line are left out. ERR_MEMORY. Free with host_keys_clear(). */
MUST_USE enum err host_keys_find(const struct ssh_answer *a, struct host_keys *out);
void host_keys_clear(struct host_keys *h);

#endif
