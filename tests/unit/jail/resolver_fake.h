/* SPDX-License-Identifier: GPL-3.0-or-later */
/* resolver_fake.h - a resolver for roots that are made up: any file is a program, and needs nothing. It is linked in place of the real one. */
#ifndef TESTS_UNIT_JAIL_RESOLVER_FAKE_H
#define TESTS_UNIT_JAIL_RESOLVER_FAKE_H

#include "jail/resolve.h"

#include "base/scratch.h"

struct resolver {
	const struct root *r;
	struct track *track;
};

enum err resolver_new(const struct root *r, struct resolver **out)
{
	*out = calloc(1, sizeof **out);
	assert_non_null(*out);
	(*out)->r = r;
	return track_new(r, &(*out)->track);
}

void resolver_free(struct resolver *rv)
{
	if (rv)
		track_free(rv->track);
	free(rv);
}

/* It looks into no file. */
void resolver_read_ahead(struct resolver *rv, struct ahead *a)
{
	(void)rv;
	(void)a;
}

struct track *resolver_track(struct resolver *rv)
{
	return rv->track;
}

/* The last component may be a link, and a folder at the top. */
enum err resolver_add_file(struct resolver *rv, const char *path, struct entries *into, struct diags *problems)
{
	char *folder = strndup(path, (size_t)(strrchr(path, '/') - path)), *real_folder = NULL, *real = NULL;
	struct text here = { 0 }, target = { 0 };
	struct stat st;
	enum err e = ERR_NOT_FOUND;

	if (root_stat(rv->r, path, &st) || !S_ISREG(st.st_mode))
		goto out;
	assert_int_equal(root_resolve(rv->r, folder, &real_folder), ERR_NONE);
	assert_int_equal(root_resolve(rv->r, path, &real), ERR_NONE);
	if (strcmp(folder, real_folder) != 0 && !strchr(folder + 1, '/') &&
	    (e = entries_add_link(into, folder, real_folder + 1)))
		goto out;
	text_add(&here, "%s%s", strcmp(real_folder, "/") ? real_folder : "", strrchr(path, '/'));
	e = entries_add_file(into, real, real, st.st_mode);
	if (!e && strcmp(here.s, real) != 0)
		e = entries_add_link(into, here.s, real);
out:
	text_free(&here);
	text_free(&target);
	free(folder);
	free(real_folder);
	free(real);
	return e;
}

enum err resolver_add_program(struct resolver *rv, const char *path, struct entries *into, struct diags *problems)
{
	enum err e = resolver_add_file(rv, path, into, problems);

	if (e != ERR_NOT_FOUND)
		return e;
	diag_error(problems, NULL, 0, "'%s' is not there", path);
	return ERR_CONFIG;
}

/* Where the program has a folder of its own, "/usr/bin/git.d", that is searched first. */
enum err resolver_add_library(struct resolver *rv, const char *soname, const char *program, struct entries *into,
			      struct diags *problems)
{
	char path[PATH_MAX];
	enum err e;

	assert_non_null(entries_find(into, program));
	snprintf(path, sizeof path, "%s.d/%s", program, soname);
	if ((e = resolver_add_file(rv, path, into, problems)) != ERR_NOT_FOUND)
		return e;
	snprintf(path, sizeof path, "/lib/%s", soname);
	return resolver_add_file(rv, path, into, problems);
}

const struct resolver_library *resolver_own_libraries(const struct resolver *rv, size_t *n)
{
	*n = 0;
	return NULL;
}

#endif
