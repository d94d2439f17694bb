/* SPDX-License-Identifier: GPL-3.0-or-later */
/* control.h - how sallyport asks the daemon: fixed-size messages over a Unix socket that only root may use. */
#ifndef GATE_CONTROL_H
#define GATE_CONTROL_H

#include "base/err.h"
#include "base/macros.h"
#include "gate/message.h"

#include <stdbool.h>
#include <stdint.h>

#define CONTROL_PATH "/run/sallyport/control"

/* SOCK_SEQPACKET; each packet is a struct message_head and a body, as between the processes. */
enum control_kind {
	CONTROL_WHO = 100, /* no body; answered by CONTROL_ENTRY for each grant, then CONTROL_STATUS */
	CONTROL_GRANT,	   /* struct control_grant; answered by CONTROL_DONE */
	CONTROL_CLOSE,	   /* struct control_close; answered by CONTROL_DONE */
	CONTROL_ENTRY,
	CONTROL_STATUS,
	CONTROL_DONE,
	CONTROL_RECOVER, /* struct control_recover; answered by CONTROL_DONE */
	CONTROL_CAME,	 /* struct message_address; answered by CONTROL_LATEST */
	CONTROL_LATEST,
};

struct control_grant {
	struct message_address address;
	uint16_t port; /* 0: all protected ports */
	uint16_t reserved;
	uint32_t seconds; /* 1 to 86400 */
	char comment[64]; /* who did it and why, for who and the log */
};

struct control_close {
	struct message_address address; /* family 0: by the key */
	uint8_t key[NATIVE_KEY_ID];	/* all grants that this key opened */
	uint8_t by_key;
	uint8_t reserved[3];
};

struct control_entry {
	struct message_address address;
	uint16_t port;
	uint8_t by_hand; /* opened by "grant" */
	uint8_t known;	 /* 0: from before the daemon started; user and key are not known */
	uint32_t seconds_left;
	uint32_t reserved;
	uint8_t key[NATIVE_KEY_ID]; /* SHA-256 of the key's blob */
	char user[256];		    /* ends in a NUL; of one by hand the comment */
};

struct control_status {
	uint64_t started;	     /* seconds since 1970 */
	uint64_t started_boot_ms;    /* the same by the boot clock: tells one start from the next */
	uint64_t granted;	     /* knocks since then */
	uint64_t ended[STAGE_COUNT]; /* knocks and packets that ended at each stage */
	uint32_t replay_entries;
	uint8_t replay_lost, memory_only, table_owned;
	uint8_t held_open; /* the ports are shut to nobody: Shut no */
};

struct control_done {
	uint32_t error;	  /* enum err */
	uint32_t changed; /* grants that began or ended; records that were begun anew */
	uint32_t
		unknown; /* grants that go on and may be of that key: from before the daemon started, so nobody knows whose they are */
	uint32_t reserved;
};

/* The clock is right, says an administrator: where the record of knocks is lost, it may be begun anew. */
struct control_recover {
	char comment[64]; /* who says so */
};

/* How an address was let in last, since the daemon's grant role began; times are of the boot clock, 0: not at all. */
struct control_latest {
	uint64_t knock_ms;
	uint64_t hand_until_ms;	    /* when what was opened by hand ended, or will */
	uint8_t key[NATIVE_KEY_ID]; /* of that knock, as in control_entry */
	char user[256];		    /* of that knock */
};

/* Connects; ERR_NOT_FOUND: no daemon runs there; ERR_SYSTEM. Time-outs of two seconds on every wait. */
MUST_USE enum err control_open(const char *path, int *fd);
/* *entries is an array of *n, free(). ERR_TIMEOUT, ERR_CLOSED (also where we are not root), ERR_SYNTAX. */
MUST_USE enum err control_who(int fd, struct control_entry **entries, size_t *n, struct control_status *status);
MUST_USE enum err control_grant(int fd, const struct control_grant *g, struct control_done *done);
MUST_USE enum err control_recover(int fd, const struct control_recover *r, struct control_done *done);
MUST_USE enum err control_came(int fd, const struct message_address *from, struct control_latest *latest);
MUST_USE enum err control_revoke(int fd, const struct control_close *c, struct control_done *done);

#endif
