/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_server_answer.c - whatever a server says within the login of enroll. */
#include "client/server_answer.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct server_answer a = { 0 };
	const bool parsed = !server_answer_parse((const char *)data, size, &a);
	const bool told = a.secret == SERVER_SECRET_TOLD;

	if (!parsed)
		abort();
	if ((a.path != NULL) != (told || a.secret == SERVER_SECRET_UNREADABLE))
		abort();
	if (strlen(a.digits) != (told ? SERVER_SECRET_DIGITS : 0) ||
	    strspn(a.digits, "0123456789abcdefABCDEF") != strlen(a.digits))
		abort();
	server_answer_clear(&a);
	return 0;
}
