/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sign.h - have a knock signed: by the agent, or by ssh-keygen. No private key is ever read here. */
#ifndef CLIENT_SIGN_H
#define CLIENT_SIGN_H

#include "base/err.h"
#include "base/macros.h"
#include "base/text.h"
#include "client/choose.h"

#include <stddef.h>
#include <stdint.h>

/* Free with sign_clear(). */
struct sign_made {
	uint8_t *signature, *key; /* blobs: the key is the plain one that signed */
	size_t signature_len, key_len;
};

/*
 * 'message' is the "M" of section 4.5. agent: from agent_open(), -1: none. ERR_NOT_FOUND: the agent said no; ERR_CHILD: ssh-keygen
 * failed, and said why on stderr (it may have asked for a passphrase before); ERR_SIGNATURE: another key signed; as
 * agent_sign(), run_program() and sshsig_parse().
 */
MUST_USE enum err sign_message(const struct candidate *c, int agent, const struct text *message, struct sign_made *out);
void sign_clear(struct sign_made *m); /* leaves { 0 } */

#endif
