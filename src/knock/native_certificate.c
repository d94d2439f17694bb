/* SPDX-License-Identifier: GPL-3.0-or-later */
/* native_certificate.c - a certificate in the three parts in which it travels in a knock. */
#include "knock/native.h"

#include "base/writer.h"

#include "key/certificate.h"
#include "key/signature.h"

#include "base/banned.h"

enum err native_certificate_split(const uint8_t *blob, size_t len, struct native_certificate *out)
{
	struct certificate_pieces p;
	enum err e;

	if ((e = certificate_split(blob, len, &p)))
		return e;
	*out = (struct native_certificate){
		.body = p.body,
		.body_len = p.body_len,
		.ca = p.ca,
		.ca_len = p.ca_len,
		.casig = p.signature,
		.casig_len = p.signature_len,
	};
	return ERR_NONE;
}

void native_certificate_join(const struct native_certificate *c, struct text *out)
{
	text_add_bytes(out, c->body, c->body_len);
	write_string(out, c->ca, c->ca_len);
	write_string(out, c->casig, c->casig_len);
}

enum err native_certificate_verify(const struct native_certificate *c)
{
	struct text signed_text = { 0 };
	enum err e;

	text_add_bytes(&signed_text, c->body, c->body_len);
	write_string(&signed_text, c->ca, c->ca_len);
	e = text_check(&signed_text);
	if (!e)
		e = signature_verify(c->ca, c->ca_len, c->casig, c->casig_len, (const uint8_t *)signed_text.s,
				     signed_text.len, NULL);
	text_free(&signed_text);
	return e;
}
