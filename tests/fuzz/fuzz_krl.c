/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_krl.c - any file that RevokedKeys may name is read or refused; the first byte chooses the release. */
#include "key/revoked.h"

#include <stdlib.h>

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look(const struct revoked *r, const uint8_t *blob, size_t len)
{
	enum revoked_verdict verdict;
	const char *how;

	if (!revoked_look(r, blob, len, &verdict, &how) && (verdict == REVOKED_YES) != (*how != '\0'))
		abort();
}

static void summarise(const struct revoked *r)
{
	struct revoked_summary s;

	if (!revoked_summarise(r, &s))
		free(s.comment);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t ed25519[51] = "\0\0\0\13ssh-ed25519\0\0\0\40 all the same here";
	struct revoked *r = NULL;
	char *why = NULL;
	unsigned line;

	if (!size)
		return 0;
	if (!revoked_parse(data + 1, size - 1, data[0] & 1 ? 902 : 1005, &r, &line, &why) != !why)
		abort();
	if (r) {
		look(r, ed25519, sizeof ed25519);
		look(r, data + 1, size - 1);
		look(r, data + size / 2, size - size / 2);
		summarise(r);
	}
	revoked_free(r);
	free(why);
	return 0;
}
