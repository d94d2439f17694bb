/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_certificate.c - what parses as a certificate has a key, a kind and a CA; what verifies has parsed. */
#include "key/certificate.h"
#include "key/signature.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
	if (!holds)
		abort();
}

static void check_certificate(const struct certificate *c)
{
	struct public_key k;

	check(certificate_is_type(c->key.type));
	check(c->kind == CERTIFICATE_USER || c->kind == CERTIFICATE_HOST);
	check(c->key_id && c->signature_type[0] && c->principals.n <= 256);
	check(!public_key_parse_blob(c->plain, c->plain_len, &k) && !strcmp(k.fingerprint, c->key.fingerprint));
	check(!public_key_parse_blob(c->ca, c->ca_len, &k) && !certificate_is_type(k.type));
	check(!c->fault || c->fault[0]);
}

/* The bytes twice: as a certificate, and as a key with the rest as its signature. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct signature_facts facts;
	struct certificate c;
	size_t half = size / 2;
	enum err verified;

	if (!certificate_parse(data, size, &c)) {
		verified = certificate_verify(data, size);
		check(!verified || verified == ERR_SIGNATURE || verified == ERR_UNSUPPORTED || verified == ERR_SYNTAX);
		check_certificate(&c);
		certificate_clear(&c);
	} else {
		check(certificate_verify(data, size));
	}
	if (!signature_verify(data, half, data + half, size - half, data, size, &facts))
		check(facts.algorithm[0]);
	if (!signature_key_check(data, size))
		check(size > 4);
	return 0;
}
