/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_settings.c - any text is settings or a list of mistakes, and settings written out are read as the same ones. */
#include "gate/settings.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct settings *parse(const char *content, size_t len)
{
	struct diags problems = { 0 };
	struct settings *s = NULL;
	enum err e = settings_parse(content, len, "fuzz", &s, &problems);

	if ((e == ERR_NONE) != (s != NULL) || (e == ERR_CONFIG) != (problems.errors > 0))
		abort();
	diags_free(&problems);
	return s;
}

/* What everybody behind settings.h relies on. */
static void check(const struct settings *s)
{
	const struct firewall_rules *f = &s->firewall;

	if (f->nports < 1 || f->nports > FIREWALL_PORTS || f->nknocks < 1 || f->nknocks > FIREWALL_PORTS)
		abort();
	for (unsigned i = 0; i < f->nknocks; i++)
		if (f->knocks[i] == 0 || f->knocks[i] == 123)
			abort();
	if (s->grant_seconds < 1 || s->grant_seconds > s->max_grant_seconds || s->max_grant_seconds > 3600)
		abort();
	if (s->nhost_keys < 1 || s->nhost_keys > MESSAGE_HOSTS || s->nsecrets > SETTINGS_SECRETS)
		abort();
	if (s->secret_mode == SECRET_REQUIRE && s->nsecrets == 0)
		abort();
	if (s->state_dir[0] != '/' || s->control[0] != '/' || s->sshd_config[0] != '/')
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct settings *s = parse((const char *)data, size), *again;
	struct text first = { 0 }, second = { 0 };

	if (!s)
		return 0;
	check(s);
	settings_print(s, &first);
	again = parse(text_string(&first), first.len);
	if (!again)
		abort();
	settings_print(again, &second);
	if (strcmp(text_string(&first), text_string(&second)) != 0)
		abort();
	settings_free(s);
	settings_free(again);
	text_free(&first);
	text_free(&second);
	return 0;
}
