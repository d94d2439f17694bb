/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sign.c - the two ways to a signature. */
#include "client/sign.h"

#include "client/agent.h"
#include "client/run.h"
#include "client/sshsig.h"
#include "key/certificate.h"
#include "knock/native.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define KEYGEN_MS 180000 /* to find the passphrase, the token and its button */

static enum err bytes_copy(const uint8_t *bytes, size_t len, uint8_t **out, size_t *out_len)
{
	*out = malloc(len ? len : 1);
	if (!*out)
		return ERR_MEMORY;
	memcpy(*out, bytes, len);
	*out_len = len;
	return ERR_NONE;
}

/* The key alone of what the agent was asked by. */
static enum err plain_of(const uint8_t *blob, size_t len, struct sign_made *m)
{
	struct certificate c;
	struct public_key k;
	enum err e;

	if ((e = public_key_parse_blob(blob, len, &k)))
		return e;
	if (!certificate_is_type(k.type))
		return bytes_copy(blob, len, &m->key, &m->key_len);
	if ((e = certificate_parse(blob, len, &c)))
		return e;
	e = bytes_copy(c.plain, c.plain_len, &m->key, &m->key_len);
	certificate_clear(&c);
	return e;
}

static enum err sign_by_agent(const struct candidate *c, int agent, const struct text *message, struct sign_made *m)
{
	struct text tbs = { 0 };
	enum err e;

	native_to_be_signed(message, &tbs);
	e = text_check(&tbs);
	if (!e)
		e = agent_sign(agent, c->asked, c->asked_len, tbs.s, tbs.len,
			       !strncmp(c->type, "ssh-rsa", 7) ? AGENT_RSA_SHA2_512 : 0, &m->signature,
			       &m->signature_len);
	text_free(&tbs);
	return e ? e : plain_of(c->asked, c->asked_len, m);
}

static enum err sign_by_keygen(const struct candidate *c, const struct text *message, struct sign_made *m)
{
	const char *const argv[] = { "ssh-keygen",     "-q", "-Y",    "sign", "-n", NATIVE_NAMESPACE, "-O",
				     "hashalg=sha256", "-f", c->file, NULL };
	struct run_order o = { .argv = argv,
			       .input = message->s,
			       .input_len = message->len,
			       .timeout_ms = KEYGEN_MS,
			       .max_output = SSHSIG_MAX };
	struct text armor = { 0 };
	struct sshsig s = { 0 };
	int status;
	enum err e;

	e = run_program(&o, &armor, &status);
	if (!e)
		e = status ? ERR_CHILD : sshsig_parse(text_string(&armor), armor.len, NATIVE_NAMESPACE, &s);
	text_free(&armor);
	if (e)
		return e;
	e = plain_of(s.key, s.key_len, m);
	m->signature = s.signature; /* theirs now */
	m->signature_len = s.signature_len;
	s.signature = NULL;
	sshsig_clear(&s);
	return e;
}

enum err sign_message(const struct candidate *c, int agent, const struct text *message, struct sign_made *out)
{
	struct sign_made m = { 0 };
	struct public_key k;
	enum err e;

	if (c->asked)
		e = agent < 0 ? ERR_NOT_FOUND : sign_by_agent(c, agent, message, &m);
	else
		e = sign_by_keygen(c, message, &m);
	if (!e)
		e = public_key_parse_blob(m.key, m.key_len, &k);
	if (!e && strcmp(k.fingerprint, c->fingerprint) != 0)
		e = ERR_SIGNATURE;
	if (e)
		sign_clear(&m);
	else
		*out = m;
	return e;
}

void sign_clear(struct sign_made *m)
{
	free(m->signature);
	free(m->key);
	*m = (struct sign_made){ 0 };
}
