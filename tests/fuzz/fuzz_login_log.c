/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_login_log.c - whatever a server makes ssh -v write. */
#include "client/login_log.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct login_log l = { 0 };
	struct text said = { 0 };

	if (login_log_parse((const char *)data, size, &l))
		abort();
	if (l.fingerprint[0] && (strlen(l.fingerprint) != 50 || !l.name))
		abort();
	login_log_clear(&l);
	login_log_said((const char *)data, size, &said);
	if (said.len > size)
		abort();
	text_free(&said);
	return 0;
}
