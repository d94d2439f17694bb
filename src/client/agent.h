/* SPDX-License-Identifier: GPL-3.0-or-later */
/* agent.h - ask an SSH agent for its keys and for signatures (draft-miller-ssh-agent). */
#ifndef CLIENT_AGENT_H
#define CLIENT_AGENT_H

#include "base/err.h"
#include "base/macros.h"
#include "client/agent_socket.h"
#include "key/public.h"

#include <stddef.h>
#include <stdint.h>

#define AGENT_MESSAGE_MAX 262144 /* as OpenSSH's agent */
#define AGENT_KEYS_MAX 2048
#define AGENT_RSA_SHA2_512 4 /* flag: the algorithm of an RSA signature */

struct agent_identity {
	uint8_t *blob;
	size_t blob_len;
	char *comment;
	struct public_key key; /* of a certificate that of the key in it; bits 0: of a type that is not known */
};

/* Free with agent_identities_clear(). */
struct agent_identities {
	struct agent_identity *v;
	size_t n;
};

/*
 * The two answers, without their length in front. Keys that are damaged are left out of the list. ERR_NOT_FOUND: the agent says
 * no, as it does when it is locked, when the user does not confirm, and for a key that may only sign logins.
 * ERR_SYNTAX, ERR_SHORT, ERR_TRAILING, ERR_TOO_BIG, ERR_MEMORY.
 */
MUST_USE enum err agent_parse_identities(const uint8_t *answer, size_t len, struct agent_identities *out);
MUST_USE enum err agent_parse_signature(const uint8_t *answer, size_t len, uint8_t **signature, size_t *signature_len);
void agent_identities_clear(struct agent_identities *l); /* leaves { 0 } */

/* Of an agent that agent_open() has found. As the parsers; ERR_TIMEOUT, ERR_CLOSED, ERR_SYSTEM. Some agents ask the user to unlock them first: up to a minute. */
MUST_USE enum err agent_list(int fd, struct agent_identities *out);
/* The key is one of the list. Waits two minutes, for a touch or a confirmation. *signature is yours. */
MUST_USE enum err agent_sign(int fd, const uint8_t *key, size_t key_len, const void *data, size_t len, uint32_t flags,
			     uint8_t **signature, size_t *signature_len);

#endif
