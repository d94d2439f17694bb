/* SPDX-License-Identifier: GPL-3.0-or-later */
/* check.h - does a jail still hold what it should, and nothing that would let somebody out? */
#ifndef JAIL_CHECK_H
#define JAIL_CHECK_H

#include "base/err.h"
#include "base/macros.h"
#include "base/root.h"
#include "jail/entry.h"
#include "jail/manifest.h"

#include <stdbool.h>

enum jail_trouble_kind {
	JAIL_STALE,	 /* the host has it otherwise by now; mended by jail update */
	JAIL_CHANGED,	 /* ours, not as in the manifest: content, mode, owner, kind */
	JAIL_MISSING,	 /* ours, not there */
	JAIL_FOREIGN,	 /* not ours, outside of his home */
	JAIL_SETUID,	 /* setuid, setgid or a file capability, wherever, his home included */
	JAIL_DEVICE,	 /* a device that is not ours */
	JAIL_WRITABLE,	 /* outside of his home, and somebody else than root may write there; also an ACL */
	JAIL_PATH,	 /* sshd will refuse: a folder from / to the jail is not root's, or others may write */
	JAIL_SOCKET,	 /* a socket or FIFO outside of his home that is not our log socket */
	JAIL_MOUNT,	 /* something is mounted inside: /proc, the host's folders */
	JAIL_LINKED,	 /* a hard link to a file of the host that the user may change */
	JAIL_STARTS_NOT, /* a program in it does not start */
	JAIL_UNKNOWN,	 /* could not be looked at */
};

struct jail_trouble {
	enum jail_trouble_kind kind;
	char *path;   /* in the jail; in the host with JAIL_PATH */
	char *detail; /* a sentence without a full stop, outside text escaped */
};

struct jail_troubles {
	struct jail_trouble *v;
	size_t n, size;
};

const char *jail_trouble_id(enum jail_trouble_kind kind); /* "stale", "starts-not" */
/* Whether it is a way out of the jail, not only out of date. */
bool jail_trouble_is_escape(enum jail_trouble_kind kind);

/*
 * Looks at the jail as it lies there; follows no link out of it, changes nothing. wanted: what contents_find() gives now, NULL: the host is
 * not compared. A file that is one with the host's (a hard link) is not read. Sorted by path. ERR_MEMORY, ERR_SYSTEM.
 */
MUST_USE enum err jail_check(const struct root *r, const struct manifest *m, const struct entries *wanted,
			     struct jail_troubles *out);
/*
 * Whether every program in it starts, as the user, in a mount, PID and network namespace of its own, without privileges and bounded in
 * time: the loader finds all libraries and begins (LD_TRACE_LOADED_OBJECTS is never trusted: it is asked inside the jail only, as nobody who can do
 * harm). Adds JAIL_STARTS_NOT. Only as root on the live system; else ERR_UNSUPPORTED.
 */
MUST_USE enum err jail_check_starts(const struct root *r, const struct manifest *m, struct jail_troubles *out);
void jail_troubles_clear(struct jail_troubles *t);

/* The package that a file of the host belongs to, by the package manager's files or command; NULL: not known. Yours. */
char *jail_package_of(const struct root *r, const char *path);

#endif
