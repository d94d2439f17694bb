/* SPDX-License-Identifier: GPL-3.0-or-later */
/* credential.h - what an account could log in with by public key, as sshd would find it under these rules. */
#ifndef SSHD_CREDENTIAL_H
#define SSHD_CREDENTIAL_H

#include "key/authorized.h"
#include "key/certificate.h"
#include "sshd/account.h"
#include "sshd/effective.h"
#include "sshd/pattern.h"

#include <time.h>

/* Why a key is of no use, or that it is. The words of credential_obstacle_text() are a promise to scripts. */
enum credential_obstacle {
	OBSTACLE_NONE,	     /* "" */
	OBSTACLE_NOT_LISTED, /* "key-not-listed": no file, command or CA has it */
	OBSTACLE_NO_KEYS,    /* "no-keys": the account has none at all */
	OBSTACLE_ALGORITHM,  /* "key-algorithm": PubkeyAcceptedAlgorithms */
	OBSTACLE_SIZE,	     /* "key-size": RequiredRSASize */
	OBSTACLE_REVOKED,    /* "key-revoked" */
	OBSTACLE_REVOKED_BROKEN, /* "revoked-keys-broken": the file is missing or cannot be read as one: every key is refused */
	OBSTACLE_STRICT_MODES, /* "strict-modes": owner or mode of the file or a folder above it */
	OBSTACLE_FROM,	       /* "key-from": from= or source-address */
	OBSTACLE_EXPIRED,      /* "key-expired": expiry-time= */
	OBSTACLE_COMMAND, /* "key-command": PermitRootLogin forced-commands-only wants one; certificate and line disagree */
	OBSTACLE_HARDWARE,  /* "key-hardware": verify-required or touch, which the key cannot give */
	OBSTACLE_CERT_TYPE, /* "certificate-type": a host certificate, or a key where a CA is listed and the like */
	OBSTACLE_CERT_CA, /* "certificate-ca": no CA that is trusted signed it, or not rightly, or CASignatureAlgorithms */
	OBSTACLE_CERT_TIME,	 /* "certificate-time" */
	OBSTACLE_CERT_PRINCIPAL, /* "certificate-principal" */
	OBSTACLE_CERT_OPTION,	 /* "certificate-option": a critical option that sshd does not know */
	OBSTACLE_UNKNOWN, /* "unreadable": a file or command could not be read, is slow, or wants the key itself */
};
const char *credential_obstacle_text(enum credential_obstacle o);

/* One way in: a line with a key or a CA. */
struct credential {
	const char *file; /* inside the root, or "AuthorizedKeysCommand"; borrowed */
	unsigned line;
	const struct authorized_key *key; /* of a TrustedUserCAKeys file too: without options, cert_authority set */
	bool trusted_ca;		  /* from TrustedUserCAKeys */
	enum credential_obstacle
		obstacle;		  /* what keeps it out wherever it is used from; the address is not looked at */
	char *detail;			  /* a sentence, NULL without an obstacle */
	const struct sshd_line *by;	  /* the setting behind the obstacle, or NULL */
	struct pattern_list from;	  /* of the line; empty where it has none */
	const struct credential *earlier; /* the last line above with the same plain key; NULL: none */
};

/* One file in which sshd would look for the account's keys. Borrowed from the store. */
struct credential_file {
	const char *path;
	enum credential_obstacle obstacle; /* of the file: why none of its lines counts */
	bool missing;
	const char *detail;		       /* a sentence, NULL without an obstacle */
	const struct authorized_fault *faults; /* lines that sshd cannot use */
	size_t nfaults;
};

struct credentials {
	struct credential *v;
	size_t n;
	struct credential_file *files; /* in sshd's order */
	size_t nfiles;
	bool unsure;			   /* there may be more: a file or command could not be read */
	enum credential_obstacle obstacle; /* of all: NO_KEYS, STRICT_MODES, REVOKED_BROKEN, UNKNOWN ... or NONE */
	char *detail;
	const struct sshd_line *by;
};

/* Caches what it reads: a snapshot, for as long as it lives. Not for several threads. */
struct credential_store;

/* 'now' decides about expiry and validity; c is borrowed and must outlive it. With a root that is not live no command is run. */
MUST_USE enum err credential_store_new(const struct root *r, const struct sshd_config *c, time_t now,
				       struct credential_store **out);
void credential_store_free(struct credential_store *s);
/* A file of keys or principals that is larger, or has more lines, counts as unreadable. From the start: 16 MiB, any. */
void credential_store_limit(struct credential_store *s, size_t bytes, size_t lines);
/* Commands are run only where the memory has no answer and allows it, and not longer than that. m is borrowed. */
struct command_memory;
void credential_store_remember(struct credential_store *s, struct command_memory *m, int command_ms);
/*
 * For a process that works for one account: called once all its files have been read and before any of them is taken apart, to give
 * up rights that reading needs. What it gives, other than ERR_NONE, is what credentials_find() and credential_try() give.
 */
void credential_store_confine(struct credential_store *s, enum err (*confine)(void *context), void *context);
/* Files of accounts count as if they were not there: commands and TrustedUserCAKeys alone are asked. */
void credential_store_omit_files(struct credential_store *s);
/*
 * For a process that may start no other, or that somebody else watches: a dead network mount holds it for ever. All others send a
 * process first (reach.h), and count what does not answer as unreadable.
 */
void credential_store_alone(struct credential_store *s);

/*
 * All that the account has under these rules (AuthorizedKeysFile, TrustedUserCAKeys, AuthorizedKeysCommand where it does not ask for the
 * key). Cached by account name and the values of 'rules' that matter, so rules may go away. *out is borrowed from the store. ERR_MEMORY.
 */
MUST_USE enum err credentials_find(struct credential_store *s, const struct sshd_effective *rules,
				   const struct account *a, const struct credentials **out);
/*
 * sshd takes the first line that has the key and passes by from= and expiry-time=; whether PermitRootLogin likes its command is
 * asked afterwards, and there is no going on to a later line with a better one. NULL: c is reached from there, else the line that
 * stops sshd.
 */
const struct credential *credential_stopper(const struct credential *c, const char *host, const char *addr);
/* Whether from= (or nothing) lets it be used from here, and no stopper does. host may be the address, or NULL. No allocation. */
bool credential_admits(const struct credential *c, const char *host, const char *addr);
/* Whether that depends on where it is used from. */
bool credential_depends(const struct credential *c);
/* Whether a line above lets the same key be used from here, so that this one adds none. */
bool credential_repeats(const struct credential *c, const char *host, const char *addr);

/* A key that somebody holds: its blob, or only what a log says of it. */
struct offered_key {
	const uint8_t *blob; /* of a plain key or a certificate; NULL: only the fingerprint is known */
	size_t len;
	const char *fingerprint;    /* "SHA256:...", where blob is NULL */
	const char *ca_fingerprint; /* of a certificate in a log, else NULL */
	const char *type;	    /* where blob is NULL and the log tells, else NULL: "ED25519-CERT" */
};

struct credential_answer {
	enum credential_obstacle obstacle; /* NONE: sshd would take it; UNKNOWN: cannot be said */
	const struct sshd_line *by;	   /* the setting that decided, or NULL */
	char file[256];			   /* where the deciding line of keys, principals or CAs stands, "" if none */
	unsigned line;
	bool has_command; /* forced: command= or force-command */
	/* What the signature of a security key must show. Never of other keys, nor where only a fingerprint is known. */
	bool wants_touch, wants_verify;
	char *detail; /* a sentence; yours */
};

/* Whether sshd would take just this key for the account from there, by its own order. ERR_SYNTAX: the blob is no key; ERR_MEMORY. */
MUST_USE enum err credential_try(struct credential_store *s, const struct sshd_effective *rules,
				 const struct account *a, const char *host, const char *addr,
				 const struct offered_key *key, struct credential_answer *out);
void credential_answer_clear(struct credential_answer *a);

#endif
