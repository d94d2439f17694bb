/* SPDX-License-Identifier: GPL-3.0-or-later */
/* packet.c - from a candidate key to 1232 bytes. */
#include "client/packet.h"

#include "client/sign.h"

#include <sodium.h>
#include <string.h>

#include "base/banned.h"

/* What is wiped at the end. */
struct work {
	uint8_t ephemeral[32], enc[32], plain[NATIVE_PLAIN];
};

static enum err key_write(const struct candidate *c, struct native_knock *k)
{
	struct native_certificate parts;
	enum err e;

	if (!c->certificate) {
		k->kind = NATIVE_PLAIN_KEY;
		memcpy(k->keyid, c->key, sizeof k->keyid);
		return ERR_NONE;
	}
	if ((e = native_certificate_split(c->certificate, c->certificate_len, &parts)))
		return e;
	k->kind = NATIVE_CERTIFICATE;
	crypto_hash_sha256(k->keyid, parts.ca, parts.ca_len);
	k->cert = parts.body;
	k->cert_len = parts.body_len;
	k->casig = parts.casig;
	k->casig_len = parts.casig_len;
	return ERR_NONE;
}

static enum err plain_write(const struct packet_order *o, const struct candidate *c, struct work *w, size_t *signed_len)
{
	struct native_knock k = { .addr_type = o->claim.type, .duration = o->duration, .ts = o->ts };
	enum err e;

	if (strlen(o->user) > NATIVE_USER)
		return ERR_SYNTAX;
	memcpy(k.user, o->user, strlen(o->user));
	memcpy(k.addr, o->claim.bytes, sizeof k.addr);
	if (!k.addr_type)
		k.duration = 0; /* a server gives such a knock its default and nothing else */
	if ((e = key_write(c, &k)))
		return e;
	return native_write(&k, w->plain, signed_len);
}

/* As the server will: what it would refuse is better known here. Whether a touch is wanted only the server knows. */
static enum err signature_check(const struct packet_order *o, const struct work *w, const struct sign_made *s)
{
	struct native_knock k;
	enum err e = native_parse(w->plain, &k);

	if (e)
		return e;
	return native_verify(&k, o->host, w->enc, w->plain, s->key, s->key_len, 0, NULL) == STAGE_ACCEPTED
		       ? ERR_NONE
		       : ERR_SIGNATURE;
}

static enum err plain_sign(const struct packet_order *o, const struct candidate *c, int agent, struct work *w,
			   size_t signed_len)
{
	struct text message = { 0 };
	struct sign_made s = { 0 };
	enum err e;

	native_message(o->host, w->enc, w->plain, signed_len, &message);
	if ((e = text_check(&message)) == ERR_NONE && (e = sign_message(c, agent, &message, &s)) == ERR_NONE &&
	    (e = native_write_signature(w->plain, signed_len, s.signature, s.signature_len)) == ERR_NONE)
		e = signature_check(o, w, &s);
	sign_clear(&s);
	if (message.s)
		sodium_memzero(message.s, message.len);
	text_free(&message);
	return e;
}

enum err packet_make(const struct packet_order *o, const struct candidate *c, int agent,
		     uint8_t datagram[NATIVE_DATAGRAM])
{
	struct work w;
	size_t signed_len;
	enum err e;

	randombytes_buf(w.ephemeral, sizeof w.ephemeral);
	if ((e = native_enc(w.ephemeral, w.enc)) || (e = plain_write(o, c, &w, &signed_len)) ||
	    (e = plain_sign(o, c, agent, &w, signed_len)))
		goto out;
	e = native_seal(o->host, o->site_secret, w.ephemeral, w.plain, datagram);
out:
	sodium_memzero(&w, sizeof w);
	return e;
}
