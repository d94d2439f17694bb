/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fuzz_replay.c - any file is a record of knocks or a lost one. The input is its used part, behind a byte: bit 0 keeps the file as
 * long as it is, bit 1 leaves the checks as they are; else it is as large as it should be, and the checks hold.
 */
#include "gate/replay_file.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t file[REPLAY_SIZE];
static struct replay_content content;

static void hold(size_t len)
{
	for (size_t at = 0; at + REPLAY_RECORD <= len; at += REPLAY_RECORD) {
		uint8_t digest[crypto_hash_sha256_BYTES];

		crypto_hash_sha256(digest, file + at, REPLAY_RECORD - 8);
		memcpy(file + at + REPLAY_RECORD - 8, digest, 8);
	}
}

static bool holds(const uint8_t *record)
{
	uint8_t digest[crypto_hash_sha256_BYTES];

	crypto_hash_sha256(digest, record, REPLAY_RECORD - 8);
	return memcmp(digest, record + REPLAY_RECORD - 8, 8) == 0;
}

static uint64_t number(const uint8_t *at)
{
	uint64_t n = 0;

	for (int shift = 56; shift >= 0; shift -= 8)
		n |= (uint64_t)*at++ << shift;
	return n;
}

/* What replay.c relies on. */
static void check_bounds(size_t used)
{
	if (content.nclosed > REPLAY_INTERVALS || content.n > REPLAY_ENTRIES || content.n > used / REPLAY_RECORD)
		abort();
	for (unsigned i = 0; i < content.nclosed; i++)
		if (content.closed[i].from > content.closed[i].to || !content.closed[i].to)
			abort();
}

/*
 * A second opinion of a file that was accepted: its head holds, what it yields are the records that hold, in their order, and those
 * that do not are among the last batch. Behind the used part all are free.
 */
static void check_records(size_t used)
{
	size_t n = 0, last = 0, first_bad = SIZE_MAX;
	unsigned nclosed = 0;

	for (size_t i = 0; i < REPLAY_HEAD; i++) {
		const uint8_t *record = file + i * REPLAY_RECORD;

		if (!holds(record))
			abort();
		if (i == 0 || number(record + 8) == 0)
			continue;
		if (content.closed[nclosed].from != number(record) || content.closed[nclosed].to != number(record + 8))
			abort();
		nclosed++;
	}
	for (size_t i = REPLAY_HEAD; i * REPLAY_RECORD < used; i++) {
		static const uint8_t free_record[REPLAY_RECORD];
		const uint8_t *record = file + i * REPLAY_RECORD;

		if (memcmp(record, free_record, REPLAY_RECORD) != 0)
			last = i;
		if (!holds(record)) {
			first_bad = first_bad < i ? first_bad : i;
			continue;
		}
		if (content.entry[n].ts != number(record) || memcmp(content.entry[n].id, record + 8, NATIVE_ID) != 0)
			abort();
		n++;
	}
	if (n != content.n || nclosed != content.nclosed)
		abort();
	if (first_bad < last && last - first_bad >= REPLAY_BATCH)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static size_t used;
	const char *why;
	size_t len;

	if (size < 1 || size - 1 > sizeof file)
		return 0;
	len = size - 1;
	memset(file, 0, used);
	used = len;
	memcpy(file, data + 1, len);
	if (!(data[0] & 2))
		hold(len);
	replay_file_parse(file, data[0] & 1 ? len : sizeof file, &content, &why);
	if (why)
		return 0;
	check_bounds(len);
	if (data[0] & 1 && len == 0) {
		/* As installed: nothing was ever granted. */
		if (content.n || content.nclosed)
			abort();
		return 0;
	}
	check_records(len);
	return 0;
}
