/* SPDX-License-Identifier: GPL-3.0-or-later */
/* replay.h - the record of all knocks that were granted, on disk before they are: docs/protocol.md, section 5.3. */
#ifndef GATE_REPLAY_H
#define GATE_REPLAY_H

#include "base/err.h"
#include "base/macros.h"
#include "knock/native.h"
#include "knock/stage.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REPLAY_INTERVALS 8
#define REPLAY_ENTRIES 65536

struct replay;

/*
 * Reads NAME in the folder of dir_fd (kept, not owned: it must outlive the replay), or finds that it is lost. An empty file means
 * that nothing was ever granted (installation makes one). ERR_MEMORY, ERR_SYSTEM: nothing was learnt about the file. Time is
 * always given. Free with replay_free().
 */
MUST_USE enum err replay_open(int dir_fd, const char *name, uint64_t now_ms, struct replay **out);
void replay_free(struct replay *r);

/* Whether the state is lost: nothing is granted until replay_recover(). *why, may be NULL, is a static sentence. */
bool replay_lost(const struct replay *r, const char **why);
/*
 * Closes [0, now + 300 s] and starts anew: for a lost state, once the clock is known to be right or an administrator says so.
 * ERR_SYSTEM: it could not be written; then from memory only.
 */
MUST_USE enum err replay_recover(struct replay *r, uint64_t now_ms);

/* ACCEPTED, TIME, FLOOR, DUPLICATE, or STATE where it is lost or full. Changes nothing. */
MUST_USE enum knock_stage replay_check(const struct replay *r, uint64_t ts, const uint8_t id[NATIVE_ID],
				       uint64_t now_ms);

/*
 * One of a batch: checks as replay_check(), with what came before in this batch, and puts it into the record; grant it only after
 * replay_commit(). 'claimed': the knock claims its address (types 4 and 6). Where nothing can be written, only such ones are
 * taken, from memory alone, and replay_memory_only() is true. 'user' is any text that stands for the account: at most 4096 live
 * entries each, else STAGE_RATE.
 */
MUST_USE enum knock_stage replay_add(struct replay *r, uint64_t ts, const uint8_t id[NATIVE_ID], const char *user,
				     bool claimed, uint64_t now_ms);
/*
 * Makes durable what was added since the last time, by one write. Where that fails a new file is written (a failed
 * fdatasync(2) is never tried again on the same file). ERR_NONE: all are recorded, or the file cannot be written at all and
 * memory holds them. ERR_SYSTEM: none of those that need the disk may be granted (that is: type 0); *lost_type0 tells.
 */
MUST_USE enum err replay_commit(struct replay *r, uint64_t now_ms, bool *lost_type0);
bool replay_memory_only(const struct replay *r);

/* For people. */
struct replay_status {
	size_t entries;
	unsigned intervals;
	bool lost, memory_only;
};
void replay_status(const struct replay *r, struct replay_status *out);

#endif
