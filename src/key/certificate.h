/* SPDX-License-Identifier: GPL-3.0-or-later */
/* certificate.h - OpenSSH certificates: what one says, and whether its CA signed it (OpenSSH PROTOCOL.certkeys). */
#ifndef KEY_CERTIFICATE_H
#define KEY_CERTIFICATE_H

#include "base/err.h"
#include "base/macros.h"
#include "base/text.h"
#include "key/public.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum certificate_kind { CERTIFICATE_USER = 1, CERTIFICATE_HOST = 2 };

struct certificate {
	struct public_key
		key;	/* .type is the certificate's ("ssh-ed25519-cert-v01@openssh.com"), the rest of the key in it */
	uint8_t *plain; /* the blob of that key alone, as the fingerprint and a KRL see it */
	size_t plain_len;
	uint64_t serial;
	enum certificate_kind kind;
	char *key_id; /* may hold any bytes but NUL */
	struct strings principals;
	uint64_t valid_after, valid_before; /* seconds since 1970; UINT64_MAX: for ever */
	char *force_command;		    /* NULL: none */
	char *source_address;		    /* list of networks, NULL: none */
	bool verify_required;
	bool touch_not_required;	 /* extension no-touch-required */
	struct strings unknown_critical; /* options that sshd does not know either: it refuses the certificate */
	const char *fault;		 /* why sshd refuses a login by its other options; NULL: it does not; static */
	struct strings extensions;	 /* names */
	uint8_t *ca;			 /* blob of the key that signed */
	size_t ca_len;
	struct public_key ca_key;
	char signature_type[64]; /* "rsa-sha2-512" */
};

/* Whether this type is one of a certificate. */
bool certificate_is_type(const char *type);
/*
 * ERR_SYNTAX, ERR_SHORT, ERR_TRAILING, ERR_MEMORY; also what sshd refuses while reading: options out of order and an empty
 * principal are fine, a CA that is itself a certificate and more than 256 principals are not. What it finds in the options
 * only at the login is 'fault'. The signature is not checked. Clear with certificate_clear().
 */
MUST_USE enum err certificate_parse(const uint8_t *blob, size_t len, struct certificate *out);
/* Whether the CA's signature over the blob holds: ERR_NONE, ERR_SIGNATURE, ERR_UNSUPPORTED (a CA of DSA), or what parsing gave. */
MUST_USE enum err certificate_verify(const uint8_t *blob, size_t len);
void certificate_clear(struct certificate *c); /* leaves { 0 } */

/* A certificate in three, borrowed from the blob: what is before the CA's key, that key, its signature, both without their length. */
struct certificate_pieces {
	const uint8_t *body, *ca, *signature;
	size_t body_len, ca_len, signature_len;
};
/* As certificate_parse(). */
MUST_USE enum err certificate_split(const uint8_t *blob, size_t len, struct certificate_pieces *out);

#endif
