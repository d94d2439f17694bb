/* SPDX-License-Identifier: GPL-3.0-or-later */
/* choose.h - which keys to knock with: those that ssh would try, in its order. */
#ifndef CLIENT_CHOOSE_H
#define CLIENT_CHOOSE_H

#include "base/err.h"
#include "base/macros.h"
#include "client/agent.h"
#include "client/ask_ssh.h"
#include "knock/native.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CHOOSE_MAX 4

/* A key with the way to have something signed by it. */
struct candidate {
	char type[64], fingerprint[64]; /* of the plain key, or the certificate's type */
	uint8_t key[NATIVE_KEY_ID];	/* the fingerprint as bytes */
	uint8_t *certificate;		/* blob; NULL: a plain key */
	size_t certificate_len;
	uint8_t *asked; /* the blob that the agent is asked by; NULL: it does not have the key */
	size_t asked_len;
	char *file; /* for ssh-keygen, where the agent does not have it */
	bool touch; /* a security key */
};

struct choice {
	struct candidate v[CHOOSE_MAX];
	size_t n;
	unsigned touch;	     /* left out, since they want a touch and are not pinned */
	unsigned unfit;	     /* of types or sizes that no server takes for a knock */
	unsigned unsignable; /* known by their public half alone */
	unsigned more;	     /* beyond CHOOSE_MAX */
};

struct choose_wish {
	const char *pinned; /* the file of -i; NULL: none */
	const struct ask_ssh *ssh;
	const struct agent_identities *agent; /* NULL: none */
};

/* Free with choice_clear(), also after an empty one, which is no error. ERR_MEMORY. */
MUST_USE enum err choose_keys(const struct choose_wish *w, struct choice *out);
/* The key in a candidate's certificate as a candidate of its own. ERR_EXISTS: the choice has it already; ERR_MEMORY. */
MUST_USE enum err choose_plain(const struct choice *c, const struct candidate *of, struct candidate *out);
void candidate_clear(struct candidate *c);
void choice_clear(struct choice *c); /* leaves { 0 } */

#endif
