/* SPDX-License-Identifier: GPL-3.0-or-later */
/* agent.h - a conversation with ssh-agent (draft-ietf-sshm-ssh-agent): its keys, and a signature by one. */
#ifndef CLIENT_AGENT_H
#define CLIENT_AGENT_H

#include "base/err.h"
#include "base/macros.h"

#include <stddef.h>
#include <stdint.h>

#define AGENT_MESSAGE_MAX 262144 /* as OpenSSH's */
#define AGENT_KEYS_MAX 256
#define AGENT_RSA_SHA2_512 4 /* flag of a signature request */

struct agent_key {
	uint8_t *blob; /* of a plain key or a certificate */
	size_t len;
	char *comment;
};

struct agent_keys {
	struct agent_key *v;
	size_t n;
};

/* ERR_NOT_FOUND: nobody listens at that path. */
MUST_USE enum err agent_open(const char *path, int *fd);
/* ERR_TIMEOUT, ERR_CLOSED, ERR_SYNTAX. Free with agent_keys_clear(). */
MUST_USE enum err agent_list(int fd, struct agent_keys *out);
/*
 * The signature blob, *out is yours. Waits two minutes: somebody may have to touch something. ERR_CHILD: the agent refuses (locked, the
 * key is bound to destinations, the user said no).
 */
MUST_USE enum err agent_sign(int fd, const uint8_t *blob, size_t blob_len, const uint8_t *data, size_t len,
			     uint32_t flags, uint8_t **out, size_t *out_len);
void agent_keys_clear(struct agent_keys *k);

/* The answers, without the length in front: for tests and fuzzing. */
MUST_USE enum err agent_parse_keys(const uint8_t *body, size_t len, struct agent_keys *out);
MUST_USE enum err agent_parse_signature(const uint8_t *body, size_t len, const uint8_t **out, size_t *out_len);

#endif
