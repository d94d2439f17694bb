/* SPDX-License-Identifier: GPL-3.0-or-later */
/* data.c - where our data lies: beside the sources while we are built, else where it was installed. */
#include "base/data.h"

#include "base/root.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

/* The source tree of the build folder that we run from; ERR_NOT_FOUND where there is none. */
static enum err build_tree(struct text *out)
{
	char exe[PATH_MAX], mark[PATH_MAX + 32];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
	char *slash;

	if (n < 0)
		return ERR_NOT_FOUND;
	exe[n] = '\0';
	while ((slash = strrchr(exe, '/')) && slash != exe) {
		*slash = '\0';
		snprintf(mark, sizeof mark, "%s/meson-private", exe);
		if (access(mark, F_OK) != 0)
			continue;
		text_add(out, "%s/../conf", exe);
		return text_check(out);
	}
	return ERR_NOT_FOUND;
}

enum err data_dirs(const char *kind, struct strings *out)
{
	struct text tree = { 0 };
	enum err e;

	if ((e = strings_add_format(out, "/etc/sallyport/%s", kind)))
		return e;
	e = build_tree(&tree);
	if (!e)
		e = strings_add_format(out, "%s/%s", tree.s, kind);
	else if (e == ERR_NOT_FOUND)
		e = strings_add_format(out, SALLYPORT_DATADIR "/%s", kind);
	text_free(&tree);
	return e;
}

enum err data_read(const struct strings *dirs, const char *file, size_t max, char **path, char **content, size_t *len)
{
	struct root *live = NULL;
	enum err e;

	if ((e = root_open("/", &live)))
		return e;
	e = ERR_NOT_FOUND;
	for (size_t i = 0; i < dirs->n && e == ERR_NOT_FOUND; i++) {
		struct text t = { 0 };

		text_add(&t, "%s/%s", dirs->v[i], file);
		e = text_check(&t);
		if (!e)
			e = root_read(live, t.s, max, content, len);
		if (e == ERR_SYSTEM && (errno == ENOENT || errno == ENOTDIR))
			e = ERR_NOT_FOUND;
		if (e)
			text_free(&t);
		else
			*path = text_take(&t);
	}
	root_close(live);
	return e;
}

enum err data_lines(const char *content, size_t len, const char *file,
		    enum err (*each)(void *arg, unsigned line, const char *text), void *arg, struct diags *problems)
{
	unsigned line = 0;
	enum err e = ERR_NONE;

	while (len > 0 && !e) {
		const char *end = memchr(content, '\n', len);
		size_t n = end ? (size_t)(end - content) : len;
		char *copy = strndup(content, n);

		if (!copy)
			return ERR_MEMORY;
		line++;
		if (memchr(content, '\0', n))
			diag_error_escaped(problems, file, line, "there is a NUL byte in this line");
		else
			e = each(arg, line, copy);
		free(copy);
		n += end != NULL;
		content += n;
		len -= n;
	}
	return e;
}
