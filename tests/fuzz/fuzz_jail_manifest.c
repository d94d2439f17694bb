/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_jail_manifest.c - a manifest that is damaged or forged is refused with a reason, or survives the way out and in; no row leads away. */
#include "jail/manifest.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_path(const char *path)
{
	const size_t len = strlen(path);

	if (path[0] != '/' || len < 2 || path[len - 1] == '/' || strstr(path, "/../") || strstr(path, "/./") ||
	    strstr(path, "//") || (len > 2 && !strcmp(path + len - 3, "/..")))
		abort();
}

static void check(const struct manifest *m)
{
	const struct entries *all = &m->entries;

	check_path(m->jail.dir);
	check_path(m->jail.home);
	if (strchr(m->jail.user, '/') || m->jail.user[0] == '.' || !m->jail.user[0])
		abort();
	for (size_t i = 0; i < all->n; i++) {
		const struct entry *e = &all->v[i];

		check_path(e->path);
		if (e->source)
			check_path(e->source);
		if ((i && strcmp(all->v[i - 1].path, e->path) >= 0) || entries_find(all, e->path) != e ||
		    (e->kind == ENTRY_FILE) != (e->source || e->content) || (e->digest[0] && strlen(e->digest) != 64))
			abort();
	}
}

static void check_round_trip(const struct manifest *m)
{
	struct text first = { 0 }, second = { 0 };
	struct manifest again = { 0 };

	if (manifest_format(m, &first) || manifest_parse(first.s, first.len, &again, NULL) ||
	    manifest_format(&again, &second) || first.len != second.len || memcmp(first.s, second.s, first.len) != 0)
		abort();
	for (size_t i = 0; i < m->entries.n; i++)
		if (!entry_equal(&m->entries.v[i], &again.entries.v[i]))
			abort();
	manifest_clear(&again);
	text_free(&first);
	text_free(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text problem = { 0 };
	struct manifest m = { 0 };

	if (manifest_parse((const char *)data, size, &m, &problem)) {
		if (!problem.len || m.jail.user)
			abort();
	} else {
		check(&m);
		check_round_trip(&m);
	}
	manifest_clear(&m);
	text_free(&problem);
	return 0;
}
