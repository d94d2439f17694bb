/* SPDX-License-Identifier: GPL-3.0-or-later */
/* message.h - all that the processes of the daemon ever say to each other: fixed-size structs over socket pairs. */
#ifndef GATE_MESSAGE_H
#define GATE_MESSAGE_H

#include "base/err.h"
#include "base/macros.h"
#include "knock/native.h"
#include "knock/stage.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * One message is one packet of a SOCK_SEQPACKET pair: a struct message_head, then the body of its kind, nothing else. All structs are
 * laid out without holes. A message of another size or kind than the receiver's table has ends the connection, and with it the
 * sender: whoever sends such a thing has been taken over.
 */
enum message_kind {
	/* net to keeper, and back */
	MESSAGE_SLOTS_WANTED = 1,
	MESSAGE_SLOTS,
	MESSAGE_OPEN,
	MESSAGE_OPENED,
	/* net or grant to index, and back */
	MESSAGE_QUESTION,
	MESSAGE_ANSWER,
	/* net to grant, and back */
	MESSAGE_KNOCK,
	MESSAGE_KNOCKED,
	MESSAGE_COUNTS,
	/* the parent to the rescue (rescue.h), and back */
	MESSAGE_RESCUE,
	MESSAGE_RESCUED,
	MESSAGE_KIND_COUNT
};

struct message_head {
	uint32_t kind; /* enum message_kind */
	uint32_t id;   /* chosen by who asks, given back by who answers */
};

/* Slots: host keys (2) x none, first, second site secret x epochs (2); at most 8 are active. */
#define MESSAGE_SLOTS_MAX 8
#define MESSAGE_HOSTS 2

struct message_slots {
	uint32_t n;
	uint32_t hosts;
	uint8_t host[MESSAGE_HOSTS][NATIVE_HOST_KEY]; /* the public keys */
	struct message_slot {
		uint8_t key[NATIVE_GATE_KEY];
		uint64_t epoch;
		uint8_t host;	/* index of the host key */
		uint8_t secret; /* 0: none, else the number of the site secret */
		uint8_t reserved[6];
	} slot[MESSAGE_SLOTS_MAX];
};

struct message_open {
	uint8_t host, secret; /* of the slot that matched */
	uint8_t reserved[6];
	uint8_t datagram[NATIVE_DATAGRAM];
};

struct message_opened {
	uint8_t opened; /* 0: no, and the rest is zero */
	uint8_t reserved[7];
	uint8_t plain[NATIVE_PLAIN];
};

/* An address, as 16 bytes: IPv4 in the first four, the rest zero. */
struct message_address {
	uint8_t family; /* 4, 6; 0: none */
	uint8_t reserved[3];
	uint8_t bytes[16];
};

/* May this account come in with this key from there? */
struct message_question {
	uint8_t kind; /* enum native_kind */
	uint8_t reserved[3];
	uint16_t port;	   /* the TCP port that the login would come to */
	uint16_t user_len; /* 1 to 255 */
	struct message_address from, to;
	uint8_t keyid[NATIVE_KEY_ID];
	uint8_t user[256];	      /* ends in a NUL */
	uint16_t cert_len, casig_len; /* 0 for a plain key */
	uint8_t cert[1100];	      /* the certificate's body, then the CA's signature: section 4.4 */
};

#define MESSAGE_KEY_MAX 1100 /* the blob of RSA 8192 has 1047 */

struct message_answer {
	uint8_t stage; /* enum knock_stage: ACCEPTED, or where it ends */
	uint8_t wants; /* NATIVE_WANT_* */
	uint8_t slow;  /* the key is of a kind that takes long to verify (P-384, P-521) */
	uint8_t reserved;
	uint16_t key_len; /* 0 where the key is not known */
	uint16_t reserved2;
	uint8_t key[MESSAGE_KEY_MAX]; /* blob of the plain key, of a certificate the one in it */
	char reason[128];	      /* for the log, escaped, ends in a NUL */
};

/* A knock whose signature holds. */
struct message_knock {
	uint64_t ts;
	uint8_t id[NATIVE_ID];
	uint8_t key[NATIVE_KEY_ID]; /* SHA-256 of the plain key's blob: the fingerprint, for rates and the log */
	uint8_t addr_type;	    /* 0, 4, 6 as it was in the knock */
	uint8_t nports;
	uint16_t duration;
	uint16_t ports[NATIVE_PORTS];
	struct message_address source;	  /* of the packet */
	struct message_question question; /* asked again by grant: question.from is the address to be opened */
};

struct message_knocked {
	uint8_t stage;
	uint8_t reserved[7];
};

/* How many packets ended at each stage in net since the last of these. */
struct message_counts {
	uint64_t stage[STAGE_COUNT];
};

#define MESSAGE_PORTS 16

/* Answer on these ports in place of sshd. */
struct message_rescue {
	uint32_t reason; /* enum err: ERR_CLOSED, nobody listens; else what does is no working sshd */
	uint32_t nports;
	uint16_t ports[MESSAGE_PORTS];
};

/* It does now. */
struct message_rescued {
	uint8_t reserved[8];
};

#define MESSAGE_MAX (sizeof(struct message_head) + sizeof(struct message_knock))

/* What a role takes from a peer: an array that ends with { 0 }. */
struct message_row {
	uint32_t kind;
	size_t size; /* of the body */
	enum err (*take)(void *role, int fd, uint32_t id, const void *body);
};

/*
 * Sends one whole message or fails: ERR_BUSY where the peer's buffer is full (never waits), ERR_CLOSED, ERR_SYSTEM.
 */
MUST_USE enum err message_send(int fd, uint32_t kind, uint32_t id, const void *body, size_t size);
/*
 * Takes messages that are there, at most 'most', each to its row. ERR_NONE also where none is there. ERR_CLOSED: the peer is gone;
 * ERR_SYNTAX: it sent what is in no row, or of another size; or what a row gave.
 */
MUST_USE enum err message_receive(int fd, const struct message_row *rows, void *role, unsigned most);

#endif
