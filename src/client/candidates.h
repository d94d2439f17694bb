/* SPDX-License-Identifier: GPL-3.0-or-later */
/* candidates.h - which keys a knock can be signed with, in the order in which ssh would offer them. */
#ifndef CLIENT_CANDIDATES_H
#define CLIENT_CANDIDATES_H

#include "base/err.h"
#include "base/macros.h"
#include "client/ask_ssh.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CANDIDATES_MAX 4 /* one knock each */

struct candidate {
	uint8_t *key; /* blob of the plain key */
	size_t key_len;
	uint8_t *certificate; /* blob, or NULL */
	size_t certificate_len;
	char *file; /* private key to sign with by ssh-keygen where the agent does not have it; NULL: only in the agent */
	bool in_agent;
	uint8_t *agent_blob; /* by what the agent knows it: the certificate or the plain key */
	size_t agent_blob_len;
	char fingerprint[64];
	char type[64];
};

struct candidates {
	struct candidate v[CANDIDATES_MAX];
	size_t n;
	size_t touch;  /* security keys that were left out, since nobody asked for them with -i */
	bool no_agent; /* none could be asked */
};

/* pinned: the key file of -i, or NULL. fd: the agent, -1: none. ERR_MEMORY. Free with candidates_clear(). */
MUST_USE enum err candidates_find(const struct ssh_answer *a, const char *pinned, int fd, struct candidates *out);
void candidates_clear(struct candidates *c);

/* The signature blob over 'data' in SSHSIG's frame; *out is yours. ERR_CHILD: refused; ERR_NOT_FOUND: no ssh-keygen. */
struct text;
MUST_USE enum err candidate_sign(const struct candidate *c, int fd, const struct text *message,
				 const struct text *to_be_signed, uint8_t **out, size_t *out_len);
/* The signature blob out of the armored SSHSIG that ssh-keygen -Y sign writes (OpenSSH PROTOCOL.sshsig); *out is yours. */
MUST_USE enum err sshsig_parse(const char *text, size_t len, const char *name_space, uint8_t **out, size_t *out_len);

#endif
