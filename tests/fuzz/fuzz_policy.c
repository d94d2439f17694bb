/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_policy.c - any text is a policy or a list of mistakes, and a policy written out is read as the same one. */
#include "audit/policy.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct policy *parse(const char *content, size_t len)
{
	struct diags problems = { 0 };
	struct policy *p = NULL;
	enum err e = policy_parse(content, len, &p, &problems);

	if ((e == ERR_NONE) != (p != NULL) || (e == ERR_CONFIG) != (problems.errors > 0))
		abort();
	diags_free(&problems);
	return p;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct policy *p = parse((const char *)data, size), *again;
	struct text first = { 0 }, second = { 0 };

	if (!p)
		return 0;
	policy_format(p, &first);
	again = parse(text_string(&first), first.len);
	if (!again)
		abort();
	policy_format(again, &second);
	if (strcmp(text_string(&first), text_string(&second)) != 0)
		abort();
	policy_free(p);
	policy_free(again);
	text_free(&first);
	text_free(&second);
	return 0;
}
