/* SPDX-License-Identifier: GPL-3.0-or-later */
/* private.h - what the file of a private key tells without its passphrase: form, encryption, KDF, and the public key. */
#ifndef KEY_PRIVATE_H
#define KEY_PRIVATE_H

#include "base/err.h"
#include "base/macros.h"
#include "key/public.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PRIVATE_KEY_MAX (1 << 20) /* bytes of a file; the largest RSA key that OpenSSH takes has 13,000 */

enum private_format {
	PRIVATE_OPENSSH, /* "OPENSSH PRIVATE KEY": openssh-key-v1 (OpenSSH PROTOCOL.key) */
	PRIVATE_PEM,	 /* "RSA PRIVATE KEY", also DSA and EC: RFC 1421 as OpenSSL has it */
	PRIVATE_PKCS8,	 /* "PRIVATE KEY", "ENCRYPTED PRIVATE KEY": RFC 5958 */
	PRIVATE_PUTTY2,
	PRIVATE_PUTTY3,
};

/* How the passphrase becomes the key of the cipher. */
enum private_kdf {
	PRIVATE_KDF_NONE,   /* not encrypted */
	PRIVATE_KDF_MD5,    /* one round of MD5, whatever the cipher: DEK-Info of PEM */
	PRIVATE_KDF_BCRYPT, /* OpenSSH's; rounds */
	PRIVATE_KDF_PBKDF1, /* PKCS#5 1.5; rounds. The cipher is called by its scheme: "pbeWithMD5AndDES-CBC" */
	PRIVATE_KDF_PKCS12, /* RFC 7292 appendix B; rounds. The cipher as above: "pbeWithSHA1And3-KeyTripleDES-CBC" */
	PRIVATE_KDF_PBKDF2, /* rounds, variant is the PRF: "hmacWithSHA256" */
	PRIVATE_KDF_SCRYPT, /* rounds is N, block is r, parallel is p */
	PRIVATE_KDF_SHA1,   /* PuTTY 2: SHA-1 once for each half of the key */
	PRIVATE_KDF_ARGON2, /* PuTTY 3: rounds are the passes, variant is "Argon2id", "Argon2i" or "Argon2d" */
	PRIVATE_KDF_OTHER,  /* of PKCS#8, not known here: variant is its name or number */
};

/* What a security key is to ask for, sk_flags. */
#define PRIVATE_SK_TOUCH 0x01
#define PRIVATE_SK_PIN 0x04
#define PRIVATE_SK_RESIDENT 0x20

/*
 * Numbers are as the file has them and nothing is ever run with them; one that 64 bits do not hold is UINT64_MAX. Names come
 * from outside but are printable ASCII; the comment and the application may hold any bytes but NUL.
 */
struct private_key {
	enum private_format format;
	bool encrypted;
	char cipher[64]; /* as this form calls it: "aes256-ctr", "DES-EDE3-CBC", "aes-256-cbc"; "": not encrypted */
	enum private_kdf kdf;
	char variant[64]; /* "" where the KDF has none */
	uint64_t rounds, block, parallel;
	uint64_t memory;       /* of scrypt and Argon2, in bytes */
	char algorithm[64];    /* "RSA", "DSA", "EC", "Ed25519" or another name; "": not known without the passphrase */
	struct public_key key; /* type is "" where only the passphrase, or a type that SSH does not have, would tell */
	uint8_t *blob;	       /* of the public key; NULL as above */
	size_t blob_len;
	bool sk;	     /* it lives in a security key; the rest of these is known where it is not encrypted */
	bool sk_flags_known; /* sk_flags and application hold */
	uint8_t sk_flags;    /* PRIVATE_SK_... */
	char *application;   /* "ssh:" */
	char *comment;	     /* "" where there is none, or only the passphrase would tell */
};

/*
 * Reads the first private key in a file of any of these forms. Ends of lines may be CRLF, and text may stand in front of it, also where ssh
 * would not take that: the secret is there. Nothing is decrypted. ERR_NOT_FOUND: there is no private key; ERR_UNSUPPORTED: there is
 * one of a form that is not read (SSH 1, ssh.com, PuTTY 1, more than one key in one); ERR_SHORT, ERR_SYNTAX, ERR_TRAILING: it is
 * damaged; ERR_TOO_BIG: more than PRIVATE_KEY_MAX; ERR_MEMORY. *why, a static sentence, says more where it fails. What was copied of
 * the private half is wiped; the content is the caller's to wipe. Free with private_key_clear().
 */
MUST_USE enum err private_key_read(const uint8_t *content, size_t len, struct private_key *out, const char **why);
void private_key_clear(struct private_key *k); /* leaves { 0 } */

/* Whether a private key begins in these bytes, perhaps the first of a file: cheap, and without a look at what follows. */
bool private_key_is(const uint8_t *content, size_t len);

/* "OpenSSH", "PEM", "PKCS#8", "PuTTY 2", "PuTTY 3"; "bcrypt", "one round of MD5". Static. */
const char *private_format_name(enum private_format f);
const char *private_kdf_name(enum private_kdf k);

#endif
