/* SPDX-License-Identifier: GPL-3.0-or-later */
/* enroll.h - what the files of the command enroll share. */
#ifndef CMD_ENROLL_H
#define CMD_ENROLL_H

#include "client/login_log.h"
#include "client/server_answer.h"
#include "client/stanza.h"
#include "client/user_config.h"
#include "cmd/knock.h"

#define ENROLL_OPTIONS 9

struct enroll_args {
	const char *user, *identity, *ssh_config, *secret, *jump, *into;
	struct strings ports;
	uint64_t port;
	bool four, six, undo, bundle;
};

struct enroll {
	const struct enroll_args *args;
	const char *typed; /* "anna@server" */
	const char *host;  /* "server" */
	struct knock_args knock_args;
	struct knock *k;
	struct user_config files;
	char *program;
	unsigned port[SEND_PORTS_MAX];
	size_t nports;
	struct text ports;		    /* the same, with commas */
	char *secret;			    /* the path in full */
	const char *through;		    /* these hosts; NULL: directly. Borrowed from 'k', 'args' or 'way' */
	char *way;			    /* of lines that are there already */
	const char *option[ENROLL_OPTIONS]; /* of connect */
	struct login_log login;
	struct text answer; /* what the command on the server printed */
	struct server_answer server;
	int64_t clock_ahead; /* seconds that its clock is ahead of ours; 0: it is not, or was not told */
	char *identity;	     /* of the key that logged in; NULL: it cannot be named */
	char *public;	     /* its public half, where only the agent has it */
	struct text pin;     /* "anna=/home/anna/.ssh/id_ed25519" */
	struct text lines;
	bool host_key_added, changed;
	bool secret_taken, secret_dropped;
};

/* Logs in by ssh, through connect, and takes note of what it tells. False: why was said. */
bool enroll_log_in(struct enroll *e);
/*
 * The host's Ed25519 key must be known, or have come through that login, in which ssh knew the host by another, and be shown by it in a
 * handshake: then it is noted down unless 'dry'.
 */
bool enroll_host_key(struct enroll *e, bool dry);
/* Whether a handshake with the server comes about as the new lines have it. Nobody logs in. */
bool enroll_reaches(struct enroll *e);
/* What the server has told within the login: a clock that is off is said, and the secret of the site kept unless 'dry'. */
bool enroll_take_answer(struct enroll *e, bool dry);
/* Appends "ssh-ed25519 AAAA...". */
void enroll_add_host_key(const uint8_t key[NATIVE_HOST_KEY], struct text *out);
/* Exports these hosts, or all that are enrolled. Returns what to exit with. */
int enroll_bundle(const struct common_args *common, const struct enroll_args *a, const struct strings *rest);
/* Which file names the key that logged in. */
bool enroll_identity(struct enroll *e);

#endif
