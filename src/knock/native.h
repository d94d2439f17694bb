/* SPDX-License-Identifier: GPL-3.0-or-later */
/* native.h - our own knock, version 1: one datagram, both directions, pure (docs/protocol.md). */
#ifndef KNOCK_NATIVE_H
#define KNOCK_NATIVE_H

#include "base/err.h"
#include "base/macros.h"
#include "base/text.h"
#include "knock/stage.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NATIVE_DATAGRAM 1232
#define NATIVE_PLAIN 1176
#define NATIVE_EPOCH_SECONDS 600
#define NATIVE_WINDOW_SECONDS 300
#define NATIVE_GATE_KEY 16
#define NATIVE_HOST_KEY 32 /* the Ed25519 public key, "H" */
#define NATIVE_SECRET 32   /* the site secret */
#define NATIVE_KEY_ID 32
#define NATIVE_ID 16 /* enc[0..16), with ts the name of a knock in the record */
#define NATIVE_PORTS 4
#define NATIVE_USER 255
#define NATIVE_NAMESPACE "knock-v1@sallyport" /* of the SSHSIG */

/* ---- the gate: section 4.2 ---- */

uint64_t native_epoch(uint64_t unix_seconds);
/* The two that a server accepts at this time; they differ by 1. */
void native_epochs(uint64_t unix_seconds, uint64_t out[2]);
/* secret NULL: without one. */
void native_gate_key(const uint8_t *secret, const uint8_t host[NATIVE_HOST_KEY], uint64_t epoch,
		     uint8_t out[NATIVE_GATE_KEY]);
void native_gate_tag(const uint8_t key[NATIVE_GATE_KEY], const uint8_t enc[32], uint8_t out[8]);
/* The length is checked by the caller. Takes the same time for every tag. */
bool native_gate_holds(const uint8_t key[NATIVE_GATE_KEY], const uint8_t datagram[NATIVE_DATAGRAM]);

/* ---- the seal: section 4.3 ---- */

/* The X25519 halves of an Ed25519 key. ERR_SYNTAX: no point of the curve that may be used. */
MUST_USE enum err native_host_public(const uint8_t host[NATIVE_HOST_KEY], uint8_t out[32]);
void native_host_secret(const uint8_t seed[32], uint8_t out[32]);

/* ERR_SIGNATURE: the seal does not hold. plain is untouched then. */
MUST_USE enum err native_open(const uint8_t host[NATIVE_HOST_KEY], const uint8_t host_secret[32],
			      const uint8_t *site_secret, const uint8_t datagram[NATIVE_DATAGRAM],
			      uint8_t plain[NATIVE_PLAIN]);
/* ephemeral: 32 fresh random bytes. The epoch is that of 'ts' in the plaintext. */
MUST_USE enum err native_seal(const uint8_t host[NATIVE_HOST_KEY], const uint8_t *site_secret,
			      const uint8_t ephemeral[32], const uint8_t plain[NATIVE_PLAIN],
			      uint8_t datagram[NATIVE_DATAGRAM]);
/* The public key of an ephemeral secret, which is signed before the sealing. */
MUST_USE enum err native_enc(const uint8_t ephemeral[32], uint8_t enc[32]);

/* ---- the plaintext: section 4.1 ---- */

enum native_kind { NATIVE_PLAIN_KEY = 1, NATIVE_CERTIFICATE = 2 };

struct native_knock {
	enum native_kind kind;
	uint8_t addr_type; /* 0: the packet's source, 4, 6 */
	uint16_t duration; /* seconds, 0: the server's default */
	uint64_t ts;	   /* milliseconds since 1970 */
	uint8_t addr[16];  /* IPv4: the first four bytes */
	uint16_t ports[NATIVE_PORTS];
	unsigned nports;	      /* 0: the server's default */
	uint8_t keyid[NATIVE_KEY_ID]; /* SHA-256 of the key's blob, or of the CA's */
	char user[NATIVE_USER + 1];
	/* Borrowed from the plaintext. */
	const uint8_t *cert, *casig, *sig;
	size_t cert_len, casig_len, sig_len;
	size_t signed_len; /* "L": the plaintext up to there is signed */
};

/* Every rule of section 4.1, the zeros at the end included. ERR_SYNTAX; *out is untouched then. */
MUST_USE enum err native_parse(const uint8_t plain[NATIVE_PLAIN], struct native_knock *out);
/* |ts - now| <= 300 s, for any two values. */
bool native_in_time(uint64_t ts, uint64_t now_ms);

/*
 * The plaintext up to what is signed. ERR_SYNTAX: a value that the rules do not allow; ERR_TOO_BIG: it does not fit, however
 * short the signature. k->signed_len and the signature are not looked at; *signed_len is set.
 */
MUST_USE enum err native_write(const struct native_knock *k, uint8_t plain[NATIVE_PLAIN], size_t *signed_len);
/* Adds the signature blob and zeros. ERR_TOO_BIG: it does not fit. */
MUST_USE enum err native_write_signature(uint8_t plain[NATIVE_PLAIN], size_t signed_len, const uint8_t *sig,
					 size_t sig_len);

/* ---- the signature: section 4.5 ---- */

/* "M". Not longer than 32 + 32 + NATIVE_PLAIN. ERR_MEMORY through text_check(). */
void native_message(const uint8_t host[NATIVE_HOST_KEY], const uint8_t enc[32], const uint8_t *plain, size_t signed_len,
		    struct text *out);
/* "TBS", what the key signs: SSHSIG (OpenSSH PROTOCOL.sshsig) over the digest of M. */
void native_to_be_signed(const struct text *message, struct text *out);

/* What the account's line, its certificate and sshd want of a signature, beyond that it holds. */
#define NATIVE_WANT_TOUCH 1  /* of a security key: user present */
#define NATIVE_WANT_VERIFY 2 /* of a security key: PIN or finger */

/*
 * Steps "signature" and "touch" of section 5.2 for the plain key in 'key' (a blob, in a certificate: the key in it). The algorithm
 * must fit the key, rsa-sha2-512 or -256 for RSA, and nothing may follow; RSA 2048 to 8192 bits with an odd exponent of at most 32
 * bits; no small-order Ed25519 key. 'wants' is of NATIVE_WANT_*. STAGE_ACCEPTED, STAGE_SIGNATURE, STAGE_TOUCH.
 * 'algorithm' (64 bytes, may be NULL) gets the name of the signature's algorithm where it holds.
 */
MUST_USE enum knock_stage native_verify(const struct native_knock *k, const uint8_t host[NATIVE_HOST_KEY],
					const uint8_t enc[32], const uint8_t plain[NATIVE_PLAIN], const uint8_t *key,
					size_t key_len, unsigned wants, char *algorithm);

/* ---- certificates: section 4.4 ---- */

/*
 * A certificate blob taken apart, pointers into it: what goes into a knock. ERR_SYNTAX, ERR_SHORT, ERR_TRAILING: this is none,
 * or of a type that is not known.
 */
struct native_certificate {
	const uint8_t *body, *ca, *casig;
	size_t body_len, ca_len, casig_len;
};
MUST_USE enum err native_certificate_split(const uint8_t *blob, size_t len, struct native_certificate *out);
/* The blob again: body, string ca, string casig. text_check() tells of memory. */
void native_certificate_join(const struct native_certificate *c, struct text *out);
/* Whether the CA signed it: nothing of the body is looked at. ERR_SIGNATURE, or as signature_verify(). */
MUST_USE enum err native_certificate_verify(const struct native_certificate *c);

#endif
