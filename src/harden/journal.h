/* SPDX-License-Identifier: GPL-3.0-or-later */
/* journal.h - transactions on disk: what changed, how to put it back, how far it got. */
#ifndef HARDEN_JOURNAL_H
#define HARDEN_JOURNAL_H

#include "base/err.h"
#include "base/macros.h"
#include "base/root.h"
#include "harden/plan.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/*
 * /var/lib/sallyport/transactions/NNNN/ holds journal.json (written once, before anything
 * else is touched), old/N and new/N (contents of operation N; of a removal only the old one), state.json (replaced as
 * it goes on) and, where a roll-back met a file that somebody else had changed, found/N.
 * Everything is mode 0600 in folders of mode 0700 and synced to disk before the call returns.
 */
#define JOURNAL_DIR "/var/lib/sallyport/transactions"

enum tx_state {
	TX_APPLYING,  /* from the first write of the journal until the proof */
	TX_WAITING,   /* in force, goes back unless confirmed */
	TX_CONFIRMED, /* in force */
	TX_ROLLING_BACK,
	TX_ROLLED_BACK, /* not in force */
	TX_RECOVERED,	/* not in force; put back after a crash */
};

/* An account that must still get in. */
struct keeper {
	char *user;
	char *addr;  /* NULL: from anywhere that the rules allow */
	char *laddr; /* NULL unless logged in */
	unsigned lport;
	pid_t pid; /* of the sshd that serves the session, else 0; not kept on disk */
	enum keep_reason { KEEP_SESSION, KEEP_SUDO, KEEP_ASKED } reason;
	bool lenient; /* could not get in before either: a change does not lock this one out */
	/* The key they used, where the log tells: only this one counts then. Not kept on disk. */
	char *fingerprint, *ca_fingerprint, *key_type;
};

struct keepers {
	struct keeper *v;
	size_t n;
};

/* The times of a folder in which something was made or replaced, to be put back with the rest. */
struct folder_time {
	char *path;
	bool straight; /* of a straight operation */
	struct timespec atime, mtime;
};

/* How the daemon of the gate was before a change of it, to be so again. */
struct tx_gate {
	bool changed; /* the change is one of the gate, not of sshd */
	bool ran, enabled;
};

struct tx {
	unsigned id;	   /* 0: not on disk yet */
	char *what;	   /* the command: "harden --step kex" */
	char *by;	   /* "root", "anna by sudo" */
	char *from;	   /* address of the session it came from, or NULL */
	char *key;	   /* fingerprint of the key of that session where the logs tell, or NULL */
	char *config_path; /* of sshd_config */
	time_t started;
	uint64_t confirm_seconds; /* 0: no timer */
	struct op *ops;
	size_t nops;
	struct folder_time *folders;
	size_t nfolders;
	struct keepers keepers;
	struct tx_gate gate;
	/* from state.json */
	enum tx_state state;
	char *note;		  /* why it went back, or NULL */
	time_t changed;		  /* when the state was set */
	uint64_t swapped_boot_ms; /* clock_boot_ms() when the new files were in place; 0: not yet */
	uint64_t deadline_boot_ms;
	time_t deadline; /* the same for people */
	char boot_id[37];
};

/* Writes a new transaction, which gets the next id and TX_APPLYING. All or nothing. */
MUST_USE enum err journal_create(const struct root *r, struct tx *t);
/* Writes state, note, swapped and deadline of t. */
MUST_USE enum err journal_set_state(const struct root *r, struct tx *t, enum tx_state state, const char *note);
/* ERR_NOT_FOUND, ERR_SYNTAX where the journal is damaged. Free with tx_free(). */
MUST_USE enum err journal_read(const struct root *r, unsigned id, struct tx **out);
/* The same without the contents of the operations: enough for a list. */
MUST_USE enum err journal_read_brief(const struct root *r, unsigned id, struct tx **out);
/* The ids, rising; *out is yours (free()). None: ERR_NONE and n 0. Folders that never got an id are removed when sweep. */
MUST_USE enum err journal_list(const struct root *r, bool sweep, unsigned **out, size_t *n);
/* Keeps what a roll-back is about to overwrite. */
MUST_USE enum err journal_keep_found(const struct root *r, const struct tx *t, size_t op, const char *content,
				     size_t len);
void tx_free(struct tx *t);
bool tx_in_force(const struct tx *t); /* waiting or confirmed */
const char *tx_state_text(enum tx_state s);
void keepers_free(struct keepers *k);

/* Pure, for tests and fuzzing: journal.json and state.json into t. ERR_SYNTAX, ERR_RANGE, ERR_MEMORY. */
MUST_USE enum err journal_parse(const char *json, size_t len, struct tx *t);
MUST_USE enum err journal_parse_state(const char *json, size_t len, struct tx *t);
json_t *journal_format(const struct tx *t); /* new references; NULL without memory */
json_t *journal_format_state(const struct tx *t);

/* /run/lock/sallyport, held until *fd is closed. ERR_BUSY: another run holds it. */
MUST_USE enum err journal_lock(const struct root *r, int *fd);

#endif
