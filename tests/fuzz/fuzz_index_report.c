/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_index_report.c - what a child of the index says: taken whole and true, or the answer is that nothing is known. */
#include "gate/index_job.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

/* An accepted answer has a key, and of a plain question just the one that it was about. */
static void check(const struct message_answer *a, const struct message_question *q, enum err e)
{
	uint8_t id[NATIVE_KEY_ID];

	if (a->stage >= STAGE_COUNT || a->key_len > MESSAGE_KEY_MAX || !memchr(a->reason, '\0', sizeof a->reason))
		abort();
	if (e && (a->stage != STAGE_UNKNOWN || a->key_len))
		abort();
	if (a->stage != STAGE_ACCEPTED)
		return;
	(void)crypto_hash_sha256(id, a->key, a->key_len);
	if (!a->key_len || (q->kind == NATIVE_PLAIN_KEY && memcmp(id, q->keyid, sizeof id)))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char key[] = "seed";
	struct message_question q = { .kind = size % 2 ? NATIVE_PLAIN_KEY : NATIVE_CERTIFICATE };
	struct command_memory *m = NULL;
	struct message_answer a;
	bool ran;
	enum err e;

	(void)crypto_hash_sha256(q.keyid, (const uint8_t *)key, sizeof key - 1);
	if (command_memory_new(&m))
		return 0;
	e = index_report_parse(data, size, &q, m, 1, &a, &ran);
	check(&a, &q, e);
	command_memory_free(m);
	return 0;
}
