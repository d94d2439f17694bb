/* SPDX-License-Identifier: GPL-3.0-or-later */
/* replay_file.h - how the record of knocks lies on disk (docs/protocol.md, section 5.3); for replay.c and its tests. */
#ifndef GATE_REPLAY_FILE_H
#define GATE_REPLAY_FILE_H

#include "base/err.h"
#include "base/macros.h"
#include "gate/replay.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REPLAY_RECORD 32
#define REPLAY_HEAD (1 + REPLAY_INTERVALS) /* records in front of the knocks */
#define REPLAY_SIZE ((REPLAY_HEAD + REPLAY_ENTRIES) * REPLAY_RECORD)
/* What one append writes at the most: as many records at the end of a file may be torn. */
#define REPLAY_BATCH 64

struct replay_entry {
	uint64_t ts;
	uint8_t id[NATIVE_ID];
};

struct replay_interval {
	uint64_t from, to; /* both belong to it */
};

struct replay_content {
	struct replay_interval closed[REPLAY_INTERVALS];
	unsigned nclosed;
	struct replay_entry entry[REPLAY_ENTRIES];
	size_t n;
};

struct replay_file {
	int dir_fd, fd; /* fd -1: there is none to append to */
	char name[64];
	size_t next; /* number of the record that is written next */
	bool sound;  /* the file of that name holds what it should */
	bool stays;  /* it does not, and cannot be removed */
};

/*
 * The content of a file of that size. Empty: nothing. *why gets a sentence where the state must count as lost, else NULL;
 * c is undefined then.
 */
void replay_file_parse(const uint8_t *bytes, size_t len, struct replay_content *c, const char **why);

/*
 * Reads NAME in the folder. A file that is missing, or cannot be opened or read, is a lost state. ERR_SYSTEM: there is no folder to
 * look into, or the system is short of descriptors; ERR_MEMORY; ERR_TOO_BIG: the name.
 */
MUST_USE enum err replay_file_open(struct replay_file *f, int dir_fd, const char *name, struct replay_content *c,
				   const char **why);
/*
 * A new file in place of the old one, all or nothing, durable; nothing is allocated. The old one becomes NAME.new, whose blocks are
 * used the next time, so that a disk that others fill up does no harm. ERR_SYSTEM: there is no file any more, or, where it could
 * not be removed either, an old one ('stays').
 */
MUST_USE enum err replay_file_write(struct replay_file *f, const struct replay_content *c);
/* At most REPLAY_BATCH more records, durable. After a failure the file is not used any more. */
MUST_USE enum err replay_file_append(struct replay_file *f, const struct replay_entry *e, size_t n);
void replay_file_close(struct replay_file *f);

#endif
