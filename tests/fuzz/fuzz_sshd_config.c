/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_sshd_config.c - any text is read, evaluated and edited; the first two bytes choose the release. */
#include "sshd/edit.h"
#include "sshd/effective.h"
#include "sshd/version.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void evaluate(const struct sshd_config *c)
{
	char staff[] = "staff", admins[] = "admins", *groups[] = { staff, admins, NULL };
	struct strings list = { .v = groups, .n = 2 };
	struct sshd_connection to = { .user = "anna",
				      .groups = &list,
				      .host = "ws5.corp.example",
				      .addr = "10.0.0.5",
				      .laddr = "::1",
				      .lport = 22 };
	struct sshd_effective *now = NULL;

	if (sshd_effective(c, &to, &now))
		return;
	for (unsigned id = 0; id < KW_COUNT; id++) {
		const struct sshd_value *v = &now->v[id];
		for (size_t i = 0; i < v->nby; i++)
			if (v->by[i] < c->lines || v->by[i] >= c->lines + c->nlines)
				abort();
		if (!sshd_value(now, id))
			abort();
	}
	sshd_effective_free(now);
}

/* What is edited is still there, on the same number of lines. */
static void edit(const char *content, size_t len)
{
	struct text t = { 0 };
	unsigned end;

	text_add_bytes(&t, content, len);
	end = edit_global_end(&t);
	if (edit_comment_out(&t, end, "why") && len && end == 0)
		abort();
	if (edit_insert(&t, edit_global_end(&t), "PermitRootLogin no"))
		abort();
	if (edit_set_args(&t, 1, "yes"))
		abort();
	text_free(&t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const unsigned releases[] = { SSHD_OLDEST,	 SSHD_RELEASE(8, 2), SSHD_RELEASE(8, 6),
					     SSHD_RELEASE(9, 2), SSHD_RELEASE(9, 9), SSHD_RELEASE(10, 0),
					     SSHD_NEWEST };
	struct sshd_config *c = NULL;
	struct diags problems = { 0 };
	enum err e;

	if (!size)
		return 0;
	e = sshd_config_parse((const char *)data + 1, size - 1, releases[data[0] % ARRAY_SIZE(releases)], &c,
			      &problems);
	if ((e == ERR_CONFIG) != (problems.errors > 0))
		abort();
	if (c)
		evaluate(c);
	edit((const char *)data + 1, size - 1);
	sshd_config_free(c);
	diags_free(&problems);
	return 0;
}
