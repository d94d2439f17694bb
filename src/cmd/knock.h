/* SPDX-License-Identifier: GPL-3.0-or-later */
/* knock.h - what the files of the command knock share. */
#ifndef CMD_KNOCK_H
#define CMD_KNOCK_H

#include "client/address.h"
#include "client/ask_ssh.h"
#include "client/carry.h"
#include "client/choose.h"
#include "client/host_key.h"
#include "client/send.h"
#include "cmd/command.h"

#include <stdint.h>

struct knock_args {
	const char *user, *identity, *ssh_config, *from, *secret, *carry;
	uint64_t port, knock_port, duration;
	bool four, six, check, print;
};

/* Why there is no knock; the words are a promise to scripts. */
enum knock_trouble {
	KNOCK_FINE,
	KNOCK_NO_HOST_KEY,  /* "no-host-key" */
	KNOCK_CANNOT_SIGN,  /* "cannot-sign" */
	KNOCK_DOES_NOT_FIT, /* "does-not-fit" */
	KNOCK_NO_ADDRESS,   /* "no-address": no such host, or no route */
	KNOCK_OTHER,	    /* "trouble" */
};

struct knock {
	const struct knock_args *args;
	const char *host; /* as typed; of what is carried without one, as it says */
	struct ask_ssh ssh;
	struct host_keys keys;
	size_t key; /* the host key in use */
	struct choice choice;
	int agent; /* -1: none */
	const char *agent_path;
	struct address_claim from; /* of --from; type 0: not given */
	uint8_t secret[NATIVE_SECRET];
	bool has_secret;
	struct address_target target[ADDRESS_TARGETS];
	size_t ntargets;
	/* what was made */
	uint8_t datagram[CARRY_MAX][NATIVE_DATAGRAM];
	struct carried carried[CARRY_MAX]; /* what somebody else made */
	struct send_job job[CARRY_MAX];
	struct address_claim claim[CARRY_MAX];
	char fingerprint[CARRY_MAX][64];
	size_t n;
	struct send_result result;
	enum knock_trouble trouble;
};

/* Asks ssh, looks for the host's key and a way to sign, finds the address. Says what is missing, sets k->trouble. */
bool knock_prepare(struct knock *k);
/* Makes the knocks for k->keys.v[k->key]; says what could not be signed. False where there is none, and sets k->trouble. */
bool knock_make(struct knock *k);
/* Name and route alone, for knocks that somebody else made. */
bool knock_resolve(struct knock *k);

/* ---- what is said where it ends ---- */

void knock_say_host_key(const struct knock *k);
void knock_say_no_key(const struct knock *k);
/* A key that gave no signature; as a warning where others did. */
void knock_say_unsigned(const struct candidate *c, enum err e, bool others);
/* After --check, where nothing came of it: what can be looked at from here. */
void knock_say_silence(const struct knock *k);
const char *knock_trouble_text(enum knock_trouble t); /* NULL for KNOCK_FINE */

#endif
