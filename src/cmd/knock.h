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

#define KNOCK_JOBS (CARRY_MAX * ADDRESS_TARGETS)

/* Rows of options that are ssh's own, for a struct with fields of these names. */
#define KNOCK_SSH_OPTIONS(type, identity_help) \
	{ "user", 'l', OPTION_TEXT, OPTION_AT(type, user), "<account>", "the account to log in to" }, \
		{ "identity", 'i', OPTION_TEXT, OPTION_AT(type, identity), "<file>", identity_help }, \
		{ .name = "port", \
		  .letter = 'p', \
		  .kind = OPTION_NUMBER, \
		  .offset = OPTION_AT(type, port), \
		  .value = "<port>", \
		  .help = "the SSH port", \
		  .min = 1, \
		  .max = 65535 }, \
		{ "ipv4", '4', OPTION_FLAG, OPTION_AT(type, four), NULL, "over IPv4 only" }, \
	{ \
		"ipv6", '6', OPTION_FLAG, OPTION_AT(type, six), NULL, "over IPv6 only" \
	}

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
	/* Of the command connect, which ssh runs: where ssh itself would connect to, and what else it was told. */
	const char *hostname;
	const struct strings *more;
	struct ask_ssh ssh;
	struct host_keys keys;
	size_t key; /* the host key in use */
	struct choice choice;
	int agent; /* -1: none */
	const char *agent_path;
	bool agent_empty;	   /* it has no keys, or does not show them */
	struct address_claim from; /* of --from; type 0: not given */
	uint8_t secret[NATIVE_SECRET];
	bool has_secret;
	struct address_target target[ADDRESS_TARGETS];
	size_t ntargets;
	/* what was made */
	uint8_t datagram[CARRY_MAX][NATIVE_DATAGRAM];
	struct carried carried[CARRY_MAX]; /* what somebody else made */
	struct address_claim claim[CARRY_MAX];
	char fingerprint[CARRY_MAX][64];
	size_t n;
	struct send_job job[KNOCK_JOBS];
	size_t njobs;
	bool elsewhere; /* another host sends it: no address of ours is its source */
	struct send_result result;
	enum knock_trouble trouble;
};

/* NULL: there is no memory, which is said. */
struct knock *knock_new(const struct knock_args *args);
void knock_free(struct knock *k);
/* The value of --from; NULL leaves it. 0, or what to exit with: it is said. */
int knock_read_from(const char *text, struct address_claim *out);
/* The values of --knock-port, SEND_PORTS_MAX at most; as above. */
int knock_read_ports(const struct strings *ports, unsigned out[SEND_PORTS_MAX], size_t *n);
/* Whether there is a host key to seal to; where that cannot be told, there is. Says nothing. */
bool knock_knows_host(struct knock *k);
/*
 * Each says what is missing and sets k->trouble: knock_ask() asks ssh; knock_ready() reads the site's secret, looks for the
 * host's key and, as knock_choose() does, for a way to sign; knock_prepare() is both, and finds the address.
 */
bool knock_ask(struct knock *k);
bool knock_ready(struct knock *k);
bool knock_choose(struct knock *k);
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
