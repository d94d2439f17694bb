/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_past.c - log files, the journal's JSON and sshd's messages, as strangers shape them. */
#include "audit/past.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define NOW 1795391910 /* 2026-11-22 */
#define DAYS 7776000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct past_login *l)
{
	if (!l->user || !l->user[0] || !l->addr || !l->method || strchr(l->addr, ' '))
		abort();
	if ((l->fingerprint && strlen(l->fingerprint) != 50) || (l->ca_fingerprint && strlen(l->ca_fingerprint) != 50))
		abort();
}

static void check_all(struct past_logins *l)
{
	unsigned long logins = 0;

	for (size_t i = 0; i < l->n; i++) {
		check(&l->v[i]);
		if (!l->v[i].count || l->v[i].first > l->v[i].last || l->v[i].first < NOW - DAYS)
			abort();
		logins += l->v[i].count;
	}
	if (logins != l->logins)
		abort();
	past_logins_free(l);
}

/* The first byte chooses the reader. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data + 1;
	struct past_logins all = { 0 };
	struct past_login one;

	if (!size)
		return 0;
	size--;
	if (data[0] == 'f') {
		/* in two halves: the second adds to the first */
		if (past_file_parse(text, size / 2, NOW - DAYS, NOW, &all) ||
		    past_file_parse(text + size / 2, size - size / 2, NOW - DAYS, NOW, &all))
			abort();
		check_all(&all);
	} else if (data[0] == 'j') {
		if (past_journal_parse(text, size, NOW - DAYS, NOW, &all))
			abort();
		check_all(&all);
	} else if (past_message_parse(text, size, &one) == ERR_NONE) {
		check(&one);
		past_login_clear(&one);
	}
	return 0;
}
