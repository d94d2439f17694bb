/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_agent.c - any answer of an agent is read or refused, and never both a list and a signature. */
#include "client/agent.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct agent_identities l;
	uint8_t *signature = NULL;
	size_t len = 0;
	enum err listed = agent_parse_identities(data, size, &l);
	enum err no_signature = agent_parse_signature(data, size, &signature, &len);

	if (!listed && !no_signature)
		abort();
	if (!listed) {
		for (size_t i = 0; i < l.n; i++)
			if (!l.v[i].blob_len || l.v[i].blob_len >= size || !l.v[i].comment)
				abort();
		agent_identities_clear(&l);
	}
	/* a byte of kind, a length, the signature, nothing else */
	if (!no_signature && (len != size - 5 || memcmp(signature, data + 5, len) != 0))
		abort();
	free(signature);
	return 0;
}
