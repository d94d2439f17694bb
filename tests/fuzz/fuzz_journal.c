/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_journal.c - a journal that is damaged or forged is refused or read, and names no way up. */
#include "harden/journal.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct tx *t)
{
	for (size_t i = 0; i < t->nops; i++)
		if (t->ops[i].path[0] != '/' || strstr(t->ops[i].path, "/../") || t->ops[i].old_meta.mode > 07777)
			abort();
	for (size_t i = 0; i < t->keepers.n; i++)
		if (!t->keepers.v[i].user || t->keepers.v[i].lport > 65535)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tx *t = calloc(1, sizeof *t);

	if (!t)
		abort();
	if (journal_parse((const char *)data, size, t) == ERR_NONE)
		check(t);
	if (journal_parse_state((const char *)data, size, t) == ERR_NONE && t->state > TX_RECOVERED)
		abort();
	tx_free(t);
	return 0;
}
