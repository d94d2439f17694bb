/* SPDX-License-Identifier: GPL-3.0-or-later */
/* check_path.c - judges the way to a jail by sshd's rule, and by where its links lead. */
#include "jail/check_path.h"

#include "base/text.h"
#include "jail/trouble.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

static enum err part_look(const struct root *r, const char *part, enum jail_trouble_kind kind,
			  struct jail_troubles *out)
{
	const char *by_link = kind == JAIL_PATH ? "" : "; a link leads through it, which sshd does not see";
	struct stat st;

	if (root_stat(r, part, &st)) {
		if (errno == ENOENT || errno == ENOTDIR || errno == ELOOP)
			return ERR_NOT_FOUND;
		return trouble_add(out, JAIL_UNKNOWN, part, "cannot be looked at: %s", strerror(errno));
	}
	if (!S_ISDIR(st.st_mode))
		return ERR_NOT_FOUND;
	if (st.st_uid != 0)
		return trouble_add(out, kind, part, "it belongs to uid %u, not to root%s", st.st_uid, by_link);
	if (st.st_mode & 022)
		return trouble_add(out, kind, part, "%s may write to it (mode %04o)%s",
				   st.st_mode & 02 ? "everybody" : "its group", st.st_mode & 07777, by_link);
	return ERR_NONE;
}

static enum err parts_look(const struct root *r, const char *dir, enum jail_trouble_kind kind,
			   struct jail_troubles *out)
{
	struct text part = { 0 };
	enum err e = part_look(r, "/", kind, out);

	for (const char *at = dir; !e && *at;) {
		const size_t slashes = strspn(at, "/"), len = strcspn(at + slashes, "/");

		if (!len)
			break;
		text_add(&part, "/%.*s", (int)len, at + slashes);
		e = text_check(&part);
		if (!e)
			e = part_look(r, part.s, kind, out);
		at += slashes + len;
	}
	text_free(&part);
	return e;
}

enum err check_path(const struct root *r, const char *dir, struct jail_troubles *out)
{
	char *real = NULL;
	enum err e = parts_look(r, dir, JAIL_PATH, out);

	if (e || root_resolve(r, dir, &real))
		return e;
	if (strcmp(real, dir) != 0)
		e = parts_look(r, real, JAIL_WRITABLE, out);
	free(real);
	return e;
}
