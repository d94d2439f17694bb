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

/* What replay.c relies on. */
static void check(size_t len)
{
	if (content.nclosed > REPLAY_INTERVALS || content.n > REPLAY_ENTRIES)
		abort();
	for (unsigned i = 0; i < content.nclosed; i++)
		if (content.closed[i].from > content.closed[i].to || !content.closed[i].to)
			abort();
	if (content.n > len / REPLAY_RECORD)
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
	if (!why)
		check(len);
	return 0;
}
