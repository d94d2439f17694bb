/* SPDX-License-Identifier: GPL-3.0-or-later */
/* check_host.c - finds what an update of the host has left behind in a jail. */
#include "jail/check_host.h"

#include "base/array.h"
#include "base/file.h"
#include "base/text.h"
#include "jail/entry_digest.h"
#include "jail/package.h"
#include "jail/trouble.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

/* Kept until the packages are known, which are asked for all at once. */
struct stale {
	const char *path;
	char *detail;
	const char *source; /* NULL: no file of the host */
};

struct stales {
	struct stale *v;
	size_t n, size;
};

static enum err stale_add(struct stales *all, const char *path, const char *source, struct text *detail)
{
	struct stale *v = array_room(all->v, all->n, &all->size, sizeof *v);
	char *text = text_take(detail);

	if (v)
		all->v = v;
	if (!v || !text) {
		free(text);
		return ERR_MEMORY;
	}
	v[all->n++] = (struct stale){ path, text, source };
	return ERR_NONE;
}

static enum err source_digest(const struct root *r, const char *path, char out[ENTRY_DIGEST])
{
	struct stat st;
	int fd = -1;
	enum err e = root_open_file(r, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, &fd);

	if (e)
		return e;
	if (fstat(fd, &st))
		e = ERR_SYSTEM;
	else
		e = S_ISREG(st.st_mode) ? entry_digest_fd(fd, st.st_size, out) : ERR_NOT_FILE;
	file_close(fd);
	return e;
}

static enum err compare_source(const struct root *r, const struct entry *have, struct stales *all,
			       struct jail_troubles *out)
{
	char digest[ENTRY_DIGEST];
	struct text t = { 0 };
	enum err e;

	e = source_digest(r, have->source, digest);
	if (e)
		return trouble_add(out, JAIL_UNKNOWN, have->path, "%s, where it comes from, cannot be read: %s",
				   have->source, err_text(e));
	if (strcmp(digest, have->digest) == 0)
		return ERR_NONE;
	text_add(&t, "%s was changed since", have->source);
	return stale_add(all, have->path, have->source, &t);
}

/* What differs in two rows of one path. */
static void describe(const struct entry *have, const struct entry *want, struct text *t)
{
	if (have->kind != want->kind)
		text_add(t, "it is something else by now");
	else if (have->his != want->his)
		text_add(t, "it would be %s by now", want->his ? "the user's" : "root's");
	else if (want->kind == ENTRY_LINK)
		text_add(t, "it leads to %s by now", want->target);
	else if (want->kind == ENTRY_FILE && want->source && (!have->source || strcmp(have->source, want->source) != 0))
		text_add(t, "it comes from %s by now", want->source);
	else if (want->kind == ENTRY_FILE && !want->source)
		text_add(t, "it would be made with another content by now");
	else
		text_add(t, "its mode would be %04o by now", (unsigned)want->mode);
}

static enum err compare_wanted(const struct root *r, const struct manifest *m, const struct met *met,
			       const struct entry *want, struct stales *all, struct jail_troubles *out)
{
	const struct entry *have = entries_find(&m->entries, want->path);
	struct text t = { 0 };

	if (have && have->his && want->his)
		return ERR_NONE;
	if (have && entry_equal(have, want))
		/* what is the host's very file cannot lag behind */
		return have->kind == ENTRY_FILE && have->source && have->digest[0] && !met[have - m->entries.v].shared
			       ? compare_source(r, have, all, out)
			       : ERR_NONE;
	/* what a service rewrites: taken anew by the next update */
	if (have && want->fleeting && have->kind == ENTRY_FILE && !have->source && have->mode == want->mode)
		return ERR_NONE;
	if (have)
		describe(have, want, &t);
	else if (want->source)
		text_add(&t, "it is wanted by now, and comes from %s", want->source);
	else
		text_add(&t, "it is wanted by now");
	return stale_add(all, want->path, want->source, &t);
}

/* A package that was updated is one cause, however many files it has. */
static enum err add_packaged(const struct stale *s, const char *package, struct jail_troubles *out)
{
	struct text cause = { 0 };
	enum err e;

	text_add(&cause, "%s ", package);
	trouble_add_cause(s->detail, s->source, &cause);
	if (!(e = text_check(&cause)))
		e = trouble_add_alike(out, JAIL_STALE, s->path, cause.s, "%s (package %s)", s->detail, package);
	text_free(&cause);
	return e;
}

static enum err tell(const struct root *r, const struct stales *all, struct jail_troubles *out)
{
	const char **paths = calloc(all->n + 1, sizeof *paths);
	char **names = calloc(all->n + 1, sizeof *names);
	size_t n = 0;
	enum err e = ERR_MEMORY;

	if (!paths || !names)
		goto out;
	for (size_t i = 0; i < all->n; i++)
		if (all->v[i].source)
			paths[n++] = all->v[i].source;
	if ((e = packages_find(r, paths, n, names)))
		goto out;
	n = 0;
	for (size_t i = 0; i < all->n && !e; i++) {
		const char *package = all->v[i].source ? names[n++] : NULL;

		e = package ? add_packaged(&all->v[i], package, out)
			    : trouble_add(out, JAIL_STALE, all->v[i].path, "%s", all->v[i].detail);
	}
out:
	for (size_t i = 0; names && i < all->n; i++)
		free(names[i]);
	free(names);
	free(paths);
	return e;
}

enum err check_host(const struct root *r, const struct manifest *m, const struct met *met, const struct entries *wanted,
		    struct jail_troubles *out)
{
	struct stales all = { 0 };
	enum err e = ERR_NONE;

	for (size_t i = 0; i < wanted->n && !e; i++)
		e = compare_wanted(r, m, met, &wanted->v[i], &all, out);
	for (size_t i = 0; i < m->entries.n && !e; i++) {
		const struct entry *have = &m->entries.v[i];
		struct text t = { 0 };

		if (have->his || entries_find(wanted, have->path))
			continue;
		text_add(&t, "nothing needs it by now");
		e = stale_add(&all, have->path, have->source, &t);
	}
	if (!e)
		e = tell(r, &all, out);
	for (size_t i = 0; i < all.n; i++)
		free(all.v[i].detail);
	free(all.v);
	return e;
}
